//! WebSockets that are to take a session over, and do not.

use std::{net::Shutdown, time::Duration};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, Received, WebSocket, frame},
};

#[test]
fn a_probe_that_never_arrives_closes_only_its_websocket() {
    let fixture = Fixture::with(|builder| builder.upgrade_timeout(Duration::from_millis(500)));
    let (session, _) = PollingSession::join(fixture.addr);
    WebSocket::probe(&session).assert_closed(None);
    session.assert_works();

    // On a busy machine, a probe may be too late itself.
    let was_answered = (0..20).any(|_| {
        let mut without_upgrade = WebSocket::probe(&session);
        without_upgrade.try_send_raw(frame(0x81, b"2probe"));
        let answer = without_upgrade.receive();
        if answer == Received::Text("3probe".to_owned()) {
            without_upgrade.assert_closed(None);
            return true;
        }
        assert!(matches!(answer, Received::Close(None) | Received::End), "{answer:?}");
        false
    });
    assert!(was_answered);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

/// As Node's server, whatever the first one does.
#[test]
fn a_second_websocket_is_closed_while_one_tries_to_take_over() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    let mut first = WebSocket::probe(&session);
    // The server has begun to read it.
    first.send_raw(frame(0x89, b"x"));
    assert_eq!(first.receive(), Received::Pong(b"x".into()));
    let mut silent = WebSocket::probe(&session);
    silent.assert_closed(None);
    first.send("2probe");
    assert_eq!(first.text(), "3probe");
    first.send("5");
    first.assert_works();
    WebSocket::probe(&session).assert_closed(None);
    first.assert_works();
    drop(first);
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_may_try_to_take_over_after_one_that_failed() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for _ in 0..3 {
        let mut failed = WebSocket::probe(&session);
        failed.send("42[\"x\"]");
        failed.assert_closed(None);
    }
    let mut last = WebSocket::probe(&session);
    last.send("2probe");
    assert_eq!(last.text(), "3probe");
    last.send("5");
    last.assert_works();
    drop(last);
    fixture.assert_all_freed();
}

#[test]
fn anything_but_a_probe_closes_only_the_probing_websocket() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for packet in ["2", "2other", "3probe", "40", r#"42["x"]"#, "1", "6", "0", "x", ""] {
        let mut probe = WebSocket::probe(&session);
        probe.send(packet);
        probe.assert_closed(None);
        session.assert_works();
    }
    for bytes in [frame(0x82, b"2probe"), frame(0xc1, b"2probe"), b"\x81\x062probe".to_vec()] {
        let mut probe = WebSocket::probe(&session);
        probe.send_raw(bytes);
        probe.assert_closed(None);
        session.assert_works();
    }
    for packet in ["2probe", "2", "42[\"x\"]", "1"] {
        let mut probe = WebSocket::probe(&session);
        probe.send("2probe");
        assert_eq!(probe.text(), "3probe");
        probe.send(packet);
        probe.assert_closed(None);
        session.assert_works();
    }
    WebSocket::probe(&session).stream().shutdown(Shutdown::Both).expect("the stream was open");
    session.assert_works();
    assert_eq!(fixture.journal.count("event x"), 0);
    session.close();
    fixture.assert_all_freed();
}
