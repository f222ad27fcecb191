use proptest::prelude::*;

use super::*;
use crate::{
    message::{Answer, Flags, Notice, Opts, Request},
    testing::{
        answer, broadcast, check, hex, message, opts, payload, placeholder, read_back, request,
        server,
    },
};

const OWN: &str = "8476706614b7fc37";
const ALL: &str = "socket.io#/#";

fn wire() -> Sharded {
    Sharded {
        channel_prefix: "socket.io".to_owned(),
        mode: SubscriptionMode::Dynamic,
        own: server(OWN),
        limits: WireLimits::default(),
    }
}

fn read(json: &str) -> Result<Option<Message>, Unreadable> {
    let envelope = wire().read(ALL.as_bytes(), &Bytes::from(json.to_owned()))?;
    Ok(envelope.map(|envelope| envelope.message))
}

/// The message around `data` as servers write it.
fn whole(kind: u64, data: &str) -> String {
    format!(r#"{{"type":{kind},"data":{data},"uid":"{OWN}","nsp":"/"}}"#)
}

#[test]
fn broadcasts_have_the_bytes_of_node() {
    check(
        &wire(),
        &broadcast(r#"["hello",1]"#, Opts::default()),
        None,
        ALL,
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hello",1]},"opts":{"rooms":[],"except":[],"flags":{}}},"uid":"8476706614b7fc37","nsp":"/"}"#,
    );
    let room = || opts(&["room1"], &[]);
    check(
        &wire(),
        &broadcast(r#"["hi","x"]"#, room()),
        None,
        "socket.io#/#room1#",
        r#"{"type":3,"data":{"packet":{"type":2,"data":["hi","x"]},"opts":{"rooms":["room1"],"except":[],"flags":{}}},"uid":"8476706614b7fc37","nsp":"/"}"#,
    );
    let event = payload(&format!(r#"["bin1",{}]"#, placeholder(0)), &[&[1, 2, 3]]);
    check(
        &wire(),
        &Message::Notice(Notice::Broadcast { event, opts: room() }),
        None,
        "socket.io#/#room1#",
        hex(
            "84 a474797065 03 a464617461 82 a67061636b6574 82 a474797065 02 a464617461 92 a462696e31 \
             c403 010203 a46f707473 83 a5726f6f6d73 91 a5726f6f6d31 a6657863657074 90 a5666c616773 80 \
             a3756964 b0 38343736373036363134623766633337 a36e7370 a12f",
        ),
    );
}

#[test]
fn requests_and_answers_have_the_bytes_of_node() {
    let flags = Flags { timeout: Some(1000), ..Flags::default() };
    let ask = Request::Broadcast {
        event: payload(r#"["ask"]"#, &[]),
        opts: Opts { flags, ..opts(&["room1"], &[]) },
    };
    let between = || opts(&["room1"], &["room2"]);
    let between_json = r#"{"rooms":["room1"],"except":["room2"],"flags":{}}"#;
    for (message, kind, data) in [
        (
            request("7754599186dbb9c1", ask),
            3,
            r#"{"packet":{"type":2,"data":["ask"]},"requestId":"7754599186dbb9c1","opts":{"rooms":["room1"],"except":[],"flags":{"timeout":1000}}}"#.to_owned(),
        ),
        (
            request("67ab4612f987b0a8", Request::Sockets { opts: between() }),
            7,
            format!(r#"{{"opts":{between_json},"requestId":"67ab4612f987b0a8"}}"#),
        ),
        (
            Message::Notice(Notice::Join { opts: between(), rooms: vec!["x".into(), "y".into()] }),
            4,
            format!(r#"{{"opts":{between_json},"rooms":["x","y"]}}"#),
        ),
        (
            Message::Notice(Notice::Disconnect { opts: between(), close: false }),
            6,
            format!(r#"{{"opts":{between_json},"close":false}}"#),
        ),
        (
            request("3f2aa3801db1be4c", Request::ServerEvent(payload(r#"["sse",1]"#, &[]))),
            9,
            r#"{"requestId":"3f2aa3801db1be4c","packet":["sse",1]}"#.to_owned(),
        ),
        (
            Message::Notice(Notice::ServerEvent(payload(r#"["sse",1]"#, &[]))),
            9,
            r#"{"packet":["sse",1]}"#.to_owned(),
        ),
    ] {
        check(&wire(), &message, None, ALL, whole(kind, &data));
    }
    let id = "7754599186dbb9c1";
    let acknowledgement = |argument| answer(id, Answer::Acknowledgement { argument, id: None });
    for (message, kind, data) in [
        (answer(id, Answer::Receivers { count: 1, ids: None }), 11, r#","clientCount":1"#),
        (acknowledgement(Some(payload(r#""resp2""#, &[]))), 12, r#","packet":"resp2""#),
        (acknowledgement(None), 12, ""),
        (
            answer(id, Answer::ServerEvent(Some(payload(r#"{"from":"B","got":1}"#, &[])))),
            10,
            r#","packet":{"from":"B","got":1}"#,
        ),
    ] {
        let data = format!(r#"{{"requestId":"{id}"{data}}}"#);
        let asker = "14a54ecae187fc25";
        let channel = format!("socket.io#/#{asker}#");
        check(&wire(), &message, Some(asker), &channel, whole(kind, &data));
    }
}

#[test]
fn rooms_have_channels_as_in_the_mode_of_the_cluster() {
    let (id, smile) = ("a".repeat(20), "\u{1f642}".repeat(10));
    for (mode, room, expected) in [
        (SubscriptionMode::Dynamic, "room", true),
        (SubscriptionMode::Dynamic, &*id, false),
        (SubscriptionMode::Dynamic, &*smile, false),
        (SubscriptionMode::DynamicPrivate, &*id, true),
        (SubscriptionMode::Static, "room", false),
    ] {
        let wire = Sharded { mode, ..wire() };
        let own_channel = format!("socket.io#/#{room}#");
        let subscription = Subscription::Shard(own_channel.clone().into());
        assert_eq!(wire.room_subscription("/", room), expected.then_some(subscription));
        let channel = |rooms: &[&str]| match wire.write(
            "/",
            &broadcast(r#"["a"]"#, opts(rooms, &[])),
            None,
        ) {
            Outgoing::ShardPublish { channel, .. } => channel,
            other => panic!("{other:?}"),
        };
        assert_eq!(channel(&[room]), if expected { &*own_channel } else { ALL });
        assert_eq!(channel(&[room, "b"]), ALL);
    }
    assert_eq!(
        wire().subscriptions("/"),
        [Subscription::Shard(ALL.into()), Subscription::Shard(format!("{ALL}{OWN}#").into())]
    );
}

#[test]
fn what_node_ignores_is_ignored() {
    for json in [
        r#"{"type":1,"uid":"a","nsp":"/"}"#,
        r#"{"type":2,"uid":"a","nsp":"/"}"#,
        r#"{"type":13,"uid":"a","nsp":"/"}"#,
        r#"{"type":99,"data":7,"uid":"a","nsp":"/"}"#,
        r#"{"type":"3","data":{},"uid":"a","nsp":"/"}"#,
        r#"{"type":3,"data":{}}"#,
        "{}",
    ] {
        assert_eq!(read(json), Ok(None), "{json}");
    }
    let other = whole(4, r#"{"opts":{},"rooms":[]}"#).replace(r#""/""#, r#""/b""#);
    assert_eq!(read(&other), Ok(None), "another namespace than the channel's");
}

#[test]
fn what_is_malformed_is_unreadable() {
    for data in
        ["null", "7", "{}", r#"{"packet":{"type":2}}"#, r#"{"packet":{"type":2,"data":["a"]}}"#]
    {
        assert!(read(&whole(3, data)).is_err(), "{data}");
    }
    assert!(read(r#"{"type":3,"uid":"a","nsp":"/"}"#).is_err());
    for (kind, data) in [
        (4, r#"{"rooms":[]}"#),
        (4, r#"{"opts":{}}"#),
        (7, r#"{"opts":{}}"#),
        (8, r#"{"requestId":"1"}"#),
        (8, r#"{"requestId":"1","sockets":[{}]}"#),
        (9, r#"{"packet":[{}]}"#),
        (11, r#"{"requestId":"1","clientCount":-1}"#),
        (11, r#"{"requestId":"1","clientCount":1,"sockets":["x"]}"#),
        (12, r#"{"packet":1}"#),
    ] {
        assert!(read(&whole(kind, data)).is_err(), "{kind} {data}");
    }
    for text in ["", " {}", "{bad", "[]", "\u{7f}"] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn events_share_the_memory_of_their_message() {
    let bytes = Bytes::from(whole(
        3,
        r#"{"packet":{"type":2,"data":["hello"]},"opts":{"rooms":["a"],"except":[]}}"#,
    ));
    let range = bytes.as_ptr_range();
    let Some(Envelope { message: Message::Notice(Notice::Broadcast { event, opts }), .. }) =
        wire().read(ALL.as_bytes(), &bytes).unwrap()
    else {
        panic!("not a broadcast")
    };
    assert!(range.contains(&event.json.as_ptr()));
    assert!(range.contains(&opts.rooms[0].as_ptr()));
}

#[test]
fn a_payload_that_is_not_json_harms_no_server() {
    let event = payload("[", &[b"x"]);
    let message = Message::Notice(Notice::ServerEvent(event));
    let Outgoing::ShardPublish { payload, .. } = wire().write("/", &message, None) else {
        panic!("not published")
    };
    assert!(
        payload.starts_with(b"{") && serde_json::from_slice::<serde_json::Value>(&payload).is_err()
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in message(), namespace in "/[a-z#]{0,5}") {
        for asker in [None, Some(server("asker"))] {
            let written = wire().write(&namespace, &message, asker.as_ref());
            let envelope = read_back(&wire(), &written).unwrap().unwrap();
            prop_assert_eq!(envelope.sender, Some(server(OWN)));
            prop_assert_eq!(&*envelope.namespace, &namespace);
            prop_assert_eq!(&envelope.message, &message);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = wire().read(ALL.as_bytes(), &bytes.into());
    }
}
