//! Publications by clients: the receivers, and where publishing is not allowed.

use actix_socketio::{HandlerError, HandlerResult, OnMessage, SocketIo, channel};
use serde_json::{Value, json};

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_publication_of_a_client_reaches_the_other_subscribers,
    a_handler_may_refuse_a_publication,
    a_handler_that_fails_refuses_a_publication_without_a_reason,
    a_client_may_not_publish_where_no_route_allows_it,
    a_client_may_not_publish_to_a_channel_that_it_is_not_in,
    a_publication_without_sense_is_refused,
    a_handler_may_forward_what_may_not_be_published,
    open_channels_may_have_any_name,
    the_three_events_may_have_other_names,
}

/// Three clients. The first two are in the channel.
async fn clients(server: &TestServer, mode: Mode, channel: &str) -> [Client; 3] {
    let mut clients = [
        Client::connect(&server.url, mode).await,
        Client::connect(&server.url, mode).await,
        Client::connect(&server.url, mode).await,
    ];
    clients[0].subscribe(channel).await;
    clients[1].subscribe(channel).await;
    clients
}

fn refusal(why: &str) -> Value {
    json!([{"message": why}])
}

async fn a_publication_of_a_client_reaches_the_other_subscribers(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().to(&recorder).route(channel("^room-").allow_publish()));
    let [mut ada, mut bob, mut outside] = clients(&server, mode, "room-1").await;
    let message = json!({"text": "héllo\u{1e}", "n": [1.5, null]});
    assert_eq!(ada.emit_with_ack("publish", json!(["room-1", message])).await, json!([null]));
    assert_eq!(ada.emit_with_ack("publish", json!(["room-1", "goal", 2])).await, json!([null]));
    ada.emit("publish", json!(["room-1", "without an ack"])).await;
    assert_eq!(ada.fence().await, [""; 0], "the sender gets none");
    assert_eq!(bob.expect_event("message").await, json!([message]));
    assert_eq!(bob.expect_event("goal").await, json!([2]));
    assert_eq!(bob.messages().await, ["without an ack"]);
    assert_eq!(outside.fence().await, [""; 0]);
    let lines = record.lines();
    assert_eq!(
        lines[lines.len() - 2..],
        ["goal(2) to room-1", r#"message("without an ack") to room-1"#]
    );
}

async fn a_handler_may_refuse_a_publication(mode: Mode) {
    async fn polite(event: OnMessage) -> HandlerResult {
        match event.channel {
            Some(_) if event.json::<String>()?.contains("damn") => {
                Err(HandlerError::reject("mind your language").with_data(&event.json::<Value>()?))
            }
            _ => Ok(()),
        }
    }
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder().on_error(&recorder).route(channel("^room-").allow_publish().on_message(polite)),
    );
    let [mut ada, mut bob, mut outside] = clients(&server, mode, "room-1").await;
    let answer = ada.emit_with_ack("publish", json!(["room-1", "damn!"])).await;
    assert_eq!(answer, json!([{"message": "mind your language", "data": "damn!"}]));
    ada.emit("publish", json!(["room-1", "damn again"])).await;
    assert_eq!(ada.emit_with_ack("publish", json!(["room-1", "well"])).await, json!([null]));
    assert_eq!(bob.messages().await, ["well"]);
    assert_eq!(outside.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["error: rejected: mind your language"; 2]);
}

async fn a_handler_that_fails_refuses_a_publication_without_a_reason(mode: Mode) {
    async fn numbers(event: OnMessage) -> HandlerResult {
        if event.channel.is_some() {
            event.json::<u32>()?;
        }
        Ok(())
    }
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder().on_error(&recorder).route(channel("^room-").allow_publish().on_message(numbers)),
    );
    let [mut ada, mut bob, _] = clients(&server, mode, "room-1").await;
    assert_eq!(
        ada.emit_with_ack("publish", json!(["room-1", "x"])).await,
        refusal("internal error")
    );
    assert_eq!(ada.emit_with_ack("publish", json!(["room-1", 3])).await, json!([null]));
    assert_eq!(bob.messages().await, [3]);
    let lines = record.lines();
    assert!(lines.len() == 1 && lines[0].contains("invalid type"), "{lines:?}");
}

async fn a_client_may_not_publish_where_no_route_allows_it(mode: Mode) {
    // There is no handler of messages, since a handler could forward them.
    let server = TestServer::start(
        SocketIo::builder().route(channel("^room-")).route(channel("^open-").allow_publish()),
    );
    let [mut ada, mut bob, _] = clients(&server, mode, "room-1").await;
    ada.subscribe("open-1").await;
    bob.subscribe("open-1").await;
    let answer = ada.emit_with_ack("publish", json!(["room-1", "no"])).await;
    assert_eq!(answer, refusal("clients may not publish to this channel"));
    assert_eq!(ada.emit_with_ack("publish", json!(["open-1", "yes"])).await, json!([null]));
    assert_eq!(bob.expect_event("message").await, json!(["yes"]), "nothing comes before");
}

