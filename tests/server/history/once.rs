//! Publications to several channels come once to a client of several of them.

use std::collections::BTreeSet;

use actix_socketio::{Position, SocketId};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use super::{ASKS, read, server, subscribe, text};
use crate::client::{Client, Mode};

in_every_mode! {
    what_a_client_has_had_in_another_channel_comes_once,
}

async fn what_a_client_has_had_in_another_channel_comes_once(mode: Mode) {
    let server = server();
    let mut client = Client::ask(&server.url, mode, "", &[], ASKS).await;
    let answer: Value = serde_json::from_str(&client.recv().await[1..]).expect("an answer");
    let id: SocketId = text(&answer["sid"]).parse().expect("an id");
    let socket = server.io.socket(&id).expect("it is connected");
    let before = server.io.position();
    client.subscribe("match-1").await;
    client.subscribe("plain-1").await;
    let to = |channels: &[&str], data: u32| {
        let target = channels.iter().fold(server.io.everyone(), |target, name| target.to(*name));
        target.emit("goal", &data).expect("capacity");
    };
    to(&["match-1", "match-2"], 1);
    to(&["match-2"], 2);
    to(&["match-2", "match-3"], 3);
    server.io.to("match-2").including(&socket).emit("goal", &4).expect("capacity");
    to(&["match-2", "plain-1"], 5);
    let answer = subscribe(&mut client, json!("match-2"), json!({"since": before})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(2)));
    // What it has had by the replay counts as well.
    let answer = subscribe(&mut client, json!("match-3"), json!({"since": before})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(0)));
    assert_eq!(read(&client.fence().await).0, [1, 4, 5, 2, 3]);
    // Of the newest alone, those before are still to come.
    to(&["match-4", "match-5"], 6);
    to(&["match-4", "match-5"], 7);
    let answer = subscribe(&mut client, json!("match-4"), json!({"last": 1})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(false), &json!(1)));
    let answer = subscribe(&mut client, json!("match-5"), json!({"since": before})).await;
    assert_eq!((&answer["recovered"], &answer["missed"]), (&json!(true), &json!(1)));
    assert_eq!(read(&client.fence().await).0, [7, 6]);
}

/// Publications to several channels, and a client that subscribes to one after the other, from
/// anywhere: nothing comes twice, and nothing is missing of what it is said to have.
#[actix_web::test]
async fn no_event_comes_twice_however_a_client_subscribes() {
    const CHANNELS: [&str; 6] = ["match-1", "match-2", "match-3", "short-1", "short-2", "plain-1"];
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let server = server();
        let mut client = Client::connect_with(&server.url, Mode::WebSocket, ASKS).await;
        let mut all: Vec<(Position, Vec<&str>)> = Vec::new();
        let mut positions = vec![server.io.position()];
        let mut wanted = CHANNELS.to_vec();
        let mut promised = BTreeSet::new();
        while !wanted.is_empty() {
            for _ in 0..random.random_range(0..4) {
                let count = random.random_range(1..4);
                let to: Vec<&str> = CHANNELS.sample(&mut random, count).copied().collect();
                let target = to.iter().fold(server.io.everyone(), |target, name| target.to(*name));
                let receipt = target.publish("goal", &all.len()).await.expect("the server runs");
                all.push((receipt.position, to));
                positions.push(receipt.position);
            }
            let channel = wanted.swap_remove(random.random_range(0..wanted.len()));
            let since = positions[random.random_range(0..positions.len())];
            let options = match random.random_range(0..3) {
                0 => json!({"last": 2}),
                1 => json!({"since": since}),
                _ => json!({"since": since, "last": 1}),
            };
            let answer = subscribe(&mut client, json!(channel), options.clone()).await;
            if options["since"].is_string() && answer["recovered"] == true {
                let missed = all.iter().enumerate().filter(|(_, (at, to))| {
                    at.to_string() > since.to_string() && to.contains(&channel)
                });
                promised.extend(missed.map(|(number, _)| number));
            }
        }
        let (got, at) = read(&client.fence().await);
        let numbers: BTreeSet<usize> =
            got.iter().map(|number| number.as_u64().expect("a number") as usize).collect();
        assert_eq!(numbers.len(), got.len(), "seed {seed}: one came twice: {got:?}");
        assert!(promised.is_subset(&numbers), "seed {seed}: {promised:?} of {got:?}");
        assert_eq!(at.len(), got.len());
    }
}
