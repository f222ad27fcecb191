//! A socket has its events in order and once each, also when something fails or ends at a bad
//! moment.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix::prelude::*;
use actix_socketio::{
    HandlerError, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
    OnUnsubscribe, channel,
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    app::{TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_function_that_panics_is_an_error_and_the_socket_stays,
    an_actor_that_panics_is_an_error_for_each_later_event,
    a_handler_of_errors_that_panics_is_only_logged,
    a_connection_that_ends_while_on_connect_decides_has_its_end_if_it_was_let_in,
    a_connection_that_has_ended_is_not_authorized_any_more,
    a_client_that_leaves_while_on_connect_decides_is_let_in_and_out,
    events_of_a_refused_client_after_its_connect_are_not_handled,
    packets_of_a_refused_client_before_the_refusal_are_dropped,
    events_of_an_admitted_client_after_its_connect_are_handled,
    a_client_may_leave_and_come_back_at_once,
    two_namespaces_live_apart_on_one_connection,
    a_socket_that_the_server_disconnects_during_its_admission_is_notified,
}

fn boom(place: &str) -> HandlerResult {
    panic!("boom in {place}")
}

async fn a_function_that_panics_is_an_error_and_the_socket_stays(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .to(&recorder)
            .on_message(
                async |event: OnMessage| {
                    if event.event() == "fence" { Ok(()) } else { boom("OnMessage") }
                },
            )
            .on_unsubscribe(async |_: OnUnsubscribe| boom("OnUnsubscribe"))
            .on_disconnect(async |_: OnDisconnect| boom("OnDisconnect"))
            .on_finish(async |_: OnFinish| boom("OnFinish"))
            .route(channel("^room-")),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    client.emit("hello", json!([1])).await;
    client.emit("hello", json!([2])).await;
    assert_eq!(client.fence().await, [""; 0]);
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(
        record.lines(),
        [
            "connect",
            "subscribe room-1",
            "hello(1)",
            "error: the handler panicked: boom in OnMessage",
            "hello(2)",
            "error: the handler panicked: boom in OnMessage",
            "disconnect: transport close",
            "error: the handler panicked: boom in OnDisconnect",
            "unsubscribe room-1",
            "error: the handler panicked: boom in OnUnsubscribe",
            "finish",
            "error: the handler panicked: boom in OnFinish",
        ]
    );
}

struct Fragile;

impl Actor for Fragile {
    type Context = Context<Self>;
}

impl Handler<OnMessage> for Fragile {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        if event.event() == "boom" { boom("an actor") } else { Ok(()) }
    }
}

async fn an_actor_that_panics_is_an_error_for_each_later_event(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).on_message(Fragile.start()));
    let client = Client::connect(&server.url, mode).await;
    let other = Client::connect(&server.url, mode).await;
    let stopped = "error: the handler's actor has stopped";
    for event in ["one", "boom", "two"] {
        client.emit(event, json!([])).await;
    }
    record.until_there_are(2, stopped).await;
    other.emit("three", json!([])).await;
    let lines = record.until_there_are(3, stopped).await;
    assert_eq!(lines[2..], ["one()", "boom()", stopped, "two()", stopped, "three()", stopped]);
    assert_eq!(server.io.connections(), 2);
    client.close().await;
    other.close().await;
    server.wait_until_empty().await;
    assert_eq!(record.count("finish"), 2);
}

async fn a_handler_of_errors_that_panics_is_only_logged(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder().on_error(async |_: OnError| boom("OnError")).to(&recorder).on_message(
            async |event: OnMessage| {
                if event.event() == "fence" { Ok(()) } else { boom("OnMessage") }
            },
        ),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.emit("hello", json!([])).await;
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(
        record.lines(),
        ["connect", "hello()", "error: the handler panicked: boom in OnMessage"]
    );
}

/// A handler of `OnConnect` that decides when it receives a permit.
fn slow(
    gate: &Arc<Semaphore>,
    verdict: fn() -> HandlerResult,
) -> impl AsyncFn(OnConnect) -> HandlerResult + use<> {
    let gate = Arc::clone(gate);
    async move |_: OnConnect| {
        gate.acquire().await?.forget();
        verdict()
    }
}

