//! A clean stop keeps sessions: clients come back to the next run of the server.

mod namespaces;

use std::time::{Duration, Instant};

use actix_socketio::{
    Builder, HandlerError, History, OnConnect, Recovery, SendError, channel,
    store::{Closing, Epoch, Place},
};

use super::{
    goals,
    memory_store::MemoryStore,
    page::{Page, builder, until},
    publish,
};
use crate::{app::TestServer, client::Mode};

in_every_mode! {
    a_client_comes_back_to_the_next_run,
    direct_events_are_kept_over_a_stop,
}

fn routes(store: &MemoryStore) -> Builder {
    builder()
        .store(store.clone())
        .history(History::last(100))
        .route(channel("^match-").history(History::last(100)))
        .route(channel("^plain-"))
}

fn server(store: &MemoryStore) -> TestServer {
    TestServer::start(routes(store))
}

/// Stops the server clean.
async fn stop(server: TestServer) {
    assert!(server.io.shutdown().await);
    drop(server);
}

/// Comes back as another socket.
async fn is_told(server: &TestServer, page: &mut Page, why: &str) {
    let (sid, pid) = (page.sid.clone(), page.pid.clone());
    page.connect(server).await;
    assert!(!page.recovered && page.sid != sid && page.pid != pid, "{why}");
    assert_eq!(server.io.stats().unrecovered[why], 1);
}

async fn a_client_comes_back_to_the_next_run(mode: Mode) {
    let store = MemoryStore::default();
    let first = server(&store);
    // One is away when the server stops, and one is there.
    let mut away = Page::open(&first, mode).await;
    let mut page = Page::open(&first, mode).await;
    for page in [&mut away, &mut page] {
        page.subscribe("match-1").await;
        page.subscribe("plain-1").await;
        let socket = first.io.socket(&page.id()).expect("it is connected");
        socket.context().insert("name", "Ada").expect("a string");
    }
    publish(&first, "match-1", 1).await;
    publish(&first, "plain-1", 2).await;
    assert_eq!(away.events().await, goals([1, 2]));
    away.lose(&first).await;
    publish(&first, "match-1", 3).await;
    assert_eq!(page.events().await, goals([1, 2, 3]));
    // It is sent, and the client does not get it.
    publish(&first, "match-1", 4).await;
    first.io.emit("goal", &5).expect("capacity");
    let ids = [(away.sid.clone(), away.pid.clone()), (page.sid.clone(), page.pid.clone())];
    stop(first).await;
    page.vanish_at_once();

    // In the run between, no client comes.
    let between = server(&store);
    assert_eq!(between.io.stats().sessions_away, 2);
    publish(&between, "match-1", 6).await;
    publish(&between, "match-2", 99).await;
    stop(between).await;

    let second = server(&store);
    publish(&second, "match-1", 7).await;
    for (page, missed, (sid, pid)) in [(&mut away, 3..=7, &ids[0]), (&mut page, 4..=7, &ids[1])] {
        page.connect(&second).await;
        assert!(page.recovered);
        assert_eq!((&page.sid, &page.pid), (sid, pid));
        assert_eq!(page.events().await, goals(missed));
        let socket = second.io.socket(&page.id()).expect("it is connected");
        assert!(socket.recovered() && socket.is_subscribed("plain-1"));
        let name = socket.context().get::<String>("name").expect("a string");
        assert_eq!(name.as_deref(), Some("Ada"));
    }
    publish(&second, "plain-1", 8).await;
    assert_eq!((away.events().await, page.events().await), (goals([8]), goals([8])));
    let stats = second.io.stats();
    assert_eq!((stats.recovered, stats.sessions_away, stats.sessions_away_bytes), (2, 0, 0));
}

async fn direct_events_are_kept_over_a_stop(mode: Mode) {
    for (bytes, is_kept) in [(10_000, true), (0, false)] {
        let store = MemoryStore::default();
        let recovery = Recovery::new().for_everyone().keep_direct(bytes);
        let first = TestServer::start(routes(&store).recovery(recovery));
        let mut page = Page::open(&first, mode).await;
        page.subscribe("match-1").await;
        publish(&first, "match-1", 1).await;
        assert_eq!(page.events().await, goals([1]));
        let socket = first.io.socket(&page.id()).expect("it is connected");
        socket.emit("goal", &2).expect("it is connected");
        publish(&first, "match-1", 3).await;
        socket.emit("goal", &4).expect("it is connected");
        stop(first).await;
        page.vanish_at_once();
        let second = TestServer::start(routes(&store).recovery(recovery));
        publish(&second, "match-1", 5).await;
        if is_kept {
            page.connect(&second).await;
            assert!(page.recovered);
            assert_eq!(page.events().await, goals(2..=5));
        } else {
            is_told(&second, &mut page, "lost").await;
        }
    }
}

