//! What the tests do with the server, step by step.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::POLLING;
use crate::raw::{HttpConnection, PollingSession, Response, UPGRADE, ask, request};

/// Sends a handshake with these headers.
pub(crate) fn handshake(addr: SocketAddr, headers: &str) -> Response {
    ask(addr, "GET", POLLING, headers, b"")
}

/// Sends a WebSocket handshake that the server must refuse.
pub(crate) fn refused_websocket(addr: SocketAddr, query: &str, headers: &str) -> Response {
    let mut http = HttpConnection::open(addr);
    http.write(request("GET", query, &format!("{UPGRADE}{headers}")));
    http.response()
}

/// Opens a session by a handshake with these headers.
#[track_caller]
pub(crate) fn session(addr: SocketAddr, headers: &str) -> PollingSession {
    let answer = handshake(addr, headers);
    assert_eq!(answer.status, 200, "{answer:?}");
    let open: Value = serde_json::from_str(&answer.body[1..]).expect("an open packet");
    PollingSession { addr, sid: open["sid"].as_str().expect("a sid").to_owned() }
}

/// Sends CONNECT with this `auth`. Returns the answer.
pub(crate) fn connect(session: &PollingSession, auth: &Value) -> String {
    session.post(format!("40{auth}")).assert_ok();
    session.get().body
}

#[track_caller]
pub(crate) fn assert_admitted(answer: &str) {
    assert!(answer.starts_with(r#"40{"sid":""#), "{answer}");
}

/// The refusal of a CONNECT. It contains nothing but the message.
pub(crate) fn connect_error(message: &str) -> String {
    format!("44{}", json!({"message": message}))
}

pub(crate) fn post(addr: SocketAddr, path: &str, headers: &str, body: &str) -> Response {
    let mut http = HttpConnection::open(addr);
    let length = body.len();
    http.write(format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ));
    http.response()
}

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
