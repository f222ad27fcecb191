//! Who may connect, and who has to leave.

use std::net::TcpListener;

use actix_web::{cookie::Key, rt};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::{connect, refusal, user};
use crate::{
    app::TestServer,
    client::{Client, Mode},
    recipes,
};

/// Sends a POST, and returns the cookie that it sets, as a request says it.
async fn post(url: &str, cookie: &str) -> String {
    let request = awc::Client::new().post(url).insert_header(("cookie", cookie));
    let answer = request.send().await.expect("the server answers");
    assert!(answer.status().is_success(), "{url}: {}", answer.status());
    let set = answer.headers().get("set-cookie").expect("a cookie is set");
    set.to_str().expect("text").split(';').next().expect("a pair").to_owned()
}

#[actix_web::test]
async fn a_session_cookie_says_who_connects_and_logout_closes() {
    let io = recipes::sessions::server().expect("the server is built");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    rt::spawn(recipes::sessions::run(io.clone(), Key::generate(), listener));

    let mut nobody = Client::ask(&url, Mode::WebSocket, "", &[], "0").await;
    assert_eq!(nobody.recv().await, r#"4{"message":"log in first"}"#);

    let cookie = post(&format!("{url}/login/ada"), "").await;
    let headers = [("cookie", &*cookie)];
    let mut ada = Client::ask(&url, Mode::Upgrade, "", &headers, "0").await;
    assert!(ada.recv().await.contains("sid"));
    assert_eq!(ada.emit_with_ack("whoami", json!([])).await, json!(["ada"]));
    let other = post(&format!("{url}/login/bob"), "").await;
    let mut bob = Client::ask(&url, Mode::WebSocket, "", &[("cookie", &*other)], "0").await;
    assert!(bob.recv().await.contains("sid"));

    let mut late = Client::handshake(&url, Mode::Polling, "", &headers).await;
    post(&format!("{url}/logout"), &cookie).await;
    ada.closed().await;
    late.send("0").await;
    assert_eq!(late.recv().await, r#"4{"message":"log in first"}"#, "its handshake was before");
    assert_eq!(bob.emit_with_ack("whoami", json!([])).await, json!(["bob"]));
    io.shutdown().await;
}

#[actix_web::test]
async fn a_token_says_who_connects() {
    let server = TestServer::start(recipes::jwt::builder().expect("a good secret"));
    let secret = "read this from the environment: 32 bytes or more";
    let token = |secret: &str, audience: &str, expires: u64| {
        let issuer = "https://auth.example.com";
        let claims = json!({"sub": "ada", "exp": expires, "iss": issuer, "aud": audience});
        let key = EncodingKey::from_secret(secret.as_bytes()).expect("a key");
        json!({"token": encode(&Header::default(), &claims, &key).expect("a token")})
    };
    let mut ada = connect(&server, token(secret, "scores", 1 << 33)).await;
    assert_eq!(ada.emit_with_ack("whoami", json!([])).await, json!(["ada"]));
    for (bad, message) in [
        (token("another secret of 32 bytes or more", "scores", 1 << 33), "invalid token"),
        (token(secret, "others", 1 << 33), "invalid token"),
        (json!({"token": "a.b.c"}), "invalid token"),
        (token(secret, "scores", 1), "token expired"),
        (json!({}), "token required"),
    ] {
        let expected = format!("4{}", json!({"message": message}));
        assert_eq!(refusal(&server, bad).await, expected);
    }
}

#[actix_web::test]
async fn the_kicked_may_come_back_and_the_banned_may_not() {
    let server = TestServer::start(recipes::kick::builder());
    let mut admin = user(&server, "admin").await;
    let mut bob = user(&server, "bob").await;
    let (mut tab, mut phone) = (user(&server, "eve").await, user(&server, "eve").await);

    let refused = tab.emit_with_ack("kick", json!(["bob"])).await;
    assert_eq!(refused, json!([{"message": "for administrators only"}]));
    assert_eq!(admin.emit_with_ack("kick", json!(["eve"])).await, json!([]));
    for client in [&mut tab, &mut phone] {
        assert_eq!(client.expect_event("notice").await, json!(["you were kicked"]));
        client.closed().await;
    }
    let mut back = user(&server, "eve").await;
    assert_eq!(admin.emit_with_ack("ban", json!(["eve"])).await, json!([]));
    back.closed().await;
    let banned = refusal(&server, json!({"user": "eve"})).await;
    assert_eq!(banned, r#"4{"message":"you are banned"}"#);
    let refused = bob.emit_with_ack("kick", json!(["admin"])).await;
    assert_eq!(refused, json!([{"message": "for administrators only"}]));
}
