//! Who cannot be recovered is told so, and gets a new socket.

use std::time::Duration;

use actix_socketio::{History, OnConnect, Recovery, channel};
use serde::Deserialize;
use serde_json::json;

use super::{
    goals,
    page::{Page, builder, until},
    publish, server,
};
use crate::{
    app::TestServer,
    client::{Client, Mode},
};

in_every_mode! {
    who_cannot_is_told,
    what_a_channel_without_a_history_had_is_told,
    a_direct_event_on_its_way_is_told_or_kept,
    a_client_that_leaves_comes_back_as_another,
}

/// Comes back, and is another socket than before, in no channel.
async fn is_told(server: &TestServer, page: &mut Page, why: &str) {
    let (sid, pid, before) = (page.sid.clone(), page.pid.clone(), server.io.stats());
    page.connect(server).await;
    assert!(!page.recovered, "{why}");
    assert!(page.sid != sid && page.pid != pid && page.pid.is_some(), "{why}");
    let socket = server.io.socket(&page.id()).expect("it is connected");
    assert!(!socket.recovered() && !socket.is_subscribed("match-1"), "{why}");
    assert_eq!(page.events().await, [""; 0], "{why}: whole or nothing");
    let stats = server.io.stats();
    assert_eq!(stats.recovered, before.recovered);
    assert_eq!(stats.unrecovered[why], before.unrecovered[why] + 1, "{why}");
}

async fn who_cannot_is_told(mode: Mode) {
    let server = TestServer::start(
        builder()
            .max_recovered(5)
            .route(channel("^match-").history(History::last(100)))
            .route(channel("^short-").history(History::last(2))),
    );
    let away = async |name: &'static str| {
        let mut page = Page::open(&server, mode).await;
        page.subscribe(name).await;
        publish(&server, name, 0).await;
        assert_eq!(page.events().await, goals([0]));
        page.lose(&server).await;
        page
    };
    let mut page = away("short-1").await;
    for number in 1..=3 {
        publish(&server, "short-1", number).await;
    }
    is_told(&server, &mut page, "lost").await;
    assert_eq!(server.io.stats().sessions_ended["lost"], 1);
    let mut page = away("match-1").await;
    for number in 1..=6 {
        publish(&server, "match-1", number).await;
    }
    is_told(&server, &mut page, "max_recovered").await;
    let mut page = away("match-1").await;
    // An application's own `auth.offset` wins in the client.
    page.offset = Some("some text".to_owned());
    is_told(&server, &mut page, "position").await;
    let mut page = away("match-1").await;
    let far = server.io.position().to_string();
    page.offset = Some(format!("{}zzzzzzzz----", &far[..4]));
    is_told(&server, &mut page, "position").await;
    let mut page = away("match-1").await;
    page.pid = Some("A".repeat(20));
    is_told(&server, &mut page, "unknown").await;
    // After a restart.
    let mut page = away("match-1").await;
    let restarted = TestServer::start(builder().route(channel("^match-")));
    is_told(&restarted, &mut page, "unknown").await;
}

