//! The end of a token: the client is told before, shows another one, or comes back with one.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_socketio::{Claims, OnDisconnect, OnUnsubscribe, RevokeError, channel};
use serde_json::{Value, json};

use super::{after, auth, connect, signed, token, whoami, with_tokens};
use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
};

in_every_mode! {
    a_connection_ends_with_its_token,
    a_client_stays_with_a_new_token_in_time,
    a_token_of_another_user_prolongs_nothing,
    a_channel_is_left_when_its_token_ends,
    the_right_to_publish_ends_with_its_token,
    a_revoked_token_is_worth_nothing,
}

/// A date so near that its token ends while the test waits, and is announced at once.
fn soon() -> SystemTime {
    after(3)
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

async fn a_connection_ends_with_its_token(mode: Mode) {
    let record = Record::new();
    let ends = record.clone();
    let on_disconnect = async move |event: OnDisconnect| {
        ends.add(format!("{} {}", event.socket.user().unwrap_or("a guest"), event.reason));
        Ok(())
    };
    let server = TestServer::start(with_tokens().on_disconnect(on_disconnect));
    let expires = soon();
    let mut ada = connect(&server, mode, &signed(&Claims::new("ada", expires))).await;
    let mut bob = connect(&server, mode, &token("bob")).await;
    assert_eq!(ada.expect_event("token_expires").await, json!([{"expires": seconds(expires)}]));
    ada.closed().await;
    assert!(seconds(SystemTime::now()) >= seconds(expires), "not before its end");
    assert_eq!(ada.rest(), [""; 0], "it is told once");
    record.until("ada forced close").await;
    assert_eq!(whoami(&mut bob).await, json!(["bob", []]));
    assert_eq!(bob.fence().await, [""; 0]);
}

async fn refresh(client: &mut Client, args: Value) -> Value {
    client.emit_with_ack("refresh", args).await
}

async fn a_client_stays_with_a_new_token_in_time(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let short = signed(&Claims::new("ada", soon()));
    let mut stays = connect(&server, mode, &short).await;
    let mut goes = connect(&server, mode, &short).await;
    stays.expect_event("token_expires").await;
    let next = signed(&Claims::new("ada", after(3600)).with("round", json!(2)));
    assert_eq!(refresh(&mut stays, json!([next])).await, json!([null]));
    goes.closed().await;
    assert_eq!(whoami(&mut stays).await, json!(["ada", []]));
    let found = server.io.user("ada").fetch_sockets().await.expect("a valid audience");
    let socket = server.io.socket(&found.sockets[0].id()).expect("it is connected");
    let claims = socket.claims().expect("it has a token");
    assert_eq!(claims.get("round"), Some(2), "the claims of the new token count");
    assert_eq!(stays.fence().await, [""; 0]);
}

async fn a_token_of_another_user_prolongs_nothing(mode: Mode) {
    let server = TestServer::start(with_tokens());
    let mut ada = connect(&server, mode, &signed(&Claims::new("ada", soon()))).await;
    ada.expect_event("token_expires").await;
    let ended = signed(&Claims::new("ada", after(0)));
    for (args, message) in [
        (json!([token("bob")]), "invalid token"),
        (json!([ended]), "token expired"),
        (json!(["x"]), "invalid token"),
        (json!([7]), "invalid token"),
        (json!([]), "invalid token"),
    ] {
        assert_eq!(refresh(&mut ada, args.clone()).await, json!([{"message": message}]), "{args}");
    }
    let stats = server.io.stats();
    assert_eq!((stats.tokens_refused["other_user"], stats.refusals["token"]), (1, 5));
    ada.closed().await;
}

async fn subscribe(client: &mut Client, name: &str, claims: &Claims) {
    let args = json!([name, {"token": signed(claims)}]);
    assert_eq!(client.emit_with_ack("subscribe", args).await, json!([null]), "{name}");
}

async fn a_channel_is_left_when_its_token_ends(mode: Mode) {
    let record = Record::new();
    let left = record.clone();
    let on_unsubscribe = async move |event: OnUnsubscribe| {
        left.add(format!("left {}", event.channel));
        Ok(())
    };
    let route = channel("^match-").with_token().on_unsubscribe(on_unsubscribe);
    let server = TestServer::start(with_tokens().route(route));
    let mut ada = connect(&server, mode, &token("ada")).await;
    let of = |name, expires| Claims::new("ada", expires).for_channel(name);
    let expires = soon();
    for name in ["match-1", "match-2"] {
        subscribe(&mut ada, name, &of(name, expires)).await;
        let event = ada.wait_for(|packet| packet.contains("token_expires")).await;
        let told = json!(["token_expires", {"channel": name, "expires": seconds(expires)}]);
        let payload: Value = serde_json::from_str(&event[1..]).expect("an event");
        assert_eq!(payload, told);
    }
    // One shows the next token in time.
    subscribe(&mut ada, "match-1", &of("match-1", after(3600))).await;
    assert_eq!(ada.expect_event("token_expired").await, json!([{"channel": "match-2"}]));
    record.until("left match-2").await;
    assert_eq!(whoami(&mut ada).await, json!(["ada", ["match-1"]]));
    server.io.to("match-2").emit("goal", &2).expect("capacity");
    server.io.to("match-1").emit("goal", &1).expect("capacity");
    assert_eq!(ada.fence().await, [r#"2["goal",1]"#]);
    assert_eq!(record.lines(), ["left match-2"]);
}

async fn the_right_to_publish_ends_with_its_token(mode: Mode) {
    let server = TestServer::start(with_tokens().route(channel("^open-").publish_with_token()));
    let mut ada = connect(&server, mode, &token("ada")).await;
    subscribe(&mut ada, "open-1", &Claims::new("ada", soon()).for_channel("open-1").and_publish())
        .await;
    let publish = json!(["open-1", "goal", 1]);
    assert_eq!(ada.emit_with_ack("publish", publish.clone()).await, json!([null]));
    ada.wait_for(|packet| packet.contains("token_expired")).await;
    let answer = ada.emit_with_ack("publish", publish).await;
    assert_eq!(answer, json!([{"message": "your token does not allow it"}]));
    assert_eq!(whoami(&mut ada).await, json!(["ada", ["open-1"]]), "anyone may be there");
}

async fn a_revoked_token_is_worth_nothing(mode: Mode) {
    let server = TestServer::start(with_tokens().max_revoked_tokens(1));
    let of = |id: &str| signed(&Claims::new("ada", after(3600)).id(id));
    let mut lost = connect(&server, mode, &of("lost")).await;
    let mut kept = connect(&server, mode, &of("kept")).await;
    assert_eq!(server.io.revoke("lost", after(3600)), Ok(1));
    lost.closed().await;
    let mut again = Client::ask(&server.url, mode, "", &[], &auth(&of("lost"))).await;
    assert_eq!(again.recv().await, r#"4{"message":"token revoked"}"#);
    let answer = refresh(&mut kept, json!([of("lost")])).await;
    assert_eq!(answer, json!([{"message": "token revoked"}]));
    let full = server.io.revoke("kept", after(3600)).expect_err("there is no room");
    assert!(matches!(full, RevokeError::Full { limit: 1, .. }), "{full}");
    assert_eq!(whoami(&mut kept).await, json!(["ada", []]));
    assert_eq!(server.io.stats().tokens_refused["revoked"], 2);
}
