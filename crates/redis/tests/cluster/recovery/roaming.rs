//! Clients that go from server to server while all is well.

use serde_json::{Value, json};

use super::{Cluster, NodeProcess, comes_back, has, is_told, numbers};
use crate::{
    common::{REDIS_AND_NODE, all_there},
    fixture::eventually,
};

#[actix_web::test]
async fn a_client_that_comes_back_to_another_server_is_whole() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    let client = cluster.client_of(0).await;
    a.remember(client.id(), "kept").await;
    cluster.publish(0, 0..3).await;
    cluster.publish(1, 3..6).await;
    has(&client, &numbers(0..6)).await;

    // Nowhere to go while it is away.
    client.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || a.clients().await == 0).await;
    cluster.publish(1, 6..9).await;
    b.publish(None, 9).await;
    b.publish(Some("room-of-others"), 999).await;
    cluster.publish(0, 10..12).await;
    client.move_to(&b.url()).await;
    comes_back(&client, b).await;
    assert_eq!(b.remembered(client.id()).await, "kept");
    cluster.publish(0, 12..14).await;
    let mut expected = numbers(0..6);
    expected.push(Value::Bool(true));
    expected.extend(numbers(6..14));
    // It is connected before it has what it missed.
    has(&client, &expected).await;
    assert_eq!((a.clients().await, b.clients().await), (0, 1));
}

#[actix_web::test]
async fn a_client_goes_back_and_forth() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let client = cluster.client_of(0).await;
    let mut expected = Vec::new();
    for round in 0..10 {
        let first = round * 5;
        cluster.publish(0, first..first + 2).await;
        client.move_to(&cluster.nodes[(round as usize + 1) % 2].url()).await;
        cluster.publish(1, first + 2..first + 5).await;
        comes_back(&client, &cluster.nodes[(round as usize + 1) % 2]).await;
        expected.extend(numbers(first..first + 5));
    }
    let log =
        async || -> Vec<Value> { client.log().await.into_iter().filter(Value::is_u64).collect() };
    eventually("all has come", async || log().await.len() >= expected.len()).await;
    assert_eq!(log().await, expected);
}

/// Its old server has not noticed that it has gone.
#[actix_web::test]
async fn a_half_open_client_is_ended_where_it_was() {
    if !all_there("a half-open client of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    let client = cluster.client_of(0).await;
    cluster.publish(0, 0..3).await;
    has(&client, &numbers(0..3)).await;
    client.move_silently_to("http://127.0.0.1:1").await;
    cluster.publish(1, 3..6).await;
    assert_eq!(a.clients().await, 1, "it has not noticed");
    client.move_to(&b.url()).await;
    comes_back(&client, b).await;
    let mut expected = numbers(0..3);
    expected.push(true.into());
    expected.extend(numbers(3..6));
    has(&client, &expected).await;
    eventually("it is on one server", async || (a.clients().await, b.clients().await) == (0, 1))
        .await;
}

#[actix_web::test]
async fn of_two_that_come_with_one_secret_one_is_the_client() {
    if !all_there("a secret that is used twice", REDIS_AND_NODE) {
        return;
    }
    for _ in 0..3 {
        let cluster = Cluster::<2>::start().await;
        let [a, b] = &cluster.nodes;
        let client = cluster.client_of(0).await;
        cluster.publish(0, 0..1).await;
        has(&client, &numbers(0..1)).await;
        let (pid, offset) = client.secret().await;
        client.move_to("http://127.0.0.1:1").await;
        eventually("it is away", async || a.clients().await == 0).await;
        let urls = [a.url(), b.url()];
        let (first, second) = tokio::join!(
            cluster.clients.claim(&urls[0], &pid, &offset),
            cluster.clients.claim(&urls[1], &pid, &offset),
        );
        let ids = [first.as_deref(), second.as_deref()];
        assert!(ids.contains(&Some(client.id())), "one of them is the client: {ids:?}");
        // The second one may have taken the place of the first, whose connection has ended then.
        let others = ids.iter().flatten().filter(|id| **id != client.id()).count();
        eventually("the client is there once", async || {
            a.clients().await + b.clients().await == 1 + others as u64
        })
        .await;
    }
}

/// A channel of which the new server has never heard, because it has neither subscribers nor a
/// history there, is not taken for silent.
#[actix_web::test]
async fn a_client_is_told_of_what_no_history_keeps() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    let join = json!([["subscribe", "bare"]]);
    let client = cluster.clients.roam(&a.url(), "/", join).await;
    a.publish(Some("bare"), 0).await;
    has(&client, &numbers(0..1)).await;
    // Nothing is published while it is away.
    client.move_to(&b.url()).await;
    comes_back(&client, b).await;
    a.publish(Some("bare"), 1).await;
    has(&client, &[0.into(), true.into(), 1.into()]).await;
    client.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || b.clients().await == 0).await;
    b.publish(Some("bare"), 2).await;
    client.move_to(&a.url()).await;
    is_told(&client).await;
}

/// A client that was taken out of a channel while it was away does not have it back.
#[actix_web::test]
async fn a_client_that_is_away_is_taken_out_of_a_channel() {
    if !all_there("a client of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    let client = cluster.client_of(0).await;
    cluster.publish(0, 0..1).await;
    has(&client, &numbers(0..1)).await;
    client.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || a.clients().await == 0).await;
    b.take_out("room").await;
    cluster.publish(1, 1..2).await;
    client.move_to(&b.url()).await;
    let (is_recovered, _) = client.returned().await;
    if is_recovered {
        b.publish(None, 2).await;
        has(&client, &[0.into(), true.into(), 2.into()]).await;
    }
}

#[actix_web::test]
async fn a_server_that_starts_later_has_the_past() {
    if !all_there("a server that starts later", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<1>::start().await;
    let client = cluster.client_of(0).await;
    cluster.publish(0, 0..2).await;
    has(&client, &numbers(0..2)).await;
    client.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || cluster.nodes[0].clients().await == 0).await;
    cluster.publish(0, 2..500).await;
    let later = NodeProcess::start(&cluster.redis);
    client.move_to(&later.url()).await;
    comes_back(&client, &later).await;
    let mut expected = numbers(0..2);
    expected.push(true.into());
    expected.extend(numbers(2..500));
    has(&client, &expected).await;
}

/// A subscription with a position of one server, at another.
#[actix_web::test]
async fn a_position_of_one_server_holds_at_another() {
    if !all_there("positions of two servers", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    cluster.publish(0, 0..2).await;
    let since = a.position().await;
    assert!(since.contains('-') && since.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()));
    cluster.publish(1, 2..5).await;
    let join = json!([["subscribe", "room", { "since": since }]]);
    let client = cluster.clients.roam(&b.url(), "/", join).await;
    has(&client, &numbers(2..5)).await;
    let join = json!([["subscribe", "room", { "last": 4 }]]);
    let client = cluster.clients.roam(&a.url(), "/", join).await;
    has(&client, &numbers(1..5)).await;
}