async fn a_connection_that_ends_while_on_connect_decides_has_its_end_if_it_was_let_in(mode: Mode) {
    let verdicts: [fn() -> HandlerResult; 2] = [|| Ok(()), || Err(HandlerError::reject("no"))];
    let received =
        [&["connect", "early()", "disconnect: transport close", "finish"][..], &["connect"]];
    for (verdict, received) in verdicts.into_iter().zip(received) {
        let (record, recorder) = recorder();
        let gate = Arc::new(Semaphore::new(0));
        let server = TestServer::start(builder().to(&recorder).on_connect(slow(&gate, verdict)));
        let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
        client.emit("early", json!([])).await;
        record.until("connect").await;
        client.close().await;
        client.closed().await;
        gate.add_permits(1);
        server.wait_until_empty().await;
        assert_eq!(record.lines(), received);
        assert_eq!(client.rest(), [""; 0], "nothing is sent to a client that is gone");
    }
}

/// A second namespace waits behind a slow handler. The client has gone when its turn comes.
async fn a_connection_that_has_ended_is_not_authorized_any_more(mode: Mode) {
    let (record, recorder) = recorder();
    let gate = Arc::new(Semaphore::new(0));
    let server = TestServer::start(
        builder()
            .to(&recorder)
            .on_connect(slow(&gate, || Ok(())))
            .namespace("/second", |namespace| namespace.to(&recorder)),
    );
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    client.send("0/second,").await;
    record.until("connect").await;
    client.close().await;
    client.closed().await;
    gate.add_permits(1);
    server.wait_until_empty().await;
    let received = ["connect", "disconnect: transport close", "finish"];
    assert_eq!(record.lines(), received, "of the main namespace, and nothing of the other");
}

async fn a_client_that_leaves_while_on_connect_decides_is_let_in_and_out(mode: Mode) {
    let (record, recorder) = recorder();
    let gate = Arc::new(Semaphore::new(0));
    let server = TestServer::start(builder().to(&recorder).on_connect(slow(&gate, || Ok(()))));
    let client = Client::ask(&server.url, mode, "", &[], "0").await;
    client.send("1").await;
    gate.add_permits(1);
    let lines = record.until("finish").await;
    assert_eq!(lines, ["connect", "disconnect: client namespace disconnect", "finish"]);
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(record.lines(), lines);
}

