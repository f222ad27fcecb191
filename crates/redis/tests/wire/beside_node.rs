//! The messages of real Node servers are read, and our formats write the same bytes for them.

use std::collections::BTreeMap;

use actix_socketio_redis::internals::{Format, Rewritten};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::common::{
    Emitter, Monitor, Need, NodePeer, REDIS_AND_NODE, RedisServer, all_there, wait_until,
};

/// Two servers, each with a client, and what they tell Redis.
struct Cluster {
    a: NodePeer,
    b: NodePeer,
    monitor: Monitor,
    redis: RedisServer,
    /// The ids of the clients' sockets.
    sockets: [String; 2],
    format: Format,
}

impl Cluster {
    fn start(kind: &str, format: Format) -> Self {
        let redis = RedisServer::start();
        let start = |name: &str| NodePeer::start(kind, redis.port(), &json!({"name": name}));
        let (a, b) = (start("a"), start("b"));
        let connect = |node: &NodePeer| {
            let id = node.call_blocking("connect", json!({}));
            id.as_str().expect("an id").to_owned()
        };
        let sockets = [connect(&a), connect(&b)];
        for (node, socket) in [(&a, &sockets[0]), (&b, &sockets[1])] {
            node.call_blocking("socketJoin", json!({"socket": socket, "join": ["room1"]}));
            node.call_blocking("socketData", json!({"socket": socket, "data": {"name": "é"}}));
            wait_until("they count each other", || {
                node.call_blocking("serverCount", json!({})) == json!(2)
            });
        }
        let monitor = Monitor::start(&redis);
        Self { a, b, monitor, redis, sockets, format }
    }

    /// Has the first server say each kind of message.
    fn say_everything(&self) {
        let say = |verb: &str, command: Value| self.a.call_blocking(verb, command);
        let odd = json!([
            "values", 0, -1, 127, 128, 65536, -32769, 4_294_967_296_u64, 1.5, "", "\"\\\u{1f642}",
            [null, true, {}], {"a": [], "é": "x".repeat(300)}
        ]);
        say("emit", json!({"args": odd}));
        say("emit", json!({"rooms": ["room1"], "args": ["hi", "x"]}));
        say("emit", json!({"rooms": [5], "args": ["to a number"]}));
        say(
            "emit",
            json!({"rooms": ["room1", "room2"], "except": ["r3"], "args": ["v", "x"],
            "flags": {"volatile": true, "compress": false}}),
        );
        let bytes = json!(["bytes", {"$bytes": "AQID"}, {"x": [{"$bytes": "AP8="}]}]);
        say("emit", json!({"rooms": ["room1"], "args": bytes}));
        say("emit", json!({"rooms": [&self.sockets[1]], "args": ["private"]}));
        say("socketBroadcast", json!({"socket": self.sockets[0], "args": ["to others"]}));
        say("remoteEmit", json!({"socket": self.sockets[1], "args": ["remote", 1]}));
        let opts = |more: Value| {
            let mut opts = json!({"rooms": ["room1"], "except": ["room2"]});
            for (name, value) in more.as_object().expect("an object") {
                opts[name] = value.clone();
            }
            opts
        };
        say("socketsJoin", opts(json!({"join": ["x", "y"]})));
        say("socketsLeave", opts(json!({"leave": ["x", "y"]})));
        say("fetchSockets", opts(json!({})));
        for (event, argument) in [("question", json!(1)), ("nothing", json!(null))] {
            say("serverSideEmit", json!({"args": [event, argument]}));
            say("serverSideEmitWithAck", json!({"args": [event, argument]}));
        }
        let flags = json!({"timeout": 5000});
        for event in ["ask", "nothing", "bytes"] {
            let answers = say("emitWithAck", json!({"args": [event, "q"], "flags": flags}));
            assert_eq!(answers["error"], Value::Null);
            assert_eq!(answers["answers"].as_array().map(Vec::len), Some(2));
        }
        if self.format == Format::Classic {
            say("allRooms", json!({}));
        }
        say("disconnectSockets", json!({"rooms": ["room9"], "close": false}));
        // It is behind all others on their connection.
        say("serverCount", json!({}));
    }

    /// The server that a channel belongs to.
    fn asker(&self, channel: &[u8]) -> Option<String> {
        let is_for = |uid: &String| channel.ends_with(format!("#{uid}#").as_bytes());
        [self.a.uid(), self.b.uid()].into_iter().find(is_for)
    }

