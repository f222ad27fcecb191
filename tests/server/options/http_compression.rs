//! The options `http_compression` and `compression_threshold`.

use std::{fs, io::Read};

use flate2::read::{GzDecoder, ZlibDecoder};

use super::{ON_WEBSOCKET, target};
use crate::{
    fixture::Fixture,
    octets::{ByteResponse, FrameSocket, get},
    raw::PollingSession,
};

/// The response to a poll, with a body of this many bytes, and the expected body.
fn poll_of(session: &PollingSession, length: usize, headers: &str) -> (ByteResponse, String) {
    let text = "x".repeat(length - r#"437[""]"#.len());
    session.post(format!(r#"427["echo","{text}"]"#)).assert_ok();
    let reply = get(session.addr, &target(session), headers);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=UTF-8"));
    (reply, format!(r#"437["{text}"]"#))
}

fn decoded(reply: &ByteResponse) -> String {
    let mut text = String::new();
    match reply.header("content-encoding") {
        None => return reply.text().to_owned(),
        Some("gzip") => GzDecoder::new(&*reply.body).read_to_string(&mut text),
        Some("deflate") => ZlibDecoder::new(&*reply.body).read_to_string(&mut text),
        Some(other) => panic!("{other} is not an encoding of the server"),
    }
    .expect("it has this encoding");
    assert!(reply.body.len() < text.len(), "compression makes it shorter");
    text
}

#[test]
fn a_poll_is_compressed_as_the_client_takes_it() {
    let fixture = Fixture::new();
    let (session, _) = PollingSession::join(fixture.addr);
    for (accepted, encoding) in [
        ("gzip", Some("gzip")),
        ("deflate", Some("deflate")),
        ("gzip, deflate, br", Some("gzip")),
        ("gzip;q=0.2, deflate;q=0.9", Some("deflate")),
        ("gzip;q=0, deflate;q=0", None),
        ("br", None),
        ("identity", None),
    ] {
        // The server compresses the larger one on another thread.
        for length in [2000, 100_000] {
            let (reply, text) =
                poll_of(&session, length, &format!("Accept-Encoding: {accepted}\r\n"));
            assert_eq!(reply.header("content-encoding"), encoding, "{accepted}");
            assert_eq!(reply.header("vary"), Some("accept-encoding"), "{accepted}");
            assert!(decoded(&reply) == text, "{accepted}");
        }
    }
    let (reply, text) = poll_of(&session, 2000, "");
    assert_eq!((reply.header("content-encoding"), reply.text()), (None, &*text));
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_poll_is_compressed_from_the_threshold_on() {
    const ACCEPT: &str = "Accept-Encoding: gzip\r\n";
    for (fixture, threshold) in
        [(Fixture::new(), 1024), (Fixture::with(|builder| builder.compression_threshold(100)), 100)]
    {
        let (session, _) = PollingSession::join(fixture.addr);
        for (length, encoding) in [(threshold - 1, None), (threshold, Some("gzip"))] {
            let (reply, text) = poll_of(&session, length, ACCEPT);
            assert_eq!(reply.header("content-encoding"), encoding, "{length}");
            assert_eq!(reply.header("vary").is_some(), encoding.is_some(), "{length}");
            assert_eq!(decoded(&reply), text);
        }
        session.close();
        fixture.assert_all_freed();
    }
}

#[test]
fn a_poll_is_not_compressed_if_compression_is_off() {
    let fixture = Fixture::with(|builder| builder.http_compression(false));
    let (session, _) = PollingSession::join(fixture.addr);
    let (reply, text) = poll_of(&session, 5000, "Accept-Encoding: gzip\r\n");
    assert_eq!(
        (reply.header("content-encoding"), reply.header("vary"), reply.text()),
        (None, None, &*text)
    );
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_has_no_content_encoding() {
    let fixture = Fixture::new();
    let (answer, mut ws) =
        FrameSocket::open(fixture.addr, ON_WEBSOCKET, "Accept-Encoding: gzip, deflate\r\n");
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None));
    ws.join();
    let text = "x".repeat(5000);
    ws.send(0x81, format!(r#"427["echo","{text}"]"#).as_bytes());
    ws.assert_text(&format!(r#"437["{text}"]"#));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn the_browser_client_has_a_tag_for_each_encoding() {
    const CLIENT: &str = "/socket.io/socket.io.js";
    let fixture = Fixture::new();
    let source =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/client/dist/socket.io.js"))
            .expect("the source");
    let [plain, gzip] = ["", "Accept-Encoding: gzip, deflate, br\r\n"].map(|accept| {
        let reply = get(fixture.addr, CLIENT, accept);
        assert_eq!((reply.status, reply.header("vary")), (200, Some("accept-encoding")));
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header("content-encoding").is_some(), !accept.is_empty());
        assert!(decoded(&reply) == source);
        (accept, reply.header("etag").expect("a tag").to_owned())
    });
    assert_ne!(plain.1, gzip.1);
    for ((accept, own), (_, other)) in [(&plain, &gzip), (&gzip, &plain)] {
        for (tag, status) in [(own.clone(), 304), (format!("W/{own}"), 304), (other.clone(), 200)] {
            let reply = get(fixture.addr, CLIENT, &format!("{accept}If-None-Match: {tag}\r\n"));
            assert_eq!(
                (reply.status, reply.header("etag")),
                (status, Some(&**own)),
                "{accept}{tag}"
            );
            assert_eq!(reply.header("vary"), Some("accept-encoding"));
            if status == 304 {
                assert_eq!((reply.header("content-encoding"), &*reply.body), (None, &b""[..]));
            }
        }
    }
    let off = Fixture::with(|builder| builder.http_compression(false));
    let reply = get(off.addr, CLIENT, gzip.0);
    assert_eq!((reply.header("content-encoding"), reply.header("vary")), (None, None));
    assert_eq!(reply.header("etag"), Some(&*plain.1));
    assert!(reply.text() == source);
}