async fn events_of_a_refused_client_after_its_connect_are_not_handled(mode: Mode) {
    let (record, recorder) = recorder();
    let gate = Arc::new(Semaphore::new(0));
    let refuse = slow(&gate, || Err(HandlerError::reject("no")));
    let server =
        TestServer::start(builder().to(&recorder).on_connect(refuse).route(channel("^room-")));
    let mut client = Client::open(&server.url, mode).await;
    let packets = ["40", r#"42["early",1]"#, r#"421["subscribe","room-1"]"#, "41"].join("\x1e");
    client.transport().send_engine(&packets).await.expect("legal packets");
    gate.add_permits(1);
    assert_eq!(client.recv().await, r#"4{"message":"no"}"#);
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(record.lines(), ["connect"]);
}

async fn packets_of_a_refused_client_before_the_refusal_are_dropped(mode: Mode) {
    let (record, recorder) = recorder();
    let asked = AtomicUsize::new(0);
    let refuse_first = async move |_: OnConnect| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Err(HandlerError::reject("no")),
        _ => Ok(()),
    };
    let server = TestServer::start(builder().to(&recorder).on_connect(refuse_first));
    let mut client = Client::open(&server.url, mode).await;
    client.send("0").await;
    assert_eq!(client.recv().await, r#"4{"message":"no"}"#);
    for packet in [r#"2["late",1]"#, r#"30["late"]"#, "1", "0"] {
        client.send(packet).await;
    }
    assert!(client.recv().await.starts_with(r#"0{"sid":"#), "the connection is in order");
    client.emit("hello", json!([])).await;
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(record.lines(), ["connect", "connect", "hello()"]);
}

async fn events_of_an_admitted_client_after_its_connect_are_handled(mode: Mode) {
    let (record, recorder) = recorder();
    let gate = Arc::new(Semaphore::new(0));
    let server = TestServer::start(
        builder().to(&recorder).on_connect(slow(&gate, || Ok(()))).route(channel("^room-")),
    );
    let mut client = Client::open(&server.url, mode).await;
    let packets = ["40", r#"42["early",1]"#, r#"421["subscribe","room-1"]"#].join("\x1e");
    client.transport().send_engine(&packets).await.expect("legal packets");
    gate.add_permits(1);
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(client.recv().await, "31[null]");
    assert_eq!(record.lines(), ["connect", "early(1)", "subscribe room-1"]);
}

async fn a_client_may_leave_and_come_back_at_once(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).route(channel("^room-")));
    let mut client = Client::open(&server.url, mode).await;
    for _ in 0..3 {
        let packets = ["40", r#"42["hello"]"#, r#"421["subscribe","room-1"]"#, "41"].join("\x1e");
        client.transport().send_engine(&packets).await.expect("legal packets");
    }
    client.send("0").await;
    assert!(client.wait_for(|packet| packet.starts_with("0{")).await.contains("sid"));
    record.until_there_are(4, "connect").await;
    client.fence().await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.extend(["connect", "hello()", "subscribe room-1"]);
        expected.extend([
            "disconnect: client namespace disconnect",
            "unsubscribe room-1",
            "finish",
        ]);
    }
    expected.push("connect");
    assert_eq!(record.lines(), expected);
}

async fn two_namespaces_live_apart_on_one_connection(mode: Mode) {
    let (record, recorder) = recorder();
    let admin = recorder.clone();
    let server = TestServer::start(
        builder()
            .to(&recorder)
            .route(channel("^room-"))
            .namespace("/admin", move |admin_builder| {
                admin_builder.to(&admin).route(channel("^room-"))
            }),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    client.send("0/admin,").await;
    let answer = client.recv().await;
    assert!(answer.starts_with(r#"0/admin,{"sid":""#), "{answer}");
    client.send(r#"2/admin,1["subscribe","room-1"]"#).await;
    assert_eq!(client.recv().await, "3/admin,1[null]");
    client.send("0/nowhere,").await;
    assert_eq!(client.recv().await, r#"4/nowhere,{"message":"Invalid namespace"}"#);

    server.io.of("/admin").to("room-1").publish("here", &1).await.expect("a publication");
    server.io.to("room-1").publish("there", &2).await.expect("a publication");
    assert_eq!(client.fence().await, [r#"2/admin,["here",1]"#, r#"2["there",2]"#]);

    client.send("1/admin,").await;
    record.until("/admin finish").await;
    server.io.of("/admin").to("room-1").publish("here", &3).await.expect("a publication");
    assert_eq!(client.fence().await, [""; 0]);
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(
        record.lines(),
        [
            "connect",
            "subscribe room-1",
            "/admin connect",
            "/admin subscribe room-1",
            "/admin disconnect: client namespace disconnect",
            "/admin unsubscribe room-1",
            "/admin finish",
            "disconnect: transport close",
            "unsubscribe room-1",
            "finish",
        ]
    );
}

async fn a_socket_that_the_server_disconnects_during_its_admission_is_notified(mode: Mode) {
    let (record, recorder) = recorder();
    let server = TestServer::start(builder().to(&recorder).on_connect(async |event: OnConnect| {
        event.socket.send("hello")?;
        event.socket.disconnect();
        Ok(())
    }));
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    assert!(client.recv().await.starts_with(r#"0{"sid":"#));
    assert_eq!(client.recv().await, r#"2["message","hello"]"#);
    assert_eq!(client.recv().await, "1");
    let lines = record.until("finish").await;
    assert_eq!(lines, ["connect", "disconnect: server namespace disconnect", "finish"]);
}
