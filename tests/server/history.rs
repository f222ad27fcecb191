//! Histories of channels: clients that say what they have get what they missed, once and in order,
//! or are told that something is missing.

mod once;
mod removed;

use std::time::Duration;

use actix_socketio::{HandlerError, History, OnSubscribe, Position, Socket, SocketIo, channel};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    wait::wait_until,
};

in_every_mode! {
    who_gives_its_position_has_every_message_once_and_in_order,
    what_is_missed_of_several_channels_comes_in_one_order,
    events_bear_their_position_for_those_who_ask,
    nobody_else_sees_a_position,
    a_gap_is_told_with_its_reason,
    the_newest_come_on_request,
    what_was_not_for_a_client_is_not_replayed,
    a_channel_that_is_refused_is_left_out,
    options_that_cannot_be_read_are_refused,
    what_goes_to_all_is_kept_too,
}

fn server() -> TestServer {
    TestServer::start(
        builder()
            .history(History::last(3))
            .route(channel("^match-").history(History::last(100)).allow_publish())
            .route(channel("^short-").history(History::last(2)))
            .route(channel("^plain-"))
            .route(
                channel("^closed-")
                    .history(History::last(2))
                    .on_subscribe(async |_: OnSubscribe| Err(HandlerError::reject("members only"))),
            ),
    )
}

const ASKS: &str = r#"0{"offsets":true}"#;

/// Subscribes with options, and returns the answer beside the refusal.
async fn subscribe(client: &mut Client, channels: Value, options: Value) -> Value {
    let answer = client.emit_with_ack("subscribe", json!([channels, options])).await;
    assert_eq!(answer[0], Value::Null, "{answer}");
    answer[1].clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// The first arguments of events, and the positions that they bear.
fn read(events: &[String]) -> (Vec<Value>, Vec<Position>) {
    let events = events.iter().map(|packet| {
        let event: Vec<Value> = serde_json::from_str(&packet[1..]).expect("an event");
        let position: Position = text(&event[2]).parse().expect("a position");
        (event[1].clone(), position)
    });
    events.unzip()
}

async fn publish(server: &TestServer, channel: &str, data: impl Into<Value>) -> Position {
    let receipt = server.io.to(channel).publish("goal", &data.into()).await;
    receipt.expect("the registry is alive").position
}

async fn who_gives_its_position_has_every_message_once_and_in_order(mode: Mode) {
    let server = server();
    let mut client = Client::connect(&server.url, mode).await;
    let answer = subscribe(&mut client, json!("match-1"), json!({"since": null})).await;
    assert_eq!(answer["reason"], "no position");
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(0)));
    let joined = text(&answer["position"]);
    publish(&server, "match-1", 1).await;
    client.vanish().await;
    for number in 2..=50 {
        publish(&server, "match-1", number).await;
        publish(&server, "match-2", number).await;
    }
    let mut client = Client::connect(&server.url, mode).await;
    let answer = subscribe(&mut client, json!("match-1"), json!({"since": joined})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(50)));
    publish(&server, "match-1", 51).await;
    let goals: Vec<_> = (1..=51).map(|number| format!(r#"2["goal",{number}]"#)).collect();
    assert_eq!(client.fence().await, goals);
    assert_eq!(server.io.stats().replayed, 50);
    // From the answer's position on, the client had all.
    let mut again = Client::connect(&server.url, mode).await;
    let since = json!({"since": answer["position"]});
    let answer = subscribe(&mut again, json!("match-1"), since).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(1)));
    assert_eq!(again.fence().await, [r#"2["goal",51]"#]);
}

async fn what_is_missed_of_several_channels_comes_in_one_order(mode: Mode) {
    let server = server();
    let since = server.io.position();
    publish(&server, "match-1", 1).await;
    publish(&server, "match-2", 2).await;
    let both = server.io.to("match-1").to("match-2").publish("goal", &3).await;
    assert_eq!(both.expect("the registry is alive").delivered, 0);
    publish(&server, "match-1", 4).await;
    let mut client = Client::connect_with(&server.url, mode, ASKS).await;
    let channels = json!(["match-2", "match-1", "match-1"]);
    let answer = subscribe(&mut client, channels, json!({"since": since})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(4)));
    assert_eq!(answer["channels"]["match-1"], json!({"recovered": true, "missed": 3}));
    assert_eq!(answer["channels"]["match-2"], json!({"recovered": true, "missed": 2}));
    assert_eq!(answer["refused"], json!({}));
    let (goals, positions) = read(&client.fence().await);
    assert_eq!(goals, [1, 2, 3, 4]);
    // Each of them is a point to go on from.
    for (at, position) in positions.iter().enumerate() {
        let mut again = Client::connect(&server.url, mode).await;
        let since = json!({"since": position});
        let answer = subscribe(&mut again, json!(["match-1", "match-2"]), since).await;
        assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(3 - at)));
    }
}

