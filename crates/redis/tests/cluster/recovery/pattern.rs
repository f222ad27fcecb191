//! Many clients whose connections break all the time, while numbered messages are published, and
//! one of the servers is killed in the middle. The pattern is that of AnyCable's published
//! benchmark, shorter, and doubles and the order are looked at as well.

use std::{cell::Cell, time::Duration};

use actix_web::rt::{task::spawn_blocking, time::sleep};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::Cluster;
use crate::{
    common::{REDIS_AND_NODE, RedisServer, all_there},
    fixture::eventually,
};

const CLIENTS: usize = 20;
const MESSAGES: u64 = 600;

/// From one message to the next.
const EVERY: Duration = Duration::from_millis(10);

/// The meaning of the log of a client.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    delivered: u64,
    /// Those that it lacks, and of which it was told.
    told: u64,
    lost: u64,
    doubled: u64,
    reordered: u64,
}

/// Judges a log: numbers, and whether it was recovered, for each return.
fn judge(log: &[Value], published: u64) -> Judged {
    let (mut judged, mut expected, mut is_told) = (Judged::default(), 0, false);
    let mut seen = std::collections::HashSet::new();
    let end = Value::from(published);
    // Later numbers do not belong to it.
    let log = log.iter().filter(|entry| entry.as_u64().is_none_or(|number| number < published));
    for entry in log.chain([&end]) {
        let Some(number) = entry.as_u64() else {
            is_told |= entry == false;
            continue;
        };
        if number < expected {
            match seen.contains(&number) {
                true => judged.doubled += 1,
                false => judged.reordered += 1,
            }
            continue;
        }
        let missing = if is_told { &mut judged.told } else { &mut judged.lost };
        *missing += number - expected;
        judged.delivered += u64::from(number < published);
        seen.insert(number);
        (expected, is_told) = (number + 1, false);
    }
    judged
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let log = |entries: &[i64]| -> Vec<Value> {
        entries
            .iter()
            .map(|entry| if *entry < 0 { (*entry == -2).into() } else { (*entry).into() })
            .collect()
    };
    let counts = |entries: &[i64]| {
        let Judged { delivered, told, lost, doubled, reordered } = judge(&log(entries), 4);
        [delivered, told, lost, doubled, reordered]
    };
    assert_eq!(counts(&[0, 1, 2, 3]), [4, 0, 0, 0, 0]);
    assert_eq!(counts(&[0, 1, -2, 2, 3]), [4, 0, 0, 0, 0], "recovered");
    assert_eq!(counts(&[0, 2, 3]), [3, 0, 1, 0, 0], "a hole");
    assert_eq!(counts(&[0, 1]), [2, 0, 2, 0, 0], "the last ones are missing");
    assert_eq!(counts(&[0, -1, 2, 3]), [3, 1, 0, 0, 0], "told");
    assert_eq!(counts(&[0, -2, 2, 3]), [3, 0, 1, 0, 0], "recovered, and not whole");
    assert_eq!(counts(&[0, 1, 1, 2, 3]), [4, 0, 0, 1, 0], "one comes twice");
    assert_eq!(counts(&[0, 2, 1, 3])[4], 1, "one comes late");
}

/// The harm that is done in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// A server is killed.
    KillServer,
    /// Redis is killed, and starts again with its data.
    RestartRedis,
}

#[actix_web::test]
async fn everything_is_delivered_once_and_in_order_or_told_while_a_server_is_killed() {
    if all_there("many clients of two servers", REDIS_AND_NODE) {
        let told = deliver(RedisServer::start(), Harm::KillServer).await;
        // A kill is told to those who were connected there.
        assert!(told < MESSAGES * CLIENTS as u64 / 10, "{told}");
    }
}

#[actix_web::test]
async fn everything_is_delivered_once_and_in_order_or_told_while_redis_restarts() {
    if all_there("many clients of two servers", REDIS_AND_NODE) {
        deliver(RedisServer::start_durable(), Harm::RestartRedis).await;
    }
}

/// Publishes to many clients, and disturbs them. Returns how many messages they lack and know of.
async fn deliver(redis: RedisServer, harm: Harm) -> u64 {
    let settings = json!({ "heartbeat": 200 });
    let Cluster { redis, nodes: [a, b], clients } = Cluster::<2>::start_with(redis, settings).await;
    let (first, second) = (a.url(), b.url());
    let mut all = Vec::new();
    for number in 0..CLIENTS {
        let url = if number % 2 == 0 { &first } else { &second };
        all.push(clients.roam(url, "/", super::in_room()).await);
    }
    let (is_over, is_killed) = (Cell::new(false), Cell::new(false));
    let (mut doomed, mut redis) = (Some(a), Some(redis));
    let publish = async {
        for number in 0..MESSAGES {
            if number == MESSAGES / 2 && harm == Harm::KillServer {
                is_killed.set(true);
                doomed.take().expect("it lives").kill();
                for client in &all {
                    client.move_to(&second).await;
                }
            } else if number == MESSAGES / 2 {
                let mut restarting = redis.take().expect("it runs");
                let restarted = spawn_blocking(move || {
                    restarting.restart();
                    restarting
                });
                redis = Some(restarted.await.expect("it starts again"));
            }
            b.publish(Some("room"), number).await;
            sleep(EVERY).await;
        }
        is_over.set(true);
    };
    let seed = rand::random();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let disturb = async {
        while !is_over.get() {
            let client = &all[random.random_range(0..CLIENTS)];
            let to_second = is_killed.get() || random.random();
            let url = if to_second { &second } else { &first };
            match random.random_range(0..5) {
                0 => client.move_silently_to(url).await,
                _ => client.move_to(url).await,
            }
            sleep(Duration::from_millis(random.random_range(5..40))).await;
        }
    };
    tokio::join!(publish, disturb);
    // One that says that all is there, once all are back.
    b.publish(Some("room"), MESSAGES).await;
    let mut sums = Judged::default();
    for client in &all {
        eventually("the last one has come", async || {
            client.log().await.iter().any(|entry| entry.as_u64() == Some(MESSAGES))
        })
        .await;
        let log = client.log().await;
        let judged = judge(&log, MESSAGES);
        let wrong = [judged.lost, judged.doubled, judged.reordered];
        assert_eq!(wrong, [0, 0, 0], "{judged:?}: {log:?}");
        sums.delivered += judged.delivered;
        sums.told += judged.told;
    }
    eprintln!("{sums:?}, {}", b.reasons().await);
    assert_eq!(sums.delivered + sums.told, MESSAGES * CLIENTS as u64);
    drop(redis);
    sums.told
}
