//! The options `path`, `transports` and `allow_upgrades`.

use std::{net::SocketAddr, time::Duration};

use actix_socketio::{BuildError, Builder, SocketIo, Transport};

use super::{ON_WEBSOCKET, POLLING, Refusals, WEBSOCKET};
use crate::{
    app::{TestServer, builder},
    fixture::Fixture,
    octets::{ask, get},
    raw::{PollingSession, UPGRADE, WebSocket},
};

/// Starts a server without a bystander, which can use the default path only.
fn serve(builder: Builder) -> (TestServer, SocketAddr) {
    let server = TestServer::start(builder);
    let addr = server.addr();
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
        server.wait_until_empty().await;
    }
}

#[test]
fn a_server_has_the_transports_that_it_was_given() {
    let refusals = Refusals::default();
    let polling = Fixture::with(|builder| refusals.collect(builder));
    assert!(get(polling.addr, POLLING, "").text().contains(r#""upgrades":["websocket"]"#));

    let websocket =
        Fixture::with(|builder| refusals.collect(builder.transports([Transport::WebSocket])));
    let reply = get(websocket.addr, POLLING, "");
    assert_eq!((reply.status, reply.text()), (400, r#"{"code":0,"message":"Transport unknown"}"#));
    assert_eq!(
        refusals.take(),
        (0, "Transport unknown".to_owned(), r#"transport "polling""#.to_owned())
    );
    WebSocket::open(websocket.addr).join();
    websocket.assert_all_freed();
}

#[actix_web::test]
async fn a_server_without_transports_is_an_invalid_setting() {
    let error = SocketIo::builder().transports([]).build().expect_err("no client could connect");
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
    let session = PollingSession { addr, sid: open.sid() };
    session.post("40").assert_ok();
    assert!(session.get().body.starts_with("40{"));
    session.close();
    server.wait_until_empty().await;
}

#[test]
fn upgrades_that_are_off_are_not_offered_and_refused() {
    let refusals = Refusals::default();
    let fixture = Fixture::with(|builder| refusals.collect(builder.allow_upgrades(false)));
    assert!(get(fixture.addr, POLLING, "").text().contains(r#""upgrades":[]"#));
    let (session, _) = PollingSession::join(fixture.addr);
    let reply = get(fixture.addr, &format!("{WEBSOCKET}&sid={}", session.sid), UPGRADE);
    assert_eq!((reply.status, reply.text()), (400, "Bad request"));
    assert_eq!(refusals.take(), (3, "Bad request".to_owned(), "UPGRADES_ARE_OFF".to_owned()));
    session.assert_works();
    session.close();
}

#[actix_web::test]
async fn a_path_is_written_decoded() {
    for (path, target) in [
        ("/my path", "/my%20path"),
        ("/ä", "/%C3%A4"),
        ("/100%25", "/100%25"),
        ("/a%2Fb", "/a%2Fb"),
        ("/50%", "/50%"),
        ("/", ""),
    ] {
        let (_server, addr) = serve(builder().path(path));
        let reply = get(addr, &format!("{target}/?EIO=4&transport=polling"), "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
}

#[actix_web::test]
async fn the_smallest_outbox_and_payload_let_a_client_in() {
    // The largest values that an open packet has.
    let longest = Duration::from_millis((i32::MAX / 2) as u64);
    let builder = builder().ping_interval(longest).ping_timeout(longest);
    let (_server, addr) = serve(builder.max_outbox(2000).max_payload(6));
    let session = PollingSession { addr, sid: get(addr, POLLING, "").sid() };
    session.post("40").assert_ok();
    assert!(session.get().body.starts_with("40{"));
    let mut websocket = WebSocket::open(addr);
    websocket.join();
    session.close();
}
