//! Each bound of the configuration reached, and what comes of it.
//!
//! Those which only bad input reaches are in `bad_input`: `max_json_depth`, `connect_timeout`,
//! `upgrade_timeout`, `body_timeout`, and `max_payload` on the way in.

use std::{
    future::pending,
    thread,
    time::{Duration, Instant},
};

use actix_socketio::{
    AckError, BuildError, Builder, ChannelError, HandlerError, HandlerResult, OnConnect, OnFinish,
    OnMessage, OnSubscribe, SendError, SocketIo, SubscribeError, channel,
};
use actix_web::dev::Extensions;
use serde_json::json;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::{
    raw::{Attended, Heard, Polling, Ws, wait_until},
    world::{Gate, World},
};

// ── what waits for a client ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_websocket_that_stops_reading_is_let_go_at_max_outbox() {
    let world = World::with(|builder| builder.max_outbox(100_000));
    let mut slow = Ws::open_with_small_buffers(world.addr);
    let id = slow.join();
    let socket = world.io.socket(&id).expect("it is there");
    let text = "x".repeat(30_000);
    wait_until("too much waits for it", || match socket.send(&text) {
        Ok(()) => false,
        Err(error) => {
            assert!(matches!(error, SendError::Closed), "{error}");
            true
        }
    });
    assert_eq!(world.journal.end_of(id), "slow consumer");
    assert!(!socket.is_connected());
    world.wait_for_connections(1);

    // What was on its way still comes, and then the end, without a goodbye.
    loop {
        match slow.hear() {
            Heard::Text(message) => {
                assert_eq!(message.len(), text.len() + r#"42["message",""]"#.len())
            }
            end => break assert!(matches!(end, Heard::End | Heard::Cut), "{end:?}"),
        }
    }
    world.all_is_freed();
}

#[test]
fn a_client_that_stops_polling_is_let_go_at_max_outbox() {
    // A frame has two bytes more than its text, or four from 126 on.
    const FRAME: usize = r#"42["message",""]"#.len() + 2;
    // Each takes some memory beside its own bytes.
    let world = World::with(|builder| builder.max_outbox(10 * 256));
    let (session, id) = Polling::join(world.addr);
    let socket = world.io.socket(&id).expect("it is there");
    let text = "x".repeat(256 - 120 - 2 - FRAME);
    for _ in 0..10 {
        socket.send(&text).expect("just as much as there is room for");
    }
    assert!(matches!(socket.send(""), Err(SendError::Closed)));
    assert_eq!(world.journal.end_of(id), "slow consumer");
    assert!(matches!(world.io.send(&id, ""), Err(SendError::NoSocket(gone)) if gone == id));
    session.get().is_unknown_session();
    world.all_is_freed();
}

