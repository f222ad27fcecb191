//! What goes over the wire, in the notation of the scripts.

use std::{net::SocketAddr, sync::LazyLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use regex::{Captures, Regex};
use serde_json::Value;

use crate::raw::{HttpConnection, Received, Response, UPGRADE, WebSocket, frame};

/// The response to a request for a session that has ended.
pub(crate) const UNKNOWN_SESSION: &str =
    r#"400 application/json {"code":1,"message":"Session ID unknown"}"#;

/// The id of the session, from an open packet.
pub(crate) fn sid_in(packet: &str) -> String {
    let open = packet.strip_prefix('0').and_then(|json| serde_json::from_str::<Value>(json).ok());
    let open = open.unwrap_or_else(|| panic!("not an open packet: {packet}"));
    open["sid"].as_str().expect("a sid").to_owned()
}

/// Expands `{n}` to n letters, and `{n[}` or `{n]}` to n brackets.
pub(crate) fn expand(text: &str) -> String {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([0-9]+)([\[\]])?\}").expect("a pattern"));
    let letters = |found: &Captures<'_>| {
        let letter = found.get(2).map_or("x", |letter| letter.as_str());
        letter.repeat(found[1].parse().expect("a number"))
    };
    NUMBER.replace_all(text, letters).into_owned()
}

/// Replaces each id of 20 characters by `…`.
pub(crate) fn mask_ids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(r#""sid":""#) {
        let (before, after) = rest.split_at(at + r#""sid":""#.len());
        let (id, after) =
            after.split_at_checked(20).unwrap_or_else(|| panic!("a short id: {text}"));
        assert!(
            id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{text}"
        );
        out += before;
        out += "…";
        rest = after;
    }
    out + rest
}

/// The request line and headers of a request.
pub(crate) fn request_head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")
}

/// Sends a request on a connection of its own. The response is still to be read.
pub(crate) fn send_request(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> HttpConnection {
    let mut http = HttpConnection::open(addr);
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = request_head(method, path, &format!("{headers}{length}"));
    // A server may refuse by the head alone and stop reading.
    http.try_write([head.as_bytes(), body].concat());
    http
}

/// Reads a response whose body may be chunked, as Node's are.
pub(crate) fn read_response(http: &mut HttpConnection) -> Response {
    let head = http.head();
    read_body(http, head)
}

pub(crate) fn read_body(http: &mut HttpConnection, mut response: Response) -> Response {
    let mut body = Vec::new();
    if let Some(length) = response.header("content-length") {
        body = http.bytes(length.parse().expect("a number"));
    } else {
        assert_eq!(response.header("transfer-encoding"), Some("chunked"), "{response:?}");
        loop {
            let length = usize::from_str_radix(&http.line(), 16).expect("a number");
            body.extend(http.bytes(length));
            assert_eq!(http.line(), "");
            if length == 0 {
                break;
            }
        }
    }
    response.body = String::from_utf8(body).expect("UTF-8");
    response
}

/// A response on one line: status, content type, body.
pub(crate) fn one_line(response: &Response) -> String {
    let kind = response.header("content-type").unwrap_or_default();
    let line = format!("{} {kind} {}", response.status, response.body);
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn open_websocket(addr: SocketAddr, path: &str) -> WebSocket {
    let http = send_request(addr, "GET", path, UPGRADE, b"");
    WebSocket::read_response(http)
}

/// Sends a Close frame, for `close` or `close <status>`.
pub(crate) fn send_close(websocket: &mut WebSocket, text: &str) {
    let status = text
        .strip_prefix("close ")
        .map(|status| status.parse::<u16>().expect("a status").to_be_bytes());
    let status = status.as_ref().map_or(&[][..], |status| &status[..]);
    websocket.try_send_raw(frame(0x88, status));
}

/// Sends packets that `␞` joins, together.
pub(crate) fn send_packets(websocket: &mut WebSocket, packets: &str) {
    let frames = packets.split('␞').flat_map(|packet| {
        match (packet.strip_prefix("text "), packet.strip_prefix('b')) {
            (Some(text), _) => frame(0x81, text.as_bytes()),
            (None, Some(base64)) => frame(0x82, &BASE64_STANDARD.decode(base64).expect("base64")),
            (None, None) => frame(0x81, packet.as_bytes()),
        }
    });
    let frames: Vec<u8> = frames.collect();
    websocket.try_send_raw(frames);
}

/// Receives the next packet or the end.
pub(crate) fn receive(websocket: &mut WebSocket) -> String {
    match websocket.receive() {
        Received::Text(text) if text.starts_with('b') => format!("text {text}"),
        Received::Text(text) => text,
        Received::Binary(data) => format!("b{}", BASE64_STANDARD.encode(data)),
        Received::Close(Some(code)) => format!("closed {code}"),
        Received::Close(None) => "closed".to_owned(),
        Received::End => "the end of the connection".to_owned(),
        other => panic!("unexpected frame: {other:?}"),
    }
}
