//! How a session ends when one side closes it.

use crate::{
    fixture::Fixture,
    raw::{PollingSession, Received, WebSocket, frame},
};

#[test]
fn a_close_packet_by_post_lets_the_pending_poll_return() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    let mut pending = session.begin_get();
    session.post("1").assert_ok();
    pending.response().assert_poll(&["6"]);
    session.get().assert_unknown_session();
    assert_eq!(fixture.journal.disconnect_reason(id), "transport close");
    fixture.assert_all_freed();
}

#[test]
fn a_close_packet_on_a_websocket_closes_it_at_once() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.send_raw([frame(0x81, b"1"), frame(0x81, br#"42["after"]"#)].concat());
    session.assert_closed(None);
    assert_eq!(session.receive(), Received::End);
    assert_eq!(fixture.journal.disconnect_reason(id), "transport close");
    assert_eq!(fixture.journal.count("event after"), 0);
    fixture.assert_all_freed();
}

/// It is no DISCONNECT, so that the client comes back by itself.
#[test]
fn a_transport_that_the_server_closes_ends_without_a_disconnect() {
    let fixture = Fixture::new();
    for waits in [true, false] {
        let (session, id) = PollingSession::join(fixture.addr);
        let socket = fixture.io.socket(&id).expect("the socket is connected");
        if waits {
            let mut pending = session.begin_get();
            socket.close_transport();
            pending.response().assert_poll(&["1"]);
        } else {
            socket.emit("last", &1).expect("it exists");
            socket.close_transport();
            assert_eq!(fixture.journal.disconnect_reason(id), "forced close");
            session.get().assert_poll(&[r#"42["last",1]"#]);
            session.get().assert_poll(&["1"]);
        }
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "forced close");
    }

    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    socket.emit("last", &1).expect("it exists");
    socket.close_transport();
    assert_eq!(session.text(), r#"42["last",1]"#);
    session.assert_closed(Some(1001));
    assert_eq!(fixture.journal.disconnect_reason(id), "forced close");
    fixture.assert_all_freed();
}

#[test]
fn a_close_by_the_server_arrives_in_the_pending_poll_or_the_next_one() {
    let fixture = Fixture::new();
    for waits in [true, false] {
        let (session, id) = PollingSession::join(fixture.addr);
        let socket = fixture.io.socket(&id).expect("the socket is connected");
        let pending = waits.then(|| session.begin_get());
        socket.emit("last", &1).expect("it exists");
        if let Some(mut pending) = pending {
            pending.response().assert_poll(&[r#"42["last",1]"#]);
            let mut pending = session.begin_get();
            socket.close();
            pending.response().assert_poll(&["41"]);
        } else {
            socket.close();
            assert_eq!(fixture.journal.disconnect_reason(id), "server namespace disconnect");
            session.get().assert_poll(&[r#"42["last",1]"#, "41"]);
        }
        // The close packet is alone in its body, because clients drop packets beside it.
        session.get().assert_poll(&["1"]);
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "server namespace disconnect");
    }
    fixture.assert_all_freed();
}

#[test]
fn a_socket_that_the_server_disconnects_is_notified_and_its_connection_stays() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    fixture.io.socket(&id).expect("the socket is connected").disconnect();
    session.get().assert_poll(&["41"]);
    assert_eq!(fixture.journal.disconnect_reason(id), "server namespace disconnect");
    // Packets from before it knows are dropped. The connection stays, since it may have other
    // namespaces.
    session.post(r#"42["x"]"#).assert_ok();
    session.post("40").assert_ok();
    assert!(session.get().body.starts_with(r#"40{"sid":""#));
    assert_eq!(fixture.journal.count("event x"), 0);
    session.close();
    fixture.assert_all_freed();
}