async fn events_bear_their_position_for_those_who_ask(mode: Mode) {
    let server = server();
    let mut client = Client::ask(&server.url, mode, "", &[], ASKS).await;
    let answer: Value = serde_json::from_str(&client.recv().await[1..]).expect("CONNECT");
    assert_eq!(answer["offsets"], true);
    let id = text(&answer["sid"]).parse().expect("an id");
    assert_eq!(client.emit_with_ack("subscribe", json!(["match-1"])).await, json!([null]));
    let socket = server.io.socket(&id).expect("it is connected");
    let first = publish(&server, "match-1", 1).await;
    socket.emit("direct", &2).expect("it is connected");
    socket.emit("direct", &3).expect("it is connected");
    let last = publish(&server, "match-1", 4).await;
    socket.emit("direct", &actix_socketio::Many(())).expect("it is connected");
    let packets = client.fence().await;
    let (numbers, positions) = read(&packets[..4]);
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!((positions[0], positions[3]), (first, last));
    let texts: Vec<_> = positions.iter().map(Position::to_string).collect();
    assert!(texts.is_sorted() && texts[1] != texts[2], "{texts:?}");
    assert!(packets[4].starts_with(r#"2["direct",""#), "{}", packets[4]);
}

async fn nobody_else_sees_a_position(mode: Mode) {
    let server = server();
    for connect in ["0", r#"0{"offsets":"yes"}"#, r#"0{"offsets":1}"#] {
        let mut client = Client::ask(&server.url, mode, "", &[], connect).await;
        assert!(!client.recv().await.contains("offsets"));
        assert_eq!(client.emit_with_ack("subscribe", json!(["match-1"])).await, json!([null]));
        publish(&server, "match-1", 1).await;
        assert_eq!(client.fence().await, [r#"2["goal",1]"#]);
    }
    let without = TestServer::start(builder().route(channel("^match-")));
    let mut client = Client::ask(&without.url, mode, "", &[], ASKS).await;
    assert!(!client.recv().await.contains("offsets"), "nothing is kept here");
}

async fn a_gap_is_told_with_its_reason(mode: Mode) {
    let server = server();
    let mut client = Client::connect(&server.url, mode).await;
    let since = server.io.position();
    publish(&server, "plain-1", 1).await;
    for number in 0..3 {
        publish(&server, "short-1", number).await;
    }
    let elsewhere = TestServer::start(builder().history(History::last(1))).io.position();
    for (name, since, reason) in [
        ("plain-1", json!(since), "no history"),
        ("short-1", json!(since), "trimmed"),
        ("match-1", json!(elsewhere), "epoch"),
        ("match-2", json!("an application's text"), "unknown position"),
        ("match-3", json!(null), "no position"),
    ] {
        let answer = subscribe(&mut client, json!(name), json!({"since": since})).await;
        assert_eq!(answer["reason"], reason, "{name}");
        assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(0)));
    }
    let answer = subscribe(&mut client, json!("match-1"), json!({"since": since})).await;
    assert_eq!(answer["reason"], "subscribed");
    let answer = subscribe(&mut client, json!("short-2"), json!({"since": since})).await;
    assert_eq!(answer["recovered"], true, "nothing was published to it");
    assert_eq!(client.fence().await, [""; 0], "whole or nothing");
    assert_eq!(server.io.stats().history_trimmed["count"], 1);
}

async fn the_newest_come_on_request(mode: Mode) {
    let server = server();
    let since = server.io.position();
    for number in 1..=3 {
        publish(&server, "short-1", number).await;
        publish(&server, "match-1", number).await;
    }
    let mut client = Client::connect(&server.url, mode).await;
    let answer = subscribe(&mut client, json!("short-1"), json!({"since": since, "last": 5})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(2)));
    assert_eq!(answer["reason"], "trimmed");
    assert_eq!(client.fence().await, [r#"2["goal",2]"#, r#"2["goal",3]"#]);
    let answer = subscribe(&mut client, json!("match-1"), json!({"last": 1})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(1)));
    assert_eq!(client.fence().await, [r#"2["goal",3]"#]);
    let mut other = Client::connect(&server.url, mode).await;
    let answer = subscribe(&mut other, json!("match-1"), json!({"last": 3})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(3)));
}

async fn what_was_not_for_a_client_is_not_replayed(mode: Mode) {
    let server = server();
    let since = server.io.position();
    let io = &server.io;
    let sent = async |target: actix_socketio::Target, number: u32| {
        target.publish("goal", &number).await.expect("the registry is alive");
    };
    sent(io.to("match-1").except("match-2"), 1).await;
    sent(io.to("match-1").volatile(), 2).await;
    sent(io.to("match-1").skip_history(), 3).await;
    sent(io.to("match-1"), 4).await;
    let mut client = Client::connect(&server.url, mode).await;
    let channels = json!(["match-1", "match-2"]);
    let answer = subscribe(&mut client, channels, json!({"since": since})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(1)));
    assert_eq!(client.fence().await, [r#"2["goal",4]"#]);
}

async fn a_channel_that_is_refused_is_left_out(mode: Mode) {
    let server = server();
    let since = server.io.position();
    publish(&server, "match-1", 1).await;
    publish(&server, "closed-1", 2).await;
    let mut client = Client::connect(&server.url, mode).await;
    let channels = json!(["closed-1", "match-1", "unknown"]);
    let answer = subscribe(&mut client, channels, json!({"since": since})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(1)));
    let refused = json!({
        "closed-1": {"message": "members only"},
        "unknown": {"message": "no such channel"},
    });
    assert_eq!(answer["refused"], refused);
    assert_eq!(client.fence().await, [r#"2["goal",1]"#]);
    let alone = client.emit_with_ack("subscribe", json!(["closed-1", {"since": since}])).await;
    assert_eq!(alone, json!([{"message": "members only"}]));
}

async fn options_that_cannot_be_read_are_refused(mode: Mode) {
    let server = server();
    let mut client = Client::connect(&server.url, mode).await;
    for (channels, options, named) in [
        (json!("match-1"), json!({"since": 5}), "since"),
        (json!("match-1"), json!({"sinse": null}), "sinse"),
        (json!("match-1"), json!("since"), "options"),
        (json!([1]), json!({"since": null}), "names"),
        (json!([]), json!({"since": null}), "list"),
    ] {
        let answer = client.emit_with_ack("subscribe", json!([channels, options])).await;
        let message = text(&answer[0]["message"]);
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(server.io.stats().subscriptions, 0);
    assert_eq!(server.io.stats().refusals["subscribe"], 5);
}

async fn what_goes_to_all_is_kept_too(mode: Mode) {
    let server = server();
    let mut client = Client::connect(&server.url, mode).await;
    let before = server.io.position();
    for number in 1..=4 {
        server.io.everyone().publish("news", &number).await.expect("the registry is alive");
    }
    assert_eq!(client.fence().await.len(), 4);
    let past = server.io.history_of_everyone().read();
    let numbers: Vec<u32> =
        past.messages.iter().map(|one| one.args.get(0).expect("a number")).collect();
    assert_eq!((numbers, past.is_whole), (vec![2, 3, 4], false));
    let second = past.messages[1].position;
    let past = server.io.history_of_everyone().since(second).read();
    assert!(past.is_whole && past.messages.len() == 1 && past.messages[0].event == "news");
    let past = server.io.history_of_everyone().since(before).limit(1).read();
    assert!(!past.is_whole && past.messages.len() == 1);
}

#[actix_web::test]
async fn what_is_too_old_is_dropped_and_told() {
    let age = Duration::from_millis(50);
    let server =
        TestServer::start(builder().route(channel("^old-").history(History::last(10).within(age))));
    let since = server.io.position();
    publish(&server, "old-1", 1).await;
    wait_until("the publication is too old", || {
        server.io.history("old-1").expect("a name").read().messages.is_empty()
    });
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    let answer = subscribe(&mut client, json!("old-1"), json!({"since": since})).await;
    assert_eq!((&answer["recovered"], &answer["reason"]), (&json!(false), &json!("trimmed")));
    assert_eq!(server.io.stats().history_trimmed["age"], 1);
    assert_eq!(server.io.stats().history_bytes, 0);
}

#[actix_web::test]
async fn all_histories_together_are_bounded() {
    let server = TestServer::start(
        builder()
            .max_history_bytes(2_000)
            .max_history_channels(2)
            .max_recovered(3)
            .route(channel("^m-").history(History::last(1_000))),
    );
    let since = server.io.position();
    for number in 0..4 {
        publish(&server, "m-1", number).await;
    }
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    let answer = subscribe(&mut client, json!("m-1"), json!({"since": since})).await;
    assert_eq!(answer["reason"], "too much");
    for number in 0..100 {
        publish(&server, "m-2", number).await;
        assert!(server.io.stats().history_bytes <= 2_000);
    }
    let stats = server.io.stats();
    assert!(stats.history_trimmed["bytes"] > 90, "{:?}", stats.history_trimmed);
    publish(&server, "m-3", 1).await;
    publish(&server, "m-4", 1).await;
    assert_eq!(server.io.stats().histories, 2);
    assert!(server.io.stats().history_trimmed["channels"] > 0);
    let answer = subscribe(&mut client, json!("m-2"), json!({"since": since})).await;
    assert_eq!(answer["reason"], "trimmed", "what it had is not forgotten");
}

#[actix_web::test]
async fn a_publication_by_a_client_is_kept_for_others_and_not_for_itself() {
    let server = server();
    let since = server.io.position();
    let mut ada = Client::connect(&server.url, Mode::WebSocket).await;
    ada.subscribe("match-1").await;
    let sent = ada.emit_with_ack("publish", json!(["match-1", "said", "hello"])).await;
    assert_eq!(sent, json!([null]));
    let mut bob = Client::connect(&server.url, Mode::WebSocket).await;
    subscribe(&mut bob, json!("match-1"), json!({"since": since})).await;
    assert_eq!(bob.fence().await, [r#"2["said","hello"]"#]);
    assert_eq!(ada.fence().await, [""; 0]);
}

#[actix_web::test]
async fn a_page_that_was_rendered_before_catches_up_without_a_gap() {
    let server = TestServer::start(
        SocketIo::builder()
            .route(channel("^match-").history(History::last(100)))
            .on("page", async |socket: Socket| Ok(socket.io().position())),
    );
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    let page = client.emit_with_ack("page", json!([])).await[0].clone();
    publish(&server, "match-1", 1).await;
    let answer = subscribe(&mut client, json!("match-1"), json!({"since": page})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(1)));
    assert_eq!(client.recv().await, r#"2["goal",1]"#);
}

/// A channel with too much leaves the room for those behind it.
#[actix_web::test]
async fn too_much_of_one_channel_is_not_too_much_of_the_next() {
    let server = TestServer::start(
        builder().max_outbox(20_000).route(channel("^match-").history(History::last(100))),
    );
    let before = server.io.position();
    for _ in 0..2 {
        publish(&server, "match-1", "x".repeat(6_000)).await;
    }
    publish(&server, "match-2", "x".repeat(2_000)).await;
    let mut client = Client::connect_with(&server.url, Mode::WebSocket, ASKS).await;
    let both = json!(["match-1", "match-2"]);
    let answer = subscribe(&mut client, both, json!({"since": before})).await;
    let channels = &answer["channels"];
    assert_eq!(channels["match-1"]["reason"], "too much", "{answer}");
    assert_eq!(channels["match-2"], json!({"recovered": true, "missed": 1}));
}
