//! The faults of Node's connection state recovery that are the server's, each by its number in the
//! guide to recovery, and what else the wire must not do.

use std::time::Duration;

use actix_socketio::{
    BuildError, History, OnConnect, Recovery, SocketIo, channel,
    protocol::{DecodeError, DecodeLimits, Encoded, MsgpackParser, Packet, PacketDecoder, Parser},
};
use serde_json::{Value, json};

use super::{
    goals,
    page::{Page, builder, until},
    publish, server,
};
use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
};

in_every_mode! {
    a_volatile_event_with_a_text_is_no_position,
    a_quiet_connection_is_recovered_though_its_last_event_is_forgotten,
    a_secret_is_taken_once,
    nothing_from_before_the_join_is_replayed,
    who_is_cut_off_behind_connect_has_what_it_missed_once,
    the_secret_is_seen_by_no_handler,
    positions_go_to_those_who_ask,
    namespaces_come_back_independently,
}

/// Fault 1: the client takes any text at the end of an event for its position.
async fn a_volatile_event_with_a_text_is_no_position(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    let socket = server.io.socket(&page.id()).expect("it is connected");
    for _ in 0..10 {
        server.io.to("match-1").volatile().emit("tick", "some text").expect("capacity");
        socket.volatile().emit("tick", "some text").expect("it is connected");
    }
    let ticks = page.events().await;
    assert!(ticks.iter().all(|tick| tick == r#"["tick","some text"]"#), "{ticks:?}");
    page.lose(&server).await;
    publish(&server, "match-1", 2).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([2]));
}

/// Fault 3: Node looks for the last event, which it has forgotten by then.
async fn a_quiet_connection_is_recovered_though_its_last_event_is_forgotten(mode: Mode) {
    let server = TestServer::start(
        builder()
            .max_history_bytes(3_000)
            .route(channel("^match-").history(History::last(100)))
            .route(channel("^busy-").history(History::last(100))),
    );
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    for number in 0..100 {
        publish(&server, "busy-1", number).await;
    }
    let kept = server.io.history("match-1").expect("a name").read();
    assert!(kept.messages.is_empty(), "its last event is forgotten");
    page.lose(&server).await;
    page.connect(&server).await;
    assert!(page.recovered);
    publish(&server, "match-1", 2).await;
    assert_eq!(page.events().await, goals([2]));
}

/// Fault 5: two clients with one secret. The last one has the socket, and the id is never twice.
async fn a_secret_is_taken_once(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    page.lose(&server).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut other = Page::new(mode);
        other.pid = page.pid.clone();
        others.push(other);
    }
    let mut last: Option<Page> = None;
    for mut other in others {
        other.connect(&server).await;
        assert!(other.recovered);
        assert_eq!(other.id(), page.id());
        assert_eq!(server.io.subscribers("match-1").await.expect("a name"), [page.id()]);
        until("the one before has ended", || server.io.stats().sockets["/"] == 1).await;
        if let Some(mut before) = last.replace(other) {
            before.client().closed().await;
        }
    }
    publish(&server, "match-1", 1).await;
    let mut last = last.expect("there are four");
    assert_eq!(last.events().await, goals([1]));
}

/// Fault 6: Node replays what went to a channel before the client joined it.
async fn nothing_from_before_the_join_is_replayed(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    publish(&server, "match-2", 2).await;
    page.subscribe("match-2").await;
    publish(&server, "match-2", 3).await;
    // The client has seen neither of them, and shows the position of the first event.
    page.lose(&server).await;
    publish(&server, "match-2", 4).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([3, 4]));
}

/// Fault 9: Node sends what was missed before CONNECT, and a client has it twice then.
async fn who_is_cut_off_behind_connect_has_what_it_missed_once(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 0).await;
    assert_eq!(page.events().await, goals([0]));
    let mut received = Vec::new();
    for round in 0..4u32 {
        page.lose(&server).await;
        publish(&server, "match-1", 2 * round + 1).await;
        publish(&server, "match-1", 2 * round + 2).await;
        page.connect(&server).await;
        assert!(page.recovered, "round {round}");
        // It reads one event more in each round, and the rest is lost with the connection.
        for _ in 0..round {
            let packet = page.client().recv().await;
            received.extend(page.note(&packet));
        }
    }
    received.extend(page.events().await);
    assert_eq!(received, goals(1..=8));
}

/// Fault 14: whoever has the secret can take the client's place.
async fn the_secret_is_seen_by_no_handler(mode: Mode) {
    let (record, lines) = (Record::new(), Record::new());
    let (auths, debugs) = (record.clone(), lines.clone());
    let server = TestServer::start(builder().on_connect(async move |event: OnConnect| {
        auths.add(event.socket.handshake().auth::<Value>()?.to_string());
        debugs.add(format!("{event:?}"));
        Ok(())
    }));
    let mut page = Page::with_auth(mode, json!({"token": "t", "big": 12345678901234567u64}));
    page.connect(&server).await;
    assert_eq!(page.events().await, [""; 0]);
    page.lose(&server).await;
    page.connect(&server).await;
    assert!(page.recovered && page.offset.is_some());
    let auth = r#"{"big":12345678901234567,"token":"t"}"#;
    assert_eq!(record.lines(), [auth, auth]);
    let pid = page.pid.clone().expect("a secret");
    assert!(lines.lines().iter().all(|line| !line.contains(&pid)));
    assert!(!format!("{:?}", server.io).contains(&pid));
    let described = server.io.everyone().fetch_sockets().await.expect("no channels");
    assert!(!format!("{described:?}").contains(&pid));
}

