//! Messages, and checks that the tests of all three formats share.

use bytes::Bytes;
use bytestring::ByteString;
use proptest::{collection::vec, option, prelude::*};
use serde_json::json;

use crate::{
    message::{
        Answer, ChannelPresence, DescribedHandshake, DescribedSocket, Envelope, Flags, Heartbeat,
        MemberPresence, Message, Notice, Opts, Payload, PresenceNotice, PresencePart, Request,
        RequestId, ServerId,
    },
    wire::{Outgoing, Unreadable, Wire},
};

pub(crate) fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

pub(crate) fn payload(json: &str, attachments: &[&'static [u8]]) -> Payload {
    Payload {
        json: json.into(),
        attachments: attachments.iter().map(|data| Bytes::from_static(data)).collect(),
    }
}

/// `{"_placeholder":true,"num":…}`
pub(crate) fn placeholder(num: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{num}}}"#)
}

pub(crate) fn opts(rooms: &[&str], except: &[&str]) -> Opts {
    let list = |names: &[&str]| names.iter().map(|name| ByteString::from(*name)).collect();
    Opts { rooms: list(rooms), except: list(except), flags: Flags::default() }
}

pub(crate) fn broadcast(json: &str, opts: Opts) -> Message {
    Message::Notice(Notice::Broadcast { event: payload(json, &[]), opts })
}

pub(crate) fn request(id: &str, request: Request) -> Message {
    Message::Request(RequestId(id.into()), request)
}

pub(crate) fn answer(id: &str, answer: Answer) -> Message {
    Message::Answer(RequestId(id.into()), answer)
}

pub(crate) fn server(id: &str) -> ServerId {
    ServerId(id.into())
}

/// Checks what is written, and that it is read as the same message.
#[track_caller]
pub(crate) fn check(
    wire: &impl Wire,
    message: &Message,
    asker: Option<&str>,
    channel: &str,
    expected: impl AsRef<[u8]>,
) {
    let (written_to, payload) = match wire.write("/", message, asker.map(server).as_ref()) {
        Outgoing::Publish { channel, payload } | Outgoing::ShardPublish { channel, payload } => {
            (channel, payload)
        }
        Outgoing::Append { .. } => panic!("it is added to a stream"),
    };
    let expected = expected.as_ref();
    assert!(payload == expected, "{}\n{}", payload.escape_ascii(), expected.escape_ascii());
    assert_eq!(written_to, channel);
    let envelope = wire.read(channel.as_bytes(), &payload).unwrap().unwrap();
    assert_eq!(envelope.message, *message);
    assert_eq!(envelope.namespace, "/");
}

/// Reads a message back from where it was written to.
pub(crate) fn read_back(
    wire: &impl Wire,
    outgoing: &Outgoing,
) -> Result<Option<Envelope>, Unreadable> {
    match outgoing {
        Outgoing::Publish { channel, payload } | Outgoing::ShardPublish { channel, payload } => {
            wire.read(channel.as_bytes(), payload)
        }
        Outgoing::Append { fields, .. } => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (Bytes::from_static(name.as_bytes()), value.clone()))
                .collect();
            wire.read_entry(&fields)
        }
    }
}

fn text() -> BoxedStrategy<ByteString> {
    prop_oneof!["[a-z#\"\\\\\u{e9}\u{1f642}\n]{0,6}", "[a-z]{20}"]
        .prop_map(ByteString::from)
        .boxed()
}

fn rooms() -> impl Strategy<Value = Vec<ByteString>> {
    vec(text(), 0..4)
}

fn flags() -> impl Strategy<Value = Flags> {
    (any::<bool>(), any::<Option<bool>>(), option::of(0..100_000u64), any::<bool>(), any::<bool>())
        .prop_map(|(volatile, compress, timeout, expect_single_response, skip_history)| Flags {
            volatile,
            compress,
            timeout,
            expect_single_response,
            skip_history,
        })
}

fn any_opts() -> BoxedStrategy<Opts> {
    (rooms(), rooms(), flags())
        .prop_map(|(rooms, except, flags)| Opts { rooms, except, flags })
        .boxed()
}

