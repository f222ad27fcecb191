//! Clients that are slow, or fall silent: all are gone in time.

use std::time::{Duration, Instant};

use crate::{
    fixture::Fixture,
    neighbour::assert_bystander_undisturbed,
    raw::{HttpConnection, PollingSession, Received, UPGRADE, WebSocket, frame, request},
    wait::wait_until,
};

const CROWD: usize = 30;
const POLLING: &str = "EIO=4&transport=polling";

#[test]
fn a_crowd_that_never_connects_is_gone_after_connect_timeout() {
    const TIME: Duration = Duration::from_secs(1);
    let mut fixture = Fixture::with(|builder| builder.connect_timeout(TIME));
    let begun = Instant::now();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut websockets = Vec::new();
        for _ in 0..CROWD {
            PollingSession::open(fixture.addr);
            // This client does not even read the response to its handshake.
            let mut http = HttpConnection::open(fixture.addr);
            http.write(request("GET", POLLING, ""));
            http.break_off();
            websockets.push(WebSocket::open(fixture.addr));
        }
        for mut websocket in websockets {
            websocket.assert_closed(None);
        }
        assert!(begun.elapsed() >= TIME, "not before connect_timeout");
    });
    fixture.assert_all_freed();
}

#[test]
fn a_crowd_that_falls_silent_is_gone_after_ping_timeout() {
    let mut fixture = Fixture::with(|builder| {
        builder.ping_interval(Duration::from_secs(1)).ping_timeout(Duration::from_secs(2))
    });
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let (polling, websockets): (Vec<_>, Vec<_>) = (0..CROWD)
            .map(|_| {
                let mut websocket = WebSocket::open(fixture.addr);
                let id = websocket.join();
                (PollingSession::join(fixture.addr).1, (id, websocket))
            })
            .unzip();
        for id in polling.into_iter().chain(websockets.iter().map(|(id, _)| *id)) {
            assert_eq!(fixture.journal.disconnect_reason(id), "ping timeout");
        }
    });
    fixture.assert_all_freed();
}

#[test]
fn silent_connections_open_no_sessions() {
    let mut fixture = Fixture::new();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let crowd: Vec<_> = (0..10 * CROWD).map(|_| HttpConnection::open(fixture.addr)).collect();
        let mut halves: Vec<_> = (0..CROWD).map(|_| HttpConnection::open(fixture.addr)).collect();
        for (n, half) in halves.iter_mut().enumerate() {
            let whole = request("GET", "EIO=4&transport=websocket", UPGRADE);
            half.write(&whole[..whole.len() * n / CROWD]);
        }
        let (session, _) = PollingSession::join(fixture.addr);
        assert_eq!(fixture.io.connections(), 2);
        session.assert_works();
        session.close();
        drop((crowd, halves));
    });
    fixture.assert_all_freed();
}

// ── those that are slow ──────────────────────────────────────────────────────────────────────────────────────────────

/// The limit is actix-web's own: `client_request_timeout`, 5 s by default.
#[test]
fn headers_that_trickle_are_given_up() {
    let mut fixture = Fixture::new();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut crowd: Vec<_> = (0..CROWD).map(|_| HttpConnection::open(fixture.addr)).collect();
        let begun = request("GET", POLLING, "X-Endless: ");
        crowd.iter_mut().for_each(|http| http.write(begun.trim_end()));
        for http in &mut crowd {
            wait_until("the server disconnects the client", || {
                http.try_write("x");
                !http.is_quiet()
            });
            assert_eq!(http.response().status, 408);
        }
        assert_eq!(fixture.io.connections(), 1, "no session came of it");
    });
    fixture.assert_all_freed();
}

#[test]
fn a_body_whose_chunks_trickle_is_given_up() {
    let mut fixture = Fixture::with(|builder| builder.body_timeout(Duration::from_millis(300)));
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let (session, id) = PollingSession::join(fixture.addr);
        let mut pending = session.begin_get();
        let mut http = session.begin_post("Transfer-Encoding: chunked\r\n");
        wait_until("the server disconnects the client", || {
            http.try_write("1\r\n4\r\n");
            !http.is_quiet()
        });
        http.response().assert_status_only(408);
        pending.response().assert_poll(&["1"]);
        assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    });
    fixture.assert_all_freed();
}

/// The response exceeds the kernel's buffers, and the client does not read it.
#[test]
fn a_poll_whose_answer_is_not_read_does_not_keep_its_session() {
    const LARGE: usize = 16 << 20;
    let mut fixture = Fixture::with(|builder| {
        let builder =
            builder.ping_interval(Duration::from_secs(1)).ping_timeout(Duration::from_secs(4));
        builder.http_compression(false).max_payload(2 * LARGE).max_outbox(2 * LARGE)
    });
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let (session, id) = PollingSession::join(fixture.addr);
        fixture
            .io
            .socket(&id)
            .expect("the socket is connected")
            .emit("large", &"x".repeat(LARGE))
            .expect("the subscription is allowed");
        let mut poll = session.begin_get();
        wait_until("the answer has begun", || !poll.is_quiet());
        assert_eq!(fixture.journal.disconnect_reason(id), "ping timeout");
        fixture.wait_for_connections(1);
        drop(poll);
    });
    fixture.assert_all_freed();
}

/// A client cannot send a pong within a frame.
#[test]
fn a_frame_that_trickles_is_given_up_with_its_session() {
    let mut fixture = Fixture::with(|builder| {
        builder.ping_interval(Duration::from_secs(1)).ping_timeout(Duration::from_secs(1))
    });
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut ws = WebSocket::open(fixture.addr);
        let id = ws.join();
        let mut octets = frame(0x81, &[b'4'; 100_000]).into_iter();
        wait_until("the server disconnects the client", || {
            ws.try_send_raw([octets.next().expect("enough of them")]);
            fixture.journal.of(id).last().is_some_and(|what| what == "finish")
        });
        assert_eq!(fixture.journal.disconnect_reason(id), "ping timeout");
        assert_eq!(
            [ws.receive(), ws.receive()],
            [Received::Text("2".to_owned()), Received::Close(None)]
        );
    });
    fixture.assert_all_freed();
}
