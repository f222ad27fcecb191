//! What the handlers of a client that comes back decide and are told, and what reaches a socket that
//! is away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_socketio::{
    Change, DisconnectReason, HandlerError, History, OnConnect, OnDisconnect, OnFinish,
    OnSubscribe, OnUnsubscribe, Recovery, SocketIo, channel,
};
use serde_json::{Value, json};

use super::{
    goals,
    page::{Page, builder, fence, until},
    publish, server,
};
use crate::{
    app::{Record, TestServer},
    client::Mode,
};

in_every_mode! {
    handlers_are_asked_again_and_bans_hold,
    what_is_put_out_while_it_is_away_stays_out,
    a_snapshot_of_a_handler_stands_behind_what_was_missed,
    what_the_server_took_it_out_of_is_whole,
}

/// The lives of sockets, and what the application decides meanwhile.
struct World {
    record: Record,
    is_banned: Arc<AtomicBool>,
    server: TestServer,
}

fn world() -> World {
    let (record, is_banned) = (Record::new(), Arc::new(AtomicBool::new(false)));
    let [connects, subscribes, unsubscribes, disconnects, finishes] =
        [(); 5].map(|()| record.clone());
    let [banned, muted] = [(); 2].map(|()| Arc::clone(&is_banned));
    let server = TestServer::start(
        SocketIo::builder()
            .recovery(Recovery::new().for_everyone())
            .route(channel("^fence-").history(History::last(1_000)))
            .on_message(fence)
            .on_connect(async move |event: OnConnect| {
                connects.add(format!("connect {}", event.recovered));
                let ban = event.socket.handshake().auth::<Value>()?["ban"] == "all";
                if ban && banned.load(SeqCst) {
                    return Err(HandlerError::reject("banned"));
                }
                event.socket.subscribe(format!("fence-{}", event.socket.id()))?;
                Ok(())
            })
            .on_disconnect(async move |event: OnDisconnect| {
                disconnects.add(format!("disconnect {}", event.returns));
                Ok(())
            })
            .on_finish(async move |_: OnFinish| {
                finishes.add("finish");
                Ok(())
            })
            .route(
                channel("^match-")
                    .history(History::last(100))
                    .on_subscribe(async move |event: OnSubscribe| {
                        subscribes.add(format!("subscribe {} {}", event.channel, event.recovered));
                        if muted.load(SeqCst) && &*event.channel == "match-2" {
                            return Err(HandlerError::reject("members only"));
                        }
                        Ok(())
                    })
                    .on_unsubscribe(async move |event: OnUnsubscribe| {
                        unsubscribes.add(format!("unsubscribe {}", event.channel));
                        Ok(())
                    }),
            ),
    );
    World { record, is_banned, server }
}

