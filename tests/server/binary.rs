//! Binary data: attachments that match their packet, over both transports, and others.

use actix_socketio::{Builder, HandlerResult, Many, OnMessage};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    fixture::{Fixture, Journal, journaling},
    octets::FrameSocket,
    raw::{PollingSession, Received, WebSocket, frame},
};

const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// A fixture whose handlers also accept binary events:
///
/// | event | arguments | reaction |
/// | --- | --- | --- |
/// | `mirror` | binary, `{name, data}` | acknowledged with both, and the client receives `mirrored` with both |
/// | `count` | … | acknowledged with the number of arguments and of attachments |
fn fixture() -> Fixture {
    world_with(|builder| builder)
}

fn world_with(configure: impl FnOnce(Builder) -> Builder) -> Fixture {
    let journal = Journal::default();
    Fixture::with_builder(configure(journaling(&journal).on_message(mirror)), journal)
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    data: Bytes,
}

async fn mirror(event: OnMessage) -> HandlerResult {
    match event.event() {
        "mirror" => {
            let both: Many<(Bytes, File)> = Many((event.arg(0)?, event.arg(1)?));
            event.ack(&both)?;
            event.socket.emit("mirrored", &both)?;
        }
        "count" => event.ack(&(event.args().len(), event.args().attachments().len()))?,
        _ => {}
    }
    Ok(())
}

fn base64(data: &[u8]) -> String {
    format!("b{}", BASE64_STANDARD.encode(data))
}

/// `mirror`, whose first argument is the attachment `first`, and the second's data `second`.
fn mirror_packet(first: usize, second: usize) -> String {
    format!(
        r#"452-7["mirror",{{"_placeholder":true,"num":{first}}},{{"name":"a","data":{{"_placeholder":true,"num":{second}}}}}]"#
    )
}

const ACK: &str =
    r#"462-7[{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]"#;
const MIRRORED: &str = r#"452-["mirrored",{"_placeholder":true,"num":0},{"name":"a","data":{"_placeholder":true,"num":1}}]"#;

/// All 256 bytes, and no byte.
fn attachments() -> [Vec<u8>; 2] {
    [(0..=255).collect(), Vec::new()]
}

