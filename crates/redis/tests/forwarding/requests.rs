//! Single requests: those that are passed on, and their answers.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use actix_socketio::{Cookie, Cors};
use serde_json::json;

use crate::{
    common::{Need, RedisServer, all_there, wait_until},
    nodes::{Node, plain, start},
    raw::{self, connect, get, open, open_over, poll, post, read_answer},
};

fn has_redis() -> bool {
    all_there("servers of a cluster", &[Need::Redis])
}

#[test]
fn each_request_may_go_to_another_server() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let nodes: [Node; 3] = plain(&redis);
    let [one, two, three] = nodes.each_ref().map(|node| node.addr);
    let sid = open_over(one, two);
    for (round, addr) in [two, three, one].into_iter().cycle().take(30).enumerate() {
        let next = [three, one, two][round % 3];
        post(addr, &poll(&sid), "", &format!(r#"42{round}["echo",{round}]"#)).assert_ok("ok");
        let answer = get(next, &poll(&sid), "");
        answer.assert_ok(&format!("43{round}[{round}]"));
        assert_eq!(answer.all("content-type"), ["text/plain; charset=UTF-8"]);
        assert_eq!(answer.all("date").len(), 1);
    }
    let [of_one, of_two, of_three] = nodes.each_ref().map(Node::stats);
    assert_eq!((of_one.connections, of_two.connections, of_three.connections), (1, 0, 0));
    assert_eq!(of_one.forwarded_requests, 0);
    assert!(of_two.forwarded_requests >= 22, "{of_two:?}");
    assert!(of_three.forwarded_requests >= 20, "{of_three:?}");
    for node in &nodes {
        assert!(node.stats().forward_failures.values().all(|count| *count == 0));
        wait_until("nothing is left", || node.stats().forwarding == 0);
    }
}

#[test]
fn clients_of_socket_io_2_are_passed_on_too() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two] = start(&redis, |builder| builder.allow_eio3(true));
    let get = |addr, query: &str| {
        let mut stream = connect(addr);
        let head = format!("GET /socket.io/?EIO=3&{query} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("a request");
        read_answer(stream)
    };
    let opened = get(one.addr, "transport=polling&b64=1");
    let (_, rest) = opened.body.split_once(r#""sid":""#).expect("an open packet");
    let sid = &rest[..20];
    let mut stream = connect(two.addr);
    let head = format!(
        "POST /socket.io/?EIO=3&b64=1&{} HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\n15:421[\"echo\",123]",
        poll(sid)
    );
    stream.write_all(head.as_bytes()).expect("a request");
    read_answer(stream).assert_ok("ok");
    let mut answers = String::new();
    while !answers.contains("431[123]") {
        let answer = get(two.addr, &format!("b64=1&{}", poll(sid)));
        assert_eq!(answer.status, 200, "{answer:?}");
        answers += &answer.body;
    }
    assert!(two.stats().forwarded_requests >= 2);
}

#[test]
fn a_body_of_a_megabyte_comes_in_pieces() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let text = "x".repeat(999_000);
    let body = format!(r#"420["length","{text}"]"#);
    for is_chunked in [false, true] {
        let mut stream = connect(two.addr);
        let framing = match is_chunked {
            true => "Transfer-Encoding: chunked\r\n".to_owned(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = raw::head("POST", &poll(&sid), &format!("{framing}Connection: close\r\n"));
        stream.write_all(head.as_bytes()).expect("a head");
        for piece in body.as_bytes().chunks(70_000) {
            if is_chunked {
                write!(stream, "{:x}\r\n", piece.len()).expect("a chunk");
            }
            stream.write_all(piece).expect("a piece");
            if is_chunked {
                stream.write_all(b"\r\n").expect("a chunk");
            }
        }
        if is_chunked {
            stream.write_all(b"0\r\n\r\n").expect("the end");
        }
        read_answer(stream).assert_ok("ok");
        get(two.addr, &poll(&sid), "").assert_ok("430[999000]");
    }
    // The bounds are those of the server that has the session.
    let large = post(two.addr, &poll(&sid), "", &"x".repeat(1_000_001));
    assert_eq!(large.status, 413, "{large:?}");
}

#[test]
fn a_client_that_breaks_off_its_body_ends_its_session() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let mut stream = connect(two.addr);
    let head = raw::head("POST", &poll(&sid), "Content-Length: 100\r\n") + "42";
    stream.write_all(head.as_bytes()).expect("a part");
    wait_until("it is passed on", || two.stats().forwarding == 1);
    drop(stream);
    wait_until("the session ends", || one.stats().connections == 0);
    wait_until("nothing is left", || two.stats().forwarding == 0);
    get(two.addr, &poll(&sid), "").assert_unknown_session();
}

#[test]
fn headers_come_from_the_owner_and_once() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two] = start(&redis, |builder| {
        builder
            .cors(Cors::origins(["https://example.com"]).credentials())
            .cookie(Cookie::new("io"))
            .compression_threshold(10)
            .on_headers(|headers, _| {
                let name = "x-hook".parse().expect("a name");
                headers.append(name, "1".parse().expect("a value"));
            })
    });
    let sid = open(one.addr);
    let origin = "Origin: https://example.com\r\nAccept-Encoding: gzip\r\n";
    post(two.addr, &poll(&sid), origin, "40").assert_ok("ok");
    get(two.addr, &poll(&sid), origin);
    let answer_over = |addr| {
        let ask = format!(r#"420["echo","{}"]"#, "x".repeat(100));
        post(two.addr, &poll(&sid), origin, &ask).assert_ok("ok");
        get(addr, &poll(&sid), origin)
    };
    let (direct, forwarded) = (answer_over(one.addr), answer_over(two.addr));
    let names = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "content-encoding",
        "cache-control",
        "x-hook",
        "vary",
    ];
    for name in names {
        assert_eq!(forwarded.all(name), direct.all(name), "{name}");
        assert_eq!(forwarded.all(name).len(), 1, "{name}: {forwarded:?}");
    }
    assert_eq!(forwarded.all("content-encoding"), ["gzip"]);
    // The server that is asked refuses other origins by itself.
    let other = get(two.addr, &poll(&sid), "Origin: https://example.org\r\n");
    assert_eq!(other.status, 403);
}