    /// Reads all that was published or added, and checks that the same bytes are written again.
    /// Returns how often each kind of message was there.
    fn check_all(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for words in self.monitor.commands(&self.redis) {
            let Some((to, written, rewritten)) = self.rewrite(&words) else { continue };
            let Rewritten { message, to: ours_to, written: ours, .. } = rewritten;
            let shown = |parts: &[Bytes]| {
                parts.iter().map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>()
            };
            // A room is a string here, also if it was a number.
            let is_number = message.contains("to a number") && message.contains(r#"rooms: ["5"]"#);
            assert!(
                is_number || ours == written,
                "{message}\nNode: {:#?}\nours: {:#?}",
                shown(&written),
                shown(&ours)
            );
            assert_eq!(ours_to, String::from_utf8_lossy(&to), "{message}");
            *counts.entry(kind(&message)).or_default() += 1;
        }
        counts
    }

    fn rewrite(&self, words: &[Bytes]) -> Option<(Bytes, Vec<Bytes>, Rewritten)> {
        let command = words.first()?.to_ascii_uppercase();
        let (to, written, rewritten) = match &command[..] {
            b"PUBLISH" | b"SPUBLISH" => {
                let [_, channel, payload] = words else { panic!("{words:?}") };
                let asker = self.asker(channel);
                let read = self.format.rewrite(channel, payload, asker.as_deref());
                (channel.clone(), vec![payload.clone()], read)
            }
            b"XADD" => {
                let start = words.iter().position(|word| word == "*")? + 1;
                let pairs = words[start..].chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                let read = self.format.rewrite_entry(&pairs.collect::<Vec<_>>());
                (words[1].clone(), words[start..].to_vec(), read)
            }
            _ => return None,
        };
        let rewritten = rewritten.unwrap_or_else(|reason| panic!("{reason}: {words:?}"));
        Some((to, written, rewritten.unwrap_or_else(|| panic!("ignored: {words:?}"))))
    }
}

/// The names of the variants in a message: `Notice(Broadcast`.
fn kind(message: &str) -> String {
    let words = [
        "Notice",
        "Request",
        "Answer",
        "Broadcast",
        "Join",
        "Leave",
        "Disconnect",
        "ServerEvent",
        "Sockets",
        "Rooms",
        "Receivers",
        "Acknowledgement",
    ];
    let head = message.split([' ', '{', '(', ')']).filter(|word| words.contains(word));
    head.take(2).collect::<Vec<_>>().join(" ")
}

fn check(kind: &str, format: Format) {
    if !all_there(&format!("the bytes of Node, {kind}"), REDIS_AND_NODE) {
        return;
    }
    let cluster = Cluster::start(kind, format);
    cluster.say_everything();
    let counts = cluster.check_all();
    let mut expected = vec![
        ("Answer Acknowledgement", 3),
        ("Answer Receivers", 3),
        ("Answer ServerEvent", 2),
        ("Answer Sockets", 2),
        ("Notice Broadcast", 8),
        ("Notice Disconnect", 1),
        ("Notice Join", 1),
        ("Notice Leave", 1),
        ("Notice ServerEvent", 2),
        ("Request Broadcast", 3),
        ("Request ServerEvent", 2),
        ("Request Sockets", 2),
    ];
    if format == Format::Classic {
        expected.extend([("Answer Rooms", 1), ("Request Rooms", 1)]);
    }
    let expected = expected.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
    assert_eq!(counts, expected);
}

#[test]
fn the_classic_format_is_that_of_node() {
    check("classic", Format::Classic);
}

#[test]
fn the_sharded_format_is_that_of_node() {
    check("sharded", Format::Sharded);
}

#[test]
fn the_streams_format_is_that_of_node() {
    check("streams", Format::Streams);
}

#[test]
fn emitters_of_two_languages_are_read() {
    let needs = [REDIS_AND_NODE, &[Need::PythonPackages]].concat();
    if !all_there("emitters", &needs) {
        return;
    }
    let redis = RedisServer::start();
    let monitor = Monitor::start(&redis);
    let (node, python) = (Emitter::node(redis.port()), Emitter::python(redis.port()));
    for emitter in [&node, &python] {
        emitter.call_blocking(
            "emit",
            json!({"rooms": ["room1"], "args": ["hi", {"$bytes": "AQI="}, 1.5, null]}),
        );
        emitter.call_blocking("serverSideEmit", json!({"args": ["sse", "é"]}));
    }
    let rooms = json!({"rooms": ["room1"], "except": ["r9"], "join": ["ej"], "close": true});
    for verb in ["socketsJoin", "socketsLeave", "disconnectSockets"] {
        node.call_blocking(verb, rooms.clone());
    }
    let read: Vec<String> = monitor
        .commands(&redis)
        .iter()
        .filter(|words| words[0].eq_ignore_ascii_case(b"PUBLISH"))
        .map(|words| {
            let read = Format::Classic.rewrite(&words[1], &words[2], None);
            let read = read.expect("it is readable").expect("it has a meaning");
            assert_eq!(read.namespace, "/");
            let message = read.message.split(", flags").next().unwrap_or_default().to_owned();
            format!("{} {message}", read.sender.unwrap_or_default())
        })
        .collect();
    let event = r#"Payload { json: "[\"hi\",{\"_placeholder\":true,\"num\":0},1.5,null]""#
        .to_owned()
        + r#", attachments: [b"\x01\x02"] }"#;
    let broadcast = |except: &str| {
        format!(
            r#"emitter Notice(Broadcast {{ event: {event}, opts: Opts {{ rooms: ["room1"], except: [{except}]"#
        )
    };
    let server_event =
        r#"emitter Notice(ServerEvent(Payload { json: "[\"sse\",\"é\"]", attachments: [] }))"#;
    let opts = r#"{ opts: Opts { rooms: ["room1"], except: ["r9"]"#;
    assert_eq!(
        read,
        [
            broadcast(""),
            server_event.to_owned(),
            broadcast(""),
            server_event.to_owned().replace('é', r"\\u00e9"),
            format!(" Notice(Join {opts}"),
            format!(" Notice(Leave {opts}"),
            format!(" Notice(Disconnect {opts}"),
        ]
    );
}
