//! The option `allow_eio3`, for clients of Socket.IO 2.

use bytes::Bytes;

use super::{Refusals, target};
use crate::{
    fixture::Fixture,
    octets::{FrameSocket, ask, get},
    raw::{PollingSession, UPGRADE},
};

const OLD_POLLING: &str = "/socket.io/?EIO=3&transport=polling";

/// `<length>:<packet>`, with the length in UTF-16 units.
fn old_body(packets: &[&str]) -> String {
    packets.iter().map(|packet| format!("{}:{packet}", packet.encode_utf16().count())).collect()
}

/// Polls until these bodies have arrived, in one response or in several.
#[track_caller]
fn assert_old_polls(fixture: &Fixture, session: &str, expected: &str) {
    let mut received = String::new();
    while received.len() < expected.len() {
        let reply = get(fixture.addr, session, "");
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/plain; charset=UTF-8")),
            "{received}"
        );
        received += reply.text();
    }
    assert_eq!(received, expected);
}

/// Opens the session of an old client, which the server connects to the main namespace.
#[track_caller]
fn open_old_session(fixture: &Fixture, target: &str) -> String {
    let open = get(fixture.addr, target, "");
    let sid = open.sid();
    let packet = format!(
        r#"0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}"#
    );
    let opening = old_body(&[&packet]);
    let rest = open
        .text()
        .strip_prefix(&*opening)
        .unwrap_or_else(|| panic!("{} is not {opening}", open.text()));
    let session = format!("{target}&sid={sid}");
    assert!(rest.is_empty() || rest == "2:40", "{rest}");
    assert_old_polls(fixture, &session, &"2:40"[rest.len()..]);
    session
}