#[test]
fn attachments_are_base64_in_polling() {
    let fixture = fixture();
    let (session, _) = PollingSession::join(fixture.addr);
    let [all, none] = attachments().map(|data| base64(&data));
    // In the order of their numbers, and in reverse.
    for (numbers, one, two) in [((0, 1), &all, &none), ((1, 0), &none, &all)] {
        let packet = mirror_packet(numbers.0, numbers.1);
        session.post([packet, one.clone(), two.clone()].join("\x1e")).assert_ok();
        let mut received = Vec::new();
        while received.len() < 6 {
            let answer = session.get();
            assert_eq!(answer.status, 200, "{answer:?}");
            received.extend(answer.body.split('\x1e').map(str::to_owned));
        }
        assert_eq!(received, [ACK, &all, &none, MIRRORED, &all, &none]);
    }
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn attachments_may_come_in_bodies_of_their_own() {
    let fixture = fixture();
    let (session, _) = PollingSession::join(fixture.addr);
    session.post(r#"452-7["count",{"_placeholder":true,"num":0},1]"#).assert_ok();
    session.post("bAQID").assert_ok();
    // Packets that are not messages may arrive in between.
    session.post("3").assert_ok();
    session.post("bBA==").assert_ok();
    session.get().assert_poll(&["437[[2,2]]"]);
    session.assert_works();
    session.close();
    fixture.assert_all_freed();
}

#[test]
fn attachments_are_binary_messages_on_a_websocket() {
    let fixture = fixture();
    let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
    let [all, none] = attachments();
    for (numbers, one, two) in [((0, 1), &all, &none), ((1, 0), &none, &all)] {
        ws.send(0x81, mirror_packet(numbers.0, numbers.1).as_bytes());
        ws.send(0x82, one);
        ws.send(0x82, two);
        for packet in [ACK, MIRRORED] {
            ws.assert_text(packet);
            assert_eq!(ws.next(), (0x82, all.clone()));
            assert_eq!(ws.next(), (0x82, none.clone()));
        }
    }
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn binary_arguments_are_parameters_of_any_type_of_bytes() {
    let fixture = world_with(|builder| {
        builder
            .on("bytes", async |data: Bytes| Ok(data))
            .on("numbers", async |data: Vec<u8>| Ok(data))
            .on("array", async |data: [u8; 3]| Ok(data))
            .on("named", async |File { name, data }: File, more: Option<Bytes>| {
                Ok((name, data.len(), more.map(|more| more.len())))
            })
            .on("number", async |number: i64| Ok(number))
            .on("text", async |text: String| Ok(text))
    });
    let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    for (event, argument, answer, attachments) in [
        ("bytes", placeholder.to_owned(), format!("461-1[{placeholder}]"), 1),
        ("numbers", placeholder.to_owned(), "431[[1,2,3]]".to_owned(), 0),
        ("array", placeholder.to_owned(), "431[[1,2,3]]".to_owned(), 0),
        (
            "named",
            format!(r#"{{"name":"a","data":{placeholder}}}"#),
            r#"431[["a",3,null]]"#.to_owned(),
            0,
        ),
        (
            "number",
            placeholder.to_owned(),
            r#"431[{"message":"argument 1: expected an integer"}]"#.to_owned(),
            0,
        ),
        (
            "text",
            placeholder.to_owned(),
            r#"431[{"message":"argument 1: expected a string"}]"#.to_owned(),
            0,
        ),
    ] {
        ws.send(0x81, format!(r#"451-1["{event}",{argument}]"#).as_bytes());
        ws.send(0x82, &[1, 2, 3]);
        ws.assert_text(&answer);
        for _ in 0..attachments {
            assert_eq!(ws.next(), (0x82, vec![1, 2, 3]));
        }
    }
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn an_attachment_may_come_in_fragments() {
    let fixture = fixture();
    let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
    ws.send(0x81, mirror_packet(1, 0).as_bytes());
    ws.send(0x02, b"one ");
    ws.send(0x00, b"after ");
    ws.send(0x80, b"another");
    ws.send(0x82, b"whole");
    ws.assert_text(ACK);
    assert_eq!(ws.next(), (0x82, b"whole".to_vec()));
    assert_eq!(ws.next(), (0x82, b"one after another".to_vec()));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn attachments_may_be_base64_on_a_websocket() {
    let fixture = fixture();
    for (query, as_text) in [(WEBSOCKET.to_owned(), false), (format!("{WEBSOCKET}&b64=1"), true)] {
        let mut ws = FrameSocket::open_and_join(fixture.addr, &query);
        ws.send(0x81, mirror_packet(0, 1).as_bytes());
        ws.send(0x81, b"bAQID");
        ws.send(0x81, b"bBA==");
        ws.assert_text(ACK);
        for data in [&[1, 2, 3][..], &[4]] {
            let expected =
                if as_text { (0x81, base64(data).into_bytes()) } else { (0x82, data.to_vec()) };
            assert_eq!(ws.next(), expected);
        }
    }
    fixture.assert_all_freed();
}

/// Half an emoji, numbers of any size, the order of keys: binary changes nothing.
#[test]
fn what_is_beside_binary_is_handled_and_relayed_as_without_it() {
    async fn echo(event: OnMessage) -> HandlerResult {
        if event.event() == "\u{fffd}" {
            event.ack("half an emoji")?;
        } else if event.event() == "relay" {
            event.socket.emit("relayed", &Many(event.args()))?;
        }
        Ok(())
    }
    let fixture = world_with(|builder| builder.on_message(echo));
    let values =
        r#"1180591620717411303425,-0,1e2,1e999,{"b":1,"a":2,"b":3},"\ud83d",{"\udc00":[ 1.0 ]}"#;
    let binary = r#"{"_placeholder":true,"num":0}"#;
    for (header, beside) in [("42", ""), ("451-", ",{\"num\":0, \"_placeholder\":true}")] {
        let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
        let mut send = |text: String| {
            ws.send(0x81, text.as_bytes());
            if !beside.is_empty() {
                ws.send(0x82, b"x");
            }
        };
        let last = if beside.is_empty() { String::new() } else { format!(",{binary}") };
        send(format!(r#"{header}["relay",{values}{beside}]"#));
        send(format!(r#"{header}["relay",{{"\ud83d":[-0{beside}]}}]"#));
        send(format!(r#"{header}7["\ud83d",1{beside}]"#));
        for packet in [
            format!(r#"{header}["relayed",{values}{last}]"#),
            format!(r#"{header}["relayed",{{"\ud83d":[-0{last}]}}]"#),
        ] {
            ws.assert_text(&packet);
            if !beside.is_empty() {
                assert_eq!(ws.next(), (0x82, b"x".to_vec()));
            }
        }
        ws.assert_text(r#"437["half an emoji"]"#);
    }
    fixture.assert_all_freed();
}

/// Java's client breaks lines after 76 characters and at the end. Node's server takes all of these.
#[test]
fn each_form_of_base64_that_clients_write_is_taken() {
    let fixture = fixture();
    let data: Vec<u8> = (0..=255).cycle().take(300).collect();
    let encoded = BASE64_STANDARD.encode(&data);
    let lines = |end: &str| {
        let lines = encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line));
        lines.map(|line| format!("{line}{end}")).collect::<String>()
    };
    let forms = [
        lines("\n"),
        lines("\r\n"),
        encoded.trim_end_matches('=').to_owned(),
        encoded.replace('+', "-").replace('/', "_"),
    ];
    for form in forms {
        let packet = mirror_packet(0, 1);
        let (session, _) = PollingSession::join(fixture.addr);
        session.post([&packet, &format!("b{form}"), "b"].join("\x1e")).assert_ok();
        let mut received = Vec::new();
        while received.len() < 6 {
            received.extend(session.get().body.split('\x1e').map(str::to_owned));
        }
        assert_eq!(received[..3], [ACK, &base64(&data), "b"], "{form:?}");
        session.close();
        let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
        ws.send(0x81, packet.as_bytes());
        ws.send(0x81, format!("b{form}").as_bytes());
        ws.send(0x81, b"b\n");
        ws.assert_text(ACK);
        assert_eq!(ws.next(), (0x82, data.clone()));
    }
    fixture.assert_all_freed();
}

/// An attachment without a placeholder is not an error. The client chooses the order.
#[test]
fn placeholders_need_not_be_one_for_each_attachment() {
    let fixture = fixture();
    let mut ws = FrameSocket::open_and_join(fixture.addr, WEBSOCKET);
    ws.send(0x81, mirror_packet(2, 0).replace("452-", "453-").as_bytes());
    for data in [b"second", b"unused", b"first!"] {
        ws.send(0x82, data);
    }
    ws.assert_text(ACK);
    assert_eq!(ws.next(), (0x82, b"first!".to_vec()));
    assert_eq!(ws.next(), (0x82, b"second".to_vec()));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn a_binary_event_without_attachments_is_delivered_at_once() {
    let fixture = fixture();
    let (session, _) = PollingSession::join(fixture.addr);
    session.post(r#"450-1["count","a"]"#).assert_ok();
    session.get().assert_poll(&["431[[1,0]]"]);
    session.assert_works();
    session.close();
    let mut ws = WebSocket::open(fixture.addr);
    ws.join();
    ws.send(r#"450-1["count","a","b"]"#);
    assert_eq!(ws.text(), "431[[2,0]]");
    ws.assert_works();
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn a_placeholder_in_a_plain_event_is_ordinary_data() {
    let fixture = fixture();
    let mut ws = WebSocket::open(fixture.addr);
    ws.join();
    for event in ["42", "450-"] {
        ws.send(&format!(r#"{event}1["echo",{{"_placeholder":true,"num":0}}]"#));
        assert_eq!(ws.text(), r#"431[{"_placeholder":true,"num":0}]"#);
    }
    ws.assert_works();
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn the_most_attachments_there_may_be_are_taken() {
    let fixture = world_with(|builder| builder.max_attachments(3));
    let (session, _) = PollingSession::join(fixture.addr);
    session.post("453-1[\"count\"]\x1eb\x1eb\x1eb").assert_ok();
    session.get().assert_poll(&["431[[0,3]]"]);
    session.close();
    for count in ["4", "99999999999999999999999"] {
        let (session, id) = PollingSession::join(fixture.addr);
        session.post(format!(r#"45{count}-["count"]"#)).assert_ok();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error");
        session.wait_until_unknown();
    }
    fixture.assert_all_freed();
}

/// Attachments that do not match, as packets of a polling body.
const MISFITS: &[(&str, &[&str])] = &[
    ("an attachment that was not announced", &["bAQID"]),
    ("one more than was announced", &[r#"451-["count"]"#, "bAQID", "bAQID"]),
    (
        "an event where an attachment is due",
        &[r#"451-["count",{"_placeholder":true,"num":0}]"#, r#"42["count"]"#],
    ),
    (
        "a second binary event where an attachment is due",
        &[r#"452-["count"]"#, "bAQID", r#"451-["count"]"#],
    ),
    (
        "a number that no attachment has",
        &[r#"451-["count",{"_placeholder":true,"num":1}]"#, "bAQID"],
    ),
    // A receiver of all of them would copy one attachment thousands of times.
    (
        "a number that another one has",
        &[
            r#"451-["count",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":0}]]"#,
            "bAQID",
        ],
    ),
    ("one that is below all", &[r#"451-["count",{"_placeholder":true,"num":-1}]"#, "bAQID"]),
    (
        "a placeholder number that is not an integer",
        &[r#"451-["count",{"_placeholder":true,"num":0.5}]"#, "bAQID"],
    ),
    (
        "a placeholder number that is not a number",
        &[r#"451-["count",{"_placeholder":true,"num":"0"}]"#, "bAQID"],
    ),
    ("a placeholder without one", &[r#"451-["count",[{"a":{"_placeholder":true}}]]"#, "bAQID"]),
    (
        "an object that only some clients take for a placeholder",
        &[r#"451-["count",{"_placeholder":1,"num":99}]"#, "bAQID"],
    ),
    ("one whose mark is a text", &[r#"451-["count",[{"_placeholder":"true","num":0}]]"#, "bAQID"]),
    ("one whose mark is a list", &[r#"451-["count",{"_placeholder":[0],"num":0}]"#, "bAQID"]),
    ("one whose mark is null", &[r#"451-["count",{"_placeholder":null}]"#, "bAQID"]),
    (
        "a placeholder with two numbers",
        &[r#"451-["count",{"_placeholder":true,"num":0,"num":99}]"#, "bAQID"],
    ),
    (
        "a placeholder with two marks",
        &[r#"451-["count",{"_placeholder":false,"_placeholder":true,"num":0}]"#, "bAQID"],
    ),
    (
        "a placeholder with another member",
        &[r#"451-["count",{"_placeholder":true,"num":0,"x":1}]"#, "bAQID"],
    ),
    (
        "a placeholder with an escaped mark",
        &[r#"451-["count",{"\u005fplaceholder":true,"num":0}]"#, "bAQID"],
    ),
    (
        "a placeholder number with an exponent",
        &[r#"451-["count",{"_placeholder":true,"num":0e0}]"#, "bAQID"],
    ),
    (
        "what looks like a placeholder in an acknowledgement",
        &[r#"461-0[{"_placeholder":1,"num":0}]"#, "bAQID"],
    ),
    ("a number that is not JSON beside binary", &[r#"451-["count",NaN]"#, "bAQID"]),
    ("a wrong number in an acknowledgement", &[r#"461-0[{"_placeholder":true,"num":1}]"#, "bAQID"]),
    ("no number of attachments", &[r#"45-["count"]"#]),
    ("a number of attachments without its dash", &[r#"451["count"]"#]),
    ("a negative number of attachments", &[r#"45-1-["count"]"#]),
    ("no JSON", &[r#"451-["count""#, "bAQID"]),
];

#[test]
fn attachments_that_do_not_match_are_a_parse_error_on_polling() {
    let mut fixture = fixture();
    for (what, packets) in MISFITS {
        let (session, id) = PollingSession::join(fixture.addr);
        session.post(packets.join("\x1e")).assert_ok();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{what}");
        session.wait_until_unknown();
        let received = fixture.journal.of(id);
        assert!(!received.iter().any(|line| line.starts_with("error")), "{what}: {received:?}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

#[test]
fn attachments_that_do_not_match_are_a_parse_error_on_a_websocket() {
    let mut fixture = fixture();
    for (what, packets) in MISFITS {
        let mut ws = WebSocket::open(fixture.addr);
        let id = ws.join();
        for packet in *packets {
            let bytes = match packet.strip_prefix('b') {
                Some(data) => frame(0x82, &BASE64_STANDARD.decode(data).expect("base64")),
                None => frame(0x81, packet.as_bytes()),
            };
            ws.try_send_raw(bytes);
        }
        let received = ws.receive();
        assert!(
            matches!(received, Received::Close(None | Some(1003 | 1008))),
            "{what}: {received:?}"
        );
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{what}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

#[test]
fn invalid_base64_is_a_parse_error() {
    let mut fixture = fixture();
    for data in ["bA", "bAQID=", "b%", "bAQIDé", "b=", "bAQ==AQ=="] {
        let (session, id) = PollingSession::join(fixture.addr);
        session.post(format!("451-[\"count\"]\x1e{data}")).assert_ok();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{data}");
        session.wait_until_unknown();
        let mut ws = WebSocket::open(fixture.addr);
        let id = ws.join();
        ws.send(r#"451-["count"]"#);
        ws.send(data);
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{data}");
        drop(ws);
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}