/// What a handler sends before the client is let in is bounded, too.
#[test]
fn what_is_held_for_a_client_that_is_not_in_yet_is_bounded_by_max_outbox() {
    let world = World::with(|builder| {
        builder.max_outbox(2000).namespace("/held", |namespace| {
            namespace.on_connect(async |event: OnConnect| {
                let text = "x".repeat(90);
                let sent = (0..100).map(|_| event.socket.send(&text));
                let held = sent.take_while(|sent| !matches!(sent, Err(SendError::Closed))).count();
                Err(HandlerError::reject("not you").with_data(&held))
            })
        })
    });
    let mut session = Ws::open(world.addr);
    session.send("40/held,");
    assert_eq!(
        session.text(),
        r#"44/held,{"message":"not you","data":8}"#,
        "each takes between 223 and 250 bytes"
    );
    session.join();
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[test]
fn a_poll_brings_max_payload_bytes_at_most() {
    let world = World::with(|builder| builder.max_payload(1000));
    let (session, id) = Polling::join(world.addr);
    let socket = world.io.socket(&id).expect("it is there");
    for n in 0..20 {
        socket.emit("e", &format!("{n:0300}")).expect("there is room");
    }
    socket.emit("large", &"x".repeat(2000)).expect("there is room");
    socket.emit("last", &1).expect("there is room");
    let mut bodies = Vec::new();
    while bodies.last() != Some(&r#"42["last",1]"#.to_owned()) {
        bodies.push(session.get().body);
    }
    assert_eq!(
        bodies.len(),
        20 / 3 + 1 + 2,
        "three to a body, and what is larger by itself: {bodies:?}"
    );
    assert!(bodies[..bodies.len() - 2].iter().all(|body| body.len() <= 1000));
    let packets: Vec<_> = bodies.iter().flat_map(|body| body.split('\x1e')).collect();
    assert!(
        (0..20).all(|n| packets[n] == format!(r#"42["e","{n:0300}"]"#)),
        "in order: {packets:?}"
    );
    session.close();
    world.all_is_freed();
}

#[test]
fn what_a_polling_client_does_not_fetch_is_dropped_after_close_timeout() {
    const TIME: Duration = Duration::from_millis(200);
    let world = World::with(|builder| builder.close_timeout(TIME));
    let (session, id) = Polling::join(world.addr);
    let begun = Instant::now();
    world.io.socket(&id).expect("it is there").close();
    assert_eq!(
        world.journal.end_of(id),
        "server namespace disconnect",
        "its handlers don't wait for that"
    );
    world.wait_for_connections(1);
    assert!(begun.elapsed() >= TIME, "not before close_timeout");
    session.get().is_unknown_session();
    world.all_is_freed();
}

/// Nobody fetches anything after a WebSocket has gone.
#[test]
fn a_websocket_that_the_server_closes_does_not_wait_for_close_timeout() {
    let world = World::new();
    let mut session = Ws::open(world.addr);
    let id = session.join();
    world.io.socket(&id).expect("it is there").close();
    assert_eq!(session.text(), "41");
    session.is_closed(None);
    assert_eq!(world.journal.end_of(id), "server namespace disconnect");
    world.all_is_freed();
}

// ── what a client sends ──────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_client_waits_when_max_inbox_events_do() {
    let gate = Gate::closed();
    let passage = gate.clone();
    let mut world = World::with(|builder| {
        builder.max_inbox(4).on_message(async move |event: OnMessage| {
            if event.event() != "echo" {
                passage.pass().await;
            }
            Ok(())
        })
    });
    let (session, id) = Polling::join(world.addr);
    // One is being handled, three wait; the fourth that waits is the last for which there is room.
    session.post("42[0]\x1e42[1]\x1e42[2]").is_ok();
    session.post("42[3]").is_ok();
    let mut held = session.begin_post_of("42[4]");
    for _ in 0..5 {
        world.bystander_goes_on();
        assert!(held.is_quiet(), "there is no room");
    }
    assert_eq!(world.journal.of(id), ["connect", "event 0"]);
    gate.let_through(1);
    held.answer().is_ok();
    gate.let_through(4);
    let expected = ["connect", "event 0", "event 1", "event 2", "event 3", "event 4"];
    wait_until("all are handled, in order", || world.journal.of(id) == expected);
    session.close();
    world.all_is_freed();
}

#[test]
fn a_namespace_too_many_is_refused_until_another_one_is_left() {
    let world = World::with(|builder| {
        let builder = builder.max_namespaces(2);
        ["/a", "/b"]
            .into_iter()
            .fold(builder, |builder, name| builder.namespace(name, |namespace| namespace))
    });
    let mut session = Ws::open(world.addr);
    session.join();
    session.send("40/a,");
    assert!(session.text().starts_with(r#"40/a,{"sid":""#));
    session.send("40/b,");
    assert_eq!(session.text(), r#"44/b,{"message":"a connection may be in 2 namespaces at most"}"#);
    session.goes_on();
    session.send("41/a,");
    // Its last handler has answered when it is no more among the sockets; then there is room.
    let mut answer = String::new();
    wait_until("there is room", || {
        session.send("40/b,");
        answer = session.text();
        answer.starts_with("40/b,")
    });
    assert!(answer.contains(r#"{"sid":""#), "{answer}");
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

// ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_channel_too_many_is_refused_until_another_one_is_left() {
    let world = World::with(|builder| builder.max_channels(2).open_channels());
    let mut session = Ws::open(world.addr);
    let id = session.join();
    let socket = world.io.socket(&id).expect("it is there");
    let mut ask = |event: &str, name: &str| {
        session.send(&format!(r#"421["{event}","{name}"]"#));
        session.text()
    };
    assert_eq!(ask("subscribe", "a"), "431[null]");
    assert_eq!(ask("subscribe", "b"), "431[null]");
    let why =
        "a client may be subscribed to 2 channels at most: unsubscribe from another one first";
    assert_eq!(ask("subscribe", "c"), format!("431[{}]", json!({"message": why})));
    assert_eq!(ask("subscribe", "a"), "431[null]", "again");
    assert_eq!(socket.subscribe("c"), Err(SubscribeError::TooManyChannels { limit: 2 }));
    assert_eq!(socket.subscribe("a"), Ok(false));

    assert_eq!(ask("unsubscribe", "a"), "431[null]");
    assert_eq!(ask("subscribe", "c"), "431[null]");
    assert_eq!(socket.channels(), ["b", "c"]);
    drop(session);
    world.all_is_freed();
}

#[actix_web::test]
async fn a_channel_name_may_have_max_channel_length_bytes_and_none_more() {
    let world = World::with(|builder| builder.max_channel_length(10).open_channels());
    let mut session = Ws::open(world.addr);
    let id = session.join();
    let socket = world.io.socket(&id).expect("it is there");
    let (longest, too_long) = ("é".repeat(5), "é".repeat(5) + "x");
    session.send(&format!(r#"421["subscribe","{longest}"]"#));
    assert_eq!(session.text(), "431[null]");
    session.send(&format!(r#"421["subscribe","{too_long}"]"#));
    let error = ChannelError::TooLong { length: 11, limit: 10 };
    assert_eq!(session.text(), format!("431[{}]", json!({"message": error.to_string()})));

    assert_eq!(socket.subscribe(&too_long), Err(SubscribeError::Channel(error.clone())));
    for sent in [
        world.io.broadcast_channel(&too_long, &1),
        world.io.to(&longest).to(&too_long).emit("e", &1),
        world.io.except(&too_long).emit("e", &1),
        socket.to(&too_long).emit("e", &1),
        world.io.to(&too_long).publish("e", &1).await.map(|_| ()),
    ] {
        assert!(matches!(&sent, Err(SendError::Channel(told)) if *told == error), "{sent:?}");
    }
    assert_eq!(world.io.subscribers(&too_long).await, Err(error));
    assert_eq!(world.io.subscribers(&longest).await, Ok(vec![id]));
    drop(session);
    world.all_is_freed();
}

// ── publications ─────────────────────────────────────────────────────────────────────────────────────────────────────

/// The registry lives on the thread that builds the server, so nothing is taken from it while this
/// test keeps the thread.
#[actix_web::test]
async fn publications_that_wait_are_bounded_by_max_publications() {
    let io = SocketIo::builder().max_publications(100).build().expect("the settings make sense");
    let refused = |sent| matches!(sent, Err(SendError::Overloaded));
    for _ in 0..100 {
        io.emit("e", &1).expect("there is room");
    }
    assert!(refused(io.emit("e", &1)));
    assert!(refused(io.broadcast_channel("room", &1)));
    assert!(refused(io.to("room").publish("e", &1).await.map(|_| ())));

    // A publication that is waited for is done when it is answered, and so are those before it.
    while refused(io.to("room").publish("e", &1).await.map(|_| ())) {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        io.emit("e", &1).expect("there is room again");
    }
    assert!(refused(io.emit("e", &1)));
}

// ── acknowledgements ─────────────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn acknowledgements_that_are_waited_for_are_bounded_in_number_and_time() {
    const TIME: Duration = Duration::from_millis(700);
    let world = World::with(|builder| builder.max_pending_acks(2).ack_timeout(TIME));
    let mut session = Ws::open(world.addr);
    let id = session.join();
    let socket = world.io.socket(&id).expect("it is there");
    let begun = Instant::now();
    let ask = || socket.emit_with_ack::<_, u32>("ask", &1);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert!(matches!(first, Err(AckError::Timeout)), "{first:?}");
    assert!(matches!(second, Err(AckError::Timeout)), "{second:?}");
    assert!(matches!(third, Err(AckError::TooMany { limit: 2 })), "{third:?}");
    assert!(begun.elapsed() >= TIME, "not before ack_timeout");

    // What comes too late answers nothing, and what is asked now has room and another id.
    assert_eq!([session.text(), session.text()], [r#"420["ask",1]"#, r#"421["ask",1]"#]);
    session.send("430[7]");
    session.goes_on();
    let client = thread::spawn(move || {
        assert_eq!(session.text(), r#"422["ask",1]"#);
        session.send("432[8]");
        session
    });
    assert_eq!(ask().await.expect("an answer"), 8);
    drop(client.join().expect("the client gets what it expects"));
    assert!(matches!(gone(&world, &socket).await, Err(AckError::Closed)));
    world.all_is_freed();
}

/// Asks a client that is on its way out.
async fn gone(world: &World, socket: &actix_socketio::Socket) -> Result<u32, AckError> {
    world.wait_for_connections(1);
    socket.emit_with_ack("ask", &1).await
}

// ── handlers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const TIMED_OUT: &str = "error: the handler did not answer within handler_timeout";

#[test]
fn a_handler_that_does_not_answer_holds_its_client_for_handler_timeout() {
    let world = World::with(|builder| {
        let builder = builder
            .handler_timeout(Duration::from_millis(100))
            .route(channel("slow").on_subscribe(stuck));
        builder.on_message(
            async |event: OnMessage| {
                if event.event() == "stuck" { pending().await } else { Ok(()) }
            },
        )
    });
    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.send(r#"421["stuck"]"#);
    session.send(r#"42["next"]"#);
    session.goes_on();
    assert_eq!(world.journal.of(id), ["connect", "event stuck", TIMED_OUT, "event next"]);

    // To a question of the client's, it is a refusal; what it says stays in the house.
    session.send(r#"422["subscribe","slow"]"#);
    assert_eq!(session.text(), r#"432[{"message":"internal error"}]"#);
    assert_eq!(world.journal.of(id).last().map(String::as_str), Some(TIMED_OUT));
    drop(session);
    world.all_is_freed();
}

async fn stuck(_: OnSubscribe) -> HandlerResult {
    pending().await
}

#[test]
fn a_client_whose_admission_nobody_decides_is_refused_after_handler_timeout() {
    let world = World::with(|builder| {
        builder.handler_timeout(Duration::from_millis(100)).namespace("/slow", |namespace| {
            namespace.on_connect(async |_: OnConnect| pending::<HandlerResult>().await)
        })
    });
    let mut session = Ws::open(world.addr);
    session.send("40/slow,");
    assert_eq!(session.text(), r#"44/slow,{"message":"internal error"}"#);
    session.join();
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[actix_web::test]
async fn a_shutdown_waits_for_the_last_handler_and_shutdown_timeout_at_most() {
    const TIME: Duration = Duration::from_millis(700);
    let gate = Gate::closed();
    let passage = gate.clone();
    let world = World::with(|builder| {
        builder.shutdown_timeout(TIME).on_finish(async move |_: OnFinish| {
            passage.pass().await;
            Ok(())
        })
    });
    let mut websocket = Ws::open(world.addr);
    let id = websocket.join();
    let (polling, polling_id) = Polling::join(world.addr);
    let begun = Instant::now();
    assert!(!world.io.shutdown().await, "three are left, with the bystander");
    assert!(begun.elapsed() >= TIME, "not before shutdown_timeout");
    assert_eq!(world.io.connections(), 3);
    assert_eq!(world.journal.end_of(id), "server shutting down");
    assert_eq!(world.journal.end_of(polling_id), "server shutting down");
    websocket.is_closed(None);
    polling.get().is_unknown_session();
    gate.let_through(3);
    assert!(world.io.shutdown().await, "no one is left");
    assert_eq!(world.io.connections(), 0);
}

// ── the kernel ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn an_embedding_server_can_bound_what_tcp_leaves_unacknowledged() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let addr = listener.local_addr().expect("an address");
    let (client, served) = tokio::join!(TcpStream::connect(addr), listener.accept());
    let (_client, (served, _)) = (client.expect("a connection"), served.expect("a connection"));
    assert_eq!(SockRef::from(&served).tcp_user_timeout().expect("Linux has it"), None);
    let builder = SocketIo::builder().tcp_timeout(Duration::from_secs(7));
    let io = builder.build().expect("the settings make sense");
    io.prepare_connection(&served, &mut Extensions::new());
    assert_eq!(
        SockRef::from(&served).tcp_user_timeout().expect("Linux has it"),
        Some(Duration::from_secs(7))
    );
}

// ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn settings_that_make_no_sense_are_named() {
    const NO_TIME: Duration = Duration::ZERO;
    const FOR_EVER: Duration = Duration::MAX;
    type Set = fn(Builder) -> Builder;
    let refused: &[(&str, Set)] = &[
        ("path", |b| b.path("")),
        ("path", |b| b.path("socket.io")),
        ("path", |b| b.path("/{name}")),
        ("path", |b| b.path("/a?b")),
        ("path", |b| b.path("/a#b")),
        ("transports", |b| b.transports([])),
        ("ping_interval", |b| b.ping_interval(NO_TIME)),
        ("ping_interval", |b| b.ping_interval(FOR_EVER)),
        ("ping_timeout", |b| b.ping_timeout(NO_TIME)),
        ("ping_timeout", |b| b.ping_timeout(FOR_EVER)),
        ("connect_timeout", |b| b.connect_timeout(NO_TIME)),
        ("connect_timeout", |b| b.connect_timeout(FOR_EVER)),
        ("upgrade_timeout", |b| b.upgrade_timeout(NO_TIME)),
        ("upgrade_timeout", |b| b.upgrade_timeout(FOR_EVER)),
        ("body_timeout", |b| b.body_timeout(NO_TIME)),
        ("body_timeout", |b| b.body_timeout(FOR_EVER)),
        ("handler_timeout", |b| b.handler_timeout(NO_TIME)),
        ("handler_timeout", |b| b.handler_timeout(FOR_EVER)),
        ("ack_timeout", |b| b.ack_timeout(NO_TIME)),
        ("ack_timeout", |b| b.ack_timeout(FOR_EVER)),
        ("close_timeout", |b| b.close_timeout(FOR_EVER)),
        ("shutdown_timeout", |b| b.shutdown_timeout(FOR_EVER)),
        ("max_payload", |b| b.max_payload(0)),
        ("max_outbox", |b| b.max_outbox(0)),
        ("max_inbox", |b| b.max_inbox(0)),
        ("max_publications", |b| b.max_publications(0)),
        ("max_channel_length", |b| b.max_channel_length(0)),
        ("max_namespaces", |b| b.max_namespaces(0)),
        ("max_json_depth", |b| b.max_json_depth(0)),
        ("subscribe_event", |b| b.subscribe_event("")),
        ("unsubscribe_event", |b| b.unsubscribe_event("disconnect")),
        ("publish_event", |b| b.publish_event("subscribe")),
        ("unsubscribe_event", |b| b.unsubscribe_event("subscribe")),
        ("publish_event", |b| b.publish_event("connect")),
    ];
    for (name, set) in refused {
        match set(SocketIo::builder()).build() {
            Err(error) => {
                assert!(matches!(error, BuildError::Setting { setting, .. } if setting == *name));
                let text = error.to_string();
                assert!(text.starts_with(&format!("setting {name:?} is ")), "{text}");
                assert!(text.contains(": it must "), "{text}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_pattern_that_is_none_is_named() {
    let main = SocketIo::builder().route(channel("room-")).route(channel("room-(")).build();
    let other =
        SocketIo::builder().namespace("/admin", |admin| admin.route(channel("room-("))).build();
    for built in [main, other] {
        match built {
            Err(BuildError::Pattern(error)) => assert_eq!(error.pattern, "room-("),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_namespace_that_is_added_twice_is_named() {
    for [first, second] in
        [["/admin", "/admin"], ["/admin", "admin"], ["/", "/other"], ["/other", ""]]
    {
        let builder = SocketIo::builder().namespace(first, |namespace| namespace);
        match builder.namespace(second, |namespace| namespace).build() {
            Err(BuildError::NamespaceTwice(name)) => {
                assert!(["/admin", "/"].contains(&name.as_str()), "{name}")
            }
            other => panic!("{first}, {second}: {other:?}"),
        }
    }
}

#[test]
fn a_bound_may_be_as_large_as_can_be() {
    let world = World::with(|builder| {
        builder
            .max_payload(usize::MAX)
            .max_outbox(usize::MAX)
            .max_inbox(usize::MAX)
            .max_publications(usize::MAX)
            .max_channels(usize::MAX)
            .max_channel_length(usize::MAX)
            .max_namespaces(usize::MAX)
            .max_pending_acks(usize::MAX)
            .max_json_depth(usize::MAX)
            .open_channels()
    });
    let (polling, _) = Polling::join(world.addr);
    let websocket = Attended::new({
        let mut websocket = Ws::open(world.addr);
        websocket.join();
        websocket
    });
    let name = "x".repeat(100_000);
    polling.post(format!(r#"421["subscribe","{name}"]"#)).is_ok();
    polling.get().is_poll(&["431[null]"]);
    websocket.send(&format!(r#"421["subscribe","{name}"]"#));
    assert_eq!(websocket.text(), "431[null]");
    for n in 0..3 {
        world.io.to(&name).emit("e", &n).expect("there is room");
    }
    for n in 0..3 {
        assert_eq!(websocket.text(), format!(r#"42["e",{n}]"#));
    }
    polling.get().is_poll(&[r#"42["e",0]"#, r#"42["e",1]"#, r#"42["e",2]"#]);
    polling.close();
    drop(websocket);
    world.all_is_freed();
}
