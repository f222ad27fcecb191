//! The options of Socket.IO's server, as they are seen from outside.

use std::{fs, io::Read, net::SocketAddr, sync::Arc, time::Duration};

use actix_socketio::{BuildError, Builder, Cookie, SameSite, SocketIo, Transport};
use actix_web::{
    error::{ErrorInternalServerError, ErrorUnauthorized},
    http::header::{HeaderName, HeaderValue},
};
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use parking_lot::Mutex;

use crate::{
    app::{Server, builder},
    octets::{Frames, Reply, ask, deflate, get, inflate},
    raw::{Polling, UPGRADE, Ws, frame},
    world::World,
};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const ON_WEBSOCKET: &str = "EIO=4&transport=websocket";

fn target(session: &Polling) -> String {
    format!("/socket.io/?{}", session.query())
}

// ── the cookie ───────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_handshake_by_polling_sets_the_cookie_and_nothing_else_does() {
    let world = World::with(|builder| builder.cookie(Cookie::default()));
    let open = get(world.addr, POLLING, "");
    let sid = open.sid();
    assert_eq!(
        open.header("set-cookie"),
        Some(&*format!("io={sid}; Path=/; HttpOnly; SameSite=Lax"))
    );
    let session = Polling { addr: world.addr, sid };
    let post = ask(world.addr, "POST", &target(&session), "", b"40");
    let poll = get(world.addr, &target(&session), "");
    let upgrade = get(world.addr, &target(&session).replace("=polling", "=websocket"), UPGRADE);
    let websocket = get(world.addr, WEBSOCKET, UPGRADE);
    let refused = get(world.addr, "/socket.io/?EIO=5&transport=polling", "");
    for (reply, status) in
        [(&post, 200), (&poll, 200), (&upgrade, 101), (&websocket, 101), (&refused, 400)]
    {
        assert_eq!((reply.status, reply.header("set-cookie")), (status, None));
    }
    session.close();
    world.all_is_freed();
}

#[test]
fn the_cookie_has_the_attributes_that_it_was_given() {
    let cookie = Cookie::new("sticky")
        .path("/socket.io/")
        .domain("example.com")
        .max_age(Duration::from_secs(3600))
        .secure(true)
        .partitioned(true)
        .same_site(SameSite::None);
    let bare = Cookie::new("bare").http_only(false).same_site(None);
    let attributes = "; Max-Age=3600; Domain=example.com; Path=/socket.io/; HttpOnly; Secure; Partitioned; SameSite=None";
    for (cookie, name, attributes) in [(cookie, "sticky", attributes), (bare, "bare", "; Path=/")] {
        let world = World::with(|builder| builder.cookie(cookie));
        let open = get(world.addr, POLLING, "");
        assert_eq!(open.header("set-cookie"), Some(&*format!("{name}={}{attributes}", open.sid())));
    }
}

#[actix_web::test]
async fn a_cookie_which_no_browser_would_take_is_no_setting() {
    for cookie in [
        Cookie::new("a;b"),
        Cookie::default().path("/\r\nx: y"),
        Cookie::default().same_site(SameSite::None),
    ] {
        let error = SocketIo::builder().cookie(cookie).build().expect_err("it makes no sense");
        assert!(matches!(error, BuildError::Setting { setting: "cookie", .. }), "{error}");
    }
}

#[test]
fn there_is_no_cookie_by_default() {
    let world = World::new();
    assert_eq!(get(world.addr, POLLING, "").headers("set-cookie"), [""; 0]);
}

// ── compressed bodies ────────────────────────────────────────────────────────────────────────────────────────────────

