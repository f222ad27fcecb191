//! The memory of all connections together.

use actix_socketio::{Builder, DisconnectReason, SubscribeError};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, UPGRADE, WebSocket, ask, frame, frame_head},
    wait::wait_until,
};

const LIMIT: usize = 1_000_000;
/// More than a connection may always have.
const PART: usize = 400_000;

/// A server, most of whose memory one client has: by a message that does not end.
fn mostly_taken() -> (Fixture, WebSocket) {
    let fixture = Fixture::with(|builder: Builder| {
        ["/a", "/b"]
            .into_iter()
            .fold(builder.max_memory(LIMIT), |builder, name| builder.namespace(name, |own| own))
    });
    let mut holder = WebSocket::open(fixture.addr);
    holder.join();
    holder.send_raw(frame_head(0x81, 900_000));
    // Four bytes of it are the mask. One byte is missing.
    holder.send_raw(vec![b'x'; 4 + 899_999]);
    wait_until("most of it is taken", || fixture.io.stats().client_memory > 880_000);
    (fixture, holder)
}

/// Whatever takes more ends that client, and no other.
fn assert_refused(takes_more: impl FnOnce(&Fixture)) {
    let (mut fixture, mut holder) = mostly_taken();
    takes_more(&fixture);
    let ended = || fixture.io.stats().disconnects[DisconnectReason::MemoryLimit.as_str()];
    wait_until("the client that took more is disconnected", || ended() == 1);
    fixture.assert_bystander_works();
    // The message is whole now, and is not a packet.
    holder.send_raw(b"x");
    holder.assert_closed(Some(1008));
    drop(holder);
    fixture.assert_all_freed();
}

#[test]
fn a_message_that_is_being_read_counts() {
    assert_refused(|fixture| {
        let mut session = WebSocket::open(fixture.addr);
        session.join();
        session.try_send_raw(frame_head(0x81, 900_000));
        session.try_send_raw(vec![b'x'; PART]);
        session.assert_closed(Some(1013));
    });
}

#[test]
fn fragments_count() {
    assert_refused(|fixture| {
        let mut session = WebSocket::open(fixture.addr);
        session.join();
        for first in [0x01, 0, 0, 0] {
            session.try_send_raw(frame_head(first, 100_000));
            session.try_send_raw(vec![b'x'; 100_000]);
        }
        session.assert_closed(Some(1013));
    });
}

#[test]
fn a_body_that_is_being_read_counts() {
    assert_refused(|fixture| {
        let (session, _) = PollingSession::join(fixture.addr);
        let mut post = session.begin_post("Content-Length: 900000\r\n");
        post.try_write(vec![b'x'; PART]);
        assert_eq!(post.response().status, 503);
    });
}

#[test]
fn attachments_of_a_packet_that_is_not_whole_count() {
    assert_refused(|fixture| {
        let mut session = WebSocket::open(fixture.addr);
        session.join();
        // Each of them may be read, as it is small.
        session.send(
            r#"453-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true,"num":2}]"#,
        );
        for _ in 0..2 {
            session.try_send_raw(frame(0x82, &[b'x'; 60_000]));
        }
        session.assert_closed(None);
    });
}

#[test]
fn what_waits_for_a_client_counts() {
    assert_refused(|fixture| {
        let (session, id) = PollingSession::join(fixture.addr);
        let socket = fixture.io.socket(&id).expect("the socket is connected");
        socket.send(&"x".repeat(PART)).expect_err("there is no memory for it");
        session.wait_until_unknown();
    });
}

#[test]
fn at_the_limit_connections_and_auth_are_refused_and_small_messages_pass() {
    let (mut fixture, holder) = mostly_taken();
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    // What each client may always have makes the sum larger than the limit.
    let small = "x".repeat(60_000);
    let mut waiting = Vec::new();
    while fixture.io.stats().client_memory < LIMIT {
        let (session, id) = PollingSession::join(fixture.addr);
        fixture.io.socket(&id).expect("a socket").send(&small).expect("it is small");
        waiting.push(session);
    }
    let auth = format!(r#"{{"t":"{}"}}"#, "x".repeat(50_000));
    session.send(&format!("40/a,{auth}"));
    assert!(session.text().starts_with("40/a,"));
    session.send(&format!("40/b,{auth}"));
    assert_eq!(session.text(), r#"44/b,{"message":"there is no memory for auth"}"#);
    assert_eq!(fixture.io.stats().refusals["max_memory"], 1);
    for (query, headers) in
        [("EIO=4&transport=polling", ""), ("EIO=4&transport=websocket", UPGRADE)]
    {
        let refused = ask(fixture.addr, "GET", query, headers, b"");
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    }
    assert_eq!(fixture.io.stats().refusals["max_memory"], 3);
    fixture.assert_bystander_works();
    session.assert_works();
    drop((holder, session));
    waiting.into_iter().for_each(PollingSession::close);
    wait_until("the memory is given back", || fixture.io.stats().client_memory == 0);
    PollingSession::open(fixture.addr).close();
    fixture.assert_all_freed();
}

#[test]
fn subscriptions_count_and_are_refused() {
    let mut fixture = Fixture::with(|builder| builder.max_memory(150_000).max_channels(1_000_000));
    let (session, id) = PollingSession::join(fixture.addr);
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let name = |number| format!("{number}-{}", "x".repeat(100));
    let mut count = 0;
    let refused = loop {
        match socket.subscribe(name(count)) {
            Ok(is_new) => assert!(is_new),
            Err(error) => break error,
        }
        count += 1;
    };
    assert_eq!(refused, SubscribeError::MemoryLimit);
    assert!((200..300).contains(&count), "{count} subscriptions of 600 bytes");
    assert!(socket.is_connected());
    assert!(!socket.subscribe(name(0)).expect("it is there already"));
    // What each client may always have is left to the others.
    fixture.assert_bystander_works();
    assert!((0..count).all(|number| socket.unsubscribe(name(number))));
    wait_until("the memory is given back", || fixture.io.stats().client_memory == 0);
    assert!(socket.subscribe(name(0)).expect("there is memory again"));
    session.close();
    fixture.assert_all_freed();
}
