//! Pages of other origins.

use std::io::Read;

use super::{
    FRIEND, POLLING, STRANGER, WEBSOCKET,
    example::ExampleServer,
    steps::{handshake, refused_websocket, session},
    tokens::token,
};
use crate::raw::{HttpConnection, UPGRADE, ask, request};

#[test]
fn pages_of_other_origins_are_refused_with_and_without_a_token() {
    let server = ExampleServer::start();
    let cookie = format!("Cookie: token={}\r\n", token("ada"));
    for origin in [STRANGER, "http://app.example.com", "https://app.example.com:8443", "null", ""] {
        for headers in [String::new(), cookie.clone()] {
            let headers = format!("Origin: {origin}\r\n{headers}");
            let answer = refused_websocket(server.addr, WEBSOCKET, &headers);
            assert!(answer.status == 400 && !answer.body.contains("sid"), "{origin}: {answer:?}");
            // The same for an upgrade.
            let upgrade = format!("{WEBSOCKET}&sid={}", session(server.addr, "").sid);
            let answer = refused_websocket(server.addr, &upgrade, &headers);
            assert_eq!(answer.status, 400, "{origin}: {answer:?}");
            // A browser hides the response from a page whose origin is not in its headers.
            let answer = handshake(server.addr, &headers);
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            let preflight = format!("{headers}Access-Control-Request-Method: POST\r\n");
            let answer = ask(server.addr, "OPTIONS", POLLING, &preflight, b"");
            assert!((400..500).contains(&answer.status), "{origin}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
}

#[test]
fn pages_of_an_origin_in_the_list_may_connect() {
    let server = ExampleServer::start();
    let origin = format!("Origin: {FRIEND}\r\n");
    let answer = handshake(server.addr, &origin);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(FRIEND)));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let mut http = HttpConnection::open(server.addr);
    http.write(request("GET", WEBSOCKET, &format!("{UPGRADE}{origin}")));
    let mut status = [0; 12];
    http.stream().read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 101");
}
