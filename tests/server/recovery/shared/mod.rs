//! Servers of a cluster that share a past: a client of one comes back to another, and has
//! everything, or is told.

mod model;
mod stream;

use actix_socketio::{Builder, Channel, History, OnDisconnect, SocketIo, channel};
use serde_json::{Value, json};

use super::{
    goals,
    page::{Page, builder, until},
    publish,
};
use crate::{
    app::{Record, TestServer},
    client::{Client, Mode},
};
use stream::{JoinStream, Stream};

fn routes() -> Builder {
    builder()
        .history(History::last(100))
        .route(channel("^match-").history(History::last(100)))
        .route(channel("^short-").history(History::last(2)))
        .route(channel("^plain-"))
}

/// Two servers of a cluster.
fn cluster() -> (Stream, TestServer, TestServer) {
    let stream = Stream::default();
    let [a, b] = [(); 2].map(|()| join(&stream, routes()));
    (stream, a, b)
}

fn join(stream: &Stream, builder: Builder) -> TestServer {
    TestServer::start(builder.cluster(JoinStream(stream.clone())))
}

/// A client that was in a channel of a server, has had one event of it, and is away.
async fn away_from(server: &TestServer, channels: &[&str]) -> Page {
    let mut page = Page::open(server, Mode::WebSocket).await;
    for channel in channels {
        page.subscribe(channel).await;
        publish(server, channel, 0).await;
    }
    assert_eq!(page.events().await, goals(channels.iter().map(|_| 0)));
    page.lose(server).await;
    page
}

async fn is_told(server: &TestServer, page: &mut Page, why: &str, kind: &str) {
    let (sid, before) = (page.sid.clone(), server.io.stats());
    page.connect(server).await;
    assert!(!page.recovered && page.sid != sid, "{why}");
    let counted = server.io.stats().unrecovered[kind] - before.unrecovered[kind];
    assert_eq!(counted, 1, "{why}: {:?}", server.io.stats().unrecovered);
}

