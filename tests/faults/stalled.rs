//! One subscriber of a hundred stops reading, or never polls again. The server disconnects it and
//! closes its descriptor, and the others lose nothing.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use actix_socketio::{SocketId, SocketIo};

use crate::{
    fixture::{Journal, journaling},
    raw::{PollingSession, WebSocket},
    serving::{Accepted, serve},
    wait::wait_until,
};

const OTHERS: usize = 99;
/// Longer than any test, so that the kernel does not close the descriptor.
const TCP_TIMEOUT: Duration = Duration::from_secs(3_600);
/// The number of publications before the others read. They fit into the outbox of one client.
const ROUND: usize = 4;

fn subscribe(io: &SocketIo, id: SocketId) {
    io.socket(&id)
        .expect("the socket is connected")
        .subscribe("numbers")
        .expect("the subscription is allowed");
}

/// Publishes until the stalled client is disconnected. The others receive everything in order. The
/// address of the client identifies the TCP connection in the server, if it is still open.
fn assert_disconnected(stall: impl FnOnce(SocketAddr) -> (SocketId, Option<WebSocket>)) {
    let journal = Journal::default();
    let settings = journaling(&journal).tcp_timeout(TCP_TIMEOUT).max_outbox(100_000);
    let (io, addrs) = serve(settings, None);
    let server = addrs[0];
    let mut others: Vec<_> = (0..OTHERS)
        .map(|_| {
            let mut other = WebSocket::open(server);
            subscribe(&io, other.join());
            other
        })
        .collect();
    let (id, stalled) = stall(server);
    subscribe(&io, id);
    let accepted = stalled
        .as_ref()
        .map(|ws| Accepted::of(server, ws.stream().local_addr().expect("an address")));

    let text = "x".repeat(20_000);
    let mut published = 0;
    let mut round = || {
        let numbers = published..published + ROUND;
        for number in numbers.clone() {
            io.to("numbers").emit("numbered", &(number, &text)).expect("the registry has capacity");
        }
        published = numbers.end;
        for other in &mut others {
            for number in numbers.clone() {
                let received = other.text();
                assert!(
                    received.starts_with(&format!(r#"42["numbered",[{number},"#)),
                    "{received:.40} instead of {number}"
                );
            }
        }
    };
    let is_over = || journal.of(id).last().is_some_and(|what| what == "finish");
    while !is_over() {
        round();
    }
    let let_go = Instant::now();
    assert_eq!(journal.disconnect_reason(id), "slow consumer");
    round();
    assert_eq!(io.connections(), OTHERS, "the connection is freed before its descriptor is");

    if let Some(accepted) = accepted {
        wait_until("the descriptor is free", || !accepted.has_descriptor());
        println!(
            "the descriptor was free {:?} after the disconnect, at most; {} publications",
            let_go.elapsed(),
            io.stats().publications
        );
    }
    round();
    assert_eq!(io.stats().disconnects["slow consumer"], 1);
    drop(others);
    wait_until("all gauges are zero", || io.stats().is_idle());
    assert_eq!(journal.count("disconnect: slow consumer"), 1);
}

#[test]
fn a_websocket_that_stops_reading_loses_its_descriptor_at_once() {
    assert_disconnected(|server| {
        let mut slow = WebSocket::open_with_small_buffers(server);
        (slow.join(), Some(slow))
    });
}

#[test]
fn a_client_that_never_polls_again_is_disconnected() {
    assert_disconnected(|server| (PollingSession::join(server).1, None));
}
