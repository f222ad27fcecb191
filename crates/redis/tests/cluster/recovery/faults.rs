//! Servers and Redis that die.

use std::time::Duration;

use actix_web::rt::{task::spawn_blocking, time::sleep};
use serde_json::{Value, json};

use super::{Cluster, comes_back, has, is_told, numbers};
use crate::{
    common::{REDIS_AND_NODE, RedisServer, RoamingClient, all_there},
    fixture::eventually,
};

/// A client that was not recovered has joined again: it has all from then on.
async fn is_told_and_goes_on<const COUNT: usize>(cluster: &Cluster<COUNT>, client: &RoamingClient) {
    is_told(client).await;
    cluster.publish(COUNT - 1, 1_000..1_002).await;
    eventually("it goes on", async || client.log().await.ends_with(&numbers(1_000..1_002))).await;
}

/// The session of a client that is away is in Redis. That of a connected one is lost with its
/// server: this one is told.
#[actix_web::test]
async fn the_clients_of_a_killed_server_are_whole_or_told() {
    if !all_there("a killed server", REDIS_AND_NODE) {
        return;
    }
    let Cluster { redis, nodes: [a, b], clients } = Cluster::<2>::start().await;
    let join = super::in_room();
    let away = clients.roam(&a.url(), "/", join.clone()).await;
    let connected = clients.roam(&a.url(), "/", join).await;
    a.publish(Some("room"), 0).await;
    for client in [&away, &connected] {
        has(client, &numbers(0..1)).await;
    }
    away.move_to("http://127.0.0.1:1").await;
    eventually("its session is kept", async || {
        redis.command::<Vec<String>>(&["KEYS", "sio:session:*"]).len() == 1
    })
    .await;
    connected.move_silently_to("http://127.0.0.1:1").await;
    a.kill();
    b.publish(Some("room"), 1).await;
    for client in [&away, &connected] {
        client.move_to(&b.url()).await;
    }
    comes_back(&away, &b).await;
    has(&away, &[0.into(), true.into(), 1.into()]).await;
    is_told(&connected).await;
    b.publish(Some("room"), 2).await;
    has(&connected, &[0.into(), false.into(), 2.into()]).await;
}

