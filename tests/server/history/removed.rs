//! What the application reads backwards, and removes.

use actix_socketio::Past;
use serde_json::json;

use super::{publish, server, subscribe};
use crate::client::{Client, Mode};

fn numbers(past: &Past) -> Vec<u32> {
    past.messages.iter().map(|one| one.args.get(0).expect("a number")).collect()
}

#[actix_web::test]
async fn the_newest_come_first_when_a_history_is_read_backwards() {
    let server = server();
    for number in 1..=4 {
        publish(&server, "match-1", number).await;
    }
    let read = |limit| server.io.history("match-1").expect("a name").reverse().limit(limit).read();
    let (some, all) = (read(3), read(4));
    assert_eq!((numbers(&some), some.is_whole), (vec![4, 3, 2], false));
    assert_eq!((numbers(&all), all.is_whole), (vec![4, 3, 2, 1], true));
    assert_eq!((some.position, all.position), (server.io.position(), server.io.position()));
    let second = all.messages[2].position;
    let past = server.io.history("match-1").expect("a name").since(second).reverse().read();
    assert_eq!((numbers(&past), past.is_whole), (vec![4, 3], true));
}

#[actix_web::test]
async fn a_history_that_was_removed_is_a_gap_and_not_an_absence() {
    let server = server();
    let since = server.io.position();
    for number in 1..=4 {
        publish(&server, "match-1", number).await;
        publish(&server, "match-2", number).await;
    }
    server.io.remove_history("match-1").expect("a name");
    server.io.remove_history("match-3").expect("one without a history");
    let past = server.io.history("match-1").expect("a name").read();
    assert_eq!((numbers(&past), past.is_whole), (vec![], false));
    let stats = server.io.stats();
    assert_eq!(stats.history_trimmed["removed"], 4);
    let other = server.io.history("match-2").expect("a name").read();
    assert_eq!(numbers(&other), [1, 2, 3, 4]);

    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    let answer = subscribe(&mut client, json!("match-1"), json!({"since": since})).await;
    assert_eq!((&answer["recovered"], &answer["reason"]), (&json!(false), &json!("trimmed")));
    let since = server.io.position();
    publish(&server, "match-1", 5).await;
    let past = server.io.history("match-1").expect("a name").since(since).read();
    assert_eq!((numbers(&past), past.is_whole), (vec![5], true), "it goes on");
}
