//! Bodies and messages that are not packets.

use crate::{
    fixture::Fixture,
    raw::{PollingSession, Received, WebSocket, frame},
};

/// Bodies and messages that are not packets, or not packets that a client may send now.
const UNDECODABLE: &[&str] = &[
    "x", // no Engine.IO type
    "7",
    "é",
    "bAQID", // binary that no packet has announced
    "bAQI!", // and text that is not base64
    "4",     // no Socket.IO type
    "49",
    "4x",
    "4€",
    "42{}", // an event is an array,
    "42[",
    "42[]", // with a name
    "42[null]",
    r#"42[{"a":1}]"#,
    "42[\"a\"]x",
    "43", // so is an acknowledgement
    "431{}",
    r#"45["x"]"#, // a binary one says how many attachments it has,
    r#"45-["x"]"#,
    r#"4511-["x"]"#, // and has ten at most
    r#"4611-1[]"#,
    "41{}", // DISCONNECT has no payload
    r#"41["x"]"#,
    "40[]", // CONNECT's is an object
    "40/admin,[]",
    r#"40"token""#,
    "401",
    "40{",
    "40null",
    r#"44{"message":"no"}"#, // only servers refuse,
    "2",                     // and ping
    "2probe",
    "40", // a second time
    "40,",
    "42/elsewhere,[\"x\"]", // in a namespace that it never joined
    "41/elsewhere,",
    "43/elsewhere,1[]",
    r#"42["connect"]"#, // names that Socket.IO keeps
    r#"42["connect_error"]"#,
    r#"42["disconnect"]"#,
    r#"42["disconnecting"]"#,
    r#"42["newListener"]"#,
    r#"42["removeListener"]"#,
    r#"42["\u0063onnect"]"#,
];

#[test]
fn an_invalid_packet_ends_a_session_on_polling() {
    let mut fixture = Fixture::new();
    for packet in UNDECODABLE.iter().chain(&["", "3\x1e", "\x1e3"]) {
        let (session, id) = PollingSession::join(fixture.addr);
        let mut pending = session.begin_get();
        session.post(packet).assert_ok();
        pending.response().assert_poll(&["1"]);
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{packet:?}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

#[test]
fn an_invalid_packet_ends_a_session_on_a_websocket() {
    let mut fixture = Fixture::new();
    for packet in UNDECODABLE.iter().chain(&[""]) {
        let mut session = WebSocket::open(fixture.addr);
        let id = session.join();
        session.send(packet);
        match session.receive() {
            // The transport refuses what is not an Engine.IO packet, and the connection what is not
            // a Socket.IO packet.
            Received::Close(code) => {
                assert!(matches!(code, None | Some(1008)), "{packet:?}: {code:?}");
            }
            other => panic!("{packet:?}: {other:?}"),
        }
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error", "{packet:?}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}

#[test]
fn packets_before_an_invalid_one_are_handled_and_later_ones_are_not() {
    let fixture = Fixture::new();
    // The server reads a body in pieces of 64 packets.
    for (packets, bad) in
        [1, 63, 64, 65, 128].into_iter().flat_map(|packets| [(packets, "4x"), (packets, "x")])
    {
        let (session, id) = PollingSession::join(fixture.addr);
        let before = ["42[\"before\"]\x1e"].repeat(packets).concat();
        session.post(format!("{before}{bad}\x1e42[\"after\"]")).assert_ok();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error");
        match bad {
            // Engine.IO's own fault ends the session, and one of Socket.IO closes it.
            "x" => session.get().assert_unknown_session(),
            _ => session.get().assert_poll(&["1"]),
        }
        session.wait_until_unknown();
        let mut expected = vec!["event before"; packets + 3];
        (expected[0], expected[packets + 1], expected[packets + 2]) =
            ("connect", "disconnect: parse error", "finish");
        assert_eq!(fixture.journal.of(id), expected, "{packets} packets and {bad}");
    }

    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.send_raw(
        [frame(0x81, br#"42["before"]"#), frame(0x81, b"4x"), frame(0x81, br#"42["after"]"#)]
            .concat(),
    );
    session.assert_closed(None);
    assert_eq!(fixture.journal.disconnect_reason(id), "parse error");
    assert_eq!(
        fixture.journal.of(id),
        ["connect", "event before", "disconnect: parse error", "finish"]
    );
    fixture.assert_all_freed();
}

#[test]
fn json_is_nested_at_most_max_json_depth_levels() {
    let mut fixture = Fixture::with(|builder| builder.max_json_depth(10));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    // The event itself is one level.
    session.send(&format!(r#"421["echo",{}]"#, nested(9)));
    assert_eq!(session.text(), format!("431[{}]", nested(9)));
    session.send(&format!(r#"421["echo","{}"]"#, "[{".repeat(1000)));
    assert_eq!(session.text(), format!(r#"431["{}"]"#, "[{".repeat(1000)));
    drop(session);
    fixture.assert_only_bystander_left();

    let objects = format!("{}1{}", r#"{"a":"#.repeat(10), "}".repeat(10));
    for packet in [
        format!(r#"42["echo",{}]"#, nested(10)),
        format!(r#"42["echo",{objects}]"#),
        format!("430{}", nested(11)),
        format!(r#"40/elsewhere,{{"auth":{}}}"#, nested(10)),
        format!("42[\"echo\",{}", "[".repeat(900_000)),
    ] {
        let (session, id) = PollingSession::join(fixture.addr);
        session.post(&packet).assert_ok();
        session.wait_until_unknown();
        assert_eq!(fixture.journal.disconnect_reason(id), "parse error");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}
