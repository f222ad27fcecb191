//! A WebSocket whose session is on another server.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use actix_socketio::prelude::Bytes;

use crate::{
    common::{Need, RedisServer, all_there, wait_until},
    nodes::{Node, plain, reserved},
    raw::{self, connect, get, open_over, poll},
};

/// The headers of a WebSocket handshake.
pub(crate) const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn has_redis() -> bool {
    all_there("servers of a cluster", &[Need::Redis])
}

/// Writes a text frame, masked with zeros.
fn send(stream: &mut TcpStream, text: &str) {
    let length = u8::try_from(text.len()).expect("a short text");
    assert!(length < 126);
    let head = [0x81, 0x80 | length, 0, 0, 0, 0];
    stream.write_all(&[&head[..], text.as_bytes()].concat()).expect("a frame");
}

fn read_exactly(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("bytes of the other server");
    bytes
}

/// Reads a text frame of the server.
fn receive(stream: &mut TcpStream) -> String {
    let head = read_exactly(stream, 2);
    let length = match head[1] {
        126 => u64::from(u16::from_be_bytes(read_exactly(stream, 2).try_into().expect("two"))),
        127 => u64::from_be_bytes(read_exactly(stream, 8).try_into().expect("eight")),
        short => u64::from(short),
    };
    let payload = read_exactly(stream, usize::try_from(length).expect("it fits"));
    String::from_utf8(payload).unwrap_or_else(|_| format!("{head:?}"))
}

/// Upgrades a session of one server over another one.
fn upgrade(owner: SocketAddr, other: SocketAddr) -> TcpStream {
    let sid = open_over(owner, other);
    let mut stream = connect(other);
    let head = raw::head("GET", &format!("transport=websocket&sid={sid}"), UPGRADE);
    stream.write_all(head.as_bytes()).expect("a handshake");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.extend(read_exactly(&mut stream, 1));
    }
    let answer = String::from_utf8(answer).expect("a head").to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{answer}");
    assert_eq!(answer.matches("upgrade: websocket").count(), 1, "{answer}");
    send(&mut stream, "2probe");
    assert_eq!(receive(&mut stream), "3probe");
    send(&mut stream, "5");
    stream
}

#[test]
fn it_carries_both_directions_and_ends_with_either() {
    if has_redis() {
        let redis = RedisServer::start();
        carry_both_directions(plain(&redis));
    }
}

/// The connections of clients stay with actix-http, as with TLS of actix-web's own.
#[test]
fn it_does_so_on_a_connection_of_actix_http() {
    if has_redis() {
        let redis = RedisServer::start();
        let nodes = std::array::from_fn(|_| Node::start_at(&redis, |builder| builder, false));
        wait_until("both ids are reserved", || reserved(&redis).len() == 2);
        carry_both_directions(nodes);
    }
}

fn carry_both_directions([one, two]: [Node; 2]) {
    for ended_by_client in [true, false] {
        let mut stream = upgrade(one.addr, two.addr);
        for number in 0..50 {
            send(&mut stream, &format!(r#"42{number}["echo",{number}]"#));
        }
        for number in 0..50 {
            assert_eq!(receive(&mut stream), format!("43{number}[{number}]"));
        }
        wait_until("the tunnel alone is left", || two.stats().forwarding == 1);
        if ended_by_client {
            drop(stream);
        } else {
            let everyone = one.io.everyone();
            let closed = everyone.disconnect_sockets(true);
            actix_web::rt::System::new().block_on(closed).expect("no channel");
            let mut rest = Vec::new();
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a valid time");
            let _ = stream.read_to_end(&mut rest).expect("the end");
        }
        wait_until("both ends are closed", || {
            two.stats().forwarding == 0 && one.stats().connections == 0
        });
    }
}

/// A handshake that the owner refuses is refused here in the same way.
#[test]
fn a_refused_handshake_is_an_answer() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let query = format!("transport=websocket&sid={sid}");
    let invalid = UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short");
    let ask = |addr| {
        let mut stream = connect(addr);
        stream.write_all(raw::head("GET", &query, &invalid).as_bytes()).expect("a handshake");
        raw::read_answer(stream)
    };
    let (direct, forwarded) = (ask(one.addr), ask(two.addr));
    assert_eq!(direct.status, 400, "{direct:?}");
    assert_eq!((direct.status, direct.body), (forwarded.status, forwarded.body));
    wait_until("nothing is left", || two.stats().forwarding == 0);
    let unknown = "transport=websocket&sid=goneAAAAAAAAAAAAAAAA";
    let mut stream = connect(two.addr);
    stream.write_all(raw::head("GET", unknown, UPGRADE).as_bytes()).expect("a handshake");
    let answer = raw::read_answer(stream);
    assert_eq!((answer.status, answer.body.as_str()), (400, "Session ID unknown"));
}

/// A client that does not read slows its own server down, and fills no memory between.
#[test]
fn a_client_that_does_not_read_is_a_slow_consumer_of_its_server() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let mut stream = upgrade(one.addr, two.addr);
    send(&mut stream, r#"420["echo",1]"#);
    assert_eq!(receive(&mut stream), "430[1]");
    let chunk = Bytes::from(vec![7; 256 << 10]);
    let mut sent = 0;
    // The tunnel has the buffers of the kernel, and no more. So the outbox of the session fills up.
    while one.stats().connections == 1 {
        assert!(sent < 400, "100 MiB have gone into the tunnel");
        let _ = one.io.emit("chunk", &chunk);
        sent += 1;
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(one.stats().disconnects["slow consumer"], 1);
    let mut rest = vec![0; 1 << 20];
    while match stream.read(&mut rest) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::Interrupted,
    } {}
    wait_until("the tunnel is closed", || two.stats().forwarding == 0);
}

#[test]
fn the_owner_goes_and_its_tunnels_with_it() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let mut stream = upgrade(one.addr, two.addr);
    let sid = open_over(one.addr, two.addr);
    drop(one);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    wait_until("the tunnel is closed", || two.stats().forwarding == 0);
    get(two.addr, &poll(&sid), "").assert_unknown_session();
}