async fn handlers_are_asked_again_and_bans_hold(mode: Mode) {
    let World { record, is_banned, server } = world();
    let mut page = Page::with_auth(mode, json!({"ban": "all"}));
    page.connect(&server).await;
    page.subscribe("match-1").await;
    page.subscribe("match-2").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    page.lose(&server).await;
    for number in 2..=4 {
        publish(&server, "match-1", number).await;
        publish(&server, "match-2", 100 + number).await;
    }
    // The channel to which it may not come back is left out.
    is_banned.store(true, SeqCst);
    let mut other = Page::with_auth(mode, json!({}));
    (other.pid, other.offset) = (page.pid.clone(), page.offset.clone());
    other.connect(&server).await;
    assert!(other.recovered);
    publish(&server, "match-2", 105).await;
    assert_eq!(other.events().await, goals(2..=4));
    let socket = server.io.socket(&other.id()).expect("it is connected");
    assert!(socket.is_subscribed("match-1") && !socket.is_subscribed("match-2"));
    other.lose(&server).await;
    // Who is refused altogether does not come back any more.
    (page.pid, page.offset) = (other.pid.clone(), other.offset.clone());
    page.ask(&server).await;
    assert_eq!(page.client().recv().await, r#"4{"message":"banned"}"#);
    until("nothing is left of it", || {
        let stats = server.io.stats();
        stats.sockets["/"] == 0 && stats.sessions_ended["forgotten"] == 1
    })
    .await;
    assert_eq!(server.io.stats().sessions_away, 0);
    assert_eq!(
        record.lines(),
        [
            "connect false",
            "subscribe match-1 false",
            "subscribe match-2 false",
            "disconnect true",
            "unsubscribe match-1",
            "unsubscribe match-2",
            "finish",
            "connect true",
            "subscribe match-1 true",
            "subscribe match-2 true",
            "disconnect true",
            "unsubscribe match-1",
            "finish",
            "connect true",
        ]
    );
    other.connect(&server).await;
    assert!(!other.recovered);
}

async fn what_is_put_out_while_it_is_away_stays_out(mode: Mode) {
    let server = server();
    let away = async || {
        let mut page = Page::open(&server, mode).await;
        page.subscribe("match-1").await;
        page.subscribe("match-2").await;
        publish(&server, "match-1", 1).await;
        assert_eq!(page.events().await, goals([1]));
        page.lose(&server).await;
        page
    };
    let mut page = away().await;
    publish(&server, "match-1", 2).await;
    server.io.to("match-2").sockets_leave("match-1").await.expect("a name");
    publish(&server, "match-1", 3).await;
    publish(&server, "match-2", 4).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([2, 4]), "nothing from after it was taken out");
    let socket = server.io.socket(&page.id()).expect("it is connected");
    assert!(!socket.is_subscribed("match-1"));
    page.lose(&server).await;
    server.io.to("match-1").disconnect_sockets(false).await.expect("a name");
    assert_eq!(server.io.stats().sessions_away, 1, "it is not in this channel any more");
    server.io.to("match-2").except("match-3").disconnect_sockets(true).await.expect("a name");
    assert_eq!(server.io.stats().sessions_away, 0);
    page.connect(&server).await;
    assert!(!page.recovered);

    let mut page = away().await;
    let id = page.id();
    assert!(!server.io.of("/other").forget(&id), "it is in another namespace");
    assert!(server.io.forget(&id) && !server.io.forget(&id));
    page.connect(&server).await;
    assert!(!page.recovered);
    assert_eq!(server.io.stats().sessions_ended["forgotten"], 2);
}

