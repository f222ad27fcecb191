//! Requests that pretend to come from another server, and servers that send them in circles.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
};

use crate::{
    common::{Need, RedisServer, all_there},
    nodes::{Node, plain},
    raw::{get, open, open_over, poll, post},
};

fn has_redis() -> bool {
    all_there("servers of a cluster", &[Need::Redis])
}

#[test]
fn a_forged_proof_is_refused() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let sid = open_over(one.addr, two.addr);
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
    let forged = [
        "true".to_owned(),
        String::new(),
        format!("{now}.{}", "A".repeat(43)),
        format!("{now}.{}", "A".repeat(42)),
    ];
    let forged: Vec<_> =
        forged.iter().map(|proof| format!("X-SocketIO-Forwarded: {proof}\r\n")).collect();
    for header in &forged {
        for addr in [one.addr, two.addr] {
            let answer = get(addr, &poll(&sid), header);
            assert_eq!((answer.status, answer.body.contains("Forbidden")), (403, true), "{header}");
            assert_eq!(post(addr, &poll(&sid), header, "40").status, 403);
            assert_eq!(get(addr, "transport=polling", header).status, 403, "a handshake");
            let upgrade = format!("{header}{}", crate::tunnel::UPGRADE);
            let query = format!("transport=websocket&sid={sid}");
            assert_eq!(
                get(addr, &query, &upgrade.replace("Connection: Upgrade\r\n", "")).status,
                403
            );
        }
    }
    let count = forged.len() as u64 * 4;
    for node in [&one, &two] {
        let stats = node.stats();
        assert_eq!(stats.forward_failures["wrong_proof"], count);
        assert_eq!(stats.refusals["forbidden"], count);
    }
    // The session has not noticed.
    post(two.addr, &poll(&sid), "", r#"420["echo",1]"#).assert_ok("ok");
    get(two.addr, &poll(&sid), "").assert_ok("430[1]");
}

/// A request that was passed on names the server's own id in its session, but the session is gone.
/// Or the directory is wrong, and names another server: that one has a right proof, and does not
/// pass it on.
#[test]
fn a_request_is_passed_on_once() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let (of_one, of_two) = (open(one.addr), open(two.addr));
    let key = |sid: &str| format!("socket.io:node:{}", &sid[..4]);
    // The id of a third server, which both know under the address of the other one.
    let circle = "circAAAAAAAAAAAAAAAA";
    redis.command::<()>(&["SET", &key(circle), &format!("http://{}", two.addr)]);
    get(one.addr, &poll(circle), "").assert_unknown_session();
    assert_eq!((one.stats().forwarded_requests, two.stats().forwarded_requests), (1, 0));
    let lost = |sid: &str| format!("{}AAAAAAAAAAAAAAAA", &sid[..4]);
    get(one.addr, &poll(&lost(&of_two)), "").assert_unknown_session();
    assert_eq!((one.stats().forwarded_requests, two.stats().forwarded_requests), (2, 0));
    get(one.addr, &poll(&lost(&of_one)), "").assert_unknown_session();
    assert_eq!((one.stats().forwarded_requests, two.stats().forwarded_requests), (2, 0));
    // Its own address under another id, as after a restart.
    redis.command::<()>(&["SET", "socket.io:node:befo", &format!("http://{}", one.addr)]);
    get(one.addr, &poll("befoAAAAAAAAAAAAAAAA"), "").assert_unknown_session();
    assert_eq!(one.stats().forwarded_requests, 2);
    assert_eq!(one.stats().forward_failures["unknown_node"], 1);
}

/// The other server, in a test's hands: it sees what comes, and that the secret is not in it.
#[test]
fn a_proof_is_for_one_request_and_holds_no_secret() {
    if !has_redis() {
        return;
    }
    let redis = RedisServer::start();
    let [one, two]: [Node; 2] = plain(&redis);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    redis.command::<()>(&["SET", "socket.io:node:test", &address]);
    let seen = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the request");
        let lines = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
        let lines = lines.map(|line| line.expect("a line of the head"));
        let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(answer).expect("an answer");
        head
    });
    let sid = "testAAAAAAAAAAAAAAAA";
    let headers = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nCookie: a=1\r\n";
    get(one.addr, &poll(sid), headers).assert_ok("ok");
    let head = seen.join().expect("it has seen the request");
    assert_eq!(head[0], format!("GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1"));
    for header in [
        "x-forwarded-for: 203.0.113.9",
        "forwarded: for=203.0.113.9",
        "cookie: a=1",
        "host: example.com",
    ] {
        assert_eq!(head.iter().filter(|line| *line == header).count(), 1, "{header}: {head:?}");
    }
    let proof =
        head.iter().find(|line| line.starts_with("x-socketio-forwarded: ")).expect("a proof");
    let secret: Vec<u8> = redis.command(&["GET", "socket.io:secret"]);
    assert_eq!(secret.len(), 32);
    let encoded = base64(&secret);
    assert!(!head.concat().contains(&encoded), "the secret itself stays here");
    // It is right for this request, and for no other.
    let proof = format!("{proof}\r\n");
    get(two.addr, &poll(sid), &proof).assert_unknown_session();
    assert_eq!(post(two.addr, &poll(sid), &proof, "40").status, 403);
    let other = open(two.addr);
    assert_eq!(get(two.addr, &poll(&other), &proof).status, 403);
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
