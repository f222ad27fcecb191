//! One order of the stream on all servers, while Redis dies and stands still.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    time::Duration,
};

use actix_socketio::{NamespaceBuilder, SendError, SocketIo, test::TestClient};
use actix_web::rt::{self, task::spawn_blocking};

use crate::{
    common::{Need, PATIENCE, RedisServer, all_there},
    fixture::{Kind, Node, eventually},
};

/// How often Redis is killed.
const KILLS: usize = 10;

/// How often Redis stands still.
const FREEZES: usize = 5;

/// The publications that are confirmed before Redis breaks again, at least.
const BETWEEN_BREAKS: usize = 200;

/// Each waits for one publication at a time.
const PUBLISHERS_OF_A_SERVER: u32 = 4;

/// A publisher, and the number that it gives a publication.
type Id = (u32, u32);

/// The clients that a publication is for, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum For {
    A,
    B,
    Everyone,
    News,
}

impl For {
    fn number(number: u32) -> Self {
        [Self::A, Self::B, Self::Everyone, Self::News][number as usize % 4]
    }
}

/// A client, and the events that it receives.
struct Receiver {
    receives: &'static [For],
    events: Rc<RefCell<Vec<Id>>>,
    is_done: Rc<Cell<bool>>,
}

impl Receiver {
    /// Reads events until the last one.
    fn start(mut client: TestClient, receives: &'static [For]) -> Self {
        let (events, is_done) = (Rc::<RefCell<Vec<Id>>>::default(), Rc::<Cell<bool>>::default());
        let receiver = Self { receives, events: Rc::clone(&events), is_done: Rc::clone(&is_done) };
        rt::spawn(async move {
            loop {
                let event = client.next().await;
                if event.name() == "last" {
                    break is_done.set(true);
                }
                events.borrow_mut().push(event.read());
            }
        });
        receiver
    }

    /// The receivers at a server: one of each kind.
    async fn all(node: &Node) -> Vec<Self> {
        let mut both = node.client_in("a").await;
        both.subscribe("b").await.expect("an open channel");
        let mut news = node.client_of("/news").await;
        news.subscribe("a").await.expect("an open channel");
        vec![
            Self::start(node.client_in("a").await, &[For::A, For::Everyone]),
            Self::start(node.client_in("b").await, &[For::B, For::Everyone]),
            Self::start(both, &[For::A, For::B, For::Everyone]),
            Self::start(news, &[For::News]),
        ]
    }
}

/// The outcomes of publications.
#[derive(Default)]
struct Outcome {
    confirmed: HashSet<Id>,
    away: HashSet<Id>,
}

/// Publishes one after the other, and tries nothing twice.
async fn publish(io: SocketIo, publisher: u32, stop: Rc<Cell<bool>>, all: Rc<RefCell<Outcome>>) {
    for number in 0.. {
        if stop.get() {
            return;
        }
        let target = match For::number(number) {
            For::A => io.to("a"),
            For::B => io.to("b"),
            For::Everyone => io.everyone(),
            For::News => io.of("/news").to("a"),
        };
        let id = (publisher, number);
        let is_new = match target.publish("e", &id).await {
            Ok(_) => all.borrow_mut().confirmed.insert(id),
            Err(SendError::ClusterAway) => all.borrow_mut().away.insert(id),
            Err(error) => panic!("{error}"),
        };
        assert!(is_new);
    }
}

#[actix_web::test]
async fn all_clients_see_one_order_over_ten_deaths_of_redis() {
    if all_there("kills of Redis", &[Need::Redis]) {
        let kill = async |mut redis: RedisServer, _: &[Node]| {
            let killed = spawn_blocking(move || {
                redis.restart();
                redis
            });
            killed.await.expect("it starts again")
        };
        see_one_order(RedisServer::start_durable(), KILLS, kill).await;
    }
}

