//! Sessions that do nothing, or too much.

use std::time::{Duration, Instant};

use actix_socketio::{HandlerError, OnConnect};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, Received, WebSocket, frame},
};

#[test]
fn a_session_that_never_sends_connect_is_closed() {
    let mut fixture = Fixture::with(|builder| builder.connect_timeout(Duration::from_secs(1)));
    let begun = Instant::now();
    let mut websocket = WebSocket::open(fixture.addr);
    let polling = PollingSession::open(fixture.addr);
    polling.get().assert_poll(&["1"]);
    polling.wait_until_unknown();
    websocket.assert_closed(None);
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before connect_timeout");
    fixture.assert_only_bystander_left();

    // This session does not even poll.
    PollingSession::open(fixture.addr);
    fixture.assert_all_freed();
}

#[test]
fn a_session_that_is_refused_repeatedly_is_closed() {
    let fixture = Fixture::with(|builder| {
        builder.connect_timeout(Duration::from_secs(1)).namespace("/closed", |namespace| {
            namespace.on_connect(async |_: OnConnect| Err(HandlerError::reject("closed")))
        })
    });
    let mut session = WebSocket::open(fixture.addr);
    session.send("40/closed,");
    loop {
        match session.receive() {
            Received::Text(text) => assert_eq!(text, r#"44/closed,{"message":"closed"}"#),
            other => break assert_eq!(other, Received::Close(None)),
        }
        session.try_send_raw(frame(0x81, b"40/closed,"));
    }
    fixture.assert_all_freed();
}

#[test]
fn a_client_that_does_not_answer_pings_is_gone() {
    const TIME: Duration = Duration::from_millis(1100);
    let mut fixture = Fixture::with(|builder| {
        builder.ping_interval(Duration::from_millis(100)).ping_timeout(Duration::from_secs(1))
    });
    let begun = Instant::now();
    let (polling, polling_id) = PollingSession::join(fixture.addr);
    let mut websocket = WebSocket::open(fixture.addr);
    let websocket_id = websocket.join();
    polling.get().assert_poll(&["2"]);
    polling.get().assert_poll(&["1"]);
    polling.wait_until_unknown();
    assert_eq!(websocket.receive(), Received::Text("2".to_owned()));
    websocket.assert_closed(None);
    assert!(begun.elapsed() >= TIME, "not before ping_interval and ping_timeout");
    assert_eq!(fixture.journal.disconnect_reason(polling_id), "ping timeout");
    assert_eq!(fixture.journal.disconnect_reason(websocket_id), "ping timeout");
    fixture.assert_only_bystander_left();
    fixture.assert_all_freed();
}

/// Engine.IO's own protocol tests require this, and measure from the handshake. One success in
/// several attempts is enough, because the machine may be busy.
#[test]
fn a_session_is_unknown_as_soon_as_its_time_is_up() {
    const TIME: Duration = Duration::from_millis(60);
    let fixture = Fixture::with(|builder| {
        builder.ping_interval(Duration::from_millis(20)).ping_timeout(Duration::from_millis(40))
    });
    let in_time = (0..20).any(|_| {
        let session = PollingSession::open(fixture.addr);
        let up = Instant::now() + TIME + Duration::from_millis(5);
        std::thread::sleep(up.saturating_duration_since(Instant::now()));
        let answer = session.get();
        if answer.status == 400 {
            answer.assert_unknown_session();
        }
        answer.status == 400
    });
    assert!(in_time);
}

#[test]
fn an_unrequested_pong_is_ignored() {
    let fixture = Fixture::new();
    let (polling, _) = PollingSession::join(fixture.addr);
    let mut websocket = WebSocket::open(fixture.addr);
    websocket.join();
    for pong in ["3", "3probe", "3 and so on"] {
        polling.post(pong).assert_ok();
        polling.assert_works();
        websocket.send(pong);
        websocket.assert_works();
    }
    polling.close();
    websocket.send("1");
    websocket.assert_closed(None);
    fixture.assert_all_freed();
}

#[test]
fn packets_of_the_handshake_are_ignored_afterwards() {
    let fixture = Fixture::new();
    let (polling, _) = PollingSession::join(fixture.addr);
    let mut websocket = WebSocket::open(fixture.addr);
    websocket.join();
    for packet in ["0", r#"0{"sid":"x"}"#, "5", "6", "6x"] {
        polling.post(packet).assert_ok();
        polling.assert_works();
        websocket.send(packet);
        websocket.assert_works();
    }
    polling.close();
    drop(websocket);
    fixture.assert_all_freed();
}
