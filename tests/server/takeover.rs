//! A WebSocket takes its TCP stream over from actix-http when its handshake is answered. Without
//! `on_connect` it cannot, and works all the same.

use std::io::{ErrorKind, Read};

use actix_socketio::{Builder, SendError, channel};

use crate::{
    app::TestServer,
    fixture::{Fixture, Journal, journaling},
    raw::{HttpConnection, PollingSession, Received, UPGRADE, WebSocket, frame, request},
    wait::wait_until,
};

fn without_on_connect(settings: impl FnOnce(Builder) -> Builder) -> Fixture {
    let journal = Journal::default();
    let server = TestServer::start_without_on_connect(settings(journaling(&journal)));
    Fixture::with_server(server, journal)
}

/// Frames that a client sends before it has the response are read in order. Either actix-http or
/// this crate reads them first.
fn frames_sent_with_the_handshake_are_read_by(fixture: Fixture) {
    let mut all = frame(0x81, b"40");
    let echoes = 0..500;
    for number in echoes.clone() {
        all.extend(frame(
            0x81,
            format!(r#"42{number}["echo","{}"]"#, "x".repeat(1_000)).as_bytes(),
        ));
    }
    let mut ws = WebSocket::open_and_send(fixture.addr, all);
    assert!(ws.text().starts_with(r#"40{"sid":""#));
    for number in echoes {
        let received = ws.text();
        assert!(
            received.starts_with(&format!("43{number}[")),
            "{received:.40} instead of the answer to {number}"
        );
    }
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn frames_sent_with_the_handshake_are_read() {
    frames_sent_with_the_handshake_are_read_by(Fixture::new());
}

#[test]
fn frames_sent_with_the_handshake_are_read_without_on_connect() {
    frames_sent_with_the_handshake_are_read_by(without_on_connect(|builder| builder));
}

/// A frame is longer than its message, and there may be many.
#[test]
fn frames_sent_with_the_handshake_may_be_more_than_max_payload() {
    let fixture = Fixture::with(|builder| builder.max_payload(20));
    let mut all = frame(0x81, b"40");
    (0..100)
        .for_each(|number| all.extend(frame(0x81, format!(r#"42{number}["echo",1]"#).as_bytes())));
    let mut ws = WebSocket::open_and_send(fixture.addr, all);
    assert!(ws.text().starts_with(r#"40{"sid":""#));
    (0..100).for_each(|number| assert_eq!(ws.text(), format!("43{number}[1]")));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn a_client_that_floods_before_the_response_is_cut_off() {
    let fixture = Fixture::with(|builder| builder.max_payload(10_000));
    let mut http = HttpConnection::open(fixture.addr);
    let mut all = request("GET", "EIO=4&transport=websocket", UPGRADE).into_bytes();
    all.extend(frame(0x81, &[b'x'; 400_000]));
    http.try_write(all);
    // A part may arrive late enough to be read as a frame, which is too large as well.
    let mut answer = Vec::new();
    let end = http.stream().read_to_end(&mut answer);
    assert!(
        end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "it goes on"
    );
    fixture.assert_all_freed();
}

#[test]
fn a_session_without_on_connect() {
    let fixture = without_on_connect(|builder| builder.route(channel("^room-").allow_publish()));
    for upgrade in [false, true] {
        let mut ws = if upgrade {
            let (session, _) = PollingSession::join(fixture.addr);
            let mut ws = WebSocket::probe(&session);
            ws.send("2probe");
            assert_eq!(ws.text(), "3probe");
            ws.send("5");
            ws
        } else {
            let mut ws = WebSocket::open(fixture.addr);
            ws.join();
            ws
        };
        ws.send(r#"421["subscribe","room-1"]"#);
        assert_eq!(ws.text(), "431[null]");
        fixture.io.broadcast_channel("room-1", "hello").expect("the registry has capacity");
        assert_eq!(ws.text(), r#"42["message","hello"]"#);
        ws.assert_works();
        ws.send_raw(frame(0x88, &1000_u16.to_be_bytes()));
        assert_eq!(ws.receive(), Received::Close(Some(1000)));
        assert_eq!(ws.receive(), Received::End);
    }
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_that_stops_reading_is_disconnected_without_on_connect() {
    let fixture = without_on_connect(|builder| builder.max_outbox(100_000));
    let mut slow = WebSocket::open_with_small_buffers(fixture.addr);
    let id = slow.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let text = "x".repeat(30_000);
    wait_until("the outbox is full", || matches!(socket.send(&text), Err(SendError::Closed)));
    assert_eq!(fixture.journal.disconnect_reason(id), "slow consumer");
    fixture.wait_for_connections(1);
    // Messages in flight still arrive, and then the end, without a Close frame.
    loop {
        match slow.receive() {
            Received::Text(message) => {
                assert_eq!(message.len(), text.len() + r#"42["message",""]"#.len());
            }
            other => break assert_eq!(other, Received::End),
        }
    }
    fixture.assert_all_freed();
}

/// The second WebSocket of a session is closed and receives nothing. Publications go to the first.
#[test]
fn publications_go_to_the_websocket_that_owns_the_session() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    let mut first = WebSocket::probe(&session);
    first.send("2probe");
    assert_eq!(first.text(), "3probe");
    first.send("5");
    first.assert_works();
    fixture
        .io
        .socket(&id)
        .expect("the socket is connected")
        .subscribe("news")
        .expect("the subscription is allowed");
    let mut received = 0..;
    let mut publish = |first: &mut WebSocket| {
        let number = received.next().expect("another number");
        fixture.io.to("news").emit("news", &number).expect("the registry has capacity");
        assert_eq!(first.text(), format!(r#"42["news",{number}]"#));
    };
    publish(&mut first);
    // Each may be on any worker.
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut other = WebSocket::probe(&session);
        // At once, although it is silent.
        other.assert_closed(None);
        others.push(other);
        publish(&mut first);
        publish(&mut first);
    }
    for other in others {
        drop(other);
        publish(&mut first);
    }
}
