//! The hooks for headers and refusals.

use actix_web::{
    error::{ErrorInternalServerError, ErrorUnauthorized},
    http::header::{HeaderName, HeaderValue},
};

use super::{ON_WEBSOCKET, POLLING, Refusals, WEBSOCKET, target};
use crate::{
    fixture::Fixture,
    octets::{FrameSocket, ask, get},
    raw::{PollingSession, UPGRADE},
};

#[test]
fn hooks_write_headers_to_each_response_of_a_session() {
    let fixture = Fixture::with(|builder| {
        builder
            .on_initial_headers(|headers, request| {
                let path = HeaderValue::from_str(request.path()).expect("a plain path");
                headers.append(HeaderName::from_static("x-initial"), path);
            })
            .on_headers(|headers, _| {
                headers.insert(HeaderName::from_static("x-each"), HeaderValue::from_static("yes"));
                panic!("on purpose");
            })
            .on_headers(|headers, _| {
                headers.append(HeaderName::from_static("x-last"), HeaderValue::from_static("yes"));
            })
    });
    let open = get(fixture.addr, POLLING, "");
    let session = PollingSession { addr: fixture.addr, sid: open.sid() };
    let post = ask(fixture.addr, "POST", &target(&session), "", b"40");
    let poll = get(fixture.addr, &target(&session), "");
    let upgrade = get(fixture.addr, &target(&session).replace("=polling", "=websocket"), UPGRADE);
    let (websocket, mut ws) = FrameSocket::open(fixture.addr, ON_WEBSOCKET, "");
    for (what, reply, initial) in [
        ("polling", &open, Some("/socket.io/")),
        ("a POST", &post, None),
        ("a poll", &poll, None),
        ("an upgrade", &upgrade, None),
        ("a WebSocket", &websocket, Some("/socket.io/")),
    ] {
        assert_eq!(reply.header("x-initial"), initial, "{what}");
        assert_eq!(
            (reply.header("x-each"), reply.header("x-last")),
            (Some("yes"), Some("yes")),
            "{what}"
        );
    }
    // A refusal and the browser client do not belong to a session.
    for target in ["/socket.io/?EIO=5&transport=polling", "/socket.io/socket.io.js"] {
        assert_eq!(get(fixture.addr, target, "").header("x-each"), None);
    }
    ws.join();
    session.assert_works();
    session.close();
    drop(ws);
    fixture.assert_all_freed();
}

