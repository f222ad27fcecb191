//! What a client sends: events that wait, and namespaces.

use actix_socketio::OnMessage;

use crate::{
    fixture::{Fixture, Gate},
    raw::{PollingSession, WebSocket, ask},
    wait::wait_until,
};

#[test]
fn a_client_is_throttled_at_max_inbox_events() {
    let gate = Gate::closed();
    let passage = gate.clone();
    let mut fixture = Fixture::with(|builder| {
        builder.max_inbox(4).on_message(async move |event: OnMessage| {
            if event.event() != "echo" {
                passage.pass().await;
            }
            Ok(())
        })
    });
    let (session, id) = PollingSession::join(fixture.addr);
    // One event is being handled, and three wait. A fourth waiting event is the last that is
    // accepted.
    session.post("42[0]\x1e42[1]\x1e42[2]").assert_ok();
    session.post("42[3]").assert_ok();
    let mut held = session.begin_post_of("42[4]");
    for _ in 0..5 {
        fixture.assert_bystander_works();
        assert!(held.is_quiet(), "the inbox is full");
    }
    assert_eq!(fixture.journal.of(id), ["connect", "event 0"]);
    gate.let_through(1);
    held.response().assert_ok();
    gate.let_through(4);
    let expected = ["connect", "event 0", "event 1", "event 2", "event 3", "event 4"];
    wait_until("all are handled, in order", || fixture.journal.of(id) == expected);
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_namespace_too_many_is_refused_until_another_one_is_left() {
    let fixture = Fixture::with(|builder| {
        let builder = builder.max_namespaces(2);
        ["/a", "/b"]
            .into_iter()
            .fold(builder, |builder, name| builder.namespace(name, |namespace| namespace))
    });
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    session.send("40/a,");
    assert!(session.text().starts_with(r#"40/a,{"sid":""#));
    session.send("40/b,");
    assert_eq!(session.text(), r#"44/b,{"message":"a connection may be in 2 namespaces at most"}"#);
    session.assert_works();
    session.send("41/a,");
    // The namespace counts until its last handler has answered.
    let mut answer = String::new();
    wait_until("there is capacity", || {
        session.send("40/b,");
        answer = session.text();
        answer.starts_with("40/b,")
    });
    assert!(answer.contains(r#"{"sid":""#), "{answer}");
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

/// `auth` and the request are kept as long as their socket, so all of them together are bounded.
#[test]
fn the_auth_of_all_namespaces_together_is_bounded_by_max_handshake() {
    let fixture = Fixture::with(|builder| {
        let builder = builder.max_handshake(10_000);
        ["/a", "/b", "/c"]
            .into_iter()
            .fold(builder, |builder, name| builder.namespace(name, |namespace| namespace))
    });
    let mut session = WebSocket::open(fixture.addr);
    let auth = format!(r#"{{"token":"{}"}}"#, "x".repeat(4_000));
    for (name, is_admitted) in [("/a", true), ("/b", true), ("/c", false)] {
        session.send(&format!("40{name},{auth}"));
        let answer = session.text();
        if is_admitted {
            assert!(answer.starts_with(&format!(r#"40{name},{{"sid":""#)), "{answer}");
        } else {
            assert_eq!(answer, format!(r#"44{name},{{"message":"auth is too large"}}"#));
        }
    }
    session.send("40/c,");
    assert!(session.text().starts_with("40/c,"), "without auth it fits");
    assert_eq!(fixture.io.stats().refusals["max_handshake"], 1);
    session.send("41/c,");
    session.send("41/a,");
    let is_left = || fixture.io.stats().sockets["/a"] == 0 && fixture.io.stats().sockets["/c"] == 0;
    wait_until("both namespaces are left", is_left);
    session.send(&format!("40/c,{auth}"));
    assert!(session.text().starts_with("40/c,"), "the auth of a socket that left counts no more");
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn a_request_with_more_bytes_than_max_handshake_is_refused() {
    let fixture = Fixture::with(|builder| builder.max_handshake(2_000));
    let ask_with = |query: usize, header: usize| {
        let query = format!("EIO=4&transport=polling&q={}", "x".repeat(query));
        ask(fixture.addr, "GET", &query, &format!("X-Large: {}\r\n", "x".repeat(header)), b"")
    };
    assert_eq!(ask_with(700, 700).status, 200);
    for (query, header) in [(2_000, 0), (0, 2_000), (1_000, 1_000)] {
        let refused = ask_with(query, header);
        assert_eq!(refused.status, 431, "{query} {header}");
        assert_eq!(refused.body, r#"{"code":3,"message":"Bad request"}"#);
    }
    assert_eq!(fixture.io.stats().refusals["max_handshake"], 3);
    assert_eq!(fixture.io.connections(), 2, "the bystander, and the one that fits");
}
