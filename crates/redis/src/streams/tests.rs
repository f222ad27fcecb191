use proptest::prelude::*;

use super::*;
use crate::{
    message::{Notice, Opts, Request},
    testing::{
        answer, broadcast, check, hex, message, opts, payload, placeholder, read_back, request,
        server,
    },
};

const OWN: &str = "d4ca17576a2a09e6";
const ALL: &str = "socket.io#/#";

fn wire() -> Streams {
    Streams {
        stream_name: "socket.io".to_owned(),
        stream_count: 1,
        channel_prefix: "socket.io".to_owned(),
        sharded_pub_sub: false,
        own: server(OWN),
        limits: WireLimits::default(),
    }
}

fn read_entry(fields: &[(&str, &str)]) -> Result<Option<Envelope>, Unreadable> {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let fields: Vec<_> = fields.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    wire().read_entry(&fields)
}

fn entry(kind: &str, data: &str) -> Result<Option<Message>, Unreadable> {
    let read = read_entry(&[("type", kind), ("nsp", "/"), ("data", data)])?;
    Ok(read.map(|envelope| envelope.message))
}

/// Checks the fields of an entry, and that it is read as the same message.
#[track_caller]
fn check_entry(message: &Message, kind: &str, data: &str) {
    let written = wire().write("/", message, None);
    let fields = [("uid", OWN), ("nsp", "/"), ("type", kind), ("data", data)];
    let fields = fields.map(|(name, value)| (name, Bytes::copy_from_slice(value.as_bytes())));
    assert_eq!(written, Outgoing::Append { stream: "socket.io".into(), fields: fields.to_vec() });
    let envelope = read_back(&wire(), &written).unwrap().unwrap();
    assert_eq!((&envelope.message, envelope.sender), (message, Some(server(OWN))));
}