async fn a_client_may_not_publish_to_a_channel_that_it_is_not_in(mode: Mode) {
    let (record, recorder) = recorder();
    let server =
        TestServer::start(builder().on_message(&recorder).route(channel("^room-").allow_publish()));
    let [mut ada, mut bob, mut outside] = clients(&server, mode, "room-1").await;
    let answer = outside.emit_with_ack("publish", json!(["room-1", "no"])).await;
    assert_eq!(answer, refusal("subscribe to the channel before you publish to it"));
    ada.emit_with_ack("unsubscribe", json!(["room-1"])).await;
    let answer = ada.emit_with_ack("publish", json!(["room-1", "no"])).await;
    assert_eq!(answer, refusal("subscribe to the channel before you publish to it"));
    assert_eq!(bob.fence().await, [""; 0]);
    assert_eq!(record.lines(), [""; 0], "no handler receives it");
}

async fn a_publication_without_sense_is_refused(mode: Mode) {
    let server = TestServer::start(builder().route(channel("^room-").allow_publish()));
    let [mut ada, mut bob, _] = clients(&server, mode, "room-1").await;
    let arguments = "publish takes a channel, an event's name if it is not \"message\", and data";
    for (args, why) in [
        (json!([]), "the channel's name must be the first argument, a string"),
        (json!([7, "data"]), "the channel's name must be the first argument, a string"),
        (json!(["room-1"]), arguments),
        (json!(["room-1", "goal", 1, 2]), arguments),
        (json!(["room-1", 5, 1]), "the event's name must be a string"),
        (json!(["room-1", "disconnect", 1]), "the event name \"disconnect\" is reserved"),
    ] {
        assert_eq!(ada.emit_with_ack("publish", args.clone()).await, refusal(why), "{args}");
    }
    assert_eq!(bob.fence().await, [""; 0]);
}

async fn a_handler_may_forward_what_may_not_be_published(mode: Mode) {
    async fn forward(event: OnMessage) -> HandlerResult {
        if let Some(channel) = &event.channel {
            let text: String = event.json()?;
            event.socket.to(channel).emit(event.event(), &text.to_uppercase())?;
        }
        Ok(())
    }
    let server = TestServer::start(builder().route(channel("^room-").on_message(forward)));
    let [mut ada, mut bob, mut outside] = clients(&server, mode, "room-1").await;
    assert_eq!(ada.emit_with_ack("publish", json!(["room-1", "psst"])).await, json!([null]));
    assert_eq!(bob.messages().await, ["PSST"], "once, and as the handler put it");
    assert_eq!(ada.fence().await, [""; 0]);
    assert_eq!(outside.fence().await, [""; 0]);
}

async fn open_channels_may_have_any_name(mode: Mode) {
    let server =
        TestServer::start(builder().open_channels().route(channel("^public-").allow_publish()));
    let [mut ada, mut bob, mut outside] = clients(&server, mode, "whatever").await;
    server.io.broadcast_channel("whatever", 1.to_string().as_str()).expect("a publication");
    assert_eq!((ada.messages().await, bob.messages().await), (vec![json!("1")], vec![json!("1")]));
    outside.subscribe("public-1").await;
    ada.subscribe("public-1").await;
    assert_eq!(ada.emit_with_ack("publish", json!(["public-1", 2])).await, json!([null]));
    assert_eq!(outside.messages().await, [2]);
    assert_eq!(bob.fence().await, [""; 0]);
}

async fn the_three_events_may_have_other_names(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .subscribe_event("join")
            .unsubscribe_event("leave")
            .publish_event("say")
            .to(&recorder)
            .route(channel("^room-").allow_publish()),
    );
    let mut ada = Client::connect(&server.url, mode).await;
    let mut bob = Client::connect(&server.url, mode).await;
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.emit_with_ack("join", json!(["room-1"])).await, json!([null]));
    }
    assert_eq!(ada.emit_with_ack("say", json!(["room-1", "hello"])).await, json!([null]));
    assert_eq!(bob.messages().await, ["hello"]);
    bob.emit("subscribe", json!(["mine"])).await;
    assert_eq!(bob.emit_with_ack("leave", json!(["room-1"])).await, json!([null]));
    assert_eq!(
        record.lines()[2..],
        [
            "subscribe room-1",
            "subscribe room-1",
            r#"message("hello") to room-1"#,
            r#"subscribe("mine")"#,
            "unsubscribe room-1",
        ]
    );
}