async fn positions_go_to_those_who_ask(mode: Mode) {
    let server = TestServer::start(
        builder()
            .recovery(Recovery::new())
            .allow_eio3(true)
            .route(channel("^match-").history(History::last(100))),
    );
    for connect in ["0", r#"0{"offsets":1}"#, r#"0{"pid":"AbCdEfGhIjKlMnOpQrSt"}"#] {
        let mut client = Client::ask(&server.url, mode, "", &[], connect).await;
        let answer = client.recv().await;
        assert!(!answer.contains("pid") && !answer.contains("offsets"), "{answer}");
        client.subscribe("match-1").await;
        publish(&server, "match-1", 1).await;
        assert_eq!(client.fence().await, [r#"2["goal",1]"#]);
        client.close().await;
        server.wait_until_empty().await;
        assert_eq!(server.io.stats().sessions_away, 0);
    }
    let mut page = Page::with_auth(mode, json!({"offsets": true}));
    page.connect(&server).await;
    page.subscribe("match-1").await;
    page.lose(&server).await;
    publish(&server, "match-1", 2).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([2]));
}

async fn namespaces_come_back_independently(mode: Mode) {
    let server =
        TestServer::start(builder().namespace("/live", |live| live.history(History::last(5))));
    let secret = |answer: &str| {
        let json = &answer[answer.find('{').expect("a payload")..];
        let payload: Value = serde_json::from_str(json).expect(answer);
        payload["pid"].as_str().expect("a secret").to_owned()
    };
    let mut client = Client::ask(&server.url, mode, "", &[], "0").await;
    let main = secret(&client.recv().await);
    client.send("0/live,").await;
    let live = secret(&client.recv().await);
    assert_ne!(main, live);
    client.send("1").await;
    until("it has left the main namespace", || server.io.stats().sockets["/"] == 0).await;
    drop(client);
    until("one session is put aside", || server.io.stats().sessions_away == 1).await;
    server.io.of("/live").emit("goal", &1).expect("capacity");
    let mut client =
        Client::ask(&server.url, mode, "", &[], &format!(r#"0{{"pid":"{live}"}}"#)).await;
    assert_ne!(secret(&client.recv().await), live, "it is the secret of another namespace");
    client.send(&format!(r#"0/live,{{"pid":"{live}"}}"#)).await;
    assert_eq!(secret(&client.recv().await), live);
    let goal = client.recv().await;
    assert!(goal.starts_with(r#"2/live,["goal",1,""#), "{goal}");
}

/// A storm of clients that come back: more than the budget wait for their turn.
#[actix_web::test]
async fn a_storm_waits_its_turn_and_all_are_recovered() {
    const CLIENTS: u32 = 20;
    let server = TestServer::start(
        builder().max_replay_bytes(60_000).route(channel("^match-").history(History::last(100))),
    );
    let mut pages = Vec::new();
    for _ in 0..CLIENTS {
        let mut page = Page::open(&server, Mode::WebSocket).await;
        page.subscribe("match-1").await;
        pages.push(page);
    }
    for page in &mut pages {
        page.lose(&server).await;
    }
    let text = "x".repeat(1_000);
    for _ in 0..30 {
        publish(&server, "match-1", text.clone()).await;
    }
    for page in &mut pages {
        page.ask(&server).await;
    }
    for page in &mut pages {
        page.admitted().await;
        assert!(page.recovered);
        assert_eq!(page.events().await.len(), 30);
    }
    assert_eq!(server.io.stats().recovered, u64::from(CLIENTS));
}

struct Own;

impl Parser for Own {
    fn encode(&self, _: &Packet) -> Encoded {
        Encoded::text("")
    }

    fn decoder(&self, _: DecodeLimits) -> Box<dyn PacketDecoder> {
        Box::new(Own)
    }
}

impl PacketDecoder for Own {
    fn text(&mut self, _: bytestring::ByteString) -> Result<Option<Packet>, DecodeError> {
        Ok(None)
    }

    fn binary(&mut self, _: bytes::Bytes) -> Result<Option<Packet>, DecodeError> {
        Ok(None)
    }
}

#[actix_web::test]
async fn a_recovery_that_cannot_work_is_an_error() {
    let with = |recovery| SocketIo::builder().recovery(recovery);
    for builder in [
        with(Recovery::new()).parser(Own),
        with(Recovery::new().window(Duration::ZERO)),
        with(Recovery::new().window(Duration::MAX)),
    ] {
        let error = builder.build().expect_err("it can't work");
        assert!(matches!(error, BuildError::Setting { setting: "recovery", .. }), "{error}");
    }
    let io = with(Recovery::new()).parser(MsgpackParser).build();
    assert!(io.is_ok(), "MessagePack has a place for positions");
}
