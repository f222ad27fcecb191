//! Details of HTTP: what proxies and programs send that are not browsers.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_socketio::Cors;
use actix_web::error::ErrorForbidden;

use crate::{
    fixture::Fixture,
    raw::{HttpConnection, PollingSession, UPGRADE, ask, request},
};

const POLL: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// What nginx sends for every request where it is configured for WebSockets alone.
const STRAY_UPGRADE: &str = "Connection: upgrade\r\n";

#[test]
fn a_connection_that_is_closed_behind_an_answer_says_so() {
    let fixture = Fixture::with(|builder| builder.cors(Cors::origins(["https://friend.example"])));
    let (session, _) = PollingSession::join(fixture.addr);
    let preflight = format!(
        "{STRAY_UPGRADE}Origin: https://friend.example\r\nAccess-Control-Request-Method: POST\r\n"
    );
    let posted = format!("{STRAY_UPGRADE}Content-Length: 2\r\n");
    let unknown = "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA";
    for (method, query, headers, body, status) in [
        ("GET", POLL, STRAY_UPGRADE, "", 200),
        ("POST", &*session.query(), &*posted, "40", 200),
        ("GET", &*session.query(), STRAY_UPGRADE, "", 200),
        ("PUT", &*session.query(), STRAY_UPGRADE, "", 500),
        ("GET", unknown, STRAY_UPGRADE, "", 400),
        ("OPTIONS", POLL, &*preflight, "", 200),
        ("GET", unknown, &*format!("{UPGRADE}X: y\r\n"), "", 400),
        ("GET", WEBSOCKET, &*UPGRADE.replace("13", "12"), "", 426),
    ] {
        // The session is in its namespace already. A second CONNECT would end it.
        let body = body.replace("40", "3a");
        let _ = fixture.io.emit("e", &1);
        let mut http = HttpConnection::open(fixture.addr);
        http.write(request(method, query, headers) + &body);
        let answer = http.response();
        assert_eq!(answer.status, status, "{method} {query}: {answer:?}");
        // A 426 names the protocol that it asks for.
        let expected = if status == 426 { "close, upgrade" } else { "close" };
        assert_eq!(answer.header("connection"), Some(expected), "{method} {query}: {answer:?}");
        assert_eq!(answer.header("upgrade").is_some(), status == 426);
    }
}

