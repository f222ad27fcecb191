//! Connection state recovery: a client that comes back is what it was, and receives what it missed,
//! once and in order, or both sides know that it does not.

mod faults_of_node;
mod handlers;
mod memory_store;
mod model;
pub(crate) mod page;
mod shared;
mod stops;
mod told;

use actix_socketio::{History, OnDisconnect, OnFinish, channel};
use serde_json::Value;

use crate::{
    app::{Record, TestServer},
    client::Mode,
};
use page::{Page, builder, until};

in_every_mode! {
    who_comes_back_in_time_has_every_message_once_and_in_order,
    a_living_socket_is_taken_over,
    a_session_without_an_event_is_recovered,
}

fn server() -> TestServer {
    TestServer::start(
        builder()
            .history(History::last(100))
            .route(channel("^match-").history(History::last(100)))
            .route(channel("^plain-")),
    )
}

async fn publish(server: &TestServer, channel: &str, data: impl Into<Value>) {
    let receipt = server.io.to(channel).publish("goal", &data.into()).await;
    receipt.expect("the registry is alive");
}

fn goals(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    numbers.into_iter().map(|number| format!(r#"["goal",{number}]"#)).collect()
}

async fn who_comes_back_in_time_has_every_message_once_and_in_order(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    let (sid, pid) = (page.sid.clone(), page.pid.clone());
    assert!(!page.recovered && pid.is_some());
    page.subscribe("match-1").await;
    page.subscribe("match-2").await;
    let socket = server.io.socket(&page.id()).expect("it is connected");
    socket.context().insert("name", "Ada").expect("a string");
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    page.lose(&server).await;
    for number in (2..=20).step_by(3) {
        publish(&server, "match-1", number).await;
        publish(&server, "match-2", number + 1).await;
        server.io.everyone().publish("goal", &(number + 2)).await.expect("the registry is alive");
        publish(&server, "match-3", 1_000).await;
        server.io.to("match-1").volatile().emit("goal", "some text").expect("capacity");
        server.io.to("match-1").except("match-2").emit("goal", &2_000).expect("capacity");
    }
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!((&page.sid, &page.pid), (&sid, &pid));
    publish(&server, "match-2", 23).await;
    assert_eq!(page.events().await, goals(2..=23));
    let socket = server.io.socket(&page.id()).expect("it is connected");
    assert!(socket.recovered());
    assert_eq!(socket.context().get::<String>("name").expect("a string").as_deref(), Some("Ada"));
    let own = format!("fence-{sid}");
    let channels: Vec<_> = socket.channels().iter().map(ToString::to_string).collect();
    assert_eq!(channels, [&*own, "match-1", "match-2"]);
    let stats = server.io.stats();
    assert_eq!((stats.recovered, stats.sessions_away), (1, 0));
    // Once more, with nothing missed.
    page.lose(&server).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, [""; 0]);
}

async fn a_living_socket_is_taken_over(mode: Mode) {
    let record = Record::new();
    let (ends, finishes) = (record.clone(), record.clone());
    let server = TestServer::start(
        builder()
            .route(channel("^match-").history(History::last(100)))
            .on_disconnect(async move |event: OnDisconnect| {
                ends.add(format!("disconnect: {} {}", event.reason, event.returns));
                Ok(())
            })
            .on_finish(async move |_: OnFinish| {
                finishes.add("finish");
                Ok(())
            }),
    );
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    publish(&server, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    let half_open = page.leave_half_open();
    publish(&server, "match-1", 2).await;
    page.connect(&server).await;
    assert!(page.recovered);
    publish(&server, "match-1", 3).await;
    assert_eq!(page.events().await, goals([2, 3]));
    assert_eq!(record.lines(), ["disconnect: replaced true", "finish"]);
    assert_eq!(server.io.stats().disconnects["replaced"], 1);
    until("one connection is left", || server.io.connections() == 1).await;
    drop(half_open);
}

async fn a_session_without_an_event_is_recovered(mode: Mode) {
    let server = server();
    let mut page = Page::open(&server, mode).await;
    page.subscribe("match-1").await;
    page.subscribe("plain-1").await;
    assert_eq!(page.offset, None);
    page.lose(&server).await;
    publish(&server, "match-1", 1).await;
    page.connect(&server).await;
    assert!(page.recovered);
    assert_eq!(page.events().await, goals([1]));
}
