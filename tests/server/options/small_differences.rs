//! What clients and proxies of Socket.IO on Node rely on, and HTTP does not ask for.

use crate::{
    fixture::Fixture,
    raw::{HttpConnection, PollingSession, UPGRADE, WebSocket, ask, request},
};

const POLL: &str = "EIO=4&transport=polling";

/// Proxies that say `Connection: upgrade` for all requests are widespread. actix-http closes a
/// connection behind the answer to such a request, so the proxy must not use it again.
#[test]
fn an_answer_behind_which_the_connection_is_closed_says_so() {
    let fixture = Fixture::new();
    for (query, status) in [(POLL, 200), ("EIO=4&transport=none", 400)] {
        let answer = ask(fixture.addr, "GET", query, "Connection: upgrade\r\n", b"");
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
        let answer = ask(fixture.addr, "GET", query, "", b"");
        assert_eq!(answer.status, status);
        assert_ne!(answer.header("connection"), Some("close"));
    }
}

/// The official client fails its handshake if it offers subprotocols and none is accepted.
#[test]
fn the_first_subprotocol_that_a_client_offers_is_accepted() {
    let fixture = Fixture::new();
    let open = |offer: &str| {
        let mut http = HttpConnection::open(fixture.addr);
        let headers = format!("{UPGRADE}Sec-WebSocket-Protocol: {offer}\r\n");
        http.write(request("GET", "EIO=4&transport=websocket", &headers));
        let head = http.head();
        (head.status, head.header("sec-websocket-protocol").map(str::to_owned))
    };
    assert_eq!(open("v2.example, chat"), (101, Some("v2.example".to_owned())));
    assert_eq!(open("v2.example, v2.example"), (400, None));
    assert_eq!(WebSocket::open(fixture.addr).stream().nodelay().ok(), Some(true));
}

#[test]
fn a_parameter_may_be_there_twice_with_the_same_value() {
    let fixture = Fixture::new();
    let session = PollingSession::open(fixture.addr);
    let doubled = format!("EIO=4&transport=polling&{}", session.query());
    assert_eq!(ask(fixture.addr, "POST", &doubled, "", b"40").status, 200);
    let different = format!("EIO=4&transport=websocket&{}", session.query());
    assert_eq!(ask(fixture.addr, "POST", &different, "", b"40").status, 400);
    session.close();
}

#[test]
fn the_client_file_has_a_head() {
    let fixture = Fixture::new();
    let mut http = HttpConnection::open(fixture.addr);
    http.write("HEAD /socket.io/socket.io.js HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = http.head();
    assert_eq!(head.status, 200);
    let length: usize = head.header("content-length").expect("its length").parse().expect("digits");
    assert!(length > 1_000, "{length}");
    // The next answer follows without a body between.
    http.write(request("GET", "EIO=4&transport=none", ""));
    assert_eq!(http.head().status, 400);
}

#[test]
fn a_panic_of_on_handshake_is_a_refusal() {
    let fixture = Fixture::with(|builder| {
        builder.on_handshake(|request, _| {
            assert!(!request.query_string().contains("panic"), "on purpose");
            Ok(())
        })
    });
    let refused = ask(fixture.addr, "GET", &format!("{POLL}&panic"), "", b"");
    assert_eq!((refused.status, &*refused.body), (500, r#"{"code":4,"message":"Internal error"}"#));
    assert_eq!(ask(fixture.addr, "GET", POLL, "", b"").status, 200);
    assert_eq!(fixture.io.connections(), 2, "the refused client does not count");
}

/// As on Node, whatever is not Engine.IO 4 is 3.
#[test]
fn old_clients_may_ask_for_any_version() {
    let fixture = Fixture::with(|builder| builder.allow_eio3(true));
    for version in ["EIO=2&", "EIO=3&", ""] {
        let query = format!("{version}transport=polling");
        let opened = ask(fixture.addr, "GET", &query, "", b"");
        assert_eq!(opened.status, 200, "{version}");
        // A payload of Engine.IO 3 begins with the length of its first packet.
        let length: String = opened.body.chars().take_while(char::is_ascii_digit).collect();
        assert!(opened.body[length.len()..].starts_with(":0{"), "{}", opened.body);
    }
}
