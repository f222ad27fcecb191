//! The promises that no other test covers. `upgrades.rs` covers delivery at most once, `churn.rs`
//! that no message follows an acknowledged `unsubscribe`, and `memory.rs` bounded memory.

use std::{cell::Cell, net::Shutdown, rc::Rc, time::Duration};

use actix_socketio::{Builder, HandlerResult, OnMessage, OnUnsubscribe, SocketId, channel};
use futures_util::future::join_all;

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    fixture::{Fixture, Journal, journaling},
    raw::{PollingSession, WebSocket},
    wait::wait_until,
};

#[actix_web::test]
async fn per_channel_and_publishing_connection_all_subscribers_see_one_order_also_through_an_upgrade()
 {
    const EACH: usize = 150;
    const UPGRADES: usize = 2;
    let server = TestServer::start(builder().route(channel("^room-").allow_publish()));
    let mut subscribers = Vec::new();
    for mode in [Mode::Polling, Mode::WebSocket].repeat(3) {
        let mut client = Client::connect(&server.url, mode).await;
        client.subscribe("room-1").await;
        subscribers.push((mode, client));
    }
    let mut publishers = Vec::new();
    for mode in [Mode::Polling, Mode::WebSocket, Mode::Upgrade] {
        let mut client = Client::connect(&server.url, mode).await;
        client.subscribe("room-1").await;
        publishers.push(client);
    }
    let (sent, upgraded) = (Rc::<Cell<usize>>::default(), Rc::<Cell<usize>>::default());
    let publish = publishers.iter().enumerate().map(|(at, client)| {
        let (transport, sent, upgraded) = (client.transport(), &sent, &upgraded);
        async move {
            let mut count = 0;
            while count < EACH || upgraded.get() < UPGRADES {
                transport.send(&format!(r#"2["publish","room-1","{at}: {count}"]"#)).await;
                count += 1;
                sent.set(sent.get() + 1);
            }
            count
        }
    });
    let polling = subscribers.iter().filter(|(mode, _)| *mode == Mode::Polling).take(UPGRADES);
    let upgrade = polling.zip(1..).map(|((_, client), turn)| {
        let (transport, sent, upgraded) = (client.transport(), &sent, &upgraded);
        async move {
            while sent.get() < turn * EACH {
                tokio::task::yield_now().await;
            }
            transport.upgrade().await;
            upgraded.set(upgraded.get() + 1);
        }
    });
    let (counts, _) = tokio::join!(join_all(publish), join_all(upgrade));
    // The publications of a client are queued for all when its fence is answered.
    for publisher in &mut publishers {
        publisher.fence().await;
    }
    let mut orders = Vec::new();
    for (_, subscriber) in &mut subscribers {
        orders.push(subscriber.messages().await);
    }
    assert_eq!(orders[0].len(), counts.iter().sum::<usize>());
    assert!(orders.iter().all(|order| *order == orders[0]), "one order for all");
    for (at, count) in counts.into_iter().enumerate() {
        let head = format!("{at}: ");
        let own: Vec<_> =
            orders[0].iter().filter_map(|text| text.as_str()?.strip_prefix(&head)).collect();
        assert_eq!(own, (0..count).map(|n| n.to_string()).collect::<Vec<_>>());
    }
    drop((subscribers, publishers));
    server.wait_until_empty().await;
    wait_until("nothing is left", || server.io.stats().is_idle());
}

// ── the end of a life ────────────────────────────────────────────────────────────────────────────────────────────────

enum Session {
    WebSocket(WebSocket),
    Polling(PollingSession),
}

impl Session {
    /// Joins, and subscribes to two channels.
    fn begin(fixture: &Fixture, polling: bool) -> (Self, SocketId) {
        let subscribe = |n| format!(r#"42{n}["subscribe","room-{n}"]"#);
        if polling {
            let (session, id) = PollingSession::join(fixture.addr);
            session.post([subscribe(1), subscribe(2)].join("\x1e")).assert_ok();
            wait_until("it is subscribed", || {
                fixture.io.socket(&id).is_some_and(|socket| socket.channels().len() == 2)
            });
            return (Self::Polling(session), id);
        }
        let mut ws = WebSocket::open_with_small_buffers(fixture.addr);
        let id = ws.join();
        for n in 1..=2 {
            ws.send(&subscribe(n));
            assert_eq!(ws.text(), format!("43{n}[null]"));
        }
        (Self::WebSocket(ws), id)
    }

    fn send(&mut self, packet: &str) {
        match self {
            Self::WebSocket(ws) => ws.send(packet),
            Self::Polling(session) => session.post(packet).assert_ok(),
        }
    }

    /// Sends a FIN. A session on polling has none.
    fn leave(self) {
        if let Self::Polling(session) = self {
            let _ = session.post("1");
        }
    }

    fn cut(&mut self) {
        match self {
            Self::WebSocket(ws) => {
                ws.stream().shutdown(Shutdown::Both).expect("the stream was open");
            }
            Self::Polling(session) => {
                // Fetch the queued packets first, so that the next poll waits.
                session.get();
                session.begin_get().break_off();
            }
        }
    }
}

type End = fn(&Fixture, &mut Session, SocketId);

/// Each kind of end but shutdown, with its reason over a WebSocket and over polling.
const ENDS: [(&str, [&str; 2], End); 9] = [
    ("the client leaves", ["client namespace disconnect"; 2], |_, session, _| session.send("41")),
    ("the client closes", ["transport close"; 2], |_, session, _| session.send("1")),
    ("the server puts it out", ["server namespace disconnect"; 2], |fixture, _, id| {
        fixture.io.socket(&id).expect("the socket is connected").disconnect();
    }),
    ("the server closes it", ["server namespace disconnect"; 2], |fixture, _, id| {
        fixture.io.socket(&id).expect("the socket is connected").close();
    }),
    ("TCP is cut", ["transport close", "transport error"], |_, session, _| session.cut()),
    ("a parse error", ["parse error"; 2], |_, session, _| session.send("4x")),
    ("a slow consumer", ["slow consumer"; 2], |fixture, _, id| {
        let socket = fixture.io.socket(&id).expect("the socket is connected");
        let text = "x".repeat(20_000);
        wait_until("the client is disconnected", || socket.emit("large", &text).is_err());
    }),
    ("a handler panics", ["transport close"; 2], |fixture, session, id| {
        session.send(r#"42["boom"]"#);
        let panicked = "error: the handler panicked: boom";
        wait_until("it has panicked", || {
            fixture.journal.of(id).iter().any(|line| line == panicked)
        });
        session.send("1");
    }),
    // Last, because the others must not wait for it.
    ("no pong", ["ping timeout"; 2], |_, _, _| ()),
];

fn world_of_ends(configure: impl FnOnce(Builder) -> Builder) -> Fixture {
    let journal = Journal::default();
    let unsubscribes = journal.clone();
    let builder = journaling(&journal)
        .on_unsubscribe(async move |event: OnUnsubscribe| -> HandlerResult {
            unsubscribes.note(event.socket.id(), format!("unsubscribe {}", event.channel));
            Ok(())
        })
        .on_message(
            async |event: OnMessage| if event.event() == "boom" { panic!("boom") } else { Ok(()) },
        );
    Fixture::with_builder(configure(builder.max_outbox(100_000).route(channel("^room-"))), journal)
}

fn assert_end(fixture: &Fixture, id: SocketId, what: &str, reason: &str) {
    let reason = format!("disconnect: {reason}");
    let mut received = fixture.journal.of(id);
    received.retain(|line| !line.starts_with("event ") && !line.starts_with("error: "));
    assert_eq!(
        received,
        ["connect", &*reason, "unsubscribe room-1", "unsubscribe room-2", "finish"],
        "{what}"
    );
}

#[test]
fn after_a_disconnect_there_is_one_on_disconnect_then_one_on_unsubscribe_per_channel_then_one_on_finish()
 {
    let fixture = world_of_ends(|builder| {
        builder.ping_interval(Duration::from_secs(1)).ping_timeout(Duration::from_secs(2))
    });
    let mut ended = Vec::new();
    for (what, reasons, end) in ENDS {
        for (reason, polling) in reasons.into_iter().zip([false, true]) {
            let (mut session, id) = Session::begin(&fixture, polling);
            end(&fixture, &mut session, id);
            assert_eq!(fixture.journal.disconnect_reason(id), reason, "{what}");
            // The client may stay while the journal is read again.
            ended.push((session, id, what, reason));
        }
    }
    for (_, id, what, reason) in &ended {
        assert_end(&fixture, *id, what, reason);
    }
    let count = ended.len();
    ended.into_iter().for_each(|(session, ..)| session.leave());
    let journal = fixture.journal.clone();
    fixture.assert_all_freed();
    assert_eq!(journal.count("finish"), count + 1, "and the bystander's");
}

#[test]
fn after_a_shutdown_there_is_one_on_disconnect_then_one_on_unsubscribe_per_channel_then_one_on_finish()
 {
    let fixture = world_of_ends(|builder| builder);
    let sessions = [false, true].map(|polling| Session::begin(&fixture, polling));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    assert!(runtime.block_on(fixture.io.shutdown()));
    for (_, id) in &sessions {
        assert_end(&fixture, *id, "a shutdown", "server shutting down");
    }
    sessions.into_iter().for_each(|(session, _)| session.leave());
    wait_until("all gauges are zero", || fixture.io.stats().is_idle());
}