#[actix_web::test]
async fn what_no_history_covers_is_told_after_a_stop() {
    // In a channel without a history, before the stop; the same after it; and by its id.
    for what in 0..3 {
        let store = MemoryStore::default();
        let first = server(&store);
        let mut page = Page::open(&first, Mode::WebSocket).await;
        page.subscribe("plain-1").await;
        page.subscribe("match-1").await;
        publish(&first, "match-1", 1).await;
        assert_eq!(page.events().await, goals([1]));
        let socket = first.io.socket(&page.id()).expect("it is connected");
        page.lose(&first).await;
        match what {
            0 => publish(&first, "plain-1", 2).await,
            1 => first.io.to("match-2").including(&socket).emit("goal", &2).expect("capacity"),
            _ => {}
        }
        stop(first).await;
        let second = server(&store);
        if what == 2 {
            publish(&second, "plain-1", 2).await;
        }
        is_told(&second, &mut page, "lost").await;
    }
}

#[actix_web::test]
async fn the_window_is_counted_on_while_the_server_is_stopped() {
    const WINDOW: Duration = Duration::from_millis(200);
    let recovery = Recovery::new().for_everyone().window(WINDOW);
    let store = MemoryStore::default();
    let first = TestServer::start(routes(&store).recovery(recovery));
    let mut page = Page::open(&first, Mode::WebSocket).await;
    stop(first).await;
    let stopped = Instant::now();
    page.vanish_at_once();
    until("the window is over", || stopped.elapsed() > WINDOW).await;
    // A longer window of the next run does not revive it.
    let second = server(&store);
    let stats = second.io.stats();
    assert_eq!((stats.sessions_away, stats.sessions_ended["window"]), (0, 1));
    is_told(&second, &mut page, "unknown").await;
}

#[actix_web::test]
async fn who_was_put_out_stays_out_after_a_stop() {
    let store = MemoryStore::default();
    let first = server(&store);
    let mut pages = Vec::new();
    for at in 0..4 {
        let mut page = Page::open(&first, Mode::WebSocket).await;
        page.subscribe(&format!("match-{at}")).await;
        pages.push(page);
    }
    let ids: Vec<_> = pages.iter().map(Page::id).collect();
    for page in &mut pages[..3] {
        page.lose(&first).await;
    }
    assert!(first.io.forget(&ids[0]));
    first.io.to("match-1").disconnect_sockets(false).await.expect("a name");
    first.io.to("match-2").sockets_leave("match-2").await.expect("a name");
    first.io.socket(&ids[3]).expect("it is connected").disconnect();
    until("it is gone", || first.io.connections() == 0 || first.io.stats().sockets["/"] == 0).await;
    stop(first).await;

    let second = server(&store);
    assert_eq!(second.io.stats().sessions_away, 1);
    for at in [0, 1, 3] {
        pages[at].connect(&second).await;
        assert!(!pages[at].recovered, "{at}");
    }
    pages[2].connect(&second).await;
    assert!(pages[2].recovered);
    assert!(!second.io.socket(&ids[2]).expect("it is connected").is_subscribed("match-2"));
    // And it can be forgotten in this run.
    pages[2].lose(&second).await;
    stop(second).await;
    let third = server(&store);
    assert!(third.io.forget(&ids[2]));
    is_told(&third, &mut pages[2], "unknown").await;
}