/// JSON with placeholders for the attachments. MessagePack keeps its text.
fn value(attachments: usize) -> impl Strategy<Value = String> {
    let before = prop_oneof![
        Just("1".to_owned()),
        Just("-70000".to_owned()),
        Just("1.5".to_owned()),
        Just("1e300".to_owned()),
        Just("null".to_owned()),
        Just(r#"{"a":[true,{}],"é\"":"\n"}"#.to_owned()),
        text().prop_map(|text| json!(*text).to_string()),
    ];
    before.prop_map(move |value| {
        let placeholders: Vec<_> = (0..attachments).map(placeholder).collect();
        format!(r#"{{"x":[{}],"y":{value}}}"#, placeholders.join(","))
    })
}

fn with_attachments(
    json: impl Fn(String) -> String + Clone + 'static,
) -> impl Strategy<Value = Payload> {
    vec(vec(any::<u8>(), 0..300), 0..3).prop_flat_map(move |attachments| {
        let attachments: Vec<_> = attachments.into_iter().map(Bytes::from).collect();
        let json = json.clone();
        value(attachments.len()).prop_map(move |value| Payload {
            json: json(value).into(),
            attachments: attachments.clone(),
        })
    })
}

fn event() -> BoxedStrategy<Payload> {
    prop_oneof![
        with_attachments(|value| format!(r#"["event",{value},3]"#)),
        Just(payload(r#"["literal",{"_placeholder":true,"num":0}]"#, &[])),
    ]
    .boxed()
}

fn any_payload() -> BoxedStrategy<Payload> {
    prop_oneof![with_attachments(|value| value), Just(payload("[]", &[]))].boxed()
}

fn notice() -> BoxedStrategy<Notice> {
    prop_oneof![
        (event(), any_opts()).prop_map(|(event, opts)| Notice::Broadcast { event, opts }),
        (any_opts(), rooms()).prop_map(|(opts, rooms)| Notice::Join { opts, rooms }),
        (any_opts(), rooms()).prop_map(|(opts, rooms)| Notice::Leave { opts, rooms }),
        (any_opts(), any::<bool>()).prop_map(|(opts, close)| Notice::Disconnect { opts, close }),
        event().prop_map(Notice::ServerEvent),
        heartbeat().prop_map(Notice::Heartbeat),
        presence().prop_map(Notice::Presence),
    ]
    .boxed()
}

fn heartbeat() -> impl Strategy<Value = Heartbeat> {
    let number = || 0..1u64 << 50;
    let flags = (option::of(number()), any::<bool>());
    (number(), number(), number(), option::of(text()), flags).prop_map(
        |(clients, uptime, interval, address, (presence, is_last))| Heartbeat {
            clients,
            version: "0.1.0".into(),
            uptime,
            interval,
            address,
            presence,
            is_last,
        },
    )
}

fn presence() -> impl Strategy<Value = PresenceNotice> {
    let number = || 0..1u64 << 50;
    let part = prop_oneof![
        Just(PresencePart::Changes),
        Just(PresencePart::Begins),
        Just(PresencePart::Ends)
    ];
    let info = prop_oneof![Just("null".into()), Just(placeholder(0)), value(0)];
    let member = (text(), info.prop_map(ByteString::from), number(), number())
        .prop_map(|(id, info, sockets, revision)| MemberPresence { id, info, sockets, revision });
    let channel = (
        (text(), text(), number(), any::<bool>()),
        (option::of((number(), number())), number(), vec(member, 0..4), rooms()),
    )
        .prop_map(
            |((namespace, channel, max_members, is_whole), (counts, unlisted, joins, leaves))| {
                ChannelPresence {
                    namespace,
                    channel,
                    max_members,
                    is_whole,
                    counts,
                    unlisted,
                    joins,
                    leaves,
                }
            },
        );
    let told = (number(), part, vec(channel, 0..3));
    let ids = vec("[a-z0-9]{1,16}".prop_map(|id| ServerId(id.into())), 0..3);
    prop_oneof![
        told.prop_map(|(version, part, channels)| PresenceNotice::Told { version, part, channels }),
        ids.prop_map(|servers| PresenceNotice::Ask { servers }),
    ]
}

fn any_request() -> BoxedStrategy<Request> {
    prop_oneof![
        (event(), any_opts()).prop_map(|(event, opts)| Request::Broadcast { event, opts }),
        any_opts().prop_map(|opts| Request::Sockets { opts }),
        event().prop_map(Request::ServerEvent),
        rooms().prop_map(|rooms| Request::SocketIds { rooms }),
        Just(Request::Rooms),
    ]
    .boxed()
}

fn any_answer() -> BoxedStrategy<Answer> {
    let id = "[a-zA-Z0-9_-]{20}".prop_map(|id| id.parse().unwrap());
    prop_oneof![
        (0..1000u64, option::of(vec(id.clone(), 0..4)))
            .prop_map(|(count, ids)| Answer::Receivers { count, ids }),
        (option::of(any_payload()), option::of(id))
            .prop_map(|(argument, id)| Answer::Acknowledgement { argument, id }),
        vec(socket(), 0..3).prop_map(Answer::Sockets),
        option::of(any_payload()).prop_map(Answer::ServerEvent),
        vec(text(), 1..4).prop_map(Answer::SocketIds),
        rooms().prop_map(Answer::Rooms),
    ]
    .boxed()
}

fn socket() -> BoxedStrategy<DescribedSocket> {
    (text(), rooms(), text(), 0..1u64 << 50, any::<(bool, bool)>())
        .prop_map(|(id, rooms, text, issued, (xdomain, secure))| DescribedSocket {
            id,
            handshake: DescribedHandshake {
                headers: vec![("host".into(), text.clone()), ("x-a".into(), "b".into())],
                address: "::1".into(),
                xdomain,
                secure,
                issued,
                url: format!("/socket.io/?EIO=4&a={text}&a=%22").into(),
                auth: Some(r#"{"token":[1,{}]}"#.into()),
            },
            rooms,
            data: [("name".to_owned(), json!({"a": [*text, 1.5, null]}))].into_iter().collect(),
        })
        .boxed()
}

/// Each kind of message.
pub(crate) fn message() -> BoxedStrategy<Message> {
    let id = "[a-zA-Z0-9_-]{6,16}".prop_map(|id: String| RequestId(id.into()));
    prop_oneof![
        notice().prop_map(Message::Notice),
        (id.clone(), any_request()).prop_map(|(id, request)| Message::Request(id, request)),
        (id, any_answer()).prop_map(|(id, answer)| Message::Answer(id, answer)),
    ]
    .boxed()
}