/// Most of these requests have several faults. The server reports the first one in Engine.IO's
/// order.
#[test]
fn each_refusal_is_reported_and_the_first_fault_counts() {
    let refusals = Refusals::default();
    let fixture = Fixture::with(|builder| {
        refusals.collect(builder).on_handshake(|request, _| {
            match request.headers().get("x-refuse") {
                Some(how) if how == "failed" => Err(ErrorInternalServerError("SECRET")),
                Some(_) => Err(ErrorUnauthorized("log in\nfirst")),
                None => Ok(()),
            }
        })
    });
    let (session, _) = PollingSession::join(fixture.addr);
    let sid = &session.sid;
    let text = |headers: &str| format!("{UPGRADE}{headers}");
    let bad = (3, "Bad request");
    let unknown = (1, "Session ID unknown");
    let version = (5, "Unsupported protocol version");
    let method = (2, "Bad handshake method");
    let table = [
        (
            "PUT",
            "EIO=5".to_owned(),
            "Origin: \u{e9}\r\n".to_owned(),
            (0, "Transport unknown"),
            "no transport",
        ),
        (
            "GET",
            "EIO=5&transport=a%0ab".to_owned(),
            String::new(),
            (0, "Transport unknown"),
            r#"transport "a\nb""#,
        ),
        (
            "PUT",
            "transport=polling&sid=x".to_owned(),
            "Origin: \u{e9}\r\n".to_owned(),
            bad,
            "INVALID_ORIGIN",
        ),
        (
            "PUT",
            "transport=polling&sid=x".to_owned(),
            String::new(),
            unknown,
            "no session has this sid",
        ),
        (
            "GET",
            "transport=websocket&sid=x".to_owned(),
            String::new(),
            unknown,
            "no session has this sid",
        ),
        ("PUT", format!("transport=polling&sid={sid}"), text(""), bad, "TRANSPORT_MISMATCH"),
        ("GET", format!("transport=websocket&sid={sid}"), String::new(), bad, "TRANSPORT_MISMATCH"),
        ("GET", format!("transport=polling&sid={sid}"), String::new(), bad, "PROTOCOL_MISMATCH"),
        (
            "GET",
            format!("EIO=3&transport=polling&sid={sid}"),
            String::new(),
            bad,
            "PROTOCOL_MISMATCH",
        ),
        (
            "POST",
            "transport=websocket".to_owned(),
            "x-refuse: 1\r\n".to_owned(),
            method,
            r#"method "POST""#,
        ),
        (
            "GET",
            "transport=websocket".to_owned(),
            "x-refuse: 1\r\n".to_owned(),
            bad,
            "TRANSPORT_HANDSHAKE_ERROR",
        ),
        (
            "GET",
            "transport=polling".to_owned(),
            text("x-refuse: 1\r\n"),
            bad,
            "TRANSPORT_HANDSHAKE_ERROR",
        ),
        (
            "GET",
            "transport=polling".to_owned(),
            "x-refuse: 1\r\n".to_owned(),
            (4, "log in\nfirst"),
            r#""log in\nfirst""#,
        ),
        (
            "GET",
            "transport=websocket".to_owned(),
            text("x-refuse: 1\r\n"),
            (4, "log in\nfirst"),
            r#""log in\nfirst""#,
        ),
        (
            "GET",
            "EIO=4&transport=polling".to_owned(),
            "x-refuse: failed\r\n".to_owned(),
            (4, "Forbidden"),
            r#""SECRET""#,
        ),
        (
            "GET",
            "EIO=4&transport=websocket".to_owned(),
            text("x-refuse: failed\r\n"),
            (4, "Forbidden"),
            r#""SECRET""#,
        ),
        ("GET", "transport=polling".to_owned(), String::new(), version, "no EIO"),
        ("GET", "EIO=3&transport=polling".to_owned(), String::new(), version, r#"EIO "3""#),
        ("GET", "EIO=04&transport=websocket".to_owned(), text(""), version, r#"EIO "04""#),
    ];
    for (http_method, query, headers, (code, message), context) in table {
        let what = format!("{http_method} {query} {headers:?}");
        let reply = ask(fixture.addr, http_method, &format!("/socket.io/?{query}"), &headers, b"");
        let (status, kind, body) = if headers.starts_with(UPGRADE) {
            (400, "text/html", message.to_owned())
        } else {
            let status = if code == 4 { 403 } else { 400 };
            (
                status,
                "application/json",
                serde_json::json!({"code": code, "message": message}).to_string(),
            )
        };
        assert_eq!(
            (reply.status, reply.header("content-type"), reply.text()),
            (status, Some(kind), &*body),
            "{what}"
        );
        let text = if code == 4 { "Forbidden" } else { message };
        assert_eq!(refusals.take(), (code, text.to_owned(), context.to_owned()), "{what}");
    }
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

/// RFC 6455 §4.2.1: an invalid WebSocket handshake has an HTTP status as its answer.
#[test]
fn a_websocket_of_another_version_is_reported_too() {
    let refusals = Refusals::default();
    let fixture = Fixture::with(|builder| refusals.collect(builder));
    for headers in [
        UPGRADE.replace("Version: 13", "Version: 12"),
        UPGRADE.replace("Sec-WebSocket-Key", "X-Key"),
    ] {
        let reply = get(fixture.addr, WEBSOCKET, &headers);
        assert!((400..500).contains(&reply.status), "{reply:?}");
        let (code, message, context) = refusals.take();
        assert_eq!((code, &*message), (3, "Bad request"));
        assert!(context.starts_with("TRANSPORT_HANDSHAKE_ERROR "), "{context}");
    }
    fixture.assert_all_freed();
}