#[test]
fn more_than_max_forwarded_are_refused() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two] = start(&redis, |builder| builder.max_forwarded(1));
    let (first, second) = (open_over(one.addr, two.addr), open(one.addr));
    let mut waiting = connect(two.addr);
    waiting.write_all(raw::head("GET", &poll(&first), "").as_bytes()).expect("a poll");
    wait_until("it waits", || two.stats().forwarding == 1);
    let refused = get(two.addr, &poll(&second), "");
    assert_eq!((refused.status, refused.all("retry-after")), (503, vec!["1"]));
    assert_eq!(two.stats().refusals["max_forwarded"], 1);
    assert_eq!(refused.body, json!({ "code": 4, "message": "Too many requests" }).to_string());
    post(one.addr, &poll(&first), "", r#"420["echo",1]"#).assert_ok("ok");
    read_answer(waiting).assert_ok("430[1]");
    wait_until("nothing waits", || two.stats().forwarding == 0);
    assert_eq!(post(two.addr, &poll(&second), "", "40").status, 200);
}

/// A stand-in for another server counts the connections.
#[test]
fn requests_share_a_connection() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    redis.command::<()>(&["SET", "socket.io:node:test", &address]);
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    // The threads end with the connections, and with the test's process.
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let reader = BufReader::new(stream.try_clone().expect("a descriptor"));
                // Each head ends with an empty line, and the bodies have none.
                for line in reader.lines().map_while(Result::ok) {
                    if line.is_empty() {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        stream.write_all(answer).expect("an answer");
                    }
                }
            });
        }
    });
    let [node] = plain(&redis);
    let poll = poll("testAAAAAAAAAAAAAAAA");
    for _ in 0..50 {
        get(node.addr, &poll, "").assert_ok("ok");
        post(node.addr, &poll, "", "40\n").assert_ok("ok");
    }
    // A machine that stands still for half a second may need a few more.
    let opened = opened.load(Ordering::Relaxed);
    assert!(opened <= 10, "{opened} connections for 100 requests");
}

#[test]
fn a_server_that_does_not_answer_in_time_has_no_session() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    // It accepts connections by its backlog, and reads nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = format!("http://{}", silent.local_addr().expect("it is bound"));
    redis.command::<()>(&["SET", "socket.io:node:sile", &address]);
    redis.command::<()>(&["SET", "socket.io:node:dead", "http://127.0.0.1:1"]);
    let [node] = start(&redis, |builder| {
        builder
            .forward_timeout(Duration::from_millis(200))
            .ping_interval(Duration::from_millis(50))
            .ping_timeout(Duration::from_millis(50))
            .body_timeout(Duration::from_millis(50))
    });
    get(node.addr, &poll("sileAAAAAAAAAAAAAAAA"), "").assert_unknown_session();
    post(node.addr, &poll("sileAAAAAAAAAAAAAAAA"), "", "40").assert_unknown_session();
    get(node.addr, &poll("deadAAAAAAAAAAAAAAAA"), "").assert_unknown_session();
    get(node.addr, &poll("goneAAAAAAAAAAAAAAAA"), "").assert_unknown_session();
    let failures = node.stats().forward_failures;
    let count = |reason: &str| failures[reason];
    assert_eq!(
        (count("timeout"), count("unreachable"), count("unknown_node"), count("broken")),
        (2, 1, 1, 0)
    );
    assert_eq!(node.stats().refusals["unknown_session"], 4);
}
