//! Which side closes a WebSocket, and when its descriptor is free. The same for connections that
//! never become sessions.

use std::time::Duration;

use crate::{
    fixture::{Journal, journaling},
    raw::{HttpConnection, PollingSession, Received, WebSocket, frame, request},
    serving::{Accepted, serve},
    wait::wait_until,
};

const FOR_EVER: Duration = Duration::from_secs(3_600);

/// A client that the server disconnects, and the server's end of its connection.
fn put_out(linger: Duration) -> (WebSocket, Accepted) {
    let journal = Journal::default();
    let (io, addrs) = serve(journaling(&journal).linger_timeout(linger), None);
    let mut ws = WebSocket::open(addrs[0]);
    let id = ws.join();
    let accepted = Accepted::of(addrs[0], ws.stream().local_addr().expect("an address"));
    io.socket(&id).expect("the socket is connected").close();
    assert_eq!(ws.text(), "41");
    assert_eq!(ws.receive(), Received::Close(None));
    assert_eq!(ws.receive(), Received::End, "the server says no more");
    assert_eq!(journal.disconnect_reason(id), "server namespace disconnect");
    wait_until("nothing else is left of it", || io.stats().is_idle());
    (ws, accepted)
}

#[test]
fn a_client_that_does_not_close_its_end_is_not_waited_for_longer_than_linger_timeout() {
    let (ws, accepted) = put_out(Duration::from_millis(100));
    wait_until("the descriptor is free", || !accepted.has_descriptor());
    drop(ws);
}

#[test]
fn a_client_may_close_its_end_in_linger_timeout() {
    let (mut ws, accepted) = put_out(FOR_EVER);
    // The server reads and drops later packets, because a reset would discard the Close frame.
    ws.send_raw(frame(0x81, &[b'x'; 100_000]));
    assert!(accepted.has_descriptor());
    drop(ws);
    wait_until("the descriptor is free", || !accepted.has_descriptor());
}

#[test]
fn a_client_that_closes_is_not_waited_for() {
    let journal = Journal::default();
    let (io, addrs) = serve(journaling(&journal).linger_timeout(FOR_EVER), None);
    let mut ws = WebSocket::open(addrs[0]);
    let id = ws.join();
    let accepted = Accepted::of(addrs[0], ws.stream().local_addr().expect("an address"));
    ws.send_raw(frame(0x88, &1000_u16.to_be_bytes()));
    assert_eq!(ws.receive(), Received::Close(Some(1000)));
    wait_until("the descriptor is free", || !accepted.has_descriptor());
    assert_eq!(journal.disconnect_reason(id), "transport close");
    wait_until("nothing else is left of it", || io.stats().is_idle());
}

#[test]
fn a_connection_that_is_polled_over_has_one_descriptor() {
    let (_, addrs) = serve(journaling(&Journal::default()), None);
    let ((session, _), other) = (PollingSession::join(addrs[0]), PollingSession::open(addrs[0]));
    // Browsers use several connections in turn. Other clients use one for all of their sessions.
    let mut connections: [Option<HttpConnection>; 7] = Default::default();
    let mut ask = |which: usize, text: &str, status| {
        // Not earlier: actix-web waits 5 s for the first request of a connection.
        let http = connections[which].get_or_insert_with(|| HttpConnection::open(addrs[0]));
        http.write(text);
        let answer = http.response();
        assert_eq!(answer.status, status, "{text}{answer:?}");
        let accepted = Accepted::of(addrs[0], http.stream().local_addr().expect("an address"));
        assert_eq!(accepted.descriptors(), 1, "{text}");
    };
    let post =
        |session: &PollingSession| request("POST", &session.query(), "Content-Length: 1\r\n") + "3";
    for which in [0, 0, 1, 0, 1] {
        ask(which, &post(&session), 200);
    }
    for which in [2, 2, 0] {
        session.post(r#"421["echo","something to fetch"]"#).assert_ok();
        ask(which, &request("GET", &session.query(), ""), 200);
        ask(which, &post(&session), 200);
        ask(which, &post(&other), 200);
    }
    session.post(r#"421["echo","something to fetch"]"#).assert_ok();
    ask(3, &request("GET", &session.query(), ""), 200);
    ask(4, &request("GET", "EIO=4&transport=polling", ""), 200);
    ask(5, &request("GET", "EIO=4&transport=polling&sid=unknown", ""), 400);
    ask(6, &request("PUT", &session.query(), ""), 500);
}
