//! What waits for a client.

use std::time::{Duration, Instant};

use actix_socketio::{HandlerError, OnConnect, SendError};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, Received, WebSocket},
    wait::wait_until,
};

#[test]
fn a_websocket_that_stops_reading_is_disconnected_at_max_outbox() {
    let fixture = Fixture::with(|builder| builder.max_outbox(100_000));
    let mut slow = WebSocket::open_with_small_buffers(fixture.addr);
    let id = slow.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let text = "x".repeat(30_000);
    wait_until("the outbox is full", || match socket.send(&text) {
        Ok(()) => false,
        Err(error) => {
            assert!(matches!(error, SendError::Closed), "{error}");
            true
        }
    });
    assert_eq!(fixture.journal.disconnect_reason(id), "slow consumer");
    assert!(!socket.is_connected());
    fixture.wait_for_connections(1);

    // Messages in flight still arrive, and then the end, without a Close frame.
    loop {
        match slow.receive() {
            Received::Text(message) => {
                assert_eq!(message.len(), text.len() + r#"42["message",""]"#.len());
            }
            end => break assert!(matches!(end, Received::End | Received::Truncated), "{end:?}"),
        }
    }
    fixture.assert_all_freed();
}

#[test]
fn a_client_that_stops_polling_is_disconnected_at_max_outbox() {
    // A frame has two bytes more than its text, or four from 126 bytes on.
    const FRAME: usize = r#"42["message",""]"#.len() + 2;
    // Each message takes some memory beside its own bytes.
    let fixture = Fixture::with(|builder| builder.max_outbox(10 * 256));
    let (session, id) = PollingSession::join(fixture.addr);
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let text = "x".repeat(256 - 120 - 2 - FRAME);
    for _ in 0..10 {
        socket.send(&text).expect("max_outbox is not exceeded");
    }
    assert!(matches!(socket.send(""), Err(SendError::Closed)));
    assert_eq!(fixture.journal.disconnect_reason(id), "slow consumer");
    assert!(matches!(fixture.io.send(&id, ""), Err(SendError::NoSocket(gone)) if gone == id));
    session.get().assert_unknown_session();
    fixture.assert_all_freed();
}

/// Messages that a handler sends before the admission are bounded, too.
#[test]
fn messages_held_during_an_admission_are_bounded_by_half_of_max_outbox() {
    let fixture = Fixture::with(|builder| {
        builder.max_outbox(2000).namespace("/held", |namespace| {
            namespace.on_connect(async |event: OnConnect| {
                let text = "x".repeat(90);
                let sent = (0..100).map(|_| event.socket.send(&text));
                let held = sent.take_while(|sent| !matches!(sent, Err(SendError::Closed))).count();
                Err(HandlerError::reject("not you").with_data(&held))
            })
        })
    });
    let mut session = WebSocket::open(fixture.addr);
    session.send("40/held,");
    assert_eq!(
        session.text(),
        r#"44/held,{"message":"not you","data":4}"#,
        "each message takes between 223 and 250 bytes"
    );
    session.join();
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn a_poll_has_at_most_max_payload_bytes() {
    let fixture = Fixture::with(|builder| builder.max_payload(1000));
    let (session, id) = PollingSession::join(fixture.addr);
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    for n in 0..20 {
        socket.emit("e", &format!("{n:0300}")).expect("there is capacity");
    }
    socket.emit("large", &"x".repeat(2000)).expect("there is capacity");
    socket.emit("last", &1).expect("there is capacity");
    let mut bodies = Vec::new();
    while bodies.last() != Some(&r#"42["last",1]"#.to_owned()) {
        bodies.push(session.get().body);
    }
    assert_eq!(
        bodies.len(),
        20 / 3 + 1 + 2,
        "three packets in a body, and a larger one alone: {bodies:?}"
    );
    assert!(bodies[..bodies.len() - 2].iter().all(|body| body.len() <= 1000));
    let packets: Vec<_> = bodies.iter().flat_map(|body| body.split('\x1e')).collect();
    assert!(
        (0..20).all(|n| packets[n] == format!(r#"42["e","{n:0300}"]"#)),
        "in order: {packets:?}"
    );
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn packets_that_are_not_polled_are_dropped_after_close_timeout() {
    const TIME: Duration = Duration::from_millis(200);
    let fixture = Fixture::with(|builder| builder.close_timeout(TIME));
    let (session, id) = PollingSession::join(fixture.addr);
    let begun = Instant::now();
    fixture.io.socket(&id).expect("the socket is connected").close();
    assert_eq!(
        fixture.journal.disconnect_reason(id),
        "server namespace disconnect",
        "its handlers do not wait for close_timeout"
    );
    fixture.wait_for_connections(1);
    assert!(begun.elapsed() >= TIME, "not before close_timeout");
    session.get().assert_unknown_session();
    fixture.assert_all_freed();
}

/// A closed WebSocket has no packets left to fetch.
#[test]
fn a_websocket_that_the_server_closes_does_not_wait_for_close_timeout() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    fixture.io.socket(&id).expect("the socket is connected").close();
    assert_eq!(session.text(), "41");
    session.assert_closed(None);
    assert_eq!(fixture.journal.disconnect_reason(id), "server namespace disconnect");
    fixture.assert_all_freed();
}

/// The acknowledgement id makes the packet longer than the one that the sender has encoded.
#[actix_web::test]
async fn a_broadcast_that_fits_without_its_acknowledgement_id_disconnects_no_receiver() {
    const LIMIT: usize = 2000;
    let fixture = Fixture::with(|builder| builder.max_outbox(LIMIT));
    let (session, id) = PollingSession::join(fixture.addr);
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    socket.subscribe("room").expect("the subscription is allowed");
    let target = || fixture.io.to("room").timeout(Duration::from_millis(1));
    let too_large = target().emit("e", &"x".repeat(LIMIT));
    let Err(SendError::TooLarge { length, limit: LIMIT }) = too_large else {
        panic!("{too_large:?}")
    };
    let largest = 2 * LIMIT - length;
    target().emit("e", &"x".repeat(largest)).expect("it fits");
    assert!(session.get().body.starts_with(r#"42["e""#));
    let (mut delivered, mut refused) = (0, 0);
    for size in largest - 40..=largest {
        match target().emit_with_ack::<_, u32>("e", &"x".repeat(size)).await {
            Ok(acks) => {
                assert_eq!(acks.missing, [id], "{size} of {largest}");
                assert!(session.get().body.starts_with("42"));
                delivered += 1;
            }
            Err(error) => {
                assert!(matches!(error, SendError::TooLarge { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(delivered > 0 && refused > 0, "{delivered} and {refused}");
    assert!(socket.is_connected());
    session.close();
    fixture.assert_all_freed();
}