#[actix_web::test]
async fn handlers_of_the_next_run_are_asked() {
    let store = MemoryStore::default();
    let first = server(&store);
    let mut page = Page::open(&first, Mode::WebSocket).await;
    stop(first).await;
    page.vanish_at_once();
    let ban = async |event: OnConnect| {
        assert!(event.recovered);
        Err(HandlerError::reject("banned"))
    };
    let second = TestServer::start(routes(&store).on_connect(ban));
    page.ask(&second).await;
    assert_eq!(page.client().recv().await, r#"4{"message":"banned"}"#);
    until("its session has ended", || second.io.stats().sessions_away == 0).await;
}

#[actix_web::test]
async fn sessions_are_bounded_when_they_are_loaded() {
    for by_bytes in [false, true] {
        let store = MemoryStore::default();
        let first = server(&store);
        let mut pages = Vec::new();
        for _ in 0..3 {
            let mut page = Page::open(&first, Mode::WebSocket).await;
            page.lose(&first).await;
            pages.push(page);
        }
        let all = first.io.stats().sessions_away_bytes;
        stop(first).await;
        let small = if by_bytes {
            routes(&store).max_sessions_away_bytes(all - 1)
        } else {
            routes(&store).max_sessions_away(2)
        };
        let second = TestServer::start(small);
        let stats = second.io.stats();
        let kind = if by_bytes { "max_sessions_away_bytes" } else { "max_sessions_away" };
        assert_eq!((stats.sessions_away, stats.sessions_ended[kind]), (2, 1));
        // The one that has been away longest.
        is_told(&second, &mut pages[0], "unknown").await;
        pages[2].connect(&second).await;
        assert!(pages[2].recovered);
    }
}

#[actix_web::test]
async fn sessions_that_do_not_fit_the_next_run_are_refused() {
    type Change = fn(&mut Closing);
    let changes: [(&str, Change, u64); 4] = [
        ("places that are not given out", |closing| closing.next_place = Place::new(1), 1),
        ("damage", |closing| flip_a_bit(closing), 1),
        ("cut", |closing| closing.sessions[0].truncate(30), 1),
        ("the same twice", |closing| closing.sessions.push(closing.sessions[0].clone()), 1),
    ];
    for (what, change, refused) in changes {
        let (store, mut page) = stopped_with_a_session().await;
        store.with(|content| change(content.closing.as_mut().expect("a clean stop")));
        let second = server(&store);
        assert_eq!(second.io.stats().sessions_ended["restart"], refused, "{what}");
        page.connect(&second).await;
        assert_eq!(page.recovered, what == "the same twice", "{what}");
    }
    let (store, mut page) = stopped_with_a_session().await;
    store.with(|content| content.epoch = Some(Epoch::new(1)));
    let second = server(&store);
    assert_eq!(second.io.stats().sessions_ended["restart"], 1);
    is_told(&second, &mut page, "unknown").await;
    // After a crash, a store has none.
    let (store, mut page) = stopped_with_a_session().await;
    drop(server(&store));
    let third = server(&store);
    assert_eq!(third.io.stats().sessions_ended["restart"], 0);
    is_told(&third, &mut page, "unknown").await;
}

/// A page that was connected when the server stopped.
async fn stopped_with_a_session() -> (MemoryStore, Page) {
    let store = MemoryStore::default();
    let first = server(&store);
    let mut page = Page::open(&first, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    publish(&first, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    stop(first).await;
    page.vanish_at_once();
    (store, page)
}

fn flip_a_bit(closing: &mut Closing) {
    let mut bytes = closing.sessions[0].to_vec();
    bytes[30] ^= 1;
    closing.sessions[0] = bytes.into();
}

/// A publisher goes on while the server stops. All that it could publish reaches all clients.
#[actix_web::test]
async fn a_stop_in_the_middle_of_the_traffic_loses_nothing() {
    let store = MemoryStore::default();
    let all = |store| {
        let builder = routes(store).route(channel("^all$").history(History::last(100_000)));
        TestServer::start(builder.max_recovered(100_000))
    };
    let mut pages = Vec::new();
    let first = all(&store);
    for mode in [Mode::WebSocket, Mode::Polling, Mode::Upgrade, Mode::WebSocket, Mode::WebSocket] {
        let mut page = Page::open(&first, mode).await;
        page.subscribe("all").await;
        pages.push((page, Vec::new()));
    }
    pages[4].0.lose(&first).await;
    let io = first.io.clone();
    let publisher = actix_web::rt::spawn(async move {
        for number in 0_u32.. {
            match io.to("all").publish("goal", &number).await {
                Ok(_) => {}
                Err(SendError::Closed) => return number,
                Err(error) => panic!("{error}"),
            }
            tokio::task::yield_now().await;
        }
        unreachable!("the server stops before")
    });
    for (page, seen) in &mut pages[..4] {
        seen.extend(page.events().await);
    }
    stop(first).await;
    let count = publisher.await.expect("it does not panic");
    let second = all(&store);
    second.io.to("all").publish("goal", &count).await.expect("the server runs");
    for (page, seen) in &mut pages {
        if page.is_connected() {
            seen.extend(page.rest().await);
        }
        page.connect(&second).await;
        assert!(page.recovered);
        seen.extend(page.events().await);
        assert_eq!(*seen, goals(0..=count));
    }
}