/// The answer to a poll which has so many bytes.
fn poll_of(session: &Polling, length: usize, headers: &str) -> (Reply, String) {
    let text = "x".repeat(length - r#"437[""]"#.len());
    session.post(format!(r#"427["echo","{text}"]"#)).is_ok();
    let reply = get(session.addr, &target(session), headers);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=UTF-8"));
    (reply, format!(r#"437["{text}"]"#))
}

fn decoded(reply: &Reply) -> String {
    let mut text = String::new();
    match reply.header("content-encoding") {
        None => return reply.text().to_owned(),
        Some("gzip") => GzDecoder::new(&*reply.body).read_to_string(&mut text),
        Some("deflate") => ZlibDecoder::new(&*reply.body).read_to_string(&mut text),
        Some(other) => panic!("{other} is no encoding of ours"),
    }
    .expect("it is so encoded");
    assert!(reply.body.len() < text.len(), "it got longer");
    text
}

#[test]
fn a_poll_is_compressed_as_the_client_takes_it() {
    let world = World::new();
    let (session, _) = Polling::join(world.addr);
    for (accepted, encoding) in [
        ("gzip", Some("gzip")),
        ("deflate", Some("deflate")),
        ("gzip, deflate, br", Some("gzip")),
        ("gzip;q=0.2, deflate;q=0.9", Some("deflate")),
        ("gzip;q=0, deflate;q=0", None),
        ("br", None),
        ("identity", None),
    ] {
        // The larger one is compressed elsewhere.
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
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn a_poll_is_compressed_from_the_threshold_on() {
    const ACCEPT: &str = "Accept-Encoding: gzip\r\n";
    for (world, threshold) in
        [(World::new(), 1024), (World::with(|builder| builder.compression_threshold(100)), 100)]
    {
        let (session, _) = Polling::join(world.addr);
        for (length, encoding) in [(threshold - 1, None), (threshold, Some("gzip"))] {
            let (reply, text) = poll_of(&session, length, ACCEPT);
            assert_eq!(reply.header("content-encoding"), encoding, "{length}");
            assert_eq!(reply.header("vary").is_some(), encoding.is_some(), "{length}");
            assert_eq!(decoded(&reply), text);
        }
        session.close();
        world.all_is_freed();
    }
}

#[test]
fn a_poll_is_not_compressed_where_that_is_off() {
    let world = World::with(|builder| builder.http_compression(false));
    let (session, _) = Polling::join(world.addr);
    let (reply, text) = poll_of(&session, 5000, "Accept-Encoding: gzip\r\n");
    assert_eq!(
        (reply.header("content-encoding"), reply.header("vary"), reply.text()),
        (None, None, &*text)
    );
    session.close();
    world.all_is_freed();
}

#[test]
fn a_websocket_has_no_content_encoding() {
    let world = World::new();
    let (answer, mut ws) =
        Frames::open(world.addr, ON_WEBSOCKET, "Accept-Encoding: gzip, deflate\r\n");
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None));
    ws.joins();
    let text = "x".repeat(5000);
    ws.send(0x81, format!(r#"427["echo","{text}"]"#).as_bytes());
    ws.is_text(&format!(r#"437["{text}"]"#));
    drop(ws);
    world.all_is_freed();
}

#[test]
fn the_browser_client_has_a_tag_for_each_encoding() {
    const CLIENT: &str = "/socket.io/socket.io.js";
    let world = World::new();
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/client/socket.io.js"))
        .expect("the source");
    let [plain, gzip] = ["", "Accept-Encoding: gzip, deflate, br\r\n"].map(|accept| {
        let reply = get(world.addr, CLIENT, accept);
        assert_eq!((reply.status, reply.header("vary")), (200, Some("accept-encoding")));
        assert_eq!(reply.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(reply.header("content-encoding").is_some(), !accept.is_empty());
        assert!(decoded(&reply) == source);
        (accept, reply.header("etag").expect("a tag").to_owned())
    });
    assert_ne!(plain.1, gzip.1);
    for ((accept, own), (_, other)) in [(&plain, &gzip), (&gzip, &plain)] {
        for (tag, status) in [(own.clone(), 304), (format!("W/{own}"), 304), (other.clone(), 200)] {
            let reply = get(world.addr, CLIENT, &format!("{accept}If-None-Match: {tag}\r\n"));
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
    let off = World::with(|builder| builder.http_compression(false));
    let reply = get(off.addr, CLIENT, gzip.0);
    assert_eq!((reply.header("content-encoding"), reply.header("vary")), (None, None));
    assert_eq!(reply.header("etag"), Some(&*plain.1));
    assert!(reply.text() == source);
}

// ── hooks ────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn hooks_write_headers_to_each_response_of_a_session() {
    let world = World::with(|builder| {
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
    let open = get(world.addr, POLLING, "");
    let session = Polling { addr: world.addr, sid: open.sid() };
    let post = ask(world.addr, "POST", &target(&session), "", b"40");
    let poll = get(world.addr, &target(&session), "");
    let upgrade = get(world.addr, &target(&session).replace("=polling", "=websocket"), UPGRADE);
    let (websocket, mut ws) = Frames::open(world.addr, ON_WEBSOCKET, "");
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
    // A refusal is none of them, nor is the browser client.
    for target in ["/socket.io/?EIO=5&transport=polling", "/socket.io/socket.io.js"] {
        assert_eq!(get(world.addr, target, "").header("x-each"), None);
    }
    ws.joins();
    session.goes_on();
    session.close();
    drop(ws);
    world.all_is_freed();
}

/// Code, message and context of each refusal; the hook before it panics each time.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Vec<(u8, String, String)>>>);

impl Refusals {
    fn hear(&self, builder: Builder) -> Builder {
        let refusals = self.clone();
        builder.on_connection_error(|_| panic!("on purpose")).on_connection_error(move |error| {
            assert_eq!(error.request().path(), "/socket.io/");
            assert!(error.peer_addr().is_some_and(|peer| peer.ip().is_loopback()));
            refusals.0.lock().push((
                error.code(),
                error.message().to_owned(),
                error.context().to_owned(),
            ));
        })
    }

    /// The one refusal since the last one.
    #[track_caller]
    fn take(&self) -> (u8, String, String) {
        let mut refusals = self.0.lock();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        refusals.remove(0)
    }
}

/// Most of them have more faults than one; the one that comes first in Engine.IO's order is told.
#[test]
fn each_refusal_is_reported_and_the_first_fault_counts() {
    let refusals = Refusals::default();
    let world = World::with(|builder| {
        refusals.hear(builder).on_handshake(|request, _| match request.headers().get("x-refuse") {
            Some(how) if how == "failed" => Err(ErrorInternalServerError("SECRET")),
            Some(_) => Err(ErrorUnauthorized("log in\nfirst")),
            None => Ok(()),
        })
    });
    let (session, _) = Polling::join(world.addr);
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
        let reply = ask(world.addr, http_method, &format!("/socket.io/?{query}"), &headers, b"");
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
    session.goes_on();
    session.close();
    world.all_is_freed();
}

/// RFC 6455 §4.2.1: what is wrong with the WebSocket's own handshake is told by HTTP's means.
#[test]
fn a_websocket_of_another_version_is_reported_too() {
    let refusals = Refusals::default();
    let world = World::with(|builder| refusals.hear(builder));
    for headers in [
        UPGRADE.replace("Version: 13", "Version: 12"),
        UPGRADE.replace("Sec-WebSocket-Key", "X-Key"),
    ] {
        let reply = get(world.addr, WEBSOCKET, &headers);
        assert!((400..500).contains(&reply.status), "{reply:?}");
        let (code, message, context) = refusals.take();
        assert_eq!((code, &*message), (3, "Bad request"));
        assert!(context.starts_with("TRANSPORT_HANDSHAKE_ERROR "), "{context}");
    }
    world.all_is_freed();
}

// ── path and transports ──────────────────────────────────────────────────────────────────────────────────────────────

/// `World`'s bystander knows no other path, so these have servers of their own.
fn serve(builder: Builder) -> (Server, SocketAddr) {
    let server = Server::start(builder);
    let addr = server.url["http://".len()..].parse().expect("an address");
    (server, addr)
}

#[actix_web::test]
async fn the_path_is_a_prefix_and_its_last_slash_is_optional() {
    for (builder, path, none) in [
        (builder(), "/socket.io", "/socket.io2"),
        (builder().path("/live/scores"), "/live/scores", "/live"),
        (builder().path("/live/scores/"), "/live/scores", "/socket.io"),
    ] {
        let (server, addr) = serve(builder);
        for end in ["", "/", "/foo", "/foo/bar/"] {
            let target = format!("{path}{end}?EIO=4&transport=polling");
            let session = format!("{target}&sid={}", get(addr, &target, "").sid());
            assert_eq!(ask(addr, "POST", &session, "", b"40").text(), "ok", "{target}");
            assert!(get(addr, &session, "").text().starts_with("40{"), "{target}");
            assert_eq!(ask(addr, "POST", &session, "", b"1").text(), "ok", "{target}");
            let websocket = get(addr, &format!("{path}{end}?{ON_WEBSOCKET}"), UPGRADE);
            assert_eq!(websocket.status, 101, "{target}");
        }
        for end in ["", "/"] {
            assert_eq!(
                get(addr, &format!("{none}{end}?EIO=4&transport=polling"), "").status,
                404,
                "{none}"
            );
        }
        server.is_empty().await;
    }
}

#[test]
fn a_server_has_the_transports_that_it_was_given() {
    let refusals = Refusals::default();
    let polling = World::with(|builder| refusals.hear(builder));
    assert!(get(polling.addr, POLLING, "").text().contains(r#""upgrades":["websocket"]"#));

    let websocket =
        World::with(|builder| refusals.hear(builder.transports([Transport::WebSocket])));
    let reply = get(websocket.addr, POLLING, "");
    assert_eq!((reply.status, reply.text()), (400, r#"{"code":0,"message":"Transport unknown"}"#));
    assert_eq!(
        refusals.take(),
        (0, "Transport unknown".to_owned(), r#"transport "polling""#.to_owned())
    );
    Ws::open(websocket.addr).join();
    websocket.all_is_freed();
}

#[actix_web::test]
async fn a_server_without_transports_makes_no_sense() {
    let error = SocketIo::builder().transports([]).build().expect_err("nobody could connect");
    assert!(matches!(error, BuildError::Setting { setting: "transports", .. }), "{error}");
}

#[actix_web::test]
async fn a_server_may_have_polling_alone() {
    let (server, addr) = serve(builder().transports([Transport::Polling]));
    let open = get(addr, POLLING, "");
    assert!(open.text().contains(r#""upgrades":[]"#), "{}", open.text());
    for target in [WEBSOCKET.to_owned(), format!("{WEBSOCKET}&sid={}", open.sid())] {
        let reply = get(addr, &target, UPGRADE);
        assert_eq!((reply.status, reply.text()), (400, "Transport unknown"));
    }
    let session = Polling { addr, sid: open.sid() };
    session.post("40").is_ok();
    assert!(session.get().body.starts_with("40{"));
    session.close();
    server.is_empty().await;
}

#[test]
fn upgrades_that_are_off_are_not_offered_and_refused() {
    let refusals = Refusals::default();
    let world = World::with(|builder| refusals.hear(builder.allow_upgrades(false)));
    assert!(get(world.addr, POLLING, "").text().contains(r#""upgrades":[]"#));
    let (session, _) = Polling::join(world.addr);
    let reply = get(world.addr, &format!("{WEBSOCKET}&sid={}", session.sid), UPGRADE);
    assert_eq!((reply.status, reply.text()), (400, "Bad request"));
    assert_eq!(refusals.take(), (3, "Bad request".to_owned(), "UPGRADES_ARE_OFF".to_owned()));
    session.goes_on();
    session.close();
}

// ── permessage-deflate ───────────────────────────────────────────────────────────────────────────────────────────────

/// What browsers and Node's `ws` offer.
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
const ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn deflating() -> World {
    World::with(|builder| builder.per_message_deflate(true).max_payload(100_000))
}

/// A client whose offer is accepted.
#[track_caller]
fn compressing(world: &World) -> Frames {
    let (answer, mut ws) = Frames::open(world.addr, ON_WEBSOCKET, OFFER);
    assert_eq!(answer.header("sec-websocket-extensions"), Some(ACCEPTED));
    ws.joins();
    ws
}

/// An event that asks for its argument, and the answer.
fn echo(text: &str) -> (Vec<u8>, Vec<u8>) {
    (format!(r#"427["echo","{text}"]"#).into_bytes(), format!(r#"437["{text}"]"#).into_bytes())
}

#[test]
fn messages_are_not_compressed_by_default() {
    let world = World::new();
    let (answer, mut ws) = Frames::open(world.addr, ON_WEBSOCKET, OFFER);
    assert_eq!(answer.header("sec-websocket-extensions"), None);
    ws.joins();
    let (question, answer) = echo(&"x".repeat(5000));
    ws.send(0x81, &question);
    assert_eq!(ws.next(), (0x81, answer));
    // Nor understood.
    ws.send(0xc1, &deflate(&question));
    ws.is_closed(Some(1002));
    world.all_is_freed();
}

#[test]
fn an_offer_is_answered_if_it_can_be_accepted() {
    let world = deflating();
    for (offers, answer) in [
        ("", None),
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", Some(ACCEPTED)),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n",
            Some(ACCEPTED),
        ),
        ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n", None),
        ("Sec-WebSocket-Extensions: permessage-bzip2\r\n", None),
        (
            "Sec-WebSocket-Extensions: foo\r\nSec-WebSocket-Extensions: bar, permessage-deflate\r\n",
            Some(ACCEPTED),
        ),
    ] {
        let (reply, mut ws) = Frames::open(world.addr, ON_WEBSOCKET, offers);
        assert_eq!(reply.header("sec-websocket-extensions"), answer, "{offers}");
        ws.joins();
        let (question, expected) = echo(&"x".repeat(5000));
        ws.send(0x81, &question);
        let (head, data) = ws.next();
        match answer {
            Some(_) => {
                assert!(head == 0xc1 && data.len() < 200 && inflate(&data) == expected, "{offers}")
            }
            None => assert!(head == 0x81 && data == expected, "{offers}"),
        }
    }
    world.all_is_freed();
}

#[test]
fn messages_are_compressed_in_both_directions() {
    let world = deflating();
    let mut ws = compressing(&world);
    let (question, answer) = echo(&"never and forever, ".repeat(300));
    // Each by itself, however often.
    for _ in 0..3 {
        let small = deflate(&question);
        assert!(small.len() * 10 < question.len());
        ws.send(0xc1, &small);
        let (head, data) = ws.next();
        assert!(head == 0xc1 && data.len() * 10 < answer.len(), "{head:#x}, {} bytes", data.len());
        assert_eq!(inflate(&data), answer);
    }
    // A client may compress what is short, or not compress what is long.
    let (question, answer) = echo("short");
    ws.send(0xc1, &deflate(&question));
    assert_eq!(ws.next(), (0x81, answer));
    drop(ws);
    world.all_is_freed();
}

#[test]
fn messages_are_compressed_from_the_threshold_on() {
    for (world, threshold) in [
        (deflating(), 1024),
        (World::with(|builder| builder.per_message_deflate(true).deflate_threshold(100)), 100),
    ] {
        let mut ws = compressing(&world);
        for (length, head) in [(threshold - 1, 0x81), (threshold, 0xc1)] {
            let (question, answer) = echo(&"x".repeat(length - r#"437[""]"#.len()));
            ws.send(0x81, &question);
            let (first, data) = ws.next();
            assert_eq!(first, head, "{length} bytes");
            assert_eq!(if first == 0xc1 { inflate(&data) } else { data }, answer);
        }
        drop(ws);
        world.all_is_freed();
    }
}

#[test]
fn a_compressed_message_may_come_in_pieces() {
    let world = deflating();
    let mut ws = compressing(&world);
    let (question, answer) = echo("a fragment");
    let small = deflate(&question);
    ws.send(0x41, &small[..5]);
    ws.send(0x89, b"a ping between");
    ws.send(0x00, &small[5..9]);
    ws.send(0x80, &small[9..]);
    assert_eq!(ws.next(), (0x8a, b"a ping between".to_vec()));
    assert_eq!(ws.next(), (0x81, answer.clone()));
    // Byte by byte, the next one close behind.
    let frames = [frame(0xc1, &small), frame(0x81, &question)].concat();
    for byte in frames {
        ws.send_raw(&[byte]);
    }
    assert_eq!(ws.next(), (0x81, answer.clone()));
    assert_eq!(ws.next(), (0x81, answer));
    drop(ws);
    world.all_is_freed();
}

#[test]
fn an_attachment_is_compressed_too_and_once_for_all() {
    let world = deflating();
    let mut small = [compressing(&world), compressing(&world)];
    let mut plain = Frames::join(world.addr, ON_WEBSOCKET);
    let data = Bytes::from(vec![7; 5000]);
    world.io.except("bystanders").emit("file", &data).expect("the registry has room");
    let text = r#"451-["file",{"_placeholder":true,"num":0}]"#;
    let mut compressed = Vec::new();
    for ws in &mut small {
        ws.is_text(text);
        let (head, bytes) = ws.next();
        assert_eq!((head, inflate(&bytes)), (0xc2, data.to_vec()));
        compressed.push(bytes);
    }
    assert!(compressed[0].len() < 100 && compressed[0] == compressed[1]);
    plain.is_text(text);
    assert_eq!(plain.next(), (0x82, data.to_vec()));
    drop((small, plain));
    world.all_is_freed();
}

#[test]
fn a_message_may_inflate_to_max_payload_and_no_further() {
    let mut world = deflating();
    let wrapping = r#"427["echo",""]"#.len();
    let mut ws = compressing(&world);
    let (question, answer) = echo(&"x".repeat(100_000 - wrapping));
    ws.send(0xc1, &deflate(&question));
    assert_eq!(inflate(&ws.next().1), answer);
    ws.send(0xc1, &deflate(&echo(&"x".repeat(100_001 - wrapping)).0));
    ws.is_closed(Some(1009));
    // One that would be 50 MB, in one frame and in two.
    let bomb = deflate(&vec![b'x'; 50_000_000]);
    let mut ws = compressing(&world);
    ws.send(0xc1, &bomb);
    ws.is_closed(Some(1009));
    let mut ws = compressing(&world);
    let (one, other) = bomb.split_at(bomb.len() / 2);
    ws.send(0x41, one);
    ws.send(0x80, other);
    ws.is_closed(Some(1009));
    world.only_the_bystander_is_left();
    world.all_is_freed();
}

#[test]
fn what_is_compressed_wrongly_ends_its_connection() {
    let mut world = deflating();
    let small = deflate(&echo("hello").0);
    type Frames<'a> = &'a [(u8, &'a [u8])];
    let table: [(&str, Frames<'_>, u16); 9] = [
        ("a compressed ping", &[(0xc9, b"x")], 1002),
        ("a compressed pong", &[(0xca, b"x")], 1002),
        ("a compressed Close", &[(0xc8, &[3, 232])], 1002),
        ("a continuation that says so, too", &[(0x41, &small[..5]), (0xc0, &small[5..])], 1002),
        ("another reserved bit", &[(0xe1, &small)], 1002),
        ("what is not compressed", &[(0xc1, b"Hello")], 1007),
        ("what is not whole", &[(0xc1, &small[..small.len() - 3])], 1007),
        ("what is no UTF-8 when it is inflated", &[(0xc1, &deflate(&[b'4', 0xff]))], 1007),
        ("nothing", &[(0xc1, b"")], 1007),
    ];
    for (what, frames, code) in table {
        let mut ws = compressing(&world);
        for (first, data) in frames {
            ws.send(*first, data);
        }
        let (head, data) = ws.next();
        let told = data.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((head, told), (0x88, Some(code)), "{what}");
        world.only_the_bystander_is_left();
    }
    world.all_is_freed();
}

// ── clients of Socket.IO 2 ───────────────────────────────────────────────────────────────────────────────────────────

const OLD_POLLING: &str = "/socket.io/?EIO=3&transport=polling";

/// `<length>:<packet>`, with UTF-16's length.
fn old_body(packets: &[&str]) -> String {
    packets.iter().map(|packet| format!("{}:{packet}", packet.encode_utf16().count())).collect()
}

/// Polls until there were as many bytes as these bodies have together: they come in one, or in
/// several.
#[track_caller]
fn old_polls(world: &World, session: &str, expected: &str) {
    let mut heard = String::new();
    while heard.len() < expected.len() {
        let reply = get(world.addr, session, "");
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/plain; charset=UTF-8")),
            "{heard}"
        );
        heard += reply.text();
    }
    assert_eq!(heard, expected);
}

/// The session of an old client, which is let into the main namespace by the server.
#[track_caller]
fn old_session(world: &World, target: &str) -> String {
    let open = get(world.addr, target, "");
    let sid = open.sid();
    let packet = format!(
        r#"0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
    );
    let opening = old_body(&[&packet]);
    let rest = open
        .text()
        .strip_prefix(&*opening)
        .unwrap_or_else(|| panic!("{} is not {opening}", open.text()));
    let session = format!("{target}&sid={sid}");
    assert!(rest.is_empty() || rest == "2:40", "{rest}");
    old_polls(world, &session, &"2:40"[rest.len()..]);
    session
}

#[test]
fn old_clients_are_refused_by_default() {
    let refusals = Refusals::default();
    let world = World::with(|builder| refusals.hear(builder));
    for (query, context) in [("EIO=3&", r#"EIO "3""#), ("", "no EIO")] {
        let reply = get(world.addr, &format!("/socket.io/?{query}transport=polling"), "");
        assert_eq!(
            (reply.status, reply.text()),
            (400, r#"{"code":5,"message":"Unsupported protocol version"}"#)
        );
        assert_eq!(refusals.take().2, context);
        let reply = get(world.addr, &format!("/socket.io/?{query}transport=websocket"), UPGRADE);
        assert_eq!((reply.status, reply.text()), (400, "Unsupported protocol version"));
        assert_eq!(refusals.take().2, context);
    }
    world.all_is_freed();
}

#[test]
fn old_clients_poll_as_they_did() {
    let world = World::with(|builder| builder.allow_eio3(true));
    for target in [OLD_POLLING, "/socket.io/?transport=polling"] {
        let session = old_session(&world, target);
        let post = |packets: &[&str]| {
            let reply = ask(world.addr, "POST", &session, "", old_body(packets).as_bytes());
            assert_eq!((reply.status, reply.text()), (200, "ok"), "{packets:?}");
        };
        // The client pings; lengths are UTF-16's.
        post(&["2", r#"421["echo","é𝄞"]"#, r#"422["echo",2]"#]);
        old_polls(&world, &session, &old_body(&["3", r#"431["é𝄞"]"#, "432[2]"]));
        post(&["1"]);
    }
    world.all_is_freed();
}

#[test]
fn old_clients_have_a_websocket_or_move_to_one() {
    let world = World::with(|builder| builder.allow_eio3(true));
    let session = old_session(&world, OLD_POLLING);
    let (_, after) = session.split_once("&sid=").expect("an id");
    let upgrade = format!("EIO=3&transport=websocket&sid={after}");
    let (_, mut moved) = Frames::open(world.addr, &upgrade, "");
    moved.send(0x81, b"2probe");
    moved.is_text("3probe");
    moved.send(0x81, b"5");
    let (_, mut first) = Frames::open(world.addr, "EIO=3&transport=websocket", "");
    let (head, open) = first.next();
    assert!(
        head == 0x81 && open.starts_with(br#"0{"sid":""#),
        "{}",
        String::from_utf8_lossy(&open)
    );
    first.is_text("40");
    for ws in [&mut moved, &mut first] {
        ws.send(0x81, b"2");
        ws.is_text("3");
        ws.send(0x81, br#"427["echo","hello"]"#);
        ws.is_text(r#"437["hello"]"#);
    }
    drop((moved, first));
    world.all_is_freed();
}

#[test]
fn old_clients_take_binary_in_each_of_their_ways() {
    const EVENT: &str = r#"451-["file",{"_placeholder":true,"num":0}]"#;
    let world = World::with(|builder| builder.allow_eio3(true));
    let (bytes, base64) =
        (old_session(&world, OLD_POLLING), old_session(&world, &format!("{OLD_POLLING}&b64=1")));
    let mut sockets =
        ["EIO=3&transport=websocket", "EIO=3&transport=websocket&b64=1"].map(|query| {
            let (_, mut ws) = Frames::open(world.addr, query, "");
            ws.next();
            ws.is_text("40");
            ws
        });
    world
        .io
        .except("bystanders")
        .emit("file", &Bytes::from_static(&[1, 2, 3]))
        .expect("the registry has room");

    let reply = get(world.addr, &bytes, "");
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    let body = [&[0, 4, 2, 255], EVENT.as_bytes(), &[1, 4, 255, 4, 1, 2, 3]].concat();
    assert_eq!((EVENT.len(), &reply.body), (42, &body));
    old_polls(&world, &base64, &old_body(&[EVENT, "b4AQID"]));
    for (ws, message) in
        sockets.iter_mut().zip([(0x82, vec![4, 1, 2, 3]), (0x81, b"b4AQID".to_vec())])
    {
        ws.is_text(EVENT);
        assert_eq!(ws.next(), message);
    }

    // The same the other way.
    let event = br#"451-7["echo",1,{"_placeholder":true,"num":0}]"#;
    let body = [&[0, 4, 5, 255], &event[..], &[1, 4, 255, 4, 1, 2, 3]].concat();
    assert_eq!(event.len(), 45);
    let reply =
        ask(world.addr, "POST", &bytes, "Content-Type: application/octet-stream\r\n", &body);
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    old_polls(&world, &bytes, "6:437[1]");
    let [ws, _] = &mut sockets;
    ws.send(0x81, event);
    ws.send(0x82, &[4, 1, 2, 3]);
    ws.is_text("437[1]");
    for session in [&bytes, &base64] {
        assert_eq!(ask(world.addr, "POST", session, "", b"1:1").text(), "ok");
    }
    drop(sockets);
    world.all_is_freed();
}

#[test]
fn a_session_keeps_its_version() {
    let refusals = Refusals::default();
    let world = World::with(|builder| refusals.hear(builder.allow_eio3(true)));
    let old = old_session(&world, OLD_POLLING);
    let (new, _) = Polling::join(world.addr);
    for target in [old.replace("EIO=3", "EIO=4"), target(&new).replace("EIO=4", "EIO=3")] {
        let reply = get(world.addr, &target, "");
        assert_eq!((reply.status, reply.text()), (400, r#"{"code":3,"message":"Bad request"}"#));
        assert_eq!(refusals.take().2, "PROTOCOL_MISMATCH");
    }
    new.goes_on();
    new.close();
    assert_eq!(ask(world.addr, "POST", &old, "", b"1:1").text(), "ok");
    world.all_is_freed();
}