#[test]
fn old_clients_are_refused_by_default() {
    let refusals = Refusals::default();
    let fixture = Fixture::with(|builder| refusals.collect(builder));
    for (query, context) in [("EIO=3&", r#"EIO "3""#), ("", "no EIO")] {
        let reply = get(fixture.addr, &format!("/socket.io/?{query}transport=polling"), "");
        assert_eq!(
            (reply.status, reply.text()),
            (400, r#"{"code":5,"message":"Unsupported protocol version"}"#)
        );
        assert_eq!(refusals.take().2, context);
        let reply = get(fixture.addr, &format!("/socket.io/?{query}transport=websocket"), UPGRADE);
        assert_eq!((reply.status, reply.text()), (400, "Unsupported protocol version"));
        assert_eq!(refusals.take().2, context);
    }
    fixture.assert_all_freed();
}

#[test]
fn old_clients_poll() {
    let fixture = Fixture::with(|builder| builder.allow_eio3(true));
    for target in [OLD_POLLING, "/socket.io/?transport=polling"] {
        let session = open_old_session(&fixture, target);
        let post = |packets: &[&str]| {
            let reply = ask(fixture.addr, "POST", &session, "", old_body(packets).as_bytes());
            assert_eq!((reply.status, reply.text()), (200, "ok"), "{packets:?}");
        };
        // The client pings. Lengths are in UTF-16 units.
        post(&["2", r#"421["echo","é𝄞"]"#, r#"422["echo",2]"#]);
        assert_old_polls(&fixture, &session, &old_body(&["3", r#"431["é𝄞"]"#, "432[2]"]));
        post(&["1"]);
    }
    fixture.assert_all_freed();
}

#[test]
fn old_clients_have_a_websocket_or_move_to_one() {
    let fixture = Fixture::with(|builder| builder.allow_eio3(true));
    let session = open_old_session(&fixture, OLD_POLLING);
    let (_, after) = session.split_once("&sid=").expect("an id");
    let upgrade = format!("EIO=3&transport=websocket&sid={after}");
    let (_, mut moved) = FrameSocket::open(fixture.addr, &upgrade, "");
    moved.send(0x81, b"2probe");
    moved.assert_text("3probe");
    moved.send(0x81, b"5");
    let (_, mut first) = FrameSocket::open(fixture.addr, "EIO=3&transport=websocket", "");
    let (head, open) = first.next();
    assert!(
        head == 0x81 && open.starts_with(br#"0{"sid":""#),
        "{}",
        String::from_utf8_lossy(&open)
    );
    first.assert_text("40");
    for ws in [&mut moved, &mut first] {
        ws.send(0x81, b"2");
        ws.assert_text("3");
        ws.send(0x81, br#"427["echo","hello"]"#);
        ws.assert_text(r#"437["hello"]"#);
    }
    drop((moved, first));
    fixture.assert_all_freed();
}

#[test]
fn old_clients_take_binary_in_each_of_their_ways() {
    const EVENT: &str = r#"451-["file",{"_placeholder":true,"num":0}]"#;
    let fixture = Fixture::with(|builder| builder.allow_eio3(true));
    let (bytes, base64) = (
        open_old_session(&fixture, OLD_POLLING),
        open_old_session(&fixture, &format!("{OLD_POLLING}&b64=1")),
    );
    let mut sockets =
        ["EIO=3&transport=websocket", "EIO=3&transport=websocket&b64=1"].map(|query| {
            let (_, mut ws) = FrameSocket::open(fixture.addr, query, "");
            ws.next();
            ws.assert_text("40");
            ws
        });
    fixture
        .io
        .except("bystanders")
        .emit("file", &Bytes::from_static(&[1, 2, 3]))
        .expect("the registry has capacity");

    let reply = get(fixture.addr, &bytes, "");
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    let body = [&[0, 4, 2, 255], EVENT.as_bytes(), &[1, 4, 255, 4, 1, 2, 3]].concat();
    assert_eq!((EVENT.len(), &reply.body), (42, &body));
    assert_old_polls(&fixture, &base64, &old_body(&[EVENT, "b4AQID"]));
    for (ws, message) in
        sockets.iter_mut().zip([(0x82, vec![4, 1, 2, 3]), (0x81, b"b4AQID".to_vec())])
    {
        ws.assert_text(EVENT);
        assert_eq!(ws.next(), message);
    }

    // The same in the other direction.
    let event = br#"451-7["echo",1,{"_placeholder":true,"num":0}]"#;
    let body = [&[0, 4, 5, 255], &event[..], &[1, 4, 255, 4, 1, 2, 3]].concat();
    assert_eq!(event.len(), 45);
    let reply =
        ask(fixture.addr, "POST", &bytes, "Content-Type: application/octet-stream\r\n", &body);
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    assert_old_polls(&fixture, &bytes, "6:437[1]");
    let [ws, _] = &mut sockets;
    ws.send(0x81, event);
    ws.send(0x82, &[4, 1, 2, 3]);
    ws.assert_text("437[1]");
    for session in [&bytes, &base64] {
        assert_eq!(ask(fixture.addr, "POST", session, "", b"1:1").text(), "ok");
    }
    drop(sockets);
    fixture.assert_all_freed();
}

#[test]
fn a_session_keeps_its_version() {
    let refusals = Refusals::default();
    let fixture = Fixture::with(|builder| refusals.collect(builder.allow_eio3(true)));
    let old = open_old_session(&fixture, OLD_POLLING);
    let (new, _) = PollingSession::join(fixture.addr);
    for target in [old.replace("EIO=3", "EIO=4"), target(&new).replace("EIO=4", "EIO=3")] {
        let reply = get(fixture.addr, &target, "");
        assert_eq!((reply.status, reply.text()), (400, r#"{"code":3,"message":"Bad request"}"#));
        assert_eq!(refusals.take().2, "PROTOCOL_MISMATCH");
    }
    new.assert_works();
    new.close();
    assert_eq!(ask(fixture.addr, "POST", &old, "", b"1:1").text(), "ok");
    fixture.assert_all_freed();
}
