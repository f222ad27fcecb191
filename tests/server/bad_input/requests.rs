//! Requests that the handshake refuses, or that belong to no session.

use actix_socketio::Transport;

use crate::{
    fixture::Fixture,
    raw::{HttpConnection, PollingSession, UPGRADE, WebSocket, ask, request},
};

#[test]
fn a_session_that_does_not_exist_is_unknown() {
    let mut fixture = Fixture::new();
    for sid in ["AAAAAAAAAAAAAAAAAAAA", "x", "%00%ff", "AAAAAAAAAAAAAAAAAAA+", &"A".repeat(3000)] {
        let polling = format!("EIO=4&transport=polling&sid={sid}");
        ask(fixture.addr, "GET", &polling, "", b"").assert_unknown_session();
        ask(fixture.addr, "POST", &polling, "", b"40").assert_unknown_session();
        let websocket = format!("EIO=4&transport=websocket&sid={sid}");
        ask(fixture.addr, "GET", &websocket, UPGRADE, b"")
            .assert_websocket_refusal("Session ID unknown");
    }
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}

#[test]
fn two_session_ids_are_refused() {
    let fixture = Fixture::new();
    let (one, _) = PollingSession::join(fixture.addr);
    let (two, _) = PollingSession::join(fixture.addr);
    let both = format!("{}&sid={}", one.query(), two.sid);
    ask(fixture.addr, "GET", &both, "", b"").assert_refusal(3, "Bad request");
    one.assert_works();
    two.assert_works();
    one.close();
    two.close();
    fixture.assert_all_freed();
}

#[test]
fn a_transport_that_is_missing_or_unknown_is_refused() {
    let mut fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for transport in [
        "",
        "&transport=",
        "&transport=webtransport",
        "&transport=Polling",
        "&transport=polling%00",
    ] {
        ask(fixture.addr, "GET", &format!("EIO=4{transport}"), "", b"")
            .assert_refusal(0, "Transport unknown");
        let of_session = format!("EIO=4{transport}&sid={}", session.sid);
        ask(fixture.addr, "GET", &of_session, "", b"").assert_refusal(0, "Transport unknown");
        ask(fixture.addr, "POST", &of_session, "", b"1").assert_refusal(0, "Transport unknown");
    }
    session.assert_works();
    session.close();
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}

#[test]
fn a_transport_that_is_off_is_unknown() {
    let fixture = Fixture::with(|builder| builder.transports([Transport::WebSocket]));
    ask(fixture.addr, "GET", "EIO=4&transport=polling", "", b"")
        .assert_refusal(0, "Transport unknown");
    WebSocket::open(fixture.addr).join();
    fixture.assert_all_freed();
}

#[test]
fn an_upgrade_that_is_off_is_refused_and_polling_works() {
    let fixture = Fixture::with(|builder| builder.allow_upgrades(false));
    let (session, _) = PollingSession::join(fixture.addr);
    let upgrade = format!("EIO=4&transport=websocket&sid={}", session.sid);
    ask(fixture.addr, "GET", &upgrade, UPGRADE, b"").assert_websocket_refusal("Bad request");
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn other_protocol_versions_are_refused() {
    let mut fixture = Fixture::new();
    for version in ["", "EIO=&", "EIO=3&", "EIO=5&", "EIO=four&", "EIO=04&"] {
        let refusal = "Unsupported protocol version";
        ask(fixture.addr, "GET", &format!("{version}transport=polling"), "", b"")
            .assert_refusal(5, refusal);
        ask(fixture.addr, "GET", &format!("{version}transport=websocket"), UPGRADE, b"")
            .assert_websocket_refusal(refusal);
    }
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}

#[test]
fn a_handshake_is_a_get() {
    let mut fixture = Fixture::new();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        ask(fixture.addr, method, "EIO=4&transport=polling", "", b"")
            .assert_refusal(2, "Bad handshake method");
        ask(fixture.addr, method, "EIO=4&transport=websocket", UPGRADE, b"")
            .assert_websocket_refusal("Bad handshake method");
    }
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}

#[test]
fn a_session_takes_no_other_methods_than_get_and_post() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = ask(fixture.addr, method, &session.query(), "", b"1");
        assert_eq!((answer.status, &*answer.body), (500, ""));
    }
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_needs_an_upgrade_header_and_polling_refuses_it() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for sid in [String::new(), format!("&sid={}", session.sid)] {
        let websocket = format!("EIO=4&transport=websocket{sid}");
        ask(fixture.addr, "GET", &websocket, "", b"").assert_refusal(3, "Bad request");
        ask(fixture.addr, "GET", &websocket, "Connection: Upgrade\r\nUpgrade: h2c\r\n", b"")
            .assert_refusal(3, "Bad request");
        let polling = format!("EIO=4&transport=polling{sid}");
        ask(fixture.addr, "GET", &polling, UPGRADE, b"").assert_websocket_refusal("Bad request");
    }
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn half_a_websocket_handshake_is_refused() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for sid in [String::new(), format!("&sid={}", session.sid)] {
        let query = format!("EIO=4&transport=websocket{sid}");
        for left_out in ["Sec-WebSocket-Version", "Sec-WebSocket-Key"] {
            let headers =
                UPGRADE.split_inclusive("\r\n").filter(|line| !line.starts_with(left_out));
            let answer = ask(fixture.addr, "GET", &query, &headers.collect::<String>(), b"");
            assert!((400..500).contains(&answer.status), "without {left_out}: {answer:?}");
        }
        for (from, to) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "x"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
            (
                "Sec-WebSocket-Key: ",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Key: ",
            ),
            ("Connection: Upgrade", "Transfer-Encoding: chunked\r\nConnection: Upgrade"),
        ] {
            assert!(UPGRADE.contains(from));
            let answer = ask(fixture.addr, "GET", &query, &UPGRADE.replacen(from, to, 1), b"");
            assert_eq!(answer.status, 400, "{to}");
        }
        let mut http = HttpConnection::open(fixture.addr);
        http.write(format!("GET /socket.io/?{query} HTTP/1.0\r\nHost: test\r\n{UPGRADE}\r\n"));
        assert_eq!(http.response().status, 400);
        let old = UPGRADE.replace("Version: 13", "Version: 12");
        assert_eq!(ask(fixture.addr, "GET", &query, &old, b"").status, 426);
    }
    fixture.wait_for_connections(2);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn an_origin_that_is_not_text_is_refused() {
    let fixture = Fixture::new();
    let mut http = HttpConnection::open(fixture.addr);
    http.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\nOrigin: http://\xff\r\n\r\n");
    http.response().assert_refusal(3, "Bad request");
    fixture.assert_all_freed();
}

/// Bytes that are not even HTTP.
#[test]
fn bytes_that_are_not_http_affect_no_other_client() {
    let mut fixture = Fixture::new();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut http = HttpConnection::open(fixture.addr);
        http.try_write(bytes);
        drop(http);
    }
    let mut http = HttpConnection::open(fixture.addr);
    http.write(request("GET", "EIO=4&transport=polling", "Content-Length: x\r\n"));
    assert_eq!(http.response().status, 400);
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}
