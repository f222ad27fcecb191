//! HTTP with contradictory lengths, or too much of it. `tests/server/bad_input` has the other
//! cases.

use std::{
    io::{Read, Write},
    net::Shutdown,
    thread,
};

use crate::{
    fixture::Fixture,
    neighbour::assert_bystander_undisturbed,
    raw::{HttpConnection, PollingSession, request},
};

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
const POLLING: &str = "EIO=4&transport=polling";

/// Everything up to the end of the TCP connection, which follows the client's own end soon.
#[track_caller]
fn rest(http: &HttpConnection) -> String {
    let mut stream = http.stream();
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = Vec::new();
    // A reset is an end, too: the server did not read everything.
    let _ = stream.read_to_end(&mut rest);
    String::from_utf8_lossy(&rest).into_owned()
}

// ── those that lie ───────────────────────────────────────────────────────────────────────────────────────────────────

/// The rest of a refused body is not a request.
#[test]
fn nothing_is_smuggled_behind_a_refusal() {
    let mut fixture = Fixture::with(|builder| builder.max_payload(1000));
    let smuggled = request("GET", "EIO=4&transport=polling", "").repeat(20);
    let length = smuggled.len();
    assert!(length > 1000);
    for (headers, body) in [
        (format!("Content-Length: {length}\r\n"), smuggled.clone()),
        (format!("Content-Length: {}\r\n", 10 * length), smuggled.clone()),
        (CHUNKED.to_owned(), format!("{length:x}\r\n{smuggled}\r\n0\r\n\r\n")),
        (CHUNKED.to_owned(), format!("ffffffff\r\n{smuggled}")),
    ] {
        assert_bystander_undisturbed(&mut fixture, |fixture| {
            let (session, _) = PollingSession::join(fixture.addr);
            let mut http = session.begin_post(&headers);
            http.try_write(&body);
            http.response().assert_status_only(413);
            assert_eq!(rest(&http), "", "{headers}");
            session.assert_works();
            assert_eq!(fixture.io.connections(), 2, "no session came of it");
            session.close();
        });
    }
    fixture.assert_all_freed();
}

/// Two servers in a row must not read two bodies in it (RFC 9112 §6.3).
#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let mut fixture = Fixture::new();
    let chunks = "1\r\n3\r\n0\r\n\r\n";
    for (headers, body) in [
        ("Content-Length: 1\r\nContent-Length: 2\r\n", "33"),
        ("Content-Length: 1, 1\r\n", "3"),
        ("Content-Length: -1\r\n", "3"),
        ("Content-Length: +1\r\n", "3"),
        ("Content-Length: 0x1\r\n", "3"),
        ("Content-Length: 99999999999999999999999\r\n", "3"),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", chunks),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks),
        ("Transfer-Encoding: chunked, identity\r\n", chunks),
        ("Transfer-Encoding: xchunked\r\n", chunks),
    ] {
        assert_bystander_undisturbed(&mut fixture, |fixture| {
            let (session, _) = PollingSession::join(fixture.addr);
            let mut http = HttpConnection::open(fixture.addr);
            http.try_write(request("POST", &session.query(), headers) + body);
            assert_eq!(http.response().status, 400, "{headers}");
            assert_eq!(rest(&http), "", "{headers}");
            session.assert_works();
            session.close();
        });
    }
    fixture.assert_all_freed();
}

#[test]
fn invalid_chunks_end_the_session() {
    let mut fixture = Fixture::new();
    for chunks in [
        "z\r\n3\r\n0\r\n\r\n",
        "-1\r\n3\r\n",
        "1ffffffffffffffff\r\n3\r\n",
        "1\r\n33\r\n0\r\n\r\n",
        "1\n3\n0\n\n",
    ] {
        assert_bystander_undisturbed(&mut fixture, |fixture| {
            let (session, id) = PollingSession::join(fixture.addr);
            let mut http = HttpConnection::open(fixture.addr);
            http.try_write(request("POST", &session.query(), CHUNKED) + chunks);
            assert_eq!(http.response().status, 400, "{chunks:?}");
            assert_eq!(rest(&http), "", "{chunks:?}");
            assert_eq!(fixture.journal.disconnect_reason(id), "transport error", "{chunks:?}");
        });
    }
    fixture.assert_all_freed();
}

// ── those that are too many ──────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn requests_that_come_all_at_once_are_answered_in_order() {
    const REQUESTS: usize = 500;
    let mut fixture = Fixture::new();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let (session, _) = PollingSession::join(fixture.addr);
        let mut http = HttpConnection::open(fixture.addr);
        let post = request("POST", &session.query(), "Content-Length: 1\r\n") + "3";
        let unknown = request("GET", &format!("{POLLING}&sid=AbCdEfGhIjKlMnOpQrSt"), "");
        let mut stream = http.stream().try_clone().expect("a second handle");
        thread::scope(|scope| {
            scope.spawn(move || {
                stream
                    .write_all((post + &unknown).repeat(REQUESTS).as_bytes())
                    .expect("the server reads");
            });
            for _ in 0..REQUESTS {
                http.response().assert_ok();
                http.response().assert_unknown_session();
            }
        });
        session.assert_works();
        session.close();
    });
    fixture.assert_all_freed();
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let mut fixture = Fixture::new();
    let many = "X: y\r\n".repeat(1000);
    let long = format!("X: {}\r\n", "y".repeat(1 << 20));
    for (query, headers) in [
        (POLLING.to_owned(), &*many),
        (POLLING.to_owned(), &*long),
        (format!("{POLLING}&x={}", "y".repeat(1 << 20)), ""),
    ] {
        assert_bystander_undisturbed(&mut fixture, |fixture| {
            let mut http = HttpConnection::open(fixture.addr);
            http.try_write(request("GET", &query, headers));
            assert_eq!(http.response().status, 431);
        });
    }
    fixture.assert_all_freed();
}
