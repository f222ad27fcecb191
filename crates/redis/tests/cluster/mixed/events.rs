//! Events for many clients.

use actix_socketio::{Many, prelude::Bytes};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Mixed, until_last, until_last_js};
use crate::{common::bytes, fixture::Kind};

with_each_adapter!(
    crate::common::REDIS_AND_NODE;
    ours_reach_whom_they_are_for,
    theirs_reach_whom_they_are_for,
    bytes_stay_bytes,
    values_are_the_same_on_both,
    volatile_events_reach_who_is_ready,
    namespaces_are_apart,
);

/// The name of a room that has the length of a socket's id.
const LONG_ROOM: &str = "twenty-characters-xx";

async fn ours_reach_whom_they_are_for(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let io = &mixed.ours.io;
    let mut here = mixed.ours.client_in("a").await;
    let in_a = mixed.client_of_theirs(json!(["a", LONG_ROOM])).await;
    let in_b = mixed.client_of_theirs(json!(["b", "c"])).await;
    mixed.room_is_heard("a", 2).await;
    mixed.room_is_heard("b", 1).await;
    let found = io.everyone().fetch_sockets().await.expect("a name");
    let remote =
        found.iter().find(|socket| socket.id().as_str() == in_b.id()).expect("it is there");

    io.emit("all", &1).expect("sent");
    io.to("a").emit("a", &2).expect("sent");
    io.to("a").to("b").emit("a or b", &3).expect("sent");
    io.to("a").to("b").except("c").emit("not c", &4).expect("sent");
    here.socket().to("a").emit("others in a", &5).expect("sent");
    here.socket().others().emit("others", &6).expect("sent");
    remote.emit("you", &7).expect("sent");
    io.to(LONG_ROOM).emit("long", &8).expect("sent");
    io.everyone().compress(false).emit("plain", &9).expect("sent");
    io.everyone().local().emit("local", &11).expect("sent");
    io.to("empty").emit("empty", &12).expect("sent");
    io.emit("last", &()).expect("sent");

    let expected = json!([
        ["all", 1],
        ["a", 2],
        ["a or b", 3],
        ["not c", 4],
        ["others in a", 5],
        ["others", 6],
        ["long", 8],
        ["plain", 9],
    ]);
    assert_eq!(until_last_js(&in_a).await, expected);
    let expected = json!([["all", 1], ["a or b", 3], ["others", 6], ["you", 7], ["plain", 9],]);
    assert_eq!(until_last_js(&in_b).await, expected);
    let expected =
        json!([["all", 1], ["a", 2], ["a or b", 3], ["not c", 4], ["plain", 9], ["local", 11],]);
    let mut received = until_last(&mut here).await;
    if kind == Kind::Streams {
        // A local event does not wait for the stream.
        let events = received.as_array_mut().expect("a list");
        let local = events.iter().position(|event| event[0] == "local").expect("it came");
        let local = events.remove(local);
        events.push(local);
    }
    assert_eq!(received, expected);
    mixed.end().await;
}

