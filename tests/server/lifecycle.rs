//! The life cycle of a client: its handlers receive each event exactly once and in order, for every
//! kind of end.

use std::time::Duration;

use actix_socketio::{DisconnectReason, HandlerResult, OnMessage, channel};

use serde_json::json;

use crate::{
    app::{Record, TestServer, builder, recorder},
    client::{Client, Mode},
};

in_every_mode! {
    a_client_that_disconnects_has_its_events_in_order,
    a_client_that_closes_its_transport_has_its_events_in_order,
    a_client_that_vanishes_has_its_events_in_order,
    a_client_that_does_not_answer_pings_gets_its_events_in_order,
    a_client_that_answers_pings_stays,
    a_client_that_the_server_disconnects_has_its_events_in_order,
    a_client_whose_connection_the_server_closes_has_its_events_in_order,
}

async fn order(event: OnMessage) -> HandlerResult {
    match event.event() {
        "disconnect me" => event.socket.disconnect(),
        "close me" => event.socket.close(),
        _ => {}
    }
    Ok(())
}

/// A server that records, and a client in two channels that has sent one event.
async fn life(
    mode: Mode,
    ping_interval: Duration,
    ping_timeout: Duration,
) -> (Record, TestServer, Client) {
    let (record, recorder) = recorder();
    let server = TestServer::start(
        builder()
            .ping_interval(ping_interval)
            .ping_timeout(ping_timeout)
            .to(&recorder)
            .on_message(order)
            .route(channel("^room-")),
    );
    let mut client = Client::connect(&server.url, mode).await;
    client.subscribe("room-1").await;
    client.subscribe("room-2").await;
    client.emit("hello", json!(["Ada", 1])).await;
    record.until(r#"hello("Ada",1)"#).await;
    (record, server, client)
}

/// Checks that these are all events of the client.
async fn assert_ends(
    record: &Record,
    server: &TestServer,
    orders: &[&str],
    reason: DisconnectReason,
) {
    server.wait_until_empty().await;
    let mut expected = vec!["connect", "subscribe room-1", "subscribe room-2", r#"hello("Ada",1)"#];
    expected.extend(orders);
    let disconnect = format!("disconnect: {reason}");
    expected.extend([&*disconnect, "unsubscribe room-1", "unsubscribe room-2", "finish"]);
    assert_eq!(record.lines(), expected);
}

const NEVER: Duration = Duration::from_secs(600);

async fn a_client_that_disconnects_has_its_events_in_order(mode: Mode) {
    let (record, server, mut client) = life(mode, NEVER, NEVER).await;
    client.send("1").await;
    record.until("finish").await;
    client.close().await;
    client.closed().await;
    assert_ends(&record, &server, &[], DisconnectReason::ClientDisconnect).await;
    assert_eq!(client.rest(), [""; 0], "the server says no more");
}

async fn a_client_that_closes_its_transport_has_its_events_in_order(mode: Mode) {
    let (record, server, mut client) = life(mode, NEVER, NEVER).await;
    client.close().await;
    assert_ends(&record, &server, &[], DisconnectReason::TransportClose).await;
    client.closed().await;
}

async fn a_client_that_vanishes_has_its_events_in_order(mode: Mode) {
    let (record, server, client) = life(mode, NEVER, NEVER).await;
    client.vanish().await;
    let reason = if mode == Mode::Polling {
        DisconnectReason::TransportError
    } else {
        DisconnectReason::TransportClose
    };
    assert_ends(&record, &server, &[], reason).await;
}

async fn a_client_that_does_not_answer_pings_gets_its_events_in_order(mode: Mode) {
    let (record, server, mut client) =
        life(mode, Duration::from_millis(100), Duration::from_millis(1500)).await;
    client.stop_answering_pings();
    client.closed().await;
    assert_ends(&record, &server, &[], DisconnectReason::PingTimeout).await;
}

async fn a_client_that_answers_pings_stays(mode: Mode) {
    let (record, server, mut client) = life(mode, Duration::from_millis(50), NEVER).await;
    // Each follows the answer to the one before.
    client.pings(5).await;
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(server.io.connections(), 1);
    client.send("1").await;
    let lines = record.until("finish").await;
    assert!(lines.contains(&"disconnect: client namespace disconnect".to_owned()), "{lines:?}");
}

async fn a_client_that_the_server_disconnects_has_its_events_in_order(mode: Mode) {
    let (record, server, mut client) = life(mode, NEVER, NEVER).await;
    client.emit("disconnect me", json!([])).await;
    assert_eq!(client.recv().await, "1", "the client receives a close packet");
    record.until("finish").await;
    assert_eq!(server.io.connections(), 1, "the connection goes on");
    client.send("0").await;
    let answer = client.recv().await;
    assert!(answer.starts_with(r#"0{"sid":"#), "it may come back: {answer}");
    assert_eq!(client.fence().await, [""; 0]);
    assert_eq!(
        record.lines()[4..],
        [
            "disconnect me()",
            "disconnect: server namespace disconnect",
            "unsubscribe room-1",
            "unsubscribe room-2",
            "finish",
            "connect",
        ]
    );
}

async fn a_client_whose_connection_the_server_closes_has_its_events_in_order(mode: Mode) {
    let (record, server, mut client) = life(mode, NEVER, NEVER).await;
    client.emit("close me", json!([])).await;
    assert_eq!(client.recv().await, "1", "the client receives a close packet");
    assert_eq!(client.closed().await, "close");
    assert_ends(&record, &server, &["close me()"], DisconnectReason::ServerDisconnect).await;
}
