//! Bodies of POSTs, and polls: too large, not text, slow, broken off, or two together.

use std::time::{Duration, Instant};

use actix_socketio::{OnMessage, SocketId};

use super::echo_of;
use crate::{
    fixture::{Fixture, Gate},
    raw::{HttpConnection, PollingSession, request},
    wait::wait_until,
};

#[test]
fn a_body_has_at_most_max_payload_bytes() {
    let fixture = Fixture::with(|builder| builder.max_payload(1000));
    let (session, _) = PollingSession::join(fixture.addr);
    let (packet, answer) = echo_of(1000);
    session.post(&packet).assert_ok();
    session.get().assert_poll(&[&answer]);

    // The server refuses by the length alone.
    session.begin_post("Content-Length: 1001\r\n").response().assert_status_only(413);
    session
        .begin_post(&format!("Content-Length: {}\r\n", u64::MAX))
        .response()
        .assert_status_only(413);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_chunked_body_has_at_most_max_payload_bytes() {
    const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
    let fixture = Fixture::with(|builder| builder.max_payload(1000));
    let (session, _) = PollingSession::join(fixture.addr);
    let (packet, answer) = echo_of(1000);
    let mut http = session.begin_post(CHUNKED);
    let (first, second) = packet.split_at(999);
    http.write(format!("3e7\r\n{first}\r\n1\r\n{second}\r\n0\r\n\r\n"));
    http.response().assert_ok();
    session.get().assert_poll(&[&answer]);

    let mut http = session.begin_post(CHUNKED);
    // The body does not end, and the response does not wait for it.
    http.write(format!("3e8\r\n{packet}\r\n1\r\nx\r\n"));
    http.response().assert_status_only(413);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

/// The limit is in bytes, not in characters.
#[test]
fn max_payload_counts_bytes() {
    let fixture = Fixture::with(|builder| builder.max_payload(1000));
    let (session, _) = PollingSession::join(fixture.addr);
    session.post("é".repeat(501)).assert_status_only(413);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_body_that_is_not_text_ends_the_session() {
    let mut fixture = Fixture::new();
    let binary = "Content-Type: application/octet-stream\r\nContent-Length: 2\r\n";
    let text = "Content-Type: text/plain\r\nContent-Length: 2\r\n";
    for (headers, body) in [(binary, b"40"), (text, b"4\xff"), (text, b"\xc3\x28")] {
        let (session, id) = PollingSession::join(fixture.addr);
        let mut pending = session.begin_get();
        let mut http = session.begin_post(headers);
        http.write(body);
        http.response().assert_status_only(400);
        pending.response().assert_poll(&["1"]);
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{body:?}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

#[test]
fn a_body_that_trickles_is_given_up_and_ends_the_session() {
    let mut fixture = Fixture::with(|builder| builder.body_timeout(Duration::from_millis(150)));
    let (session, id) = PollingSession::join(fixture.addr);
    let mut pending = session.begin_get();
    let mut http = session.begin_post("Content-Length: 1000\r\n");
    let begun = Instant::now();
    wait_until("the server disconnects the client", || {
        http.try_write("4");
        fixture.assert_bystander_works();
        !http.is_quiet()
    });
    assert!(begun.elapsed() >= Duration::from_millis(150), "not before body_timeout");
    http.response().assert_status_only(408);
    pending.response().assert_poll(&["1"]);
    session.wait_until_unknown();
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    fixture.assert_all_freed();
}

#[test]
fn a_poll_that_is_broken_off_ends_the_session() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    let poll = session.begin_get();
    poll.break_off();
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    session.wait_until_unknown();
    fixture.assert_all_freed();
}

#[test]
fn a_body_that_is_broken_off_ends_the_session() {
    let fixture = Fixture::new();
    for headers in ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let (session, id) = PollingSession::join(fixture.addr);
        let mut pending = session.begin_get();
        let mut http = session.begin_post(headers);
        http.write("3e8\r\n42[\"x\"");
        http.break_off();
        pending.response().assert_poll(&["1"]);
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
        assert_eq!(fixture.journal.count("event x"), 0);
    }
    fixture.assert_all_freed();
}

#[test]
fn two_polls_together_end_the_session() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    let mut first = session.begin_get();
    session.get().assert_status_only(400);
    first.response().assert_poll(&["1"]);
    session.wait_until_unknown();
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    fixture.assert_all_freed();
}

/// A server whose inbox takes one event beside the one that is being handled, and a session whose
/// event waits at the gate.
fn busy(gate: &Gate) -> (Fixture, PollingSession, SocketId) {
    let passage = gate.clone();
    let fixture = Fixture::with(|builder| {
        builder.max_inbox(1).on_message(async move |event: OnMessage| {
            if event.event() != "echo" {
                passage.pass().await;
            }
            Ok(())
        })
    });
    let (session, id) = PollingSession::join(fixture.addr);
    session.post("42[0]").assert_ok();
    (fixture, session, id)
}

/// Begins two POSTs. The body of the first one is read when the second one comes: otherwise they
/// overlap, which ends the session.
fn begin_two_posts(
    fixture: &Fixture,
    session: &PollingSession,
) -> (HttpConnection, HttpConnection) {
    let first = session.begin_post_of("42[1]\x1e42[2]");
    // Two CONNECTs and `42[0]` were before it. They may be counted after they are answered.
    wait_until("the first body is read", || fixture.io.stats().messages_received == 4);
    let mut second = HttpConnection::open(fixture.addr);
    second.write(request("POST", &session.query(), "Content-Length: 5\r\n") + "42[3]");
    (first, second)
}

/// The answer to a POST waits for room. A client that does not wait for it breaks no rule.
#[test]
fn a_third_post_ends_the_session_while_two_wait_for_room() {
    let gate = Gate::closed();
    let (mut fixture, session, id) = busy(&gate);
    let (mut first, mut second) = begin_two_posts(&fixture, &session);
    for _ in 0..5 {
        fixture.assert_bystander_works();
        assert!(first.is_quiet() && second.is_quiet(), "the inbox is full");
    }
    // It would be a queue of bodies without a bound.
    session.post("42[4]").assert_status_only(400);
    gate.let_through(4);
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
}

#[test]
fn posts_are_delivered_in_the_order_in_which_they_come() {
    let gate = Gate::closed();
    let (fixture, session, id) = busy(&gate);
    let (mut first, mut second) = begin_two_posts(&fixture, &session);
    gate.let_through(4);
    first.response().assert_ok();
    second.response().assert_ok();
    let expected = ["connect", "event 0", "event 1", "event 2", "event 3"];
    wait_until("all are handled, in order", || fixture.journal.of(id) == expected);
    session.close();
    fixture.assert_all_freed();
}

/// Its turn never comes, since the POST before it is never delivered.
#[test]
fn a_post_that_waits_is_answered_if_the_one_before_is_broken_off() {
    let gate = Gate::closed();
    let (mut fixture, session, id) = busy(&gate);
    let (first, mut second) = begin_two_posts(&fixture, &session);
    for _ in 0..5 {
        fixture.assert_bystander_works();
        assert!(second.is_quiet(), "the inbox is full");
    }
    drop(first);
    second.response().assert_status_only(400);
    gate.let_through(4);
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    fixture.assert_all_freed();
}

#[test]
fn two_posts_together_end_the_session() {
    let fixture = Fixture::new();
    let (session, id) = PollingSession::join(fixture.addr);
    let mut pending = session.begin_get();
    let mut first = session.begin_post("Content-Length: 10\r\n");
    session.post("3").assert_status_only(400);
    pending.response().assert_poll(&["1"]);
    assert_eq!(fixture.journal.disconnect_reason(id), "transport error");
    first.write(r#"42["late"]"#);
    // Not `ok`, since its packets are lost.
    first.response().assert_status_only(400);
    session.wait_until_unknown();
    assert_eq!(fixture.journal.count("event late"), 0);
    fixture.assert_all_freed();
}
