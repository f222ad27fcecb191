//! Events in the same flight as a CONNECT packet, and namespaces that refuse.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_socketio::{
    HandlerError, OnConnect, OnDisconnect, OnFinish, OnMessage, OnSubscribe, channel,
};

use crate::{
    fixture::Fixture,
    raw::{PollingSession, WebSocket, frame},
    wait::wait_until,
};

#[test]
fn an_unknown_namespace_is_refused_and_the_connection_stays() {
    let fixture = Fixture::new();
    let (polling, _) = PollingSession::join(fixture.addr);
    let mut websocket = WebSocket::open(fixture.addr);
    websocket.join();
    for name in ["/elsewhere", "/?a=b", "//", "/\u{7}", &format!("/{}", "x".repeat(100_000))] {
        let refusal = format!(r#"44{name},{{"message":"Invalid namespace"}}"#);
        polling.post(format!("40{name},{{}}")).assert_ok();
        polling.get().assert_poll(&[&refusal]);
        polling.assert_works();
        websocket.send(&format!("40{name},"));
        assert_eq!(websocket.text(), refusal);
        websocket.assert_works();
    }
    polling.close();
    drop(websocket);
    fixture.assert_all_freed();
}

#[test]
fn an_event_in_the_same_flight_as_its_connect_is_handled_after_it() {
    let fixture = Fixture::with(|builder| {
        builder.on_connect(async |_: OnConnect| {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(())
        })
    });
    let polling = PollingSession::open(fixture.addr);
    polling.post("40\x1e42[\"early\"]\x1e421[\"echo\",1]").assert_ok();
    let answer = wait_for_poll(&polling, r#"431[1]"#);
    assert!(answer.starts_with("40{"), "{answer}");
    let mut websocket = WebSocket::open(fixture.addr);
    websocket.send_raw(
        [frame(0x81, b"40"), frame(0x81, br#"42["early"]"#), frame(0x81, br#"421["echo",1]"#)]
            .concat(),
    );
    assert!(websocket.text().starts_with("40{"));
    assert_eq!(websocket.text(), "431[1]");
    assert_eq!(fixture.journal.count("event early"), 2);
    polling.close();
    drop(websocket);
    fixture.assert_all_freed();
}

/// Polls until this packet arrives. Returns all packets, joined.
#[track_caller]
fn wait_for_poll(session: &PollingSession, last: &str) -> String {
    let mut packets = String::new();
    wait_until(&format!("the client is sent {last}"), || {
        packets.push_str(&session.get().body);
        packets.push('\x1e');
        packets.contains(last)
    });
    packets
}

/// No handler receives anything of a refused client.
#[test]
fn an_event_in_the_same_flight_as_a_refused_connect_is_dropped() {
    let (fixture, handled) = fixture_with_a_closed_namespace();
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let flight =
        ["40/closed,", r#"42/closed,1["x"]"#, r#"42/closed,2["subscribe","a"]"#, "41/closed,"];
    session.send_raw(flight.map(|packet| frame(0x81, packet.as_bytes())).concat());
    assert_eq!(session.text(), r#"44/closed,{"message":"closed"}"#);
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
    assert_eq!(handled.load(SeqCst), 0);
}

/// The flood exceeds the inbox. The events that fit are dropped with the refusal, and the rest is
/// then an error.
#[test]
fn a_flood_in_the_same_flight_as_a_refused_connect_ends_the_session() {
    let (fixture, handled) = fixture_with_a_closed_namespace();
    let flood = "\x1e42/closed,[\"x\"]".repeat(1000);
    let (session, id) = PollingSession::join(fixture.addr);
    session.post(format!("40/closed,{flood}")).assert_ok();
    assert_eq!(fixture.journal.disconnect_reason(id), "parse error");
    session.get().assert_poll(&[r#"44/closed,{"message":"closed"}"#]);
    session.get().assert_poll(&["1"]);
    session.wait_until_unknown();
    fixture.assert_all_freed();
    assert_eq!(handled.load(SeqCst), 0);
}

/// A fixture whose namespace `/closed` refuses after some time. Counts the events that its handlers
/// receive.
fn fixture_with_a_closed_namespace() -> (Fixture, Arc<AtomicUsize>) {
    let handled = Arc::<AtomicUsize>::default();
    let [messages, subscriptions, disconnects, finishes] = [(); 4].map(|()| Arc::clone(&handled));
    let count = |count: &AtomicUsize| {
        count.fetch_add(1, SeqCst);
        Ok(())
    };
    let fixture = Fixture::with(|builder| {
        builder.namespace("/closed", |namespace| {
            namespace
                .on_connect(async |_: OnConnect| {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Err(HandlerError::reject("closed"))
                })
                .on_message(async move |_: OnMessage| count(&messages))
                .on_subscribe(async move |_: OnSubscribe| count(&subscriptions))
                .on_disconnect(async move |_: OnDisconnect| count(&disconnects))
                .on_finish(async move |_: OnFinish| count(&finishes))
                .route(channel(""))
        })
    });
    (fixture, handled)
}