async fn theirs_reach_whom_they_are_for(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut in_a = mixed.ours.client_in("a").await;
    in_a.subscribe(LONG_ROOM).await.expect("an open channel");
    let mut in_b = mixed.ours.client_in("b").await;
    in_b.subscribe("c").await.expect("an open channel");
    let there = mixed.client_of_theirs(json!(["a"])).await;
    mixed.room_is_heard("a", 2).await;
    mixed.room_is_heard("b", 1).await;
    let emit = async |mut to: serde_json::Value, name: &str, value: u32| {
        to["args"] = json!([name, value]);
        mixed.theirs.call("emit", to).await;
    };
    let sender = there.id().to_owned();

    emit(json!({}), "all", 1).await;
    emit(json!({ "rooms": ["a"] }), "a", 2).await;
    emit(json!({ "rooms": ["a", "b"] }), "a or b", 3).await;
    emit(json!({ "rooms": ["a", "b"], "except": ["c"] }), "not c", 4).await;
    let others = json!({ "socket": sender, "args": ["others", 6] });
    mixed.theirs.call("socketBroadcast", others).await;
    emit(json!({ "except": [sender] }), "but you", 7).await;
    emit(json!({ "rooms": [in_b.id().as_str()] }), "you", 8).await;
    let to_b = json!({ "socket": in_b.id().as_str(), "args": ["remote", 9] });
    assert_eq!(mixed.theirs.call("remoteEmit", to_b).await, json!(true));
    emit(json!({ "rooms": [LONG_ROOM] }), "long", 10).await;
    emit(json!({ "flags": { "compress": false } }), "plain", 11).await;
    emit(json!({ "flags": { "local": true } }), "local", 13).await;
    emit(json!({ "rooms": ["empty"] }), "empty", 14).await;
    emit(json!({ "rooms": ["", "a\nb", "x".repeat(100_000)] }), "no channel", 15).await;
    emit(json!({}), "last", 0).await;

    let expected = json!([
        ["all", 1],
        ["a", 2],
        ["a or b", 3],
        ["not c", 4],
        ["others", 6],
        ["but you", 7],
        ["long", 10],
        ["plain", 11],
    ]);
    assert_eq!(until_last(&mut in_a).await, expected);
    let expected = json!([
        ["all", 1],
        ["a or b", 3],
        ["others", 6],
        ["but you", 7],
        ["you", 8],
        ["remote", 9],
        ["plain", 11],
    ]);
    assert_eq!(until_last(&mut in_b).await, expected);

    // A client of Node's server sends to others in its room.
    there.emit(json!(["broadcast", "a", "from a client", 16])).await;
    assert_eq!(in_a.next().await, ("from a client", json!([16])));
    mixed.end().await;
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested {
    list: Vec<Bytes>,
    text: String,
}

async fn bytes_stay_bytes(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client_in("a").await;
    let there = mixed.client_of_theirs(json!(["a"])).await;
    mixed.room_is_heard("a", 2).await;
    let (one, two) = (Bytes::from_static(b"\x00\xff"), Bytes::from_static(b"\x01"));
    let nested = Nested { list: vec![two.clone(), Bytes::new()], text: "ü".to_owned() };
    let in_js = json!({ "list": [bytes("AQ=="), bytes("")], "text": "ü" });

    let args = Many((&one, "between", &nested));
    mixed.ours.io.to("a").emit("file", &args).expect("sent");
    let expected = json!(["file", bytes("AP8="), "between", in_js]);
    assert_eq!(there.next().await, expected);
    assert_eq!(here.next().await.arg::<Bytes>(0), one);

    let args = json!({ "rooms": ["a"], "args": expected });
    mixed.theirs.call("emit", args).await;
    let event = here.next().await;
    assert_eq!((event.name(), event.arg::<Bytes>(0)), ("file", one));
    assert_eq!((event.arg::<String>(1), event.arg::<Nested>(2)), ("between".to_owned(), nested));
    assert_eq!(there.next().await, expected);
    mixed.end().await;
}

async fn values_are_the_same_on_both(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client().await;
    let there = mixed.client_of_theirs(json!([])).await;
    let values = json!([
        "values", null, true, 0, -1, 127, -129, 65_536, 4_294_967_296_u64, -4_294_967_297_i64,
        1.5, -0.25, 9_007_199_254_740_991_u64, "", "ü😀\u{2028}\"\\\n", [], {}, [[1], { "a": { "b": [null] } }],
        { "_placeholder": true, "num": 0 }, "x".repeat(70_000),
    ]);
    let (name, args) =
        (values[0].as_str().expect("a name"), &values.as_array().expect("a list")[1..]);
    // A tuple of one argument for each value has no type here.
    for arg in args {
        mixed.ours.io.emit(name, arg).expect("sent");
        assert_eq!(there.next().await, json!([name, arg]));
        assert_eq!(here.next().await, (name, json!([arg])));
    }
    mixed.theirs.call("emit", json!({ "args": values })).await;
    assert_eq!(here.next().await, (name, json!(args)));
    assert_eq!(there.next().await, values);
    mixed.end().await;
}

/// A volatile event is dropped for a client that is not ready, so it is sent again.
async fn volatile_events_reach_who_is_ready(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client().await;
    let there = mixed.client_of_theirs(json!([])).await;
    let volatile = json!({ "flags": { "volatile": true }, "args": ["theirs", 2] });
    let (mut ours_is_there, mut theirs_is_here) = (false, false);
    for round in 0.. {
        assert!(round < 1_000, "{ours_is_there} {theirs_is_here}");
        mixed.ours.io.everyone().volatile().emit("ours", &1).expect("sent");
        mixed.ours.io.emit("last", &()).expect("sent");
        ours_is_there |= until_last_js(&there).await == json!([["ours", 1]]);
        until_last(&mut here).await;
        mixed.theirs.call("emit", volatile.clone()).await;
        mixed.theirs.call("emit", json!({ "args": ["last"] })).await;
        theirs_is_here |= until_last(&mut here).await == json!([["theirs", 2]]);
        until_last_js(&there).await;
        if ours_is_there && theirs_is_here {
            break;
        }
    }
    mixed.end().await;
}

async fn namespaces_are_apart(kind: Kind) {
    let mixed = Mixed::start(kind).await;
    let mut here = mixed.ours.client().await;
    let mut news_here = mixed.ours.client_of("/news").await;
    let there = mixed.client_of_theirs(json!([])).await;
    let news_there = mixed.client_of_theirs_at("/news", json!([])).await;

    mixed.ours.io.of("/news").emit("ours", &1).expect("sent");
    mixed.theirs.call("emit", json!({ "nsp": "/news", "args": ["theirs", 2] })).await;
    let mut names =
        [news_here.next().await.name().to_owned(), news_here.next().await.name().to_owned()];
    names.sort();
    assert_eq!(names, ["ours", "theirs"]);
    let mut events = [news_there.next().await, news_there.next().await];
    events.sort_by_key(ToString::to_string);
    assert_eq!(events, [json!(["ours", 1]), json!(["theirs", 2])]);
    let found = mixed.ours.io.of("/news").everyone().fetch_sockets().await.expect("a name");
    assert_eq!((found.len(), found.missing_servers), (2, 0));

    mixed.ours.io.emit("last", &()).expect("sent");
    assert_eq!(until_last_js(&there).await, json!([]));
    assert_eq!(until_last(&mut here).await, json!([]));
    mixed.end().await;
}
