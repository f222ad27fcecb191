//! A body that a client never ends does not keep the connection behind the answer.
//!
//! actix-http reads the rest of a chunked body without a timer if nothing else wants it.

use std::io::Read;

use actix_socketio::Cors;

use crate::{
    app::builder,
    fixture::{Fixture, Journal},
    raw::{HttpConnection, PollingSession},
};

/// Sends a request with the begin of a chunked body, and waits until the server has closed the
/// connection behind its answer. Returns the status.
#[track_caller]
fn ends_behind(fixture: &Fixture, method: &str, path: &str, headers: &str) -> u16 {
    let mut http = HttpConnection::open(fixture.addr);
    http.write(format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Transfer-Encoding: chunked\r\n\r\n1\r\n6\r\n"
    ));
    let answer = http.response();
    let mut rest = Vec::new();
    // The connection of the raw client has a time limit for reading.
    http.reader().read_to_end(&mut rest).expect("the server closes the connection");
    assert_eq!(rest, [0; 0]);
    answer.status
}

const PATH: &str = "/socket.io/?EIO=4&transport=polling";

#[test]
fn a_connection_ends_behind_any_answer_of_the_endpoint() {
    let fixture = Fixture::new();
    let unknown = format!("{PATH}&sid=unknown");
    let status = |method, path: &str| ends_behind(&fixture, method, path, "");
    assert_eq!(status("GET", PATH), 200, "a handshake");
    assert_eq!(status("GET", &unknown), 400);
    assert_eq!(status("POST", &unknown), 400);
    assert_eq!(status("PUT", PATH), 400);
    assert_eq!(status("GET", "/socket.io/?EIO=9&transport=polling"), 400);
    assert_eq!(status("GET", "/socket.io/socket.io.js"), 200);
    let session = PollingSession::open(fixture.addr);
    let poll = format!("/socket.io/?{}", session.query());
    session.post("40").assert_ok();
    assert_eq!(status("GET", &poll), 200, "a poll");
}

#[test]
fn a_connection_ends_behind_a_refused_body() {
    let fixture = Fixture::with(|builder| {
        builder.max_payload(10_000).body_timeout(std::time::Duration::from_millis(50))
    });
    let session = PollingSession::open(fixture.addr);
    let path = format!("/socket.io/?{}", session.query());
    assert_eq!(ends_behind(&fixture, "POST", &path, ""), 408);
}

#[test]
fn a_connection_ends_behind_an_answer_about_origins() {
    let cors = Cors::origins(["https://app.example.com"]);
    let fixture = Fixture::with(|builder| builder.cors(cors));
    let own = "Origin: https://app.example.com\r\n";
    let preflight = format!("{own}Access-Control-Request-Method: POST\r\n");
    assert_eq!(ends_behind(&fixture, "OPTIONS", PATH, &preflight), 200);
    let other = "Origin: https://other.example.com\r\n";
    assert!(matches!(ends_behind(&fixture, "GET", PATH, other), 400..=403));
    assert_eq!(ends_behind(&fixture, "GET", PATH, own), 200);
}

#[test]
fn a_connection_ends_behind_any_answer_of_a_server_of_its_own() {
    let (io, addrs) = crate::serving::serve(builder(), None);
    let journal = Journal::default();
    drop((io, journal));
    let mut http = HttpConnection::open(addrs[0]);
    http.write("POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n6\r\n");
    assert_eq!(http.response().status, 404);
    let mut rest = Vec::new();
    http.reader().read_to_end(&mut rest).expect("the server closes the connection");
}
