//! A refused client receives the reason, and nothing that is meant for admitted clients.

use actix_socketio::{HandlerError, HandlerResult, OnConnect, OnSubscribe, channel};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_refused_client_reads_why_and_may_try_again,
    messages_of_an_on_connect_handler_are_dropped_with_a_refusal,
    messages_of_an_on_connect_handler_follow_the_admission,
    a_refused_subscription_has_a_reason_and_no_effect,
    a_channel_without_a_route_is_refused,
    a_subscription_whose_handler_fails_is_refused_without_a_reason,
    a_subscription_which_a_second_handler_refuses_is_undone,
}

#[derive(Deserialize)]
struct Auth {
    token: Option<u32>,
}

/// Greets every client, and admits those with a token.
async fn admit(event: OnConnect) -> HandlerResult {
    for n in 0..3 {
        event.socket.emit("welcome", &n)?;
    }
    match event.socket.handshake().auth::<Auth>()?.token {
        Some(_) => Ok(()),
        None => {
            Err(HandlerError::reject("no token")
                .with_data(&json!({"wanted": "a number", "code": 17})))
        }
    }
}

fn payload(packet: &str, head: &str) -> Value {
    let json = packet.strip_prefix(head).and_then(|json| serde_json::from_str(json).ok());
    json.unwrap_or_else(|| panic!("{head}{{..}} is expected, not {packet}"))
}

async fn a_refused_client_reads_why_and_may_try_again(mode: Mode) {
    let (record, recorder) = recorder();
    let admin = recorder.clone();
    let server = TestServer::start(
        builder()
            .to(&recorder)
            .on_connect(admit)
            .namespace("/admin", move |namespace| namespace.to(&admin).on_connect(admit)),
    );
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    let why = json!({"message": "no token", "data": {"wanted": "a number", "code": 17}});
    assert_eq!(payload(&client.recv().await, "4"), why);
    client.send("0/admin,{}").await;
    assert_eq!(payload(&client.recv().await, "4/admin,"), why);
    client.send(r#"0{"token":"a word"}"#).await;
    assert_eq!(
        client.recv().await,
        r#"4{"message":"internal error"}"#,
        "the handler could not read it"
    );
    client.send(r#"0{"token":7}"#).await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    client.fence().await;
    client.close().await;
    server.wait_until_empty().await;
    let lines = record.lines();
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert!(lines[3].starts_with("error: invalid type: string"), "{lines:?}");
    assert_eq!(lines[..3], ["connect", "/admin connect", "connect"]);
    assert_eq!(lines[4..], ["connect", "disconnect: transport close", "finish"]);
}

async fn messages_of_an_on_connect_handler_are_dropped_with_a_refusal(mode: Mode) {
    let server = TestServer::start(builder().on_connect(admit));
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    payload(&client.recv().await, "4");
    client.send(r#"0{"token":7}"#).await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#), "nothing comes between");
}

async fn messages_of_an_on_connect_handler_follow_the_admission(mode: Mode) {
    let server = TestServer::start(builder().on_connect(admit));
    let mut client = Client::connect_with(&server.url, mode, r#"0{"token":7}"#).await;
    let expected = [r#"2["welcome",0]"#, r#"2["welcome",1]"#, r#"2["welcome",2]"#];
    assert_eq!(client.fence().await, expected);
}

async fn a_refused_subscription_has_a_reason_and_no_effect(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-").on_subscribe(
        async |event: OnSubscribe| match &*event.channel {
            "room-vip" => Err(HandlerError::reject("members only").with_data(&json!([1, 2]))),
            _ => Ok(()),
        },
    )));
    let mut client = Client::connect(&server.url, mode).await;
    let refusal = json!([{"message": "members only", "data": [1, 2]}]);
    assert_eq!(client.emit_with_ack("subscribe", json!(["room-vip"])).await, refusal);
    client.subscribe("room-1").await;
    server.io.broadcast_channel("room-vip", "secret").expect("a publication");
    server.io.broadcast_channel("room-1", "open").expect("a publication");
    assert_eq!(client.messages().await, ["open"]);
    assert_eq!(server.io.subscribers("room-vip").await.expect("a name"), []);
    assert_eq!(
        record.lines(),
        ["connect", "subscribe room-vip", "subscribe room-1"],
        "a refusal is not an error"
    );
}

async fn a_channel_without_a_route_is_refused(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("room-")));
    let mut client = Client::connect(&server.url, mode).await;
    for undeclared in ["news", "my-room-1", "room", ""] {
        let answer = client.emit_with_ack("subscribe", json!([undeclared])).await;
        let why = if undeclared.is_empty() {
            "a channel name has at least one character"
        } else {
            "no such channel"
        };
        assert_eq!(answer, json!([{"message": why}]), "{undeclared:?}");
    }
    server.io.broadcast_channel("my-room-1", "secret").expect("a publication");
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["connect"], "no handler is asked");
}

async fn a_subscription_whose_handler_fails_is_refused_without_a_reason(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-").on_subscribe(
        async |event: OnSubscribe| {
            let number: u32 = event.channel["room-".len()..].parse()?;
            assert_ne!(number, 13, "unlucky");
            Ok(())
        },
    )));
    let mut client = Client::connect(&server.url, mode).await;
    for bad in ["room-x", "room-13"] {
        let answer = client.emit_with_ack("subscribe", json!([bad])).await;
        assert_eq!(answer, json!([{"message": "internal error"}]), "{bad}");
        server.io.broadcast_channel(bad, "secret").expect("a publication");
    }
    client.subscribe("room-1").await;
    assert_eq!(client.fence().await, [""; 0]);
    let lines = record.lines();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_eq!(lines[..3], ["connect", "subscribe room-x", "error: invalid digit found in string"]);
    assert_eq!(lines[3], "subscribe room-13");
    assert!(
        lines[4].starts_with("error: the handler panicked: ") && lines[4].contains("unlucky"),
        "{lines:?}"
    );
    assert_eq!(lines[5], "subscribe room-1");
}

async fn a_subscription_which_a_second_handler_refuses_is_undone(mode: Mode) {
    let server = TestServer::start(
        builder()
            .on_subscribe(async |event: OnSubscribe| {
                assert!(event.socket.subscribe(&event.channel)?);
                Ok(())
            })
            .route(
                channel("^room-")
                    .on_subscribe(async |_: OnSubscribe| Err(HandlerError::reject("full"))),
            ),
    );
    let mut client = Client::connect(&server.url, mode).await;
    assert_eq!(
        client.emit_with_ack("subscribe", json!(["room-1"])).await,
        json!([{"message": "full"}])
    );
    server.io.broadcast_channel("room-1", "secret").expect("a publication");
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(server.io.subscribers("room-1").await.expect("a name"), []);
}