/// Redis goes on with messages of connections that the servers have given up.
#[actix_web::test]
async fn all_clients_see_one_order_while_redis_stands_still_at_times() {
    if all_there("a frozen Redis", &[Need::Redis]) {
        let freeze = async |redis: RedisServer, nodes: &[Node]| {
            redis.freeze();
            let health = |node: &Node| node.io.cluster_health().expect("a cluster");
            eventually("all have lost it", async || {
                nodes.iter().all(|node| !health(node).is_connected)
            })
            .await;
            redis.thaw();
            redis
        };
        see_one_order(RedisServer::start(), FREEZES, freeze).await;
    }
}

/// Three servers publish, while Redis breaks this many times.
async fn see_one_order(
    mut redis: RedisServer,
    times: usize,
    break_it: impl AsyncFn(RedisServer, &[Node]) -> RedisServer,
) {
    let mut nodes = Vec::new();
    let mut receivers = Vec::new();
    for _ in 0..3 {
        let cluster = Kind::Streams.cluster(&redis).patience(PATIENCE);
        let cluster = cluster.heartbeat(Duration::from_millis(200));
        let node = Node::new(cluster, |builder| {
            builder.namespace("/news", NamespaceBuilder::open_channels)
        })
        .await;
        receivers.extend(Receiver::all(&node).await);
        nodes.push(node);
    }
    for node in &nodes {
        eventually("all are counted", async || node.io.server_count().await == 3).await;
    }

    let (stop, outcome) = (Rc::<Cell<bool>>::default(), Rc::<RefCell<Outcome>>::default());
    let publishers: Vec<_> = (0..3 * PUBLISHERS_OF_A_SERVER)
        .map(|publisher| {
            let io = nodes[publisher as usize % 3].io.clone();
            rt::spawn(publish(io, publisher, Rc::clone(&stop), Rc::clone(&outcome)))
        })
        .collect();
    for _ in 0..times {
        let before = outcome.borrow().confirmed.len();
        eventually("it goes on", async || {
            outcome.borrow().confirmed.len() >= before + BETWEEN_BREAKS
        })
        .await;
        redis = break_it(redis, &nodes).await;
    }
    stop.set(true);
    for publisher in publishers {
        publisher.await.expect("it does not panic");
    }
    for namespace in ["/", "/news"] {
        let everyone = nodes[0].io.of(namespace).everyone();
        everyone.publish("last", &()).await.expect("Redis is there");
    }
    for receiver in &receivers {
        eventually("all is received", async || receiver.is_done.get()).await;
    }
    let outcome = outcome.take();
    assert!(outcome.confirmed.len() > times * BETWEEN_BREAKS);
    assert_all_there(&receivers, &outcome);
    assert_one_order(&receivers);
}

/// Each client has each confirmed publication that is for it, once, and none of those that failed.
fn assert_all_there(receivers: &[Receiver], outcome: &Outcome) {
    for receiver in receivers {
        let events = receiver.events.borrow();
        let received: HashSet<Id> = events.iter().copied().collect();
        assert_eq!(received.len(), events.len(), "nothing comes twice");
        let is_for_it = |id: &&Id| receiver.receives.contains(&For::number(id.1));
        let expected: HashSet<Id> = outcome.confirmed.iter().filter(is_for_it).copied().collect();
        let lost: Vec<_> = expected.difference(&received).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        let extra: Vec<_> = received.difference(&expected).collect();
        assert!(extra.is_empty(), "failed, and there all the same: {extra:?}");
        assert!(outcome.away.is_disjoint(&received));
    }
}

/// Any two clients have in the same order what both have, and that of each publisher in its order.
fn assert_one_order(receivers: &[Receiver]) {
    for one in receivers {
        let mut last = HashMap::new();
        for (publisher, number) in one.events.borrow().iter() {
            let before = last.insert(*publisher, *number);
            assert!(before.is_none_or(|before| before < *number), "{publisher}: {number}");
        }
        for other in receivers {
            let common = |of: &Receiver, with: &Receiver| -> Vec<Id> {
                let with: HashSet<Id> = with.events.borrow().iter().copied().collect();
                of.events.borrow().iter().filter(|id| with.contains(id)).copied().collect()
            };
            assert_eq!(common(one, other), common(other, one));
        }
    }
}
