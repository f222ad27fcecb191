//! Messages that no server should send. Each is ignored, and what follows arrives.

use redis::Connection;

use crate::{
    common::RedisServer,
    fixture::{Kind, Node, eventually},
};

with_each_adapter!(
    &[crate::common::Need::Redis];
    malformed_messages_stop_nothing,
);

/// A list of MessagePack in a list, and so on.
fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = vec![0x91; levels];
    bytes.push(0xc0);
    bytes
}

/// JSON that is nested.
fn nested_json(levels: usize) -> String {
    format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
}

/// Bytes that are not a message of any adapter.
fn garbage() -> Vec<Vec<u8>> {
    let long = || "x".repeat(9 << 20);
    let texts = [
        String::new(),
        "{".to_owned(),
        "{bad".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "\"text\"".to_owned(),
        r#"{"type":3}"#.to_owned(),
        r#"{"type":"3","data":"text"}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/"}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":null}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":{}}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":{"packet":{"type":2,"data":["bad"]}}}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":{"packet":{"type":2,"data":[]},"opts":{"rooms":[],"except":[],"flags":{}}}}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":{"packet":{"type":2,"data":{"bad":1}},"opts":{"rooms":[],"except":[],"flags":{}}}}"#.to_owned(),
        r#"{"type":3,"uid":"x","nsp":"/","data":{"packet":{"type":2,"data":["bad"]},"opts":{"rooms":"bad","except":1,"flags":[]}}}"#.to_owned(),
        r#"{"type":3,"uid":1,"nsp":2,"data":{"packet":3,"opts":4}}"#.to_owned(),
        r#"{"type":99,"uid":"x","nsp":"/","data":{}}"#.to_owned(),
        r#"{"type":-1,"uid":"x","requestId":"r"}"#.to_owned(),
        r#"{"type":5,"uid":"x","requestId":"r"}"#.to_owned(),
        r#"{"type":7,"uid":"x","nsp":"/","data":{"requestId":1}}"#.to_owned(),
        r#"{"type":9,"uid":"x","nsp":"/","data":{"packet":{}}}"#.to_owned(),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"version":1}}"#.to_owned(),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"version":"1","clients":-1}}"#.to_owned(),
        r#"{"type":20,"uid":"x","data":{"version":"1","clients":1,"uptime":"x"}}"#.to_owned(),
        r#"{"type":20,"uid":7,"data":{"version":"1","clients":1,"uptime":1,"interval":1}}"#
            .to_owned(),
        r#"{"type":4,"uid":"x","nsp":"/","data":{"opts":{},"rooms":{}}}"#.to_owned(),
        r#"{"type":12,"uid":"x","nsp":"/","data":{"requestId":"unknown","packet":1}}"#.to_owned(),
        r#"{"type":8,"requestId":"unknown","clientCount":1e300}"#.to_owned(),
        r#"{"requestId":"unknown","sockets":[1,{"id":2}]}"#.to_owned(),
        format!(r#"{{"type":3,"uid":"x","nsp":"/","data":{{"packet":{{"type":2,"data":["bad",{}]}},"opts":{{"rooms":[],"except":[],"flags":{{}}}}}}}}"#, nested_json(100_000)),
        format!(r#"{{"type":3,"uid":"x","nsp":"/","data":{{"packet":{{"type":2,"data":["bad","{}"]}},"opts":{{"rooms":[],"except":[],"flags":{{}}}}}}}}"#, long()),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"presence":1}}"#.to_owned(),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"presence":{"ask":[1]}}}"#.to_owned(),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"presence":{"version":1,"part":9}}}"#.to_owned(),
        r#"{"type":2,"uid":"x","nsp":"/","data":{"presence":{"version":1,"channels":[{"nsp":"/","name":"a","max":1,"joins":[["bob","{bad",1,0]]}]}}}"#.to_owned(),
        r#"{"type":20,"uid":"x","data":{"presence":{"version":1,"channels":[{"nsp":"/","name":1,"max":-1}]}}}"#.to_owned(),
        nested_json(1_000_000),
    ];
    let mut all: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    all.extend([
        vec![0xff; 100],
        vec![0xc1],
        vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        vec![0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1],
        vec![0xc6, 0xff, 0xff, 0xff, 0xff, 1],
        vec![0xdb, 0xff, 0xff, 0xff, 0xff, b'x'],
        vec![0x93, 0xa1, b'x', 0xc0, 0xc0],
        vec![0x92, 0xa1, b'x', 0x80],
        // Without `opts`, and with a string that is not UTF-8.
        [
            &[0x93, 0xa1, b'x', 0x82, 0xa4][..],
            b"type",
            &[2, 0xa4],
            b"data",
            &[0x91, 0xa3],
            b"bad",
            &[0xc0],
        ]
        .concat(),
        [
            &[0x93, 0xa1, b'x', 0x82, 0xa4][..],
            b"type",
            &[2, 0xa4],
            b"data",
            &[0x91, 0xa2, 0xff, 0xfe],
            &[0x80],
        ]
        .concat(),
        nested(100_000),
        vec![0; 9 << 20],
    ]);
    all
}

fn publish(redis: &mut Connection, command: &str, channel: &str, payload: &[u8]) {
    redis::cmd(command).arg(channel).arg(payload).exec(redis).expect("Redis takes it");
}

fn append(redis: &mut Connection, fields: &[(&str, &[u8])]) {
    let mut command = redis::cmd("XADD");
    command.arg("socket.io").arg("*");
    for (name, value) in fields {
        command.arg(*name).arg(*value);
    }
    command.exec(redis).expect("Redis takes it");
}

/// Sends everything that is malformed by all ways on which servers of this kind hear.
fn send_all(redis: &mut Connection, kind: Kind, uid: &str) {
    let garbage = garbage();
    let (command, channels) = match kind {
        Kind::Classic => (
            "PUBLISH",
            vec![
                "socket.io#/#".to_owned(),
                "socket.io#/#a#".to_owned(),
                "socket.io#/##\u{0}#".to_owned(),
                "socket.io-request#/#".to_owned(),
                "socket.io-response#/#".to_owned(),
            ],
        ),
        Kind::Sharded => (
            "SPUBLISH",
            vec![
                "socket.io#/#".to_owned(),
                "socket.io#/#a#".to_owned(),
                format!("socket.io#/#{uid}#"),
            ],
        ),
        Kind::Streams => {
            ("PUBLISH", vec!["socket.io#/#".to_owned(), format!("socket.io#/#{uid}#")])
        }
    };
    for payload in &garbage {
        for channel in &channels {
            publish(redis, command, channel, payload);
        }
        if kind == Kind::Streams {
            let kinds: [&[u8]; 6] = [b"3", b"4", b"6", b"9", b"99", b"\xff"];
            for kind in kinds {
                append(redis, &[("uid", b"x"), ("nsp", b"/"), ("type", kind), ("data", payload)]);
            }
        }
    }
    if kind == Kind::Streams {
        append(redis, &[("uid", b"x"), ("nsp", b"/"), ("type", b"3")]);
        append(redis, &[("nsp", b"/")]);
        append(redis, &[("n", b"0000000000000000-1")]);
        append(redis, &[("data", b"{}"), ("data", b"{}"), ("type", b"3"), ("type", b"4")]);
        append(redis, &[("nsp", b"\xff\xfe"), ("type", b"3"), ("data", b"{}")]);
    }
}

async fn malformed_messages_stop_nothing(kind: Kind) {
    let redis = RedisServer::start();
    let [one, two] = crate::fixture::nodes(kind, &redis).await;
    let (mut here, mut there) = (one.client_in("a").await, two.client_in("a").await);
    // The channel for answers to one of the servers, which its id is in.
    let listed = |command: &[&str]| redis.command::<Vec<String>>(command);
    let channels = match kind {
        Kind::Sharded => listed(&["PUBSUB", "SHARDCHANNELS"]),
        _ => listed(&["PUBSUB", "CHANNELS"]),
    };
    let uid = channels.iter().find_map(|channel| {
        let uid = channel.rsplit('#').nth(1)?;
        (uid.len() == 16).then(|| uid.to_owned())
    });
    let uid = uid.expect("a server listens to its answers");
    let mut connection = redis.connection();
    send_all(&mut connection, kind, &uid);
    // The answers come behind all of it.
    for node in [&one, &two] {
        eventually("servers answer each other", async || {
            let found = node.io.to("a").fetch_sockets().await.expect("a name");
            (found.len(), found.missing_servers) == (2, 0)
        })
        .await;
    }
    let ignored = |node: &Node| node.io.cluster_health().expect("a cluster").ignored;
    one.io.everyone().publish("last", &1).await.expect("sent");
    two.io.everyone().publish("last", &2).await.expect("sent");
    for client in [&mut here, &mut there] {
        let mut values = [client.next().await, client.next().await].map(|event| {
            assert_eq!(event.name(), "last");
            event.arg::<u32>(0)
        });
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        client.nothing().await;
    }
    for node in [&one, &two] {
        assert!(ignored(node) > 20, "they are counted");
        assert!(node.io.nodes().len() <= 2, "none of them is a server");
        assert!(node.io.cluster_health().expect("a cluster").is_connected);
    }
}