#[test]
fn the_browser_client_says_so_too_and_has_a_head() {
    let fixture = Fixture::new();
    for (method, headers, connection) in
        [("GET", STRAY_UPGRADE, Some("close")), ("HEAD", STRAY_UPGRADE, Some("close"))]
    {
        let mut http = HttpConnection::open(fixture.addr);
        http.write(format!(
            "{method} /socket.io/socket.io.js HTTP/1.1\r\nHost: test\r\n{headers}\r\n"
        ));
        let head = http.head();
        assert_eq!((head.status, head.header("connection")), (200, connection), "{method}");
    }
    let mut http = HttpConnection::open(fixture.addr);
    for method in ["HEAD", "HEAD", "GET"] {
        http.write(format!("{method} /socket.io/socket.io.js HTTP/1.1\r\nHost: test\r\n\r\n"));
        let head = http.head();
        assert_eq!(head.status, 200, "{method}");
        let length: usize = head.header("content-length").expect("a length").parse().unwrap();
        assert!(length > 1_000 && head.header("etag").is_some(), "{method}");
    }
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_may_ask_to_close_its_connection() {
    for takes_over in [true, false] {
        let fixture = if takes_over {
            Fixture::new()
        } else {
            let journal = crate::fixture::Journal::default();
            let builder = crate::fixture::journaling(&journal);
            let server = crate::app::TestServer::start_without_on_connect(builder);
            Fixture::with_server(server, journal)
        };
        for connection in ["close, Upgrade", "Upgrade, close", "close\r\nConnection: upgrade"] {
            let headers =
                UPGRADE.replace("Connection: Upgrade", &format!("Connection: {connection}"));
            let mut http = HttpConnection::open(fixture.addr);
            http.write(request("GET", WEBSOCKET, &headers));
            let head = http.head();
            assert_eq!(head.status, 101, "{connection}");
            assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
            assert_eq!(http.bytes(3)[2], b'0', "the open packet");
            for (from, to, status) in
                [("Version: 13", "Version: 12", 426), ("Connection: ", "X: ", 400)]
            {
                let wrong = headers.replace(from, to);
                assert_eq!(ask(fixture.addr, "GET", WEBSOCKET, &wrong, b"").status, status);
            }
        }
        fixture.assert_all_freed();
    }
}

#[test]
fn the_first_subprotocol_is_answered() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    let upgrade = format!("{WEBSOCKET}&sid={}", session.sid);
    for query in [WEBSOCKET, &upgrade] {
        for (offered, answered) in [
            ("Sec-WebSocket-Protocol: chat, v2\r\n", Some("chat")),
            (
                "Sec-WebSocket-Protocol: v2.example\r\nSec-WebSocket-Protocol: chat\r\n",
                Some("v2.example"),
            ),
            ("", None),
        ] {
            let mut http = HttpConnection::open(fixture.addr);
            http.write(request("GET", query, &format!("{UPGRADE}{offered}")));
            let head = http.head();
            assert_eq!((head.status, head.header("sec-websocket-protocol")), (101, answered));
        }
        for offered in [&b"chat, chat"[..], b"", b"ch\xe9t", b"a b"] {
            let mut http = HttpConnection::open(fixture.addr);
            let head = request("GET", query, &format!("{UPGRADE}Sec-WebSocket-Protocol: "));
            let head = head.strip_suffix("\r\n").expect("the end of the head");
            http.write([head.as_bytes(), offered, b"\r\n\r\n"].concat());
            assert_eq!(http.response().status, 400, "{}", offered.escape_ascii());
        }
    }
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_parameter_may_occur_twice_with_one_value() {
    let fixture = Fixture::new();
    let twice = "transport=polling&EIO=4&transport=poll%69ng&EIO=4";
    assert_eq!(ask(fixture.addr, "GET", twice, "", b"").status, 200);
    let (session, _) = PollingSession::join(fixture.addr);
    let query = format!("{}&sid={}&transport=polling", session.query(), session.sid);
    ask(fixture.addr, "POST", &query, "", br#"421["echo",1]"#).assert_ok();
    ask(fixture.addr, "GET", &query, "", b"").assert_poll(&["431[1]"]);
    for other in ["EIO=3", "transport=websocket", "EIO", "sid=", "transport=%ff"] {
        ask(fixture.addr, "GET", &format!("{}&{other}", session.query()), "", b"")
            .assert_refusal(3, "Bad request");
    }
    session.assert_works();
}

#[test]
fn an_old_version_is_3_where_old_clients_are_allowed() {
    let fixture = Fixture::with(|builder| builder.allow_eio3(true));
    for version in ["", "EIO=1&", "EIO=2&", "EIO=3&"] {
        let answer = ask(fixture.addr, "GET", &format!("{version}transport=polling"), "", b"");
        assert_eq!(answer.status, 200, "{version}: {answer:?}");
        assert!(answer.body.contains(":0{"), "the payload of Engine.IO 3: {}", answer.body);
    }
    for version in ["EIO=", "EIO=5", "EIO=03", "EIO=%ff", "EIO=%33%ff", "EIO=three"] {
        ask(fixture.addr, "GET", &format!("{version}&transport=polling"), "", b"")
            .assert_refusal(5, "Unsupported protocol version");
    }
}

#[test]
fn a_panic_in_on_handshake_is_an_answer() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let fixture = Fixture::with(|builder| {
        builder.on_handshake(|request, _| match request.headers().get("x-panic") {
            Some(_) => panic!("on purpose"),
            None if request.headers().contains_key("x-refuse") => Err(ErrorForbidden("no")),
            None => {
                CALLS.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        })
    });
    for _ in 0..3 {
        let answer = ask(fixture.addr, "GET", POLL, "X-Panic: 1\r\n", b"");
        assert_eq!(answer.status, 500);
        assert_eq!(answer.body, r#"{"code":4,"message":"Internal error"}"#);
        let headers = format!("{UPGRADE}X-Panic: 1\r\n");
        let answer = ask(fixture.addr, "GET", WEBSOCKET, &headers, b"");
        assert_eq!((answer.status, &*answer.body), (500, "Internal error"));
    }
    assert_eq!(ask(fixture.addr, "GET", POLL, "X-Refuse: 1\r\n", b"").status, 403);
    assert_eq!(fixture.io.stats().refusals["forbidden"], 7);
    assert_eq!(CALLS.load(Ordering::Relaxed), 1, "the bystander");
    PollingSession::open(fixture.addr).close();
    fixture.assert_all_freed();
}