async fn what_a_channel_without_a_history_had_is_told(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    page.subscribe("plain-1").await;
    publish(&server, "plain-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    page.lose(&server).await;
    publish(&server, "match-1", 2).await;
    publish(&server, "plain-2", 3).await;
    page.connect(&server).await;
    assert!(page.recovered, "its own channel without a history was quiet");
    assert_eq!(page.events().await, goals([2]));
    page.lose(&server).await;
    publish(&server, "plain-1", 4).await;
    is_told(&server, &mut page, "lost").await;
}

async fn a_direct_event_on_its_way_is_told_or_kept(mode: Mode) {
    for (bytes, is_kept) in [(0, false), (10_000, true), (600, false)] {
        let recovery = Recovery::new().for_everyone().keep_direct(bytes);
        let server = TestServer::start(
            builder().recovery(recovery).route(channel("^match-").history(History::last(100))),
        );
        let mut page = Page::open(&server, mode).await;
        page.subscribe("match-1").await;
        publish(&server, "match-1", 1).await;
        let socket = server.io.socket(&page.id()).expect("it is connected");
        socket.emit("goal", &2).expect("it is connected");
        until("it has it all", || server.io.stats().outbox_frames == 0).await;
        assert_eq!(page.events().await, goals([1, 2]));
        let half_open = page.leave_half_open();
        socket.emit("goal", &3).expect("it is connected");
        publish(&server, "match-1", 4).await;
        for number in 5..=8 {
            socket.emit("goal", &number).expect("it is connected");
        }
        publish(&server, "match-1", 9).await;
        if is_kept {
            page.connect(&server).await;
            assert!(page.recovered);
            assert_eq!(page.events().await, goals(3..=9));
            // And once more: they are not sent twice.
            page.lose(&server).await;
            page.connect(&server).await;
            assert_eq!((page.recovered, page.events().await), (true, Vec::new()));
        } else {
            is_told(&server, &mut page, "lost").await;
        }
        drop(half_open);
    }
}

async fn a_client_that_leaves_comes_back_as_another(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    page.client().send("1").await;
    until("its socket has ended", || server.io.stats().sockets["/"] == 0).await;
    assert_eq!(server.io.stats().sessions_away, 0);
    is_told(&server, &mut page, "unknown").await;
    let socket = server.io.socket(&page.id()).expect("it is connected");
    socket.disconnect();
    until("its socket has ended", || server.io.stats().sockets["/"] == 0).await;
    assert_eq!(page.client().recv().await, "1");
    is_told(&server, &mut page, "unknown").await;
}

#[actix_web::test]
async fn a_session_expires_and_is_bounded() {
    let recovery = Recovery::new().for_everyone().window(Duration::from_millis(50));
    let server = TestServer::start(builder().recovery(recovery));
    let mut page = Page::open(&server, Mode::WebSocket).await;
    page.vanish().await;
    until("it has expired", || server.io.stats().sessions_ended["window"] == 1).await;
    assert_eq!((server.io.stats().sessions_away, server.io.stats().sessions_away_bytes), (0, 0));
    is_told(&server, &mut page, "unknown").await;

    let server = TestServer::start(builder().max_sessions_away(2));
    let mut pages = Vec::new();
    for away in 1..=3 {
        let mut page = Page::open(&server, Mode::WebSocket).await;
        page.vanish().await;
        until("it is put aside", || {
            let stats = server.io.stats();
            stats.sessions_away as u64 + stats.sessions_ended["max_sessions_away"] == away
        })
        .await;
        pages.push(page);
    }
    assert_eq!(server.io.stats().sessions_away, 2);
    is_told(&server, &mut pages[0], "unknown").await;
    pages[1].connect(&server).await;
    assert!(pages[1].recovered);

    let server = TestServer::start(builder().max_sessions_away_bytes(2_000));
    for _ in 0..5 {
        let mut page = Page::open(&server, Mode::WebSocket).await;
        let socket = server.io.socket(&page.id()).expect("it is connected");
        socket.context().insert("text", "x".repeat(500)).expect("a string");
        page.vanish().await;
    }
    until("the oldest are gone", || {
        server.io.stats().sessions_ended["max_sessions_away_bytes"] == 4
    })
    .await;
    assert!(server.io.stats().sessions_away_bytes <= 2_000);
}

#[actix_web::test]
async fn a_shutdown_puts_no_socket_aside() {
    let server = server();
    let page = Page::open(&server, Mode::WebSocket).await;
    assert!(server.io.shutdown().await);
    assert_eq!(server.io.stats().sessions_away, 0);
    drop(page);
}

#[actix_web::test]
async fn without_recovery_no_client_is_given_a_secret() {
    let server = TestServer::start(
        crate::app::builder().route(channel("^match-").history(History::last(1))),
    );
    let connect = r#"0{"offsets":true,"pid":"AbCdEfGhIjKlMnOpQrSt","offset":"x"}"#;
    let mut client = Client::ask(&server.url, Mode::WebSocket, "", &[], connect).await;
    let answer = client.recv().await;
    assert!(answer.contains(r#""offsets":true"#) && !answer.contains("pid"), "{answer}");
    let sid = json!(answer[1..].parse::<serde_json::Value>().expect("JSON")["sid"]);
    let socket = server.io.socket(&sid.as_str().expect("an id").parse().expect("an id"));
    let auth: serde_json::Value = socket.expect("it is there").handshake().auth().expect("JSON");
    assert_eq!(auth["pid"], "AbCdEfGhIjKlMnOpQrSt", "it is the application's");
    client.close().await;
    server.wait_until_empty().await;
    assert_eq!(server.io.stats().sessions_away, 0);
}

/// A client that was told of a gap when it subscribed is whole from then on.
#[actix_web::test]
async fn a_gap_that_was_told_is_not_told_again() {
    let server = TestServer::start(builder().route(channel("^short-").history(History::last(1))));
    let before = server.io.position();
    for number in 1..=3 {
        publish(&server, "short-1", number).await;
    }
    let mut page = Page::open(&server, Mode::WebSocket).await;
    let subscribe = json!(["short-1", {"since": before}]);
    let answer = page.client().emit_with_ack("subscribe", subscribe).await;
    assert_eq!(answer[1]["reason"], "trimmed");
    page.lose(&server).await;
    publish(&server, "short-1", 4).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([4]));
}

/// A client has not missed what it has sent to others itself.
#[actix_web::test]
async fn what_leaves_a_client_out_is_not_missed_by_it() {
    let server = server();
    let mut page = Page::open(&server, Mode::WebSocket).await;
    page.subscribe("plain-1").await;
    let to_others = || server.io.to("plain-1").except_socket(page.id());
    to_others().emit("goal", &1).expect("capacity");
    to_others().emit("goal", &2).expect("capacity");
    page.lose(&server).await;
    server.io.to("plain-1").except_socket(page.id()).emit("goal", &3).expect("capacity");
    page.connect(&server).await;
    assert!(page.recovered);
    page.lose(&server).await;
    publish(&server, "plain-1", 4).await;
    server.io.to("plain-1").except_socket(page.id()).emit("goal", &5).expect("capacity");
    is_told(&server, &mut page, "lost").await;
}

/// Handlers see what the application's client gave, and not what it asks the server itself.
#[actix_web::test]
async fn an_auth_without_unknown_fields_accepts_clients_that_ask_for_positions() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Auth {
        token: String,
    }

    let check = async |event: OnConnect| {
        let auth: Auth = event.socket.handshake().auth()?;
        assert_eq!(auth.token, "secret");
        Ok(())
    };
    let plain = crate::app::builder();
    let kept = crate::app::builder().route(channel("^match-").history(History::last(1)));
    let recovered = crate::app::builder().recovery(Recovery::new());
    for (builder, is_stamped) in [(plain, false), (kept, true), (recovered, true)] {
        let server = TestServer::start(builder.on_connect(check));
        let auth = r#"0{"token":"secret","offsets":true}"#;
        let mut client = Client::ask(&server.url, Mode::WebSocket, "", &[], auth).await;
        let answer = client.recv().await;
        assert!(answer.starts_with("0{"), "{answer}");
        assert_eq!(answer.contains(r#""offsets":true"#), is_stamped, "{answer}");
    }
}
