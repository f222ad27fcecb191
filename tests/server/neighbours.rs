//! One client, or one mistake of the application, does not harm the other clients.

use actix_socketio::{Cors, OnMessage, SendError, channel, protocol::MsgpackParser};

use crate::{
    app::{TestServer, builder},
    fixture::{Fixture, Gate},
    raw::{PollingSession, Received, UPGRADE, WebSocket, ask, frame},
    wait::wait_until,
};

/// The publication would make every subscriber a slow consumer.
#[test]
fn a_publication_larger_than_max_outbox_is_refused() {
    let fixture =
        Fixture::with(|builder| builder.max_outbox(2_000).route(channel("^open-").allow_publish()));
    let mut subscriber = WebSocket::open(fixture.addr);
    subscriber.join();
    let mut publisher = WebSocket::open(fixture.addr);
    publisher.join();
    for session in [&mut subscriber, &mut publisher] {
        session.send(r#"420["subscribe","open-1"]"#);
        assert_eq!(session.text(), "430[null]");
    }
    publisher.send(&format!(r#"421["publish","open-1","{}"]"#, "x".repeat(2_000)));
    let refusal = publisher.text();
    assert!(refusal.starts_with(r#"431[{"message":"an event that takes 2"#), "{refusal}");
    publisher.send(r#"422["publish","open-1","small"]"#);
    assert_eq!(publisher.text(), "432[null]");
    assert_eq!(subscriber.text(), r#"42["message","small"]"#, "it is still there");
    drop((subscriber, publisher));
    fixture.assert_all_freed();
}

#[test]
fn an_event_larger_than_max_outbox_is_an_error() {
    let fixture = Fixture::with(|builder| builder.max_outbox(2_000));
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    let socket = fixture.io.socket(&id).expect("the socket is connected");
    let large = "x".repeat(2_000);
    for sent in [socket.send(&large), fixture.io.broadcast(&large), socket.broadcast(&large)] {
        assert!(
            matches!(sent, Err(SendError::TooLarge { limit: 2_000, length: 2_001.. })),
            "{sent:?}"
        );
    }
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

/// Events that wait or are being handled are bounded by their bytes as well as by their number.
#[test]
fn a_client_is_throttled_at_max_inbox_bytes() {
    let gate = Gate::closed();
    let passage = gate.clone();
    let mut fixture = Fixture::with(|builder| {
        builder.max_inbox_bytes(10_000).on_message(async move |event: OnMessage| {
            if event.event() != "echo" {
                passage.pass().await;
            }
            Ok(())
        })
    });
    let (session, id) = PollingSession::join(fixture.addr);
    let large = |n: u8| format!(r#"42[{n},"{}"]"#, "x".repeat(6_000));
    // One event is being handled. The first that waits exceeds the bound, and is the last that is
    // accepted.
    session.post(large(0)).assert_ok();
    let mut held = session.begin_post_of(&format!("{}\x1e{}", large(1), large(2)));
    for _ in 0..5 {
        fixture.assert_bystander_works();
        assert!(held.is_quiet(), "the inbox is full");
    }
    gate.let_through(2);
    held.response().assert_ok();
    gate.let_through(1);
    let expected = ["connect", "event 0", "event 1", "event 2"];
    wait_until("all are handled, in order", || fixture.journal.of(id) == expected);
    session.close();
    fixture.assert_all_freed();
}

/// Names go into logs and tables.
#[test]
fn a_dynamic_namespace_has_the_rules_of_a_channel_name() {
    let fixture =
        Fixture::with(|builder| builder.namespaces_matching("^/tenant-", |namespace| namespace));
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    session.send("40/tenant-1,");
    assert!(session.text().starts_with(r#"40/tenant-1,{"sid":""#));
    for name in ["/tenant-2\n[INFO] all is well", &format!("/tenant-{}", "x".repeat(250))] {
        session.send(&format!("40{name},"));
        assert_eq!(session.text(), format!(r#"44{name},{{"message":"Invalid namespace"}}"#));
    }
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn a_namespace_predicate_that_panics_refuses() {
    let fixture = Fixture::with(|builder| {
        builder.namespaces_if(
            |name, _| name.as_str().get(..8).expect("a long name") == "/tenant-",
            |namespace| namespace,
        )
    });
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    session.send("40/x,");
    assert_eq!(session.text(), r#"44/x,{"message":"Invalid namespace"}"#);
    session.send("40/tenant-1,");
    assert!(session.text().starts_with(r#"40/tenant-1,{"sid":""#));
    session.assert_works();
    drop(session);
    fixture.assert_all_freed();
}

/// MessagePack allows names without a slash. They must not bypass the handlers of the name with a
/// slash.
#[test]
fn a_namespace_name_without_its_slash_is_invalid() {
    let server = TestServer::start(
        builder()
            .parser(MsgpackParser)
            .namespace("/admin", |namespace| {
                namespace.on_connect(async |_: actix_socketio::OnConnect| {
                    Err(actix_socketio::HandlerError::reject("admins only"))
                })
            })
            .namespaces_matching("^/[a-z]+$", |namespace| namespace),
    );
    let mut session = WebSocket::open(server.addr());
    for (name, refusal) in
        [("admin", "Invalid namespace"), ("", "Invalid namespace"), ("/admin", "admins only")]
    {
        // {type: 0, nsp: name}
        let mut packet = b"\x82\xa4type\x00\xa3nsp".to_vec();
        packet.push(0xa0 + u8::try_from(name.len()).expect("a short name"));
        packet.extend_from_slice(name.as_bytes());
        session.send_raw(frame(0x82, &packet));
        let Received::Binary(answer) = session.receive() else {
            panic!("{name}: not a binary frame")
        };
        assert!(
            answer.windows(refusal.len()).any(|window| window == refusal.as_bytes()),
            "{name}: {answer:?}"
        );
    }
}

#[actix_web::test]
async fn a_server_that_shuts_down_accepts_no_clients() {
    let server = TestServer::start(builder());
    assert!(server.io.shutdown().await);
    let addr = server.addr();
    for (query, headers) in
        [("EIO=4&transport=polling", ""), ("EIO=4&transport=websocket", UPGRADE)]
    {
        let answer = tokio::task::spawn_blocking(move || ask(addr, "GET", query, headers, b""))
            .await
            .expect("an answer");
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
    assert_eq!(server.io.connections(), 0);
}

/// Browsers send no preflight request before they open a WebSocket to another origin.
#[test]
fn a_page_of_another_origin_opens_no_websocket_if_origins_are_restricted() {
    let mut fixture =
        Fixture::with(|builder| builder.cors(Cors::origins(["https://friend.example"])));
    let open = |origin: &str| {
        let headers = format!("{UPGRADE}Origin: {origin}\r\n");
        ask(fixture.addr, "GET", "EIO=4&transport=websocket", &headers, b"")
    };
    for origin in ["https://stranger.example", "null", "https://friend.example.stranger.example"] {
        open(origin).assert_websocket_refusal("pages of this origin may not connect here");
    }
    let (session, _) = PollingSession::join(fixture.addr);
    let upgrade = format!("EIO=4&transport=websocket&sid={}", session.sid);
    ask(
        fixture.addr,
        "GET",
        &upgrade,
        &format!("{UPGRADE}Origin: https://stranger.example\r\n"),
        b"",
    )
    .assert_websocket_refusal("pages of this origin may not connect here");
    session.close();
    fixture.assert_bystander_works();
    fixture.assert_all_freed();
}
