//! What a client sends: events that wait, and namespaces.

use actix_socketio::OnMessage;

use crate::{
    fixture::{Fixture, Gate},
    raw::{PollingSession, WebSocket},
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
