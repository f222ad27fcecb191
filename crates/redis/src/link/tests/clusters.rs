use std::process::{Command, Stdio};

use super::*;

/// Three masters of a Redis Cluster.
struct RedisCluster(Vec<RedisServer>);

/// Options of each server.
const OPTIONS: [&str; 8] = [
    "--save",
    "",
    "--cluster-enabled",
    "yes",
    "--cluster-node-timeout",
    "2000",
    "--cluster-config-file",
    "nodes.conf",
];

impl RedisCluster {
    fn start() -> Self {
        let servers: Vec<_> = (0..3).map(|_| RedisServer::start_with(&OPTIONS)).collect();
        let addresses = servers.iter().map(|server| format!("127.0.0.1:{}", server.port()));
        let status = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .arg("--cluster-yes")
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("redis-cli is installed").success());
        let cluster = Self(servers);
        wait_until("all of them know it", || {
            let is_ok = |server: &RedisServer| {
                server.run::<String>("CLUSTER INFO").contains("cluster_state:ok")
            };
            cluster.0.iter().all(is_ok)
        });
        cluster
    }

    /// One more server, without slots, which knows those of the others.
    fn add_server(&self) -> RedisServer {
        let server = RedisServer::start_with(&OPTIONS);
        let _: String = server.run(&format!("CLUSTER MEET 127.0.0.1 {}", self.0[0].port()));
        wait_until("it knows the cluster", || {
            let slots: Vec<redis::Value> = server.run("CLUSTER SLOTS");
            slots.len() == 3
        });
        server
    }

    fn options(&self) -> LinkOptions {
        let urls: Vec<_> = self.0.iter().map(RedisServer::url).collect();
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        let target = Target::cluster(&urls).expect("addresses");
        LinkOptions { target, ..options(&self.0[0].url()) }
    }

    /// The servers that have the slot of a name, and one that has not.
    fn owner(&self, name: &str) -> (&RedisServer, &RedisServer) {
        let slot: u64 = self.0[0].run(&format!("CLUSTER KEYSLOT {name}"));
        let is_owner = |server: &&RedisServer| {
            let nodes: String = server.run("CLUSTER NODES");
            let own = nodes.lines().find(|line| line.contains("myself")).expect("it knows itself");
            let mut ranges = own.split(' ').skip(8).map(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                first.parse().expect("a slot")..=last.parse().expect("a slot")
            });
            ranges.any(|range| range.contains(&slot))
        };
        let owner = self.0.iter().find(is_owner).expect("an owner");
        (owner, self.0.iter().find(|server| server.port() != owner.port()).expect("another"))
    }

    /// Gives the slot of a name to another server.
    fn move_slot(&self, name: &str) {
        let slot: u64 = self.0[0].run(&format!("CLUSTER KEYSLOT {name}"));
        let (from, to) = self.owner(name);
        let [from_id, to_id]: [String; 2] = [from.run("CLUSTER MYID"), to.run("CLUSTER MYID")];
        let _: String = to.run(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"));
        let _: String = from.run(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"));
        let _: String = to.run(&format!("CLUSTER SETSLOT {slot} NODE {to_id}"));
        let _: String = from.run(&format!("CLUSTER SETSLOT {slot} NODE {to_id}"));
    }
}

fn shard_publication(channel: &str, payload: &str) -> Outgoing {
    let payload = Bytes::copy_from_slice(payload.as_bytes());
    Outgoing::ShardPublish { channel: channel.into(), payload }
}

fn shards() -> Vec<Subscription> {
    (0..30).map(|number| Subscription::Shard(format!("shard{number}").into())).collect()
}

#[test]
fn shards_are_spread_over_a_cluster_and_each_keeps_its_order() {
    let cluster = RedisCluster::start();
    let (link, _) = start(cluster.options());
    let (other, others) = start(cluster.options());
    wait(other.subscribe(shards())).expect("a confirmation");
    for shard in shards() {
        assert_eq!(count(&link, &shard), Ok(1));
    }
    for number in 0..900 {
        let channel = format!("shard{}", number % 30);
        link.send(shard_publication(&channel, &number.to_string())).expect("room");
    }
    others.wait("all come", |seen| seen.messages.len() == 900);
    check_order(&others.seen.lock());
    let heard = cluster.0.iter().filter(|server| {
        let channels: Vec<String> = server.run("PUBSUB SHARDCHANNELS");
        !channels.is_empty()
    });
    assert_eq!(heard.count(), 3, "each of them has some");
}

/// Numbers on each channel only grow.
fn check_order(seen: &Seen) {
    let mut last = std::collections::HashMap::new();
    for (channel, payload) in &seen.messages {
        let number: u64 = payload.parse().expect("a number");
        let before = last.insert(channel, number);
        assert!(before < Some(number), "{channel}: {before:?}, {number}");
    }
}

#[test]
fn channels_and_patterns_work_over_a_cluster_and_are_counted_once() {
    let cluster = RedisCluster::start();
    // Each link has a home of its own, so several of them meet other servers.
    let links: Vec<_> = (0..4).map(|_| start(cluster.options())).collect();
    let counted = Subscription::Channel("a".into());
    for (link, _) in &links {
        let both = vec![counted.clone(), Subscription::Pattern("p*".into())];
        wait(link.subscribe(both)).expect("a confirmation");
    }
    assert_eq!(count(&links[0].0, &counted), Ok(4));
    for number in 0..100 {
        links[0].0.send(publication("a", &number.to_string())).expect("room");
        links[0].0.send(publication("px", &number.to_string())).expect("room");
    }
    for (_, recorder) in &links {
        recorder.wait("all come", |seen| seen.messages.len() == 200);
    }
}

#[test]
fn a_slot_that_moves_takes_its_channel_along() {
    let cluster = RedisCluster::start();
    let (link, _) = start(cluster.options());
    let (other, others) = start(cluster.options());
    wait(other.subscribe(shards())).expect("a confirmation");
    for round in 1..=3 {
        cluster.move_slot("shard7");
        others.wait("it is told", |seen| {
            let told = seen.statuses.iter().filter(|status| **status == LinkStatus::ShardMoved);
            told.count() == round
        });
        let (owner, _) = cluster.owner("shard7");
        wait_until("it has subscribed there", || {
            let numsub: Vec<(String, u64)> = owner.run("PUBSUB SHARDNUMSUB shard7");
            numsub[0].1 == 1
        });
        let count = 10 * round;
        for number in count - 10..count {
            link.send(shard_publication("shard7", &number.to_string())).expect("room");
        }
        others.wait("all come", |seen| seen.messages.len() == count);
    }
    check_order(&others.seen.lock());
    assert_eq!((link.health().losses, other.health().losses), (0, 0));
}

#[test]
fn a_master_that_restarts_is_found_again() {
    let mut cluster = RedisCluster::start();
    let (link, recorder) = start(cluster.options());
    wait(link.subscribe(shards())).expect("a confirmation");
    cluster.0[1].kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    for number in 0..30 {
        link.send(shard_publication(&format!("shard{number}"), "0")).expect("room");
    }
    cluster.0[1].launch();
    recorder.wait("all come", |seen| seen.messages.len() == 30);
}

#[test]
fn a_cluster_is_found_by_any_of_its_servers() {
    let mut cluster = RedisCluster::start();
    // The only server of the settings has no slots, so the link has no connection to it.
    let seed = cluster.add_server();
    let target = Target::cluster(&[&seed.url()]).expect("an address");
    let (link, recorder) = start(LinkOptions { target, ..options(&seed.url()) });
    wait(link.subscribe(shards())).expect("a confirmation");
    drop(seed);
    cluster.move_slot("shard7");
    recorder.wait("it is told", |seen| seen.statuses.contains(&LinkStatus::ShardMoved));
    let (owner, _) = cluster.owner("shard7");
    wait_until("it has subscribed there", || {
        let numsub: Vec<(String, u64)> = owner.run("PUBSUB SHARDNUMSUB shard7");
        numsub[0].1 == 1
    });
    link.send(shard_publication("shard7", "0")).expect("room");
    recorder.wait("it comes", |seen| seen.messages.len() == 1);
    assert_eq!(link.health().losses, 0);
    cluster.0[1].kill();
    recorder.wait("it is away", |seen| !seen.is_up());
    cluster.0[1].launch();
    recorder.wait("it is back", Seen::is_up);
}

#[test]
fn a_cluster_has_no_streams() {
    let urls = ["redis://127.0.0.1:1"];
    let target = Target::cluster(&urls).expect("an address");
    let options = LinkOptions { target, ..stream_options(urls[0]) };
    let error = Link::start(options, Arc::new(Recorder::default())).expect_err("it is refused");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
