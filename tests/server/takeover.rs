//! A WebSocket has its connection to itself, as soon as its handshake is answered; without
//! `on_connect` it has not, and works all the same.

use std::io::{ErrorKind, Read};

use actix_socketio::{Builder, SendError, channel};

use crate::{
    app::Server,
    raw::{Heard, Http, Polling, UPGRADE, Ws, frame, request, wait_until},
    world::{Journal, World, journaling},
};

fn without_on_connect(settings: impl FnOnce(Builder) -> Builder) -> World {
    let journal = Journal::default();
    let server = Server::start_without_on_connect(settings(journaling(&journal)));
    World::on(server, journal)
}

/// What a client sends before it has its answer is read, in order, whoever reads it first.
fn what_comes_with_the_handshake_is_read_in(world: World) {
    let mut all = frame(0x81, b"40");
    let echoes = 0..500;
    for number in echoes.clone() {
        all.extend(frame(
            0x81,
            format!(r#"42{number}["echo","{}"]"#, "x".repeat(1_000)).as_bytes(),
        ));
    }
    let mut ws = Ws::open_and_send(world.addr, all);
    assert!(ws.text().starts_with(r#"40{"sid":""#));
    for number in echoes {
        let heard = ws.text();
        assert!(
            heard.starts_with(&format!("43{number}[")),
            "{heard:.40} instead of the answer to {number}"
        );
    }
    drop(ws);
    world.all_is_freed();
}

#[test]
fn what_comes_with_the_handshake_is_read() {
    what_comes_with_the_handshake_is_read_in(World::new());
}

#[test]
fn what_comes_with_the_handshake_is_read_without_on_connect() {
    what_comes_with_the_handshake_is_read_in(without_on_connect(|builder| builder));
}

#[test]
fn who_floods_before_it_is_answered_is_cut_off() {
    let world = World::with(|builder| builder.max_payload(10_000));
    let mut http = Http::open(world.addr);
    let mut all = request("GET", "EIO=4&transport=websocket", UPGRADE).into_bytes();
    all.extend(frame(0x81, &[b'x'; 30_000]));
    http.try_write(all);
    // A part of it may come late enough to be read as the frame it is, which is too large as well.
    let mut answer = Vec::new();
    let end = http.stream().read_to_end(&mut answer);
    assert!(
        end.is_ok() || end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "it goes on"
    );
    world.all_is_freed();
}

#[test]
fn a_whole_life_without_on_connect() {
    let world = without_on_connect(|builder| builder.route(channel("^room-").allow_publish()));
    for upgrade in [false, true] {
        let mut ws = if upgrade {
            let (session, _) = Polling::join(world.addr);
            let mut ws = Ws::probe(&session);
            ws.send("2probe");
            assert_eq!(ws.text(), "3probe");
            ws.send("5");
            ws
        } else {
            let mut ws = Ws::open(world.addr);
            ws.join();
            ws
        };
        ws.send(r#"421["subscribe","room-1"]"#);
        assert_eq!(ws.text(), "431[null]");
        world.io.broadcast_channel("room-1", "hello").expect("the registry has room");
        assert_eq!(ws.text(), r#"42["message","hello"]"#);
        ws.goes_on();
        ws.send_raw(frame(0x88, &1000_u16.to_be_bytes()));
        assert_eq!(ws.hear(), Heard::Close(Some(1000)));
        assert_eq!(ws.hear(), Heard::End);
    }
    world.all_is_freed();
}

#[test]
fn a_websocket_that_stops_reading_is_let_go_without_on_connect() {
    let world = without_on_connect(|builder| builder.max_outbox(100_000));
    let mut slow = Ws::open_with_small_buffers(world.addr);
    let id = slow.join();
    let socket = world.io.socket(&id).expect("it is there");
    let text = "x".repeat(30_000);
    wait_until("too much waits for it", || matches!(socket.send(&text), Err(SendError::Closed)));
    assert_eq!(world.journal.end_of(id), "slow consumer");
    world.wait_for_connections(1);
    // What was on its way still comes, and then the end, without a goodbye.
    loop {
        match slow.hear() {
            Heard::Text(message) => {
                assert_eq!(message.len(), text.len() + r#"42["message",""]"#.len())
            }
            other => break assert_eq!(other, Heard::End),
        }
    }
    world.all_is_freed();
}

/// The second WebSocket of a session is nobody's, as long as it does not prove anything: what is
/// published goes to the first.
#[test]
fn what_is_published_goes_to_the_websocket_that_has_the_session() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    let mut first = Ws::probe(&session);
    first.send("2probe");
    assert_eq!(first.text(), "3probe");
    first.send("5");
    first.goes_on();
    world.io.socket(&id).expect("it is there").subscribe("news").expect("it may");
    let mut heard = 0..;
    let mut publish = |first: &mut Ws| {
        let number = heard.next().expect("another number");
        world.io.to("news").emit("news", &number).expect("the registry has room");
        assert_eq!(first.text(), format!(r#"42["news",{number}]"#));
    };
    publish(&mut first);
    // On whatever worker each comes to be.
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut other = Ws::probe(&session);
        other.send_raw(frame(0x89, b"are you there?"));
        assert_eq!(other.hear(), Heard::Pong(b"are you there?".into()));
        others.push(other);
        publish(&mut first);
        publish(&mut first);
    }
    for other in others {
        drop(other);
        publish(&mut first);
    }
}
