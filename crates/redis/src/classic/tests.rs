use bytestring::ByteString;
use proptest::prelude::*;

use super::*;
use crate::{
    message::{Answer, Flags, Heartbeat, Notice, Opts, Request},
    testing::{
        answer, broadcast, check, hex, message, opts, payload, placeholder, read_back, request,
        server,
    },
};

fn wire() -> Classic {
    Classic {
        key: "socket.io".to_owned(),
        own: server("atE4j8"),
        answers_to_asker: false,
        limits: WireLimits::default(),
    }
}

fn read(channel: &str, payload: impl Into<Vec<u8>>) -> Result<Option<Envelope>, Unreadable> {
    wire().read(channel.as_bytes(), &Bytes::from(payload.into()))
}

const REQUESTS: &str = "socket.io-request#/#";
const RESPONSES: &str = "socket.io-response#/#";

#[test]
fn broadcasts_have_the_bytes_of_node() {
    check(
        &wire(),
        &broadcast(r#"["hi","x"]"#, opts(&["room1"], &[])),
        None,
        "socket.io#/#room1#",
        hex(
            "93 a6 617445346a38 83 a474797065 02 a464617461 92 a26869 a178 a36e7370 a12f 83 a5726f6f6d73 \
             91 a5726f6f6d31 a6657863657074 90 a5666c616773 80",
        ),
    );
    let json = format!(r#"["bin",{},{{"x":[{}]}}]"#, placeholder(0), placeholder(1));
    let event = payload(&json, &[&[1, 2, 3], &[0, 0xff]]);
    check(
        &wire(),
        &Message::Notice(Notice::Broadcast { event, opts: Opts::default() }),
        None,
        "socket.io#/#",
        hex(
            "93 a6617445346a38 83 a474797065 02 a464617461 93 a362696e c403 010203 81 a178 91 c402 00ff \
             a36e7370 a12f 83 a5726f6f6d7390a665786365707490a5666c61677380",
        ),
    );
}

#[test]
fn requests_have_the_bytes_of_node() {
    let check = |message: &Message, expected: &str| {
        check(&wire(), message, None, REQUESTS, expected);
    };
    check(&request("aTcw3v", Request::Rooms), r#"{"uid":"atE4j8","requestId":"aTcw3v","type":1}"#);
    let rooms = vec!["x".into(), "y".into()];
    check(
        &Message::Notice(Notice::Join { opts: opts(&["room1"], &["room2"]), rooms: rooms.clone() }),
        r#"{"uid":"atE4j8","type":2,"opts":{"rooms":["room1"],"except":["room2"]},"rooms":["x","y"]}"#,
    );
    check(
        &Message::Notice(Notice::Leave { opts: opts(&["room1"], &["room2"]), rooms }),
        r#"{"uid":"atE4j8","type":3,"opts":{"rooms":["room1"],"except":["room2"]},"rooms":["x","y"]}"#,
    );
    check(
        &Message::Notice(Notice::Disconnect { opts: opts(&["room2"], &[]), close: false }),
        r#"{"uid":"atE4j8","type":4,"opts":{"rooms":["room2"],"except":[]},"close":false}"#,
    );
    check(
        &request("rqWSHp", Request::Sockets { opts: Opts::default() }),
        r#"{"uid":"atE4j8","requestId":"rqWSHp","type":5,"opts":{"rooms":[],"except":[]}}"#,
    );
    let event = payload(r#"["sse",1,{"a":null}]"#, &[]);
    check(
        &Message::Notice(Notice::ServerEvent(event.clone())),
        r#"{"uid":"atE4j8","type":6,"data":["sse",1,{"a":null}]}"#,
    );
    check(
        &request("xjFuTI", Request::ServerEvent(event)),
        r#"{"uid":"atE4j8","requestId":"xjFuTI","type":6,"data":["sse",1,{"a":null}]}"#,
    );
    check(
        &Message::Notice(Notice::Heartbeat(Heartbeat {
            clients: 3,
            version: "0.1.0".into(),
            uptime: 17,
            interval: 5000,
            address: Some("http://10.0.0.3:8081".into()),
            presence: None,
            is_last: false,
        })),
        r#"{"uid":"atE4j8","type":20,"data":{"clients":3,"version":"0.1.0","uptime":17,"interval":5000,"address":"http://10.0.0.3:8081","last":false}}"#,
    );
}

#[test]
fn broadcasts_with_acknowledgements_have_the_bytes_of_node() {
    let flags = Flags { timeout: Some(1000), ..Flags::default() };
    let ask = Request::Broadcast {
        event: payload(r#"["ask","q"]"#, &[]),
        opts: Opts { flags, ..Opts::default() },
    };
    check(
        &wire(),
        &request("Hbn-J4", ask),
        None,
        REQUESTS,
        hex(
            "85 a3756964 a6617445346a38 a9726571756573744964 a648626e2d4a34 a474797065 07 a67061636b6574 \
             83 a474797065 02 a464617461 92 a361736b a171 a36e7370 a12f a46f707473 83 a5726f6f6d73 90 \
             a6657863657074 90 a5666c616773 81 a774696d656f7574 cd03e8",
        ),
    );
    let check = |message: &Message, expected: &[u8]| {
        check(&wire(), message, Some("other1"), RESPONSES, expected);
    };
    check(
        &answer("Hbn-J4", Answer::Receivers { count: 1, ids: None }),
        br#"{"type":8,"requestId":"Hbn-J4","clientCount":1}"#,
    );
    let argument = Some(payload(r#""resp2""#, &[]));
    check(
        &answer("Hbn-J4", Answer::Acknowledgement { argument: argument.clone(), id: None }),
        &hex("83 a474797065 09 a9726571756573744964 a648626e2d4a34 a67061636b6574 a57265737032"),
    );
    check(
        &answer("vCIv4j", Answer::Acknowledgement { argument: None, id: None }),
        &hex("82 a474797065 09 a9726571756573744964 a67643497634 6a"),
    );
    check(
        &answer("xjFuTI", Answer::ServerEvent(argument)),
        br#"{"type":6,"requestId":"xjFuTI","data":"resp2"}"#,
    );
    check(&answer("xjFuTI", Answer::ServerEvent(None)), br#"{"type":6,"requestId":"xjFuTI"}"#);
    check(
        &answer("aTcw3v", Answer::Rooms(vec!["room1".into(), "5".into()])),
        br#"{"requestId":"aTcw3v","rooms":["room1","5"]}"#,
    );
}

#[test]
fn answers_go_to_the_asker_if_that_is_set() {
    let wire = Classic { answers_to_asker: true, ..wire() };
    let to = |message: &Message| match wire.write("/", message, Some(&server("abc"))) {
        Outgoing::Publish { channel, .. } => channel,
        other => panic!("{other:?}"),
    };
    assert_eq!(to(&answer("1", Answer::Rooms(vec![]))), "socket.io-response#/#abc#");
    assert_eq!(to(&answer("1", Answer::ServerEvent(None))), RESPONSES);
    let channels: Vec<_> = wire.subscriptions("/a*").into_iter().collect();
    assert_eq!(
        channels,
        [
            Subscription::Channel("socket.io-request#/a*#".into()),
            Subscription::Pattern(r"socket.io#/a\*#*".into()),
            Subscription::Channel("socket.io-response#/a*#atE4j8#".into()),
            Subscription::Channel("socket.io-response#/a*#".into()),
        ]
    );
    let own = read("socket.io-response#/a*#atE4j8#", r#"{"requestId":"1","rooms":[]}"#);
    assert_eq!(own.unwrap().unwrap().namespace, "/a*");
}

#[test]
fn emitters_are_read() {
    // Node's: {"type":2,"data":["hi",bytes],"nsp":"/"}, flags before except.
    let event = format!(r#"["hi",{}]"#, placeholder(0));
    let read_message = |channel: &str, payload: Vec<u8>| read(channel, payload).unwrap().unwrap();
    let envelope = read_message(
        "socket.io#/#room1#",
        hex("93 a7656d6974746572 83 a474797065 02 a464617461 92 a26869 c4020102 a36e7370 a12f 83 \
             a5726f6f6d73 91 a5726f6f6d31 a5666c616773 80 a6657863657074 91 a27239")
        .into(),
    );
    assert_eq!(envelope.sender, Some(server("emitter")));
    let event =
        Notice::Broadcast { event: payload(&event, &[&[1, 2]]), opts: opts(&["room1"], &["r9"]) };
    assert_eq!(envelope.message, Message::Notice(event));
    // An old one's: other widths, type 5 as a double, no namespace, no except, and PHP's flags.
    let old = hex(
        "dc0003 d903616263 de0002 da0004 74797065 cb4014000000000000 a464617461 dc0001 a161 81 \
         a5726f6f6d73 dd00000002 05 a162",
    );
    let envelope = read_message("socket.io#/#", old.into());
    assert_eq!(envelope.namespace, "/");
    assert_eq!(envelope.message, broadcast(r#"["a"]"#, opts(&["5", "b"], &[])));
    let php = msgpack(r#"["emitter",{"type":2,"data":["a"],"nsp":"/x"},{"rooms":[],"flags":[]}]"#);
    let envelope = read_message("socket.io#/x#", php);
    assert_eq!(
        (&*envelope.namespace, envelope.message),
        ("/x", broadcast(r#"["a"]"#, opts(&[], &[])))
    );
    // Joins without a sender.
    let envelope = read_message(
        REQUESTS,
        br#"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["ej"]}"#.to_vec(),
    );
    assert_eq!(envelope.sender, None);
}

fn msgpack(json: &str) -> Vec<u8> {
    actix_socketio::adapter::msgpack::from_json(json, &[]).unwrap().into()
}

#[test]
fn both_forms_are_read_for_all_requests_and_answers() {
    let json = r#"{"requestId":"1","type":5,"opts":{"rooms":["a"]},"uid":"x"}"#;
    let expected = Some(Envelope {
        sender: Some(server("x")),
        namespace: "/".into(),
        message: request("1", Request::Sockets { opts: opts(&["a"], &[]) }),
    });
    assert_eq!(read(REQUESTS, json), Ok(expected.clone()));
    assert_eq!(read(REQUESTS, msgpack(json)), Ok(expected));
    let json = r#"{"type":8.0,"requestId":"1","clientCount":2}"#;
    let count = read(RESPONSES, json).unwrap().unwrap();
    assert_eq!(count.message, answer("1", Answer::Receivers { count: 2, ids: None }));
    assert_eq!(read(RESPONSES, msgpack(json)).unwrap().unwrap(), count);
}

#[test]
fn old_requests_and_answers_are_read() {
    let read_message =
        |channel: &str, json: &str| read(channel, json).unwrap().map(|read| read.message);
    let socket = || opts(&["abc"], &[]);
    assert_eq!(
        read_message(REQUESTS, r#"{"type":2,"requestId":"1","sid":"abc","room":5}"#),
        Some(Message::Notice(Notice::Join { opts: socket(), rooms: vec!["5".into()] }))
    );
    assert_eq!(
        read_message(REQUESTS, r#"{"type":4,"requestId":"1","sid":"abc","close":true}"#),
        Some(Message::Notice(Notice::Disconnect { opts: socket(), close: true }))
    );
    assert_eq!(
        read_message(REQUESTS, r#"{"uid":"a","requestId":"1","type":0,"rooms":["r"]}"#),
        Some(request("1", Request::SocketIds { rooms: vec!["r".into()] }))
    );
    assert_eq!(
        read_message(RESPONSES, r#"{"requestId":"1","sockets":["a","b"]}"#),
        Some(answer("1", Answer::SocketIds(vec!["a".into(), "b".into()])))
    );
    assert_eq!(read_message(RESPONSES, r#"{"requestId":"1"}"#), None);
}

#[test]
fn messages_for_others_are_ignored() {
    let other = msgpack(r#"["a",{"type":2,"data":["a"],"nsp":"/a#b"},{"rooms":[]}]"#);
    assert!(read("socket.io#/a#b#", other.clone()).unwrap().is_some());
    assert_eq!(read("socket.io#/a#", other.clone()), Ok(None), "another namespace");
    for channel in ["socket.io", "other#/a#b#", "socket.io-request", "socket.iox#/#"] {
        assert_eq!(read(channel, other.clone()), Ok(None), "{channel}");
    }
    for json in [r#"{"type":99}"#, r#"{"type":"2"}"#, "{}", r#"{"type":-1}"#] {
        assert_eq!(read(REQUESTS, json), Ok(None), "{json}");
    }
}

#[test]
fn what_is_malformed_is_unreadable() {
    let broadcasts = [
        r#"["a",{"type":2,"data":["a"]}]"#,
        r#"["a",{"type":2,"data":["a"]},null]"#,
        r#"["a",{"type":2,"data":"a"},{"rooms":[]}]"#,
        r#"["a",{"type":2,"data":[]},{"rooms":[]}]"#,
        r#"["a",{"type":3,"data":["a"]},{"rooms":[]}]"#,
        r#"["a",{"type":2,"data":["a"]},{"rooms":"all"}]"#,
        r#"["a",{"type":2,"data":["a"]},{"rooms":[],"flags":{"timeout":"x"}}]"#,
        r#"["a",null,{"rooms":[]}]"#,
        "1",
        "{}",
        r#"["a",{"type":2,"data":["a"],"nsp":7},{"rooms":[]}]"#,
        r#"[7,{"type":2,"data":["a"]},{"rooms":[]}]"#,
    ];
    for json in broadcasts {
        assert!(read("socket.io#/#", msgpack(json)).is_err(), "{json}");
        assert!(read("socket.io#/#", json).is_err(), "{json} as text");
    }
    for bytes in [&b""[..], b"\xc1", b"\xff\xff", &[0xdd, 0xff, 0xff, 0xff, 0xff], b"\x90\x90"] {
        assert!(read("socket.io#/#", bytes).is_err(), "{bytes:?}");
    }
    for json in [
        r#"{"type":5}"#,
        r#"{"type":5,"requestId":"1"}"#,
        r#"{"type":5,"opts":{}}"#,
        r#"{"type":2,"opts":{"rooms":[]}}"#,
        r#"{"type":6,"data":{}}"#,
        r#"{"type":7,"requestId":"1","opts":{"rooms":[]}}"#,
        r#"{"type":6,"data":["a"],"requestId":{}}"#,
        r#"{"type":1,"type":1}"#,
        "{",
        "",
    ] {
        assert!(read(REQUESTS, json).is_err(), "{json}");
    }
}

#[test]
fn bytes_in_the_description_of_a_socket_are_written_out() {
    let socket = format!(r#"{{"id":"a","data":{{"key":{}}}}}"#, placeholder(0));
    let json = format!(r#"{{"requestId":"1","sockets":[{socket}]}}"#);
    let bytes = actix_socketio::adapter::msgpack::from_json(&json, &[vec![1, 2].into()]).unwrap();
    let Some(Envelope { message: Message::Answer(_, Answer::Sockets(sockets)), .. }) =
        wire().read(RESPONSES.as_bytes(), &bytes).unwrap()
    else {
        panic!("no sockets")
    };
    assert_eq!(
        serde_json::Value::from(sockets[0].data.clone()),
        serde_json::json!({"key": {"type": "Buffer", "data": [1, 2]}})
    );
}

#[test]
fn limits_hold() {
    let limits =
        WireLimits { message_bytes: 1000, depth: 3, rooms: 2, answer_entries: 3, attachments: 1 };
    let wire = Classic { limits, ..wire() };
    let read = |channel: &str, json: &str| {
        let bytes = actix_socketio::adapter::msgpack::from_json(json, &[]).unwrap();
        wire.read(channel.as_bytes(), &bytes).map_err(|Unreadable(why)| why)
    };
    let rooms = |rooms: &str| format!(r#"{{"type":0,"requestId":"1","rooms":[{rooms}]}}"#);
    assert!(read(REQUESTS, &rooms("1,2")).is_ok());
    assert!(read(REQUESTS, &rooms("1,2,3")).unwrap_err().contains("at most 2 entries"));
    let answered = |rooms: &str| format!(r#"{{"requestId":"1","rooms":[{rooms}]}}"#);
    assert!(read(RESPONSES, &answered("1,2,3")).is_ok());
    assert!(read(RESPONSES, &answered("1,2,3,4")).unwrap_err().contains("at most 3 entries"));
    let event = |value: &str| format!(r#"{{"type":6,"data":["a",{value}]}}"#);
    assert!(read(REQUESTS, &event("[[[[[1]]]]]")).is_ok());
    assert!(read(REQUESTS, &event("[[[[[[1]]]]]]")).unwrap_err().contains("7 levels"));
    let long = format!(r#""{}""#, "x".repeat(1000));
    assert!(read(REQUESTS, &event(&long)).unwrap_err().contains("1000 bytes"));
    let id = format!(r#"{{"type":1,"requestId":"{}"}}"#, "x".repeat(101));
    assert!(read(REQUESTS, &id).unwrap_err().contains("100 bytes"));
    let bytes = hex("92 a0 92 c400 c400");
    assert!(wire.read(b"socket.io#/#", &bytes).is_err(), "2 attachments");
}

/// The message with what the classic adapter leaves out.
fn as_classic(message: Message) -> Message {
    let without_flags = |opts: Opts| Opts { flags: Flags::default(), ..opts };
    match message {
        Message::Notice(Notice::Join { opts, rooms }) => {
            Message::Notice(Notice::Join { opts: without_flags(opts), rooms })
        }
        Message::Notice(Notice::Leave { opts, rooms }) => {
            Message::Notice(Notice::Leave { opts: without_flags(opts), rooms })
        }
        Message::Notice(Notice::Disconnect { opts, close }) => {
            Message::Notice(Notice::Disconnect { opts: without_flags(opts), close })
        }
        Message::Request(id, Request::Sockets { opts }) => {
            Message::Request(id, Request::Sockets { opts: without_flags(opts) })
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in message(), namespace in "/[a-z#]{0,5}") {
        let written = wire().write(&namespace, &message, None);
        let Envelope { sender, namespace: read, message: again } =
            read_back(&wire(), &written).unwrap().unwrap();
        let is_answer = matches!(message, Message::Answer(..));
        prop_assert_eq!(sender, (!is_answer).then(|| server("atE4j8")));
        prop_assert_eq!(read, ByteString::from(namespace));
        prop_assert_eq!(again, as_classic(message));
    }

    #[test]
    fn arbitrary_bytes_never_panic(channel in "socket.io(-request|-response)?#/#", bytes: Vec<u8>) {
        let _ = read(&channel, bytes);
    }
}
