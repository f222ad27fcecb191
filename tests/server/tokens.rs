//! Tokens: who a client is, what it may do, and what happens when its token ends.

use std::time::{Duration, SystemTime};

use actix_socketio::{
    Claims, History, OnDisconnect, OnUnsubscribe, Presence, Recovery, RevokeError, Socket,
    SocketIo, Tokens, channel,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
    wait::{PATIENCE, wait_until},
};

in_every_mode! {
    a_token_says_who_connects,
    a_client_is_refused_without_a_token_that_is_believed,
    a_user_is_reached_by_name_and_no_client_takes_the_channel,
    channels_are_for_their_users,
    a_token_for_a_channel_lets_its_user_in,
    a_token_that_ends_is_announced_and_then_closes_the_connection,
    a_client_that_refreshes_stays,
    the_end_of_a_channels_token_unsubscribes,
    a_revoked_token_closes_its_connections_and_opens_none,
    another_user_does_not_come_back_for_the_socket,
}

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn keys() -> Tokens {
    Tokens::hs256(SECRET).expect("a secret").issuer("tests").audience("server")
}

fn after(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

fn claims(user: &str) -> Claims {
    Claims::new(user, after(3600))
}

fn token(claims: &Claims) -> String {
    keys().sign(claims).expect("HS256")
}

fn builder() -> actix_socketio::Builder {
    SocketIo::builder()
        .tokens(keys())
        .on("whoami", async |socket: Socket| Ok(socket.user().map(str::to_owned)))
        .on("auth", async |socket: Socket| Ok(socket.handshake().auth::<Value>()?))
}

fn connect_packet(token: &str) -> String {
    format!("0{}", json!({"token": token, "language": "en"}))
}

async fn enter(server: &TestServer, mode: Mode, claims: &Claims) -> Client {
    Client::connect_with(&server.url, mode, &connect_packet(&token(claims))).await
}

/// What the client reads that is not let in.
async fn refusal(server: &TestServer, mode: Mode, connect: &str) -> String {
    let mut client = Client::ask(&server.url, mode, "", &[], connect).await;
    client.recv().await
}

async fn sockets_of(server: &TestServer, user: &str) -> usize {
    server.io.user(user).fetch_sockets().await.expect("a user's name").len()
}

/// Waits until this many sockets of a user are left.
async fn sockets_left(server: &TestServer, user: &str, count: usize) {
    let left = async {
        while sockets_of(server, user).await != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, left).await.expect("the sockets are gone in time");
}

async fn a_token_says_who_connects(mode: Mode) {
    let server = TestServer::start(builder().open_channels().route(channel("^team-")));
    let mut ada = enter(&server, mode, &claims("ada").channels(["team-1"])).await;
    assert_eq!(ada.emit_with_ack("whoami", json!([])).await, json!(["ada"]));
    // The server takes the token out of what handlers see.
    assert_eq!(ada.emit_with_ack("auth", json!([])).await, json!([{"language": "en"}]));
    server.io.to("team-1").publish("news", &1).await.expect("the registry is alive");
    assert_eq!(ada.expect_event("news").await, json!([1]));
    // The header of the handshake counts as well, if there is no token in `auth`.
    let bearer = format!("Bearer {}", token(&claims("bob")));
    let headers = [("Authorization", &*bearer)];
    let mut bob = Client::ask(&server.url, mode, "", &headers, "0").await;
    assert!(bob.recv().await.starts_with("0{"));
    assert_eq!(bob.emit_with_ack("whoami", json!([])).await, json!(["bob"]));
}

async fn a_client_is_refused_without_a_token_that_is_believed(mode: Mode) {
    let server = TestServer::start(builder().namespace("/open", |open| {
        open.allow_guests()
            .on("whoami", async |socket: Socket| Ok(socket.user().map(str::to_owned)))
    }));
    let old = token(&Claims::new("ada", SystemTime::now() - Duration::from_secs(1)));
    let other = Tokens::hs256(&[9; 32]).expect("a secret").issuer("tests").audience("server");
    let forged = other.sign(&claims("ada")).expect("HS256");
    for (connect, message) in [
        ("0".to_owned(), "token required"),
        (r#"0{"token":null}"#.to_owned(), "token required"),
        (r#"0{"token":5}"#.to_owned(), "invalid token"),
        (r#"0{"token":"a.b.c"}"#.to_owned(), "invalid token"),
        (connect_packet(&forged), "invalid token"),
        (connect_packet(&old), "token expired"),
    ] {
        let expected = format!(r#"4{{"message":"{message}"}}"#);
        assert_eq!(refusal(&server, mode, &connect).await, expected, "{connect}");
    }
    let stats = server.io.stats();
    assert_eq!(stats.refusals["token"], 6);
    let counts = ["missing", "malformed", "signature", "expired"];
    assert_eq!(counts.map(|reason| stats.tokens_refused[reason]), [2, 2, 1, 1]);
    // A namespace may let guests in, but not with a token that is not believed.
    let in_open = |connect: String| connect.replacen('0', "0/open,", 1);
    let mut guest = Client::ask(&server.url, mode, "", &[], "0/open,").await;
    assert!(guest.recv().await.starts_with("0/open,"));
    guest.send(r#"2/open,7["whoami"]"#).await;
    assert_eq!(guest.recv().await, "3/open,7[null]");
    let refused = refusal(&server, mode, &in_open(connect_packet(&forged))).await;
    assert_eq!(refused, r#"4/open,{"message":"invalid token"}"#);
}

async fn a_user_is_reached_by_name_and_no_client_takes_the_channel(mode: Mode) {
    let server = TestServer::start(builder().open_channels());
    let mut one = enter(&server, mode, &claims("ada")).await;
    let mut two = enter(&server, mode, &claims("ada")).await;
    let mut bob = enter(&server, mode, &claims("bob")).await;
    assert_eq!(sockets_of(&server, "ada").await, 2);
    for (request, args) in [
        ("subscribe", json!(["@user:ada"])),
        ("subscribe", json!(["@user:ada", {"last": 1}])),
        ("publish", json!(["@user:ada", 1])),
        ("unsubscribe", json!(["@user:bob"])),
    ] {
        let refused = bob.emit_with_ack(request, args.clone()).await;
        assert_eq!(refused, json!([{"message": "no such channel"}]), "{request} {args}");
    }
    let receipt = server.io.user("ada").publish("mail", &1).await.expect("it is alive");
    assert_eq!(receipt.delivered, 2);
    for client in [&mut one, &mut two] {
        assert_eq!(client.expect_event("mail").await, json!([1]));
    }
    server.io.user("ada").disconnect_sockets(false).await.expect("it is alive");
    assert_eq!(one.recv().await, "1");
    sockets_left(&server, "ada", 0).await;
    assert_eq!(sockets_of(&server, "bob").await, 1);
}

async fn channels_are_for_their_users(mode: Mode) {
    let server = TestServer::start(
        builder()
            .allow_guests()
            .route(channel("^inbox-(?<user>.+)$").for_users())
            .route(channel("^team-").for_users().presence(Presence::by_user()))
            .route(channel("^wall-").publish_for_users()),
    );
    let mut ada = enter(&server, mode, &claims("ada").info(json!({"name": "Ada"}))).await;
    let mut guest = Client::connect(&server.url, mode).await;
    ada.subscribe("inbox-ada").await;
    let answer = ada.emit_with_ack("subscribe", json!(["inbox-bob"])).await;
    assert_eq!(answer, json!([{"message": "this channel is another user's"}]));
    for channel in ["inbox-ada", "team-1"] {
        let answer = guest.emit_with_ack("subscribe", json!([channel])).await;
        assert_eq!(answer, json!([{"message": "log in first"}]), "{channel}");
    }
    let answer = ada.emit_with_ack("subscribe", json!(["team-1", {"presence": true}])).await;
    let members = &answer[1]["presence"]["members"];
    assert_eq!(members[0]["id"], json!("ada"), "{answer}");
    assert_eq!(members[0]["info"], json!({"name": "Ada"}), "{answer}");
    guest.subscribe("wall-1").await;
    ada.subscribe("wall-1").await;
    let answer = guest.emit_with_ack("publish", json!(["wall-1", 1])).await;
    assert_eq!(answer, json!([{"message": "log in first"}]));
    assert_eq!(ada.emit_with_ack("publish", json!(["wall-1", 2])).await, json!([null]));
    assert_eq!(guest.expect_event("message").await, json!([2]));
}

async fn a_token_for_a_channel_lets_its_user_in(mode: Mode) {
    let server = TestServer::start(
        builder().allow_guests().route(channel("^match-").with_token().publish_with_token()),
    );
    let mut ada = enter(&server, mode, &claims("ada").channels(["match-9"])).await;
    let mut ask = async |channel: &str, claims: Option<Claims>| {
        let options = claims.map_or(json!({}), |claims| json!({"token": token(&claims)}));
        ada.emit_with_ack("subscribe", json!([channel, options])).await[0].clone()
    };
    let refused = |message: &str| json!({"message": message});
    assert_eq!(ask("match-1", None).await, refused("token required"));
    let of_bob = claims("bob").for_channel("match-1");
    assert_eq!(ask("match-1", Some(of_bob)).await, refused("invalid token"));
    let other = claims("ada").for_channel("match-11");
    assert_eq!(ask("match-1", Some(other)).await, refused("invalid token"));
    assert_eq!(ask("match-1", Some(claims("ada"))).await, refused("invalid token"));
    let old = Claims::new("ada", SystemTime::now()).for_channel("match-1");
    assert_eq!(ask("match-1", Some(old)).await, refused("token expired"));
    let wrong = claims("ada").for_channels_matching("(");
    assert_eq!(ask("match-1", Some(wrong)).await, refused("invalid token"));
    assert_eq!(ask("match-1", Some(claims("ada").for_channel("match-1"))).await, json!(null));
    let some = claims("ada").for_channels_matching("match-[23]").and_publish();
    assert_eq!(ask("match-23", Some(some.clone())).await, refused("invalid token"));
    assert_eq!(ask("match-2", Some(some)).await, json!(null));
    // The connection's token has put it there.
    assert_eq!(ask("match-9", None).await, json!(null));
    let answer = ada.emit_with_ack("publish", json!(["match-1", 1])).await;
    assert_eq!(answer, json!([refused("your token does not allow it")]));
    assert_eq!(ada.emit_with_ack("publish", json!(["match-2", 1])).await, json!([null]));
    // A guest has no token of its own.
    let mut guest = Client::connect(&server.url, mode).await;
    let shown = json!(["match-1", {"token": token(&claims("ada").for_channel("match-1"))}]);
    let answer = guest.emit_with_ack("subscribe", shown).await;
    assert_eq!(answer, json!([refused("log in first")]));
    let answer = guest.emit_with_ack("subscribe", json!(["match-1", {"token": 5}])).await;
    assert_eq!(answer, json!([refused("\"token\" must be a string")]));
    assert_eq!(server.io.stats().tokens_refused["other_user"], 1);
    assert_eq!(server.io.stats().tokens_refused["other_channel"], 4);
}

async fn a_token_that_ends_is_announced_and_then_closes_the_connection(mode: Mode) {
    let record = Record::new();
    let reasons = record.clone();
    let server = TestServer::start(builder().on_disconnect(async move |event: OnDisconnect| {
        reasons.add(event.reason.as_str());
        Ok(())
    }));
    let end = after(3);
    let mut ada = enter(&server, mode, &Claims::new("ada", end)).await;
    // At once: it ends within the 25 s of the warning.
    let seconds = end.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs();
    assert_eq!(ada.expect_event("token_expires").await, json!([{"expires": seconds}]));
    sockets_left(&server, "ada", 0).await;
    assert!(SystemTime::now() >= SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    wait_until("the handler was told", || record.lines() == ["forced close"]);
}

async fn a_client_that_refreshes_stays(mode: Mode) {
    let server = TestServer::start(builder().on("after", async |socket: Socket| {
        Ok(socket.claims().and_then(|claims| claims.get::<u32>("number")))
    }));
    let mut ada = enter(&server, mode, &Claims::new("ada", after(3))).await;
    ada.expect_event("token_expires").await;
    let mut refresh = async |args: Value| ada.emit_with_ack("refresh", args).await;
    let invalid = json!([{"message": "invalid token"}]);
    for wrong in [json!([]), json!([5]), json!(["x"]), json!([token(&claims("bob"))])] {
        assert_eq!(refresh(wrong.clone()).await, invalid, "{wrong}");
    }
    let new = claims("ada").with("number", json!(2));
    assert_eq!(refresh(json!([token(&new)])).await, json!([null]));
    let first_end = after(3);
    wait_until("the first token has ended", || SystemTime::now() > first_end);
    assert_eq!(ada.emit_with_ack("after", json!([])).await, json!([2]));
    assert_eq!(server.io.stats().tokens_refused["other_user"], 1);
}

async fn the_end_of_a_channels_token_unsubscribes(mode: Mode) {
    let record = Record::new();
    let left = record.clone();
    let route = channel("^match-").with_token();
    let route = route.on_unsubscribe(async move |event: OnUnsubscribe| {
        left.add(event.channel.as_str());
        Ok(())
    });
    let server = TestServer::start(builder().route(route));
    let mut ada = enter(&server, mode, &claims("ada")).await;
    let short = Claims::new("ada", after(3)).for_channel("match-1");
    let shown = json!(["match-1", {"token": token(&short)}]);
    assert_eq!(ada.emit_with_ack("subscribe", shown).await, json!([null]));
    let end = ada.expect_event("token_expires").await;
    assert_eq!(end[0]["channel"], json!("match-1"));
    assert_eq!(ada.expect_event("token_expired").await, json!([{"channel": "match-1"}]));
    wait_until("it has left the channel", || record.lines() == ["match-1"]);
    let subscribers = server.io.subscribers("match-1").await.expect("a channel");
    assert_eq!(subscribers.len(), 0);
    assert_eq!(ada.emit_with_ack("whoami", json!([])).await, json!(["ada"]), "it is connected");
}

async fn a_revoked_token_closes_its_connections_and_opens_none(mode: Mode) {
    let server = TestServer::start(builder().max_revoked_tokens(1));
    let shown = claims("ada").id("t1");
    let _ada = enter(&server, mode, &shown).await;
    let mut other = enter(&server, mode, &claims("ada").id("t2")).await;
    assert_eq!(server.io.revoke("t1", after(3600)), Ok(1));
    sockets_left(&server, "ada", 1).await;
    let refused = refusal(&server, mode, &connect_packet(&token(&shown))).await;
    assert_eq!(refused, r#"4{"message":"token revoked"}"#);
    assert_eq!(other.emit_with_ack("whoami", json!([])).await, json!(["ada"]));
    let full = server.io.revoke("t2", after(3600)).unwrap_err();
    assert_eq!(full.to_string(), "1 tokens are revoked, which is \"max_revoked_tokens\"");
    assert!(!matches!(full, RevokeError::NoTokens));
}

async fn another_user_does_not_come_back_for_the_socket(mode: Mode) {
    let window = Recovery::new();
    let server = TestServer::start(
        builder()
            .allow_guests()
            .recovery(window)
            .history(History::last(10))
            .route(channel("^news").history(History::last(10))),
    );
    let connect = |more: Value, user: Option<&str>| {
        let mut auth = more;
        auth["offsets"] = json!(true);
        if let Some(user) = user {
            auth["token"] = json!(token(&claims(user)));
        }
        format!("0{auth}")
    };
    let mut answers = Vec::new();
    let first = Client::ask(&server.url, mode, "", &[], &connect(json!({}), Some("ada"))).await;
    let mut page = first;
    let answer: Value = serde_json::from_str(&page.recv().await[1..]).expect("an object");
    let (sid, pid) = (answer["sid"].clone(), answer["pid"].clone());
    assert!(pid.is_string(), "{answer}");
    let id = sid.as_str().expect("a string").parse().expect("an id");
    server.io.socket(&id).expect("it is connected").close_transport();
    wait_until("it is away", || server.io.stats().sessions_away == 1);
    for user in [Some("bob"), None, Some("ada")] {
        let connect = connect(json!({"pid": pid}), user);
        let mut client = Client::ask(&server.url, mode, "", &[], &connect).await;
        let answer: Value = serde_json::from_str(&client.recv().await[1..]).expect("an object");
        answers.push(answer["sid"] == sid);
    }
    assert_eq!(answers, [false, false, true], "only the user gets its socket back");
    let stats = server.io.stats();
    assert_eq!((stats.unrecovered["other_user"], stats.recovered), (2, 1));
}

#[actix_web::test]
async fn a_handler_of_the_request_for_a_new_token_is_refused() {
    let handled = SocketIo::builder().on("refresh", async || Ok(()));
    let error = handled.tokens(keys()).build().unwrap_err().to_string();
    assert!(error.contains("refresh") && error.contains("new token"), "{error}");
    assert!(SocketIo::builder().on("refresh", async || Ok(())).build().is_ok());
}
