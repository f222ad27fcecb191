//! The servers that tests start do what tests rely on.

use serde_json::json;

use crate::common::{
    Need, NodePeer, REDIS_AND_NODE, RedisCluster, RedisServer, all_there, wait_until,
};

#[test]
fn a_durable_redis_keeps_its_data_over_a_kill_and_others_do_not() {
    if !all_there("kills of Redis", &[Need::Redis]) {
        return;
    }
    for (mut server, is_kept) in
        [(RedisServer::start_durable(), true), (RedisServer::start(), false)]
    {
        server.command::<()>(&["SET", "a", "1"]);
        let port = server.port();
        server.restart();
        assert_eq!(server.port(), port);
        assert_eq!(server.command::<Option<u32>>(&["GET", "a"]), is_kept.then_some(1));
    }
}

#[test]
fn a_frozen_redis_answers_when_it_goes_on() {
    if !all_there("a frozen Redis", &[Need::Redis]) {
        return;
    }
    let server = RedisServer::start();
    let mut redis = server.connection();
    server.freeze();
    redis.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
    assert!(redis::cmd("PING").query::<String>(&mut redis).is_err());
    server.thaw();
    assert_eq!(server.command::<String>(&["PING"]), "PONG");
}

#[test]
fn servers_of_node_are_one_cluster_with_each_adapter() {
    if !all_there("servers of Node", REDIS_AND_NODE) {
        return;
    }
    let redis = RedisServer::start();
    for kind in ["classic", "sharded", "streams"] {
        let prefix = json!({"key": kind, "channelPrefix": kind, "streamName": kind});
        let start = |name: &str| {
            NodePeer::start(kind, redis.port(), &json!({"name": name, "adapter": prefix}))
        };
        let (a, b) = (start("a"), start("b"));
        let count = || a.call_blocking("serverCount", json!({}));
        wait_until("they count each other", || count() == json!(2));
        let event = json!({"args": ["question", {"$bytes": "AQI="}]});
        let answers = a.call_blocking("serverSideEmitWithAck", event);
        // The classic adapter has bytes in JSON.
        let got = match kind {
            "classic" => json!({"type": "Buffer", "data": [1, 2]}),
            _ => json!({"$bytes": "AQI="}),
        };
        assert_eq!(
            answers,
            json!({"error": null, "answers": [{"from": "b", "got": got}]}),
            "{kind}"
        );
        let received = b.call_blocking("received", json!({}));
        assert_eq!(received, json!([{"nsp": "/", "args": ["question", got], "wantsAnswer": true}]));
    }
}

#[test]
fn servers_of_node_are_one_cluster_on_a_redis_cluster() {
    if !all_there("a Redis Cluster with servers of Node", REDIS_AND_NODE) {
        return;
    }
    let cluster = RedisCluster::start();
    for master in cluster.masters() {
        let info: String = master.command(&["CLUSTER", "INFO"]);
        assert!(info.contains("cluster_slots_ok:16384"), "{info}");
        assert!(info.contains("cluster_size:3"), "{info}");
    }
    for kind in ["classic", "sharded", "streams"] {
        let options = json!({"cluster": true, "adapter": {
            "key": kind, "channelPrefix": kind, "streamName": kind,
        }});
        let start = || NodePeer::start(kind, cluster.masters()[0].port(), &options);
        let (a, b) = (start(), start());
        wait_until("they count each other", || {
            a.call_blocking("serverCount", json!({})) == json!(2)
        });
        a.call_blocking("serverSideEmit", json!({"args": ["told"]}));
        wait_until("the other one receives the event", || {
            let received = b.call_blocking("received", json!({}));
            received == json!([{"nsp": "/", "args": ["told"], "wantsAnswer": false}])
        });
    }
}
