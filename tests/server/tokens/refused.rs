//! Tokens that are not believed: what the client reads, and what the operator does.

use actix_socketio::{Claims, NamespaceBuilder, Tokens};
use serde_json::json;

use super::{SECRET, after, auth, connect, signed, token, tokens, whoami, with_tokens};
use crate::{
    app::TestServer,
    client::{Client, Mode},
};

in_every_mode! {
    each_token_that_is_not_believed_is_refused_and_counted,
    one_connection_may_try_again_with_a_good_token,
    a_namespace_asks_for_its_own_token,
    keys_change_while_clients_are_connected,
}

/// A token that is signed well, with another header.
fn with_header(header: &str, user: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let good = token(user);
    let claims = good.split('.').nth(1).expect("three parts");
    let text = format!("{}.{claims}", BASE64_URL_SAFE_NO_PAD.encode(header));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET).expect("a good secret");
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm);
    format!("{text}.{}", signature.expect("HS256 signs"))
}

async fn each_token_that_is_not_believed_is_refused_and_counted(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let good = token("ada");
    let (signed_part, _) = good.rsplit_once('.').expect("three parts");
    let other_key = Tokens::hs256(&[7; 32]).expect("a good secret");
    let other_key = other_key.issuer("log-in").audience("tests");
    let bare = Tokens::hs256(SECRET).expect("a good secret");
    let ada = Claims::new("ada", after(3600));
    let sign = |tokens: &Tokens, claims: &Claims| tokens.sign(claims).expect("HS256 signs");
    let refusals = [
        ("x".repeat(Tokens::MAX_LENGTH + 1), "too_long", "invalid token"),
        ("a.b".to_owned(), "malformed", "invalid token"),
        (format!("{good}="), "malformed", "invalid token"),
        (with_header("[]", "ada"), "header", "invalid token"),
        (with_header(r#"{"alg":"HS256","alg":"HS256"}"#, "ada"), "header", "invalid token"),
        (with_header(r#"{"alg":"none"}"#, "ada"), "algorithm", "invalid token"),
        (with_header(r#"{"alg":"RS256"}"#, "ada"), "algorithm", "invalid token"),
        (with_header(r#"{"alg":"HS256","crit":["x"]}"#, "ada"), "critical", "invalid token"),
        (with_header(r#"{"alg":"HS256","kid":"x"}"#, "ada"), "key_id", "invalid token"),
        (sign(&other_key, &ada), "signature", "invalid token"),
        (format!("{signed_part}.AAAA"), "signature", "invalid token"),
        (signed(&ada.clone().with("exp", json!("x"))), "claim_type", "invalid token"),
        (signed(&Claims::new("ada", after(0))), "expired", "token expired"),
        (signed(&ada.clone().with("nbf", json!(9_999_999_999_u64))), "not_yet", "invalid token"),
        (sign(&bare.clone().audience("tests"), &ada), "issuer", "invalid token"),
        (sign(&bare.issuer("log-in"), &ada), "audience", "invalid token"),
        (token(""), "user", "invalid token"),
        (token(&"x".repeat(201)), "user", "invalid token"),
    ];
    for (token, reason, message) in &refusals {
        let before = server.io.stats().tokens_refused[reason];
        let mut client = Client::ask(&server.url, mode, "", &[], &auth(token)).await;
        let expected = format!("4{}", json!({"message": message}));
        assert_eq!(client.recv().await, expected, "{reason}: {token}");
        assert_eq!(server.io.stats().tokens_refused[reason], before + 1, "{reason}: {token}");
    }
    // None at all, and what is not a token.
    for connect in ["0", "0{}", r#"0{"token":null}"#] {
        let mut client = Client::ask(&server.url, mode, "", &[], connect).await;
        assert_eq!(client.recv().await, r#"4{"message":"token required"}"#, "{connect}");
    }
    let stats = server.io.stats();
    assert_eq!(stats.refusals["token"], refusals.len() as u64 + 3);
    assert_eq!(stats.tokens_refused["missing"], 3);
}

async fn one_connection_may_try_again_with_a_good_token(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let mut client = Client::ask(&server.url, mode, "", &[], &auth("x.y.z")).await;
    assert_eq!(client.recv().await, r#"4{"message":"invalid token"}"#);
    client.send(&auth(&token("ada"))).await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(whoami(&mut client).await, json!(["ada", []]));
}

async fn a_namespace_asks_for_its_own_token(mode: Mode) {
    let server = TestServer::start(
        with_tokens()
            .namespace("/open", NamespaceBuilder::allow_guests)
            .namespace("/closed", |it| it),
    );
    let mut client = connect(&server, mode, &token("ada")).await;
    client.send("0/open,").await;
    assert!(client.recv().await.starts_with(r#"0/open,{"sid":"#));
    client.send("0/closed,").await;
    assert_eq!(client.recv().await, r#"4/closed,{"message":"token required"}"#);
    client.send(&format!("0/closed,{}", json!({"token": token("bob")}))).await;
    assert!(client.recv().await.starts_with(r#"0/closed,{"sid":"#));
    let closed = server.io.of("/closed").user("bob").fetch_sockets().await.expect("valid");
    assert_eq!(closed.sockets.len(), 1);
    let main = server.io.user("bob").fetch_sockets().await.expect("valid");
    assert_eq!(main.sockets.len(), 0, "a user is one of a namespace");
}

async fn keys_change_while_clients_are_connected(mode: Mode) {
    let keys = tokens();
    let server = TestServer::start(with_tokens().tokens(keys.clone()));
    let mut old = connect(&server, mode, &token("ada")).await;
    let next = Tokens::hs256(&[9; 32]).expect("a good secret").issuer("log-in").audience("tests");
    keys.replace(&next);
    let mut late = Client::ask(&server.url, mode, "", &[], &auth(&token("bob"))).await;
    assert_eq!(late.recv().await, r#"4{"message":"invalid token"}"#);
    let fresh = next.sign(&Claims::new("bob", after(3600))).expect("HS256 signs");
    connect(&server, mode, &fresh).await;
    assert_eq!(whoami(&mut old).await, json!(["ada", []]), "who is there stays");
    // With the old key as the previous one, both are believed.
    keys.replace(&next.clone().previous(&tokens(), after(3600)).expect("one algorithm"));
    connect(&server, mode, &fresh).await;
    connect(&server, mode, &token("bob")).await;
}