#[actix_web::test]
async fn the_clients_of_a_server_that_stops_are_whole() {
    if !all_there("a server that stops", REDIS_AND_NODE) {
        return;
    }
    let Cluster { redis: _redis, nodes: [a, b], clients } = Cluster::<2>::start().await;
    let mut roaming = Vec::new();
    for _ in 0..20 {
        roaming.push(clients.roam(&a.url(), "/", super::in_room()).await);
    }
    let traffic = async {
        for number in 0..200 {
            b.publish(Some("room"), number).await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    let stop = async {
        eventually("it is under way", async || roaming[0].log().await.len() > 10).await;
        a.stop().await;
        for client in &roaming {
            client.move_to(&b.url()).await;
        }
    };
    tokio::join!(traffic, stop);
    for client in &roaming {
        comes_back(client, &b).await;
        let events = async || -> Vec<Value> {
            client.log().await.into_iter().filter(Value::is_u64).collect()
        };
        eventually("all has come", async || events().await.len() >= 200).await;
        assert_eq!(events().await, numbers(0..200));
    }
}

#[actix_web::test]
async fn clients_are_told_when_redis_has_lost_everything() {
    if !all_there("a Redis that is flushed", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    let (connected, away) = (cluster.client_of(1).await, cluster.client_of(0).await);
    cluster.publish(0, 0..3).await;
    for client in [&connected, &away] {
        has(client, &numbers(0..3)).await;
    }
    away.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || a.clients().await == 0).await;
    cluster.redis.command::<()>(&["FLUSHALL"]);
    cluster.publish(1, 3..5).await;
    away.move_to(&b.url()).await;
    is_told_and_goes_on(&cluster, &away).await;
    let mut expected = numbers(0..5);
    expected.extend(numbers(1_000..1_002));
    has(&connected, &expected).await;
    // New events are covered again.
    let back = cluster.client_of(0).await;
    cluster.publish(0, 5..6).await;
    has(&back, &numbers(5..6)).await;
    back.move_to(&b.url()).await;
    comes_back(&back, b).await;
}

#[actix_web::test]
async fn a_position_of_a_life_that_redis_has_lost_is_told() {
    if !all_there("a Redis that is flushed", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let [a, b] = &cluster.nodes;
    cluster.publish(0, 0..3).await;
    let since = a.position().await;
    cluster.redis.command::<()>(&["FLUSHALL"]);
    eventually("all have noticed", async || {
        cluster.redis.command::<u64>(&["EXISTS", "socket.io:epoch"]) == 1
    })
    .await;
    cluster.publish(1, 3..5).await;
    for node in [a, b] {
        let client = cluster.clients.connect(&node.url(), "/", json!({})).await;
        let answer = client.ask(json!(["subscribe", "room", { "since": since }])).await;
        assert_ne!(answer[0]["recovered"], true, "{answer}");
    }
}

#[actix_web::test]
async fn a_client_is_told_of_what_has_left_the_stream() {
    if !all_there("a stream that is trimmed", REDIS_AND_NODE) {
        return;
    }
    let settings = json!({ "maxLen": 10 });
    let Cluster { redis, nodes: [a], clients } =
        Cluster::<1>::start_with(RedisServer::start(), settings).await;
    let client = clients.roam(&a.url(), "/", super::in_room()).await;
    a.publish(Some("room"), 0).await;
    has(&client, &numbers(0..1)).await;
    client.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || a.clients().await == 0).await;
    // A stream is trimmed by whole nodes of 100 entries.
    for number in 1..400 {
        a.publish(Some("room"), number).await;
    }
    // The one that was there has all of it. One that starts later has not.
    let later = super::NodeProcess::start(&redis);
    client.move_to(&later.url()).await;
    is_told(&client).await;
    later.publish(Some("room"), 1_000).await;
    eventually("it goes on", async || client.log().await.ends_with(&[1_000.into()])).await;
}

/// With its data on the disk.
#[actix_web::test]
async fn clients_are_whole_or_told_when_redis_restarts() {
    if !all_there("a Redis that is killed", REDIS_AND_NODE) {
        return;
    }
    let settings = json!({ "heartbeat": 200 });
    let redis = RedisServer::start_durable();
    let Cluster { mut redis, nodes: [a, b], clients } =
        Cluster::<2>::start_with(redis, settings).await;
    let (kept, caught) = (
        clients.roam(&a.url(), "/", super::in_room()).await,
        clients.roam(&a.url(), "/", super::in_room()).await,
    );
    a.publish(Some("room"), 0).await;
    for client in [&kept, &caught] {
        has(client, &numbers(0..1)).await;
    }
    kept.move_to("http://127.0.0.1:1").await;
    eventually("its session is kept", async || {
        redis.command::<Vec<String>>(&["KEYS", "sio:session:*"]).len() == 1
    })
    .await;
    redis.kill();
    caught.move_to("http://127.0.0.1:1").await;
    eventually("it is away", async || a.clients().await == 0).await;
    let restart = async {
        let restarted = spawn_blocking(move || {
            redis.restart();
            redis
        });
        restarted.await.expect("it starts again")
    };
    let (_redis, ()) = tokio::join!(restart, b.publish(Some("room"), 1));
    for client in [&kept, &caught] {
        client.move_to(&b.url()).await;
    }
    comes_back(&kept, &b).await;
    has(&kept, &[0.into(), true.into(), 1.into()]).await;
    // Its session waits on its old server until Redis is there.
    let (is_recovered, _) = caught.returned().await;
    b.publish(Some("room"), 2).await;
    let expected: &[Value] = match is_recovered {
        true => &[0.into(), true.into(), 1.into(), 2.into()],
        false => &[0.into(), false.into(), 2.into()],
    };
    has(&caught, expected).await;
}

/// A server that stands still has a client that has left it, and can't answer for it.
#[actix_web::test]
async fn the_client_of_a_server_that_stands_still_is_told() {
    if !all_there("a server that stands still", REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::<2>::start().await;
    let client = cluster.client_of(0).await;
    cluster.publish(0, 0..1).await;
    has(&client, &numbers(0..1)).await;
    cluster.nodes[0].freeze();
    client.move_to(&cluster.nodes[1].url()).await;
    is_told_and_goes_on(&cluster, &client).await;
}