#[actix_web::test]
async fn a_client_comes_back_to_any_server_whole_and_in_order() {
    let (stream, a, b) = cluster();
    let mut page = Page::open(&a, Mode::WebSocket).await;
    let (sid, pid) = (page.sid.clone(), page.pid.clone());
    page.subscribe("match-1").await;
    page.subscribe("plain-1").await;
    let socket = a.io.socket(&page.id()).expect("it is connected");
    socket.context().insert("name", "Ada").expect("a string");
    publish(&b, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    let position = page.offset.clone().expect("it has had an event");
    let (millis, count) = position.split_once('-').expect("Node's form");
    assert!(millis.parse::<u64>().is_ok() && count.parse::<u64>().is_ok(), "{position}");
    page.lose(&a).await;
    for number in (2..=10).step_by(3) {
        publish(&a, "match-1", number).await;
        publish(&b, "match-1", number + 1).await;
        b.io.everyone().publish("goal", &(number + 2)).await.expect("it is read back");
        publish(&b, "match-2", 1_000).await;
        a.io.to("match-1").volatile().emit("goal", "some text").expect("capacity");
        b.io.to("match-1").except("plain-1").emit("goal", &2_000).expect("capacity");
    }
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert_eq!((&page.sid, &page.pid), (&sid, &pid));
    publish(&a, "match-1", 11).await;
    assert_eq!(page.events().await, goals(2..=11));
    let socket = b.io.socket(&page.id()).expect("it is connected");
    assert_eq!(socket.context().get::<String>("name").expect("a string").as_deref(), Some("Ada"));
    let channels: Vec<_> = socket.channels().iter().map(ToString::to_string).collect();
    assert_eq!(channels, [&*format!("fence-{sid}"), "match-1", "plain-1"]);
    until("the first server has let it go", || a.io.stats().sessions_away == 0).await;
    // Back again, with nothing missed, and once more with something.
    page.lose(&b).await;
    page.connect(&a).await;
    assert_eq!((page.recovered, page.events().await), (true, Vec::new()));
    page.lose(&a).await;
    publish(&a, "match-1", 12).await;
    page.connect(&a).await;
    assert_eq!((page.recovered, page.events().await), (true, goals([12])));
    assert_eq!(stream.sessions(), 0);
}

#[actix_web::test]
async fn a_quiet_client_without_a_history_comes_back() {
    let (stream, a, b) = cluster();
    publish(&b, "plain-1", 0).await;
    // The past before is unknown, and no part of it is the client's.
    stream.lose();
    let mut page = Page::open(&a, Mode::WebSocket).await;
    page.subscribe("plain-1").await;
    page.lose(&a).await;
    publish(&b, "plain-2", 1).await;
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert_eq!(page.events().await, [""; 0]);
}

#[actix_web::test]
async fn a_client_that_may_lack_something_is_told() {
    let (stream, a, b) = cluster();
    let mut page = away_from(&a, &["plain-1"]).await;
    publish(&b, "plain-1", 1).await;
    is_told(&b, &mut page, "a channel without a history", "lost").await;
    let mut page = away_from(&a, &["short-1"]).await;
    for number in 1..=3 {
        publish(&b, "short-1", number).await;
    }
    is_told(&b, &mut page, "trimmed", "lost").await;
    let mut page = Page::open(&a, Mode::WebSocket).await;
    let mut remote = a.io.everyone().fetch_sockets().await.expect("no channel").sockets;
    let remote = remote.pop().expect("it is connected");
    page.lose(&a).await;
    remote.emit("goal", &1).expect("capacity");
    stream.read_by(1).await;
    is_told(&b, &mut page, "an event that named it", "lost").await;
    for offset in ["Q8fXU25", "", "99999999999-0"] {
        let mut page = away_from(&a, &["match-1"]).await;
        page.offset = Some(offset.to_owned());
        is_told(&b, &mut page, "a position that the cluster has not given", "position").await;
    }
    let mut page = away_from(&a, &["match-1"]).await;
    page.pid = Some("A".repeat(20));
    is_told(&b, &mut page, "a secret that no server knows", "unknown").await;
    let mut page = away_from(&a, &["match-1"]).await;
    a.io.forget(&page.id());
    is_told(&b, &mut page, "put out while it was away", "unknown").await;
    let mut page = away_from(&a, &["match-1"]).await;
    stream.lose();
    is_told(&b, &mut page, "the cluster has lost its data", "unknown").await;
    assert_eq!(stream.sessions(), 0);
}

#[actix_web::test]
async fn a_client_that_was_connected_over_a_gap_is_told() {
    let (stream, a, b) = cluster();
    publish(&a, "match-1", 0).await;
    let mut page = Page::open(&a, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    stream.lose();
    // Its position is behind the gap, and hides it.
    publish(&b, "match-1", 1).await;
    publish(&b, "match-1", 2).await;
    assert_eq!(page.events().await, goals([1, 2]));
    page.lose(&a).await;
    is_told(&b, &mut page, "it was connected meanwhile", "lost").await;
    // The next life has no gap.
    page.subscribe("match-1").await;
    page.lose(&b).await;
    publish(&a, "match-1", 3).await;
    page.connect(&a).await;
    assert_eq!((page.recovered, page.events().await), (true, goals([3])));
}

#[actix_web::test]
async fn publications_beside_the_stream_are_covered_or_told() {
    let (_stream, a, b) = cluster();
    let mut page = away_from(&a, &["match-1"]).await;
    a.io.to("match-1").local().publish("goal", &1).await.expect("capacity");
    is_told(&a, &mut page, "a publication of this server alone", "lost").await;
    // The client has it, and comes back with the next position.
    let mut page = Page::open(&a, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    a.io.to("match-1").local().publish("goal", &1).await.expect("capacity");
    publish(&b, "match-1", 2).await;
    assert_eq!(page.events().await, goals([1, 2]));
    page.lose(&a).await;
    publish(&b, "match-1", 3).await;
    page.connect(&b).await;
    assert_eq!((page.recovered, page.events().await), (true, goals([3])));
    // One for the client alone that it has not had.
    let half_open = page.leave_half_open();
    let socket = b.io.socket(&page.id()).expect("it is connected");
    socket.emit("goal", &4).expect("it is connected");
    is_told(&a, &mut page, "a direct event", "lost").await;
    drop(half_open);
}

#[actix_web::test]
async fn changes_of_many_come_to_sessions_on_their_way() {
    let (stream, a, b) = cluster();
    let name = |name| Channel::new(name, 100).expect("a name");
    // Its server takes it out of the channel, and the cluster has it so.
    let mut page = away_from(&a, &["match-1", "match-2"]).await;
    b.io.to("match-2").sockets_leave(name("match-1")).await.expect("a name");
    stream.read_by(0).await;
    publish(&a, "match-1", 1).await;
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert!(!b.io.socket(&page.id()).expect("it is here").is_subscribed("match-1"));
    assert_eq!(page.events().await, [""; 0]);
    // Its server has not read it.
    for is_put_out in [false, true] {
        let mut page = away_from(&a, &["match-1"]).await;
        stream.set_paused(0, true);
        let changed = b.io.to("match-1");
        match is_put_out {
            true => changed.disconnect_sockets(false).await.expect("a name"),
            false => changed.sockets_leave(name("match-1")).await.expect("a name"),
        }
        is_told(&b, &mut page, "a change that its server did not know", "lost").await;
        stream.set_paused(0, false);
        stream.read_by(0).await;
    }
    // It is put out, and all know.
    let mut page = away_from(&a, &["match-1"]).await;
    b.io.to("match-1").disconnect_sockets(false).await.expect("a name");
    stream.read_by(0).await;
    is_told(&b, &mut page, "put out", "unknown").await;
}

#[actix_web::test]
async fn a_socket_that_is_alive_on_another_server_is_taken_over() {
    let stream = Stream::default();
    let record = Record::new();
    let ends = record.clone();
    let routes_of_a = routes().on_disconnect(async move |event: OnDisconnect| {
        ends.add(format!("{} {}", event.reason, event.returns));
        Ok(())
    });
    let (a, b) = (join(&stream, routes_of_a), join(&stream, routes()));
    let mut page = Page::open(&a, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    publish(&a, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    let half_open = page.leave_half_open();
    publish(&a, "match-1", 2).await;
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    publish(&a, "match-1", 3).await;
    assert_eq!(page.events().await, goals([2, 3]));
    assert_eq!(record.lines(), ["replaced true"]);
    until("the old connection is gone", || a.io.connections() == 0).await;
    drop(half_open);
}

#[actix_web::test]
async fn one_of_two_servers_gets_a_session() {
    let (_stream, a, b) = cluster();
    for _ in 0..10 {
        let page = away_from(&a, &["match-1"]).await;
        let (id, before) = (page.id(), [&a, &b].map(|one| one.io.stats().recovered));
        let connect = page.connect_packet();
        let ask = |server: &TestServer| {
            let (url, connect) = (server.url.clone(), connect.clone());
            async move {
                let mut client = Client::ask(&url, Mode::WebSocket, "", &[], &connect).await;
                let answer = client.recv().await;
                (client, answer)
            }
        };
        let (one, other) = tokio::join!(ask(&a), ask(&b));
        let recovered = [&one.1, &other.1].map(|answer| answer.contains(id.as_str()));
        let after = [&a, &b].map(|one| one.io.stats().recovered);
        assert!(after != before, "one of them has it: {recovered:?}");
        // The later one may have taken it over from the earlier one.
        let alive = || [&a, &b].iter().filter(|one| one.io.socket(&id).is_some()).count();
        until("one socket has the id", || alive() == 1).await;
    }
}

#[actix_web::test]
async fn a_server_that_is_behind_reads_on_first() {
    let (stream, a, b) = cluster();
    stream.set_paused(1, true);
    let mut page = away_from(&a, &["match-1"]).await;
    publish(&a, "match-1", 1).await;
    page.ask(&b).await;
    stream.set_paused(1, false);
    page.admitted().await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert_eq!(page.events().await, goals([1]));
    page.lose(&b).await;
    // It stays behind.
    stream.set_paused(0, true);
    let receipt = b.io.to("match-1").publish("goal", &2).await.expect("it is read back");
    page.offset = Some(receipt.position.to_string());
    is_told(&a, &mut page, "a position that is not read in time", "position").await;
    stream.set_paused(0, false);
}

#[actix_web::test]
async fn sessions_are_local_while_the_cluster_can_not_be_asked() {
    let (stream, a, b) = cluster();
    let mut page = away_from(&a, &["match-1"]).await;
    stream.set_away(true);
    page.connect(&a).await;
    assert!(page.recovered, "it was here");
    assert_eq!(stream.sessions(), 0, "no other server takes it");
    page.lose(&a).await;
    is_told(&b, &mut page, "it was not here", "unknown").await;
}

#[actix_web::test]
async fn a_clean_stop_leaves_sessions_to_the_other_servers() {
    let (_stream, a, b) = cluster();
    let mut page = Page::open(&a, Mode::WebSocket).await;
    page.subscribe("match-1").await;
    publish(&a, "match-1", 1).await;
    assert_eq!(page.events().await, goals([1]));
    assert!(a.io.shutdown().await);
    page.rest().await;
    publish(&b, "match-1", 2).await;
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert_eq!(page.events().await, goals([2]));
}

#[actix_web::test]
async fn a_client_of_a_node_server_comes_back_from_its_position_on() {
    let (stream, a, b) = cluster();
    publish(&a, "match-1", 1).await;
    let receipt = a.io.to("match-1").publish("goal", &2).await.expect("it is read back");
    publish(&b, "match-1", 3).await;
    stream.read_by(1).await;
    let (pid, id) = ("P".repeat(20), "S".repeat(20));
    let mut page = Page::new(Mode::WebSocket);
    page.pid = Some(pid.clone());
    stream.keep_as_node(&pid, &id, &["match-1", "fence-SSSSSSSSSSSSSSSSSSSS"]);
    page.offset = Some(receipt.position.to_string());
    page.connect(&b).await;
    assert!(page.recovered, "{:?}", b.io.stats().unrecovered);
    assert_eq!((page.sid.clone(), page.events().await), (id, goals([3])));
    // Without a position, nothing says what it has.
    let mut page = Page::new(Mode::WebSocket);
    stream.keep_as_node(&"Q".repeat(20), &"T".repeat(20), &["match-1"]);
    page.pid = Some("Q".repeat(20));
    is_told(&b, &mut page, "no position", "lost").await;
}

async fn subscribe(server: &TestServer, since: &Value) -> (Client, Value) {
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    let asked = json!(["match-1", {"since": since}]);
    let answer = client.emit_with_ack("subscribe", asked).await;
    (client, answer[1].clone())
}

#[actix_web::test]
async fn histories_are_the_same_on_all_servers() {
    let (stream, a, b) = cluster();
    publish(&a, "match-1", 1).await;
    let seen = a.io.position();
    for (server, number) in [(&a, 2), (&b, 3), (&a, 4)] {
        publish(server, "match-1", number).await;
    }
    stream.read_by(0).await;
    stream.read_by(1).await;
    // One that joins now has the past, too.
    let c = join(&stream, routes());
    for server in [&a, &b, &c] {
        let (_client, answer) = subscribe(server, &json!(seen)).await;
        assert_eq!(answer["recovered"], true, "{answer}");
        assert_eq!((&answer["missed"], &answer["position"]), (&json!(3), &json!(a.io.position())));
        let past = server.io.history("match-1").expect("a name").since(seen).read();
        let numbers: Vec<_> = past.messages.iter().map(|one| one.args.get::<u32>(0)).collect();
        assert_eq!((numbers.len(), past.is_whole), (3, true), "{numbers:?}");
        assert_eq!(past.position, a.io.position());
    }
    let own = SocketIo::builder().build().expect("the settings are valid").position();
    let (_client, answer) = subscribe(&b, &json!(own)).await;
    assert_eq!((&answer["recovered"], &answer["reason"]), (&json!(false), &json!("epoch")));
    // A server that joins when the stream is trimmed tells who is from before.
    stream.trim();
    let d = join(&stream, routes());
    stream.read_by(3).await;
    let past = d.io.history("match-1").expect("a name").read();
    assert_eq!((past.messages.len(), past.position), (1, a.io.position()));
    let (_client, answer) = subscribe(&d, &json!(seen)).await;
    assert_eq!((&answer["recovered"], &answer["reason"]), (&json!(false), &json!("trimmed")));
    stream.lose();
    let (_client, answer) = subscribe(&a, &json!(seen)).await;
    assert_eq!(answer["recovered"], false);
}

#[actix_web::test]
async fn a_position_of_a_server_that_is_ahead_is_waited_for() {
    let (stream, a, b) = cluster();
    publish(&a, "match-1", 1).await;
    stream.set_paused(1, true);
    let receipt = a.io.to("match-1").publish("goal", &2).await.expect("it is read back");
    let behind = b.io.history("match-1").expect("a name").since(receipt.position).read();
    assert!(!behind.is_whole, "it does not know yet");
    let asked = json!(receipt.position);
    let (_, (_client, answer)) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            stream.set_paused(1, false);
        },
        subscribe(&b, &asked),
    );
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(0)), "{answer}");
}

#[test]
fn a_store_has_no_place_in_such_a_cluster() {
    let store = super::memory_store::MemoryStore::default();
    let builder = routes().store(store).cluster(JoinStream(Stream::default()));
    let error = builder.build().expect_err("it has a past of its own").to_string();
    assert!(error.contains("cluster of streams"), "{error}");
}
