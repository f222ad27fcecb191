//! The option `cookie`.

use std::time::Duration;

use actix_socketio::{BuildError, Cookie, SameSite, SocketIo};

use super::{POLLING, WEBSOCKET, target};
use crate::{
    fixture::Fixture,
    octets::{ask, get},
    raw::{PollingSession, UPGRADE},
};

#[test]
fn a_handshake_by_polling_sets_the_cookie_and_nothing_else_does() {
    let fixture = Fixture::with(|builder| builder.cookie(Cookie::default()));
    let open = get(fixture.addr, POLLING, "");
    let sid = open.sid();
    assert_eq!(
        open.header("set-cookie"),
        Some(&*format!("io={sid}; Path=/; HttpOnly; SameSite=Lax"))
    );
    let session = PollingSession { addr: fixture.addr, sid };
    let post = ask(fixture.addr, "POST", &target(&session), "", b"40");
    let poll = get(fixture.addr, &target(&session), "");
    let upgrade = get(fixture.addr, &target(&session).replace("=polling", "=websocket"), UPGRADE);
    let websocket = get(fixture.addr, WEBSOCKET, UPGRADE);
    let refused = get(fixture.addr, "/socket.io/?EIO=5&transport=polling", "");
    for (reply, status) in
        [(&post, 200), (&poll, 200), (&upgrade, 101), (&websocket, 101), (&refused, 400)]
    {
        assert_eq!((reply.status, reply.header("set-cookie")), (status, None));
    }
    session.close();
    fixture.assert_all_freed();
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
        let fixture = Fixture::with(|builder| builder.cookie(cookie));
        let open = get(fixture.addr, POLLING, "");
        assert_eq!(open.header("set-cookie"), Some(&*format!("{name}={}{attributes}", open.sid())));
    }
}

#[actix_web::test]
async fn a_cookie_that_browsers_would_refuse_is_an_invalid_setting() {
    for cookie in [
        Cookie::new("a;b"),
        Cookie::default().path("/\r\nx: y"),
        Cookie::default().same_site(SameSite::None),
    ] {
        let error = SocketIo::builder().cookie(cookie).build().expect_err("the setting is invalid");
        assert!(matches!(error, BuildError::Setting { setting: "cookie", .. }), "{error}");
    }
}

#[test]
fn there_is_no_cookie_by_default() {
    let fixture = Fixture::new();
    assert_eq!(get(fixture.addr, POLLING, "").headers("set-cookie"), [""; 0]);
}