#[test]
fn entries_have_the_bytes_of_node() {
    check_entry(
        &broadcast(r#"["hi","x"]"#, opts(&["room1"], &[])),
        "3",
        r#"{"packet":{"type":2,"data":["hi","x"]},"opts":{"rooms":["room1"],"except":[],"flags":{}}}"#,
    );
    let event = payload(&format!(r#"["bin1",{}]"#, placeholder(0)), &[&[1, 2, 3]]);
    check_entry(
        &Message::Notice(Notice::Broadcast { event, opts: opts(&["room1"], &[]) }),
        "3",
        "gqZwYWNrZXSCpHR5cGUCpGRhdGGSpGJpbjHEAwECA6RvcHRzg6Vyb29tc5Glcm9vbTGmZXhjZXB0kKVmbGFnc4A=",
    );
    check_entry(
        &Message::Notice(Notice::Join {
            opts: opts(&["room1"], &["room2"]),
            rooms: vec!["x".into(), "y".into()],
        }),
        "4",
        r#"{"opts":{"rooms":["room1"],"except":["room2"],"flags":{}},"rooms":["x","y"]}"#,
    );
    check_entry(
        &Message::Notice(Notice::Disconnect { opts: opts(&["room2"], &[]), close: false }),
        "6",
        r#"{"opts":{"rooms":["room2"],"except":[],"flags":{}},"close":false}"#,
    );
}

#[test]
fn published_messages_have_the_bytes_of_node() {
    check(
        &wire(),
        &request("d14c7feb6a4a7420", Request::Sockets { opts: Opts::default() }),
        None,
        ALL,
        hex("84 a474797065 07 a464617461 82 a46f707473 83 a5726f6f6d73 90 a6657863657074 90 \
             a5666c616773 80 a9726571756573744964 b0 64313463376665623661346137343230 a3756964 \
             b0 64346361313735373661326130396536 a36e7370 a12f"),
    );
    let id = "825feff4a64c3bd2";
    let message = |data: &str| {
        let json = format!(r#"{{"type":{data}}},"uid":"{OWN}","nsp":"/"}}"#);
        msgpack::from_json(&json, &[]).unwrap()
    };
    let channel = "socket.io#/#4023996d3a19cec8#";
    let check = |answered, data: &str| {
        check(&wire(), &answer(id, answered), Some("4023996d3a19cec8"), channel, message(data));
    };
    check(
        Answer::Receivers { count: 1, ids: None },
        &format!(r#"11,"data":{{"requestId":"{id}","clientCount":1"#),
    );
    let acknowledgement = |argument| Answer::Acknowledgement { argument, id: None };
    check(
        acknowledgement(Some(payload(r#""resp2""#, &[]))),
        &format!(r#"12,"data":{{"requestId":"{id}","packet":"resp2""#),
    );
    check(acknowledgement(None), &format!(r#"12,"data":{{"requestId":"{id}","packet":null"#));
}

#[test]
fn entries_are_read_in_any_form() {
    let data = r#"{"opts":{"rooms":[5]},"rooms":["x"],"more":1}"#;
    let join = Notice::Join { opts: opts(&["5"], &[]), rooms: vec!["x".into()] };
    let read = read_entry(&[("n", "1"), ("data", data), ("type", "4"), ("nsp", "/b")]);
    let envelope = read.unwrap().unwrap();
    assert_eq!((envelope.sender, &*envelope.namespace), (None, "/b"));
    assert_eq!(envelope.message, Message::Notice(join));
    // An emitter's event for servers, and the missing padding of another encoder.
    assert_eq!(
        entry("9", r#"{"packet":["sse",1]}"#),
        Ok(Some(Message::Notice(Notice::ServerEvent(payload(r#"["sse",1]"#, &[])))))
    );
    assert!(matches!(
        entry(
            "3",
            "gqZwYWNrZXSCpHR5cGUCpGRhdGGSpGJpbjHEAwECA6RvcHRzg6Vyb29tc5Glcm9vbTGmZXhjZXB0kKVmbGFnc4A"
        ),
        Ok(Some(Message::Notice(Notice::Broadcast { event, .. }))) if event.attachments == [&[1, 2, 3][..]]
    ));
}

#[test]
fn entries_that_node_ignores_are_ignored() {
    assert_eq!(read_entry(&[("type", "3"), ("data", "{}")]), Ok(None), "no namespace");
    assert_eq!(read_entry(&[("nsp", "/"), ("data", "{}")]), Ok(None), "no type");
    assert_eq!(read_entry(&[]), Ok(None));
    for kind in ["1", "2", "13"] {
        assert_eq!(read_entry(&[("type", kind), ("nsp", "/")]), Ok(None), "{kind}");
    }
    assert_eq!(entry("99", "{}"), Ok(None));
    assert_eq!(entry("x", "{}"), Ok(None));
}

#[test]
fn malformed_entries_are_unreadable() {
    assert!(read_entry(&[("type", "3"), ("nsp", "/")]).is_err(), "no data");
    for data in ["", "{bad", "{}", "null", "!", "kA==", "gqZw"] {
        assert!(entry("3", data).is_err(), "{data}");
    }
    let long = "x".repeat(WireLimits::default().message_bytes);
    assert!(entry("3", &long).is_err());
}

#[test]
fn a_namespace_is_in_a_stream_that_node_reads() {
    let wire = Streams { stream_count: 4, ..wire() };
    assert_eq!(hash("/notifications"), -1_014_064_871);
    assert_eq!(wire.stream_of("/"), "socket.io-3");
    assert_eq!(wire.stream_of("/adm"), "socket.io-3");
    assert_eq!(wire.stream_of("/notifications"), "socket.io-1", "and not -3, as Node has it");
    let streams = wire.streams();
    assert_eq!(streams.len(), 7);
    for stream in ["socket.io--3", "socket.io-0", "socket.io-3"] {
        assert!(streams.contains(&stream.into()), "{stream}");
    }
    assert_eq!(super::tests::wire().streams(), ["socket.io"]);
}

#[test]
fn channels_may_be_of_shards() {
    let wire = Streams { sharded_pub_sub: true, ..wire() };
    let request = request("1", Request::Rooms);
    assert!(matches!(
        wire.write("/", &request, None),
        Outgoing::ShardPublish { channel, .. } if channel == ALL
    ));
    let answers = format!("{ALL}{OWN}#");
    assert_eq!(
        wire.subscriptions("/"),
        [Subscription::Shard(ALL.into()), Subscription::Shard(answers.into())]
    );
}

#[test]
fn a_payload_that_is_not_json_harms_no_server() {
    let message = broadcast("[", Opts::default());
    let with_bytes =
        Message::Notice(Notice::Broadcast { event: payload("[", &[b"x"]), opts: Opts::default() });
    for message in [message, with_bytes] {
        let Outgoing::Append { fields, .. } = wire().write("/", &message, None) else {
            panic!("not in the stream")
        };
        // Node's servers read what starts with a brace as JSON, and ignore what is not.
        let data = &fields[3].1;
        assert!(
            data.starts_with(b"{") && serde_json::from_slice::<serde_json::Value>(data).is_err()
        );
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in message(), namespace in "/[a-z#]{0,5}") {
        let written = wire().write(&namespace, &message, None);
        let envelope = read_back(&wire(), &written).unwrap().unwrap();
        prop_assert_eq!(envelope.sender, Some(server(OWN)));
        prop_assert_eq!(&*envelope.namespace, &namespace);
        prop_assert_eq!(&envelope.message, &message);
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in "[0-9]{1,2}", bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        let _ = wire().read(ALL.as_bytes(), &bytes);
        let fields = [("nsp", "/".into()), ("type", kind.into()), ("data", bytes)];
        let fields = fields.map(|(name, value)| (Bytes::from_static(name.as_bytes()), value));
        let _ = wire().read_entry(&fields);
    }
}