/// A handler that subscribes the client and sends a snapshot leaves no gap.
async fn a_snapshot_of_a_handler_stands_behind_what_was_missed(mode: Mode) {
    let goals_so_far = Arc::new(std::sync::Mutex::new(Vec::<u32>::new()));
    let snapshot = Arc::clone(&goals_so_far);
    let server = TestServer::start(builder().route(
        channel("^match-").history(History::last(100)).on_subscribe(
            async move |event: OnSubscribe| {
                event.socket.subscribe(&event.channel)?;
                let goals = snapshot.lock().expect("no panic").clone();
                event.socket.emit("snapshot", &goals.len())?;
                Ok(())
            },
        ),
    ));
    let goal = async |number| {
        goals_so_far.lock().expect("no panic").push(number);
        publish(&server, "match-1", number).await;
    };
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    goal(1).await;
    assert_eq!(page.events().await, [r#"["snapshot",0]"#, r#"["goal",1]"#]);
    page.lose(&server).await;
    goal(2).await;
    page.connect(&server).await;
    assert!(page.recovered);
    goal(3).await;
    assert_eq!(page.events().await, [r#"["goal",2]"#, r#"["snapshot",2]"#, r#"["goal",3]"#]);
}

async fn what_the_server_took_it_out_of_is_whole(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    for number in 1..=12 {
        page.subscribe(&format!("match-{number}")).await;
    }
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    let half_open = page.leave_half_open();
    let socket = server.io.socket(&page.id()).expect("it is connected");
    // On its way to a channel that it is taken out of.
    publish(&server, "match-1", 2).await;
    assert!(socket.unsubscribe("match-1"));
    publish(&server, "match-1", 3).await;
    for number in 2..=8 {
        assert!(socket.unsubscribe(format!("match-{number}")));
    }
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([2]));
    drop(half_open);
    // The first of more than eight is forgotten, which is told.
    let half_open = page.leave_half_open();
    let socket = server.io.socket(&page.id()).expect("it is connected");
    publish(&server, "match-9", 4).await;
    for number in 9..=12 {
        assert!(socket.unsubscribe(format!("match-{number}")));
    }
    for number in 1..=8 {
        socket.subscribe(format!("match-{number}")).expect("a name");
        assert!(socket.unsubscribe(format!("match-{number}")));
    }
    page.connect(&server).await;
    assert!(!page.recovered);
    drop(half_open);
}

#[actix_web::test]
async fn what_the_client_left_itself_is_not_replayed() {
    let server = server();
    let mut page = Page::open(&server, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    page.subscribe("match-2").await;
    assert_eq!(page.events().await, [""; 0]);
    let left = page.client().emit_with_ack("unsubscribe", json!(["match-1"])).await;
    assert_eq!(left, json!([null]));
    publish(&server, "match-1", 1).await;
    page.lose(&server).await;
    publish(&server, "match-1", 2).await;
    publish(&server, "match-2", 3).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([3]));
}

#[actix_web::test]
async fn the_feed_of_changes_says_who_is_away() {
    let recovery = Recovery::new().for_everyone().window(Duration::from_millis(200));
    let server = TestServer::start(builder().recovery(recovery));
    let mut page = Page::open(&server, Mode::WebSocket).await;
    let mut changes = server.io.changes();
    let (namespace, socket) =
        (server.io.socket(&page.id()).expect("here").namespace().clone(), page.id());
    page.lose(&server).await;
    page.connect(&server).await;
    assert!(page.recovered);
    page.vanish().await;
    let mut seen = Vec::new();
    let (n, s, reason) = (|| namespace.clone(), socket, DisconnectReason::TransportClose);
    let expected = [
        Change::SocketDisconnected { namespace: n(), socket: s, reason },
        Change::Away { namespace: n(), socket: s },
        Change::SocketConnected { namespace: n(), socket: s },
        Change::Returned { namespace: n(), socket: s },
        Change::SocketDisconnected { namespace: n(), socket: s, reason },
        Change::Away { namespace: n(), socket: s },
        Change::Expired { namespace: n(), socket: s },
    ];
    while seen.len() < expected.len() {
        let change = changes.next().await.expect("the server is there");
        let is_of_socket = matches!(
            change,
            Change::SocketConnected { .. }
                | Change::SocketDisconnected { .. }
                | Change::Away { .. }
                | Change::Returned { .. }
                | Change::Expired { .. }
        );
        if is_of_socket {
            seen.push(change);
        }
    }
    assert_eq!(seen, expected);
}

#[actix_web::test]
async fn handlers_that_take_too_long_are_not_waited_for() {
    let (record, free) = (Record::new(), Arc::new(tokio::sync::Notify::new()));
    let (finishes, release) = (record.clone(), Arc::clone(&free));
    let server =
        TestServer::start(builder().takeover_timeout(Duration::from_millis(50)).on_finish(
            async move |_: OnFinish| {
                release.notified().await;
                finishes.add("finish");
                Ok(())
            },
        ));
    let mut page = Page::open(&server, Mode::WebSocket).await;
    let half_open = page.leave_half_open();
    page.connect(&server).await;
    assert!(!page.recovered);
    assert_eq!(server.io.stats().unrecovered["takeover_timeout"], 1);
    free.notify_one();
    record.until("finish").await;
    until("the old socket is not put aside", || {
        server.io.stats().sessions_ended["takeover_timeout"] == 1
    })
    .await;
    assert_eq!(server.io.stats().sessions_away, 0);
    free.notify_one();
    drop(half_open);
}
