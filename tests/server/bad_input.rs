//! What no client should send: the documented answer, nobody but the sender affected, and nothing
//! left of it.

use std::{
    net::Shutdown,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use actix_socketio::{
    Builder, HandlerError, OnConnect, OnDisconnect, OnFinish, OnMessage, OnSubscribe, Transport,
    channel,
};
use serde_json::json;

use crate::{
    raw::{Heard, Http, Polling, UPGRADE, Ws, ask, frame, frame_head, request, wait_until},
    world::World,
};

// ── requests that belong to no session ───────────────────────────────────────────────────────────────────────────────

#[test]
fn a_session_that_nobody_has_is_unknown() {
    let mut world = World::new();
    for sid in ["AAAAAAAAAAAAAAAAAAAA", "x", "%00%ff", "AAAAAAAAAAAAAAAAAAA+", &"A".repeat(3000)] {
        let polling = format!("EIO=4&transport=polling&sid={sid}");
        ask(world.addr, "GET", &polling, "", b"").is_unknown_session();
        ask(world.addr, "POST", &polling, "", b"40").is_unknown_session();
        let websocket = format!("EIO=4&transport=websocket&sid={sid}");
        ask(world.addr, "GET", &websocket, UPGRADE, b"").is_websocket_refusal("Session ID unknown");
    }
    world.bystander_goes_on();
    world.all_is_freed();
}

#[test]
fn the_sid_must_be_one_and_the_right_one() {
    let world = World::new();
    let (one, _) = Polling::join(world.addr);
    let (two, _) = Polling::join(world.addr);
    let both = format!("{}&sid={}", one.query(), two.sid);
    ask(world.addr, "GET", &both, "", b"").is_refusal(3, "Bad request");
    one.goes_on();
    two.goes_on();
    one.close();
    two.close();
    world.all_is_freed();
}

#[test]
fn a_transport_that_is_missing_or_unknown_is_refused() {
    let mut world = World::new();
    let (session, _) = Polling::join(world.addr);
    for transport in [
        "",
        "&transport=",
        "&transport=webtransport",
        "&transport=Polling",
        "&transport=polling%00",
    ] {
        ask(world.addr, "GET", &format!("EIO=4{transport}"), "", b"")
            .is_refusal(0, "Transport unknown");
        let of_session = format!("EIO=4{transport}&sid={}", session.sid);
        ask(world.addr, "GET", &of_session, "", b"").is_refusal(0, "Transport unknown");
        ask(world.addr, "POST", &of_session, "", b"1").is_refusal(0, "Transport unknown");
    }
    session.goes_on();
    session.close();
    world.bystander_goes_on();
    world.all_is_freed();
}

#[test]
fn a_transport_that_is_switched_off_is_unknown() {
    let world = World::with(|builder| builder.transports([Transport::WebSocket]));
    ask(world.addr, "GET", "EIO=4&transport=polling", "", b"").is_refusal(0, "Transport unknown");
    Ws::open(world.addr).join();
    world.all_is_freed();
}

#[test]
fn an_upgrade_that_is_switched_off_is_refused_and_polling_goes_on() {
    let world = World::with(|builder| builder.allow_upgrades(false));
    let (session, _) = Polling::join(world.addr);
    let upgrade = format!("EIO=4&transport=websocket&sid={}", session.sid);
    ask(world.addr, "GET", &upgrade, UPGRADE, b"").is_websocket_refusal("Bad request");
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn other_protocol_versions_are_refused() {
    let mut world = World::new();
    for version in ["", "EIO=&", "EIO=3&", "EIO=5&", "EIO=four&", "EIO=04&"] {
        let refusal = "Unsupported protocol version";
        ask(world.addr, "GET", &format!("{version}transport=polling"), "", b"")
            .is_refusal(5, refusal);
        ask(world.addr, "GET", &format!("{version}transport=websocket"), UPGRADE, b"")
            .is_websocket_refusal(refusal);
    }
    world.bystander_goes_on();
    world.all_is_freed();
}

#[test]
fn a_handshake_is_a_get() {
    let mut world = World::new();
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        ask(world.addr, method, "EIO=4&transport=polling", "", b"")
            .is_refusal(2, "Bad handshake method");
        ask(world.addr, method, "EIO=4&transport=websocket", UPGRADE, b"")
            .is_websocket_refusal("Bad handshake method");
    }
    world.bystander_goes_on();
    world.all_is_freed();
}

#[test]
fn a_session_takes_no_other_methods_than_get_and_post() {
    let world = World::new();
    let (session, _) = Polling::join(world.addr);
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = ask(world.addr, method, &session.query(), "", b"1");
        assert_eq!((answer.status, &*answer.body), (500, ""));
    }
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn a_websocket_needs_an_upgrade_and_polling_has_none() {
    let world = World::new();
    let (session, _) = Polling::join(world.addr);
    for sid in [String::new(), format!("&sid={}", session.sid)] {
        let websocket = format!("EIO=4&transport=websocket{sid}");
        ask(world.addr, "GET", &websocket, "", b"").is_refusal(3, "Bad request");
        ask(world.addr, "GET", &websocket, "Connection: Upgrade\r\nUpgrade: h2c\r\n", b"")
            .is_refusal(3, "Bad request");
        let polling = format!("EIO=4&transport=polling{sid}");
        ask(world.addr, "GET", &polling, UPGRADE, b"").is_websocket_refusal("Bad request");
    }
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn half_a_websocket_handshake_is_refused() {
    let world = World::new();
    let (session, _) = Polling::join(world.addr);
    for sid in [String::new(), format!("&sid={}", session.sid)] {
        let query = format!("EIO=4&transport=websocket{sid}");
        for left_out in ["Sec-WebSocket-Version", "Sec-WebSocket-Key"] {
            let headers =
                UPGRADE.split_inclusive("\r\n").filter(|line| !line.starts_with(left_out));
            let answer = ask(world.addr, "GET", &query, &headers.collect::<String>(), b"");
            assert!((400..500).contains(&answer.status), "without {left_out}: {answer:?}");
        }
        for (from, to) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "x"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
            (
                "Sec-WebSocket-Key: ",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Key: ",
            ),
            ("Connection: Upgrade", "Transfer-Encoding: chunked\r\nConnection: Upgrade"),
        ] {
            assert!(UPGRADE.contains(from));
            let answer = ask(world.addr, "GET", &query, &UPGRADE.replacen(from, to, 1), b"");
            assert_eq!(answer.status, 400, "{to}");
        }
        let mut http = Http::open(world.addr);
        http.write(format!("GET /socket.io/?{query} HTTP/1.0\r\nHost: test\r\n{UPGRADE}\r\n"));
        assert_eq!(http.answer().status, 400);
        let old = UPGRADE.replace("Version: 13", "Version: 12");
        assert_eq!(ask(world.addr, "GET", &query, &old, b"").status, 426);
    }
    world.wait_for_connections(2);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn an_origin_that_is_no_text_is_refused() {
    let world = World::new();
    let mut http = Http::open(world.addr);
    http.write(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\nOrigin: http://\xff\r\n\r\n");
    http.answer().is_refusal(3, "Bad request");
    world.all_is_freed();
}

// ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// An event `echo` which is answered `437["x…x"]`, as a packet of so many bytes.
fn echo_of(length: usize) -> (String, String) {
    let text = "x".repeat(length - r#"427["echo",""]"#.len());
    (format!(r#"427["echo","{text}"]"#), format!(r#"437["{text}"]"#))
}

#[test]
fn a_body_may_have_max_payload_bytes_and_none_more() {
    let world = World::with(|builder| builder.max_payload(1000));
    let (session, _) = Polling::join(world.addr);
    let (packet, answer) = echo_of(1000);
    session.post(&packet).is_ok();
    session.get().is_poll(&[&answer]);

    // The length alone is enough to be refused.
    session.begin_post("Content-Length: 1001\r\n").answer().is_bare(413);
    session.begin_post(&format!("Content-Length: {}\r\n", u64::MAX)).answer().is_bare(413);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn a_chunked_body_may_have_max_payload_bytes_and_none_more() {
    const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
    let world = World::with(|builder| builder.max_payload(1000));
    let (session, _) = Polling::join(world.addr);
    let (packet, answer) = echo_of(1000);
    let mut http = session.begin_post(CHUNKED);
    let (first, second) = packet.split_at(999);
    http.write(format!("3e7\r\n{first}\r\n1\r\n{second}\r\n0\r\n\r\n"));
    http.answer().is_ok();
    session.get().is_poll(&[&answer]);

    let mut http = session.begin_post(CHUNKED);
    // It has no end: the answer comes before.
    http.write(format!("3e8\r\n{packet}\r\n1\r\nx\r\n"));
    http.answer().is_bare(413);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

/// Bytes, not characters, as everywhere on the wire.
#[test]
fn max_payload_counts_bytes() {
    let world = World::with(|builder| builder.max_payload(1000));
    let (session, _) = Polling::join(world.addr);
    session.post("é".repeat(501)).is_bare(413);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

/// Bodies and messages which are no packets, or no packets that a client may send now.
const UNDECODABLE: &[&str] = &[
    "x", // no Engine.IO type
    "7",
    "é",
    "bAQID", // binary that no packet has announced
    "bAQI!", // and what is no base64
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
fn what_is_no_packet_ends_a_session_on_polling() {
    let mut world = World::new();
    for packet in UNDECODABLE.iter().chain(&["", "3\x1e", "\x1e3"]) {
        let (session, id) = Polling::join(world.addr);
        let mut pending = session.begin_get();
        session.post(packet).is_ok();
        pending.answer().is_poll(&["1"]);
        session.is_forgotten();
        assert_eq!(world.journal.end_of(id), "parse error", "{packet:?}");
        world.only_the_bystander_is_left();
    }
    world.all_is_freed();
}

#[test]
fn what_is_no_packet_ends_a_session_on_a_websocket() {
    let mut world = World::new();
    for packet in UNDECODABLE.iter().chain(&[""]) {
        let mut session = Ws::open(world.addr);
        let id = session.join();
        session.send(packet);
        match session.hear() {
            // What is no Engine.IO packet is known to the transport; what is no Socket.IO packet,
            // to the connection.
            Heard::Close(code) => {
                assert!(matches!(code, None | Some(1008)), "{packet:?}: {code:?}")
            }
            other => panic!("{packet:?}: {other:?}"),
        }
        assert_eq!(world.journal.end_of(id), "parse error", "{packet:?}");
        world.only_the_bystander_is_left();
    }
    world.all_is_freed();
}

#[test]
fn what_comes_before_a_bad_packet_is_handled_and_what_comes_after_is_not() {
    let world = World::new();
    // A body is read in pieces of 64 packets.
    for (packets, bad) in
        [1, 63, 64, 65, 128].into_iter().flat_map(|packets| [(packets, "4x"), (packets, "x")])
    {
        let (session, id) = Polling::join(world.addr);
        let before = ["42[\"before\"]\x1e"].repeat(packets).concat();
        session.post(format!("{before}{bad}\x1e42[\"after\"]")).is_ok();
        assert_eq!(world.journal.end_of(id), "parse error");
        session.get().is_poll(&["1"]);
        session.is_forgotten();
        let mut expected = vec!["event before"; packets + 3];
        (expected[0], expected[packets + 1], expected[packets + 2]) =
            ("connect", "disconnect: parse error", "finish");
        assert_eq!(world.journal.of(id), expected, "{packets} packets and {bad}");
    }

    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.send_raw(
        [frame(0x81, br#"42["before"]"#), frame(0x81, b"4x"), frame(0x81, br#"42["after"]"#)]
            .concat(),
    );
    session.is_closed(None);
    assert_eq!(world.journal.end_of(id), "parse error");
    assert_eq!(
        world.journal.of(id),
        ["connect", "event before", "disconnect: parse error", "finish"]
    );
    world.all_is_freed();
}

#[test]
fn a_body_that_is_no_text_ends_the_session() {
    let mut world = World::new();
    let binary = "Content-Type: application/octet-stream\r\nContent-Length: 2\r\n";
    let text = "Content-Type: text/plain\r\nContent-Length: 2\r\n";
    for (headers, body) in [(binary, b"40"), (text, b"4\xff"), (text, b"\xc3\x28")] {
        let (session, id) = Polling::join(world.addr);
        let mut pending = session.begin_get();
        let mut http = session.begin_post(headers);
        http.write(body);
        http.answer().is_bare(400);
        pending.answer().is_poll(&["1"]);
        session.is_forgotten();
        assert_eq!(world.journal.end_of(id), "parse error", "{body:?}");
        world.only_the_bystander_is_left();
    }
    world.all_is_freed();
}

#[test]
fn a_body_that_trickles_is_given_up_and_ends_the_session() {
    let mut world = World::with(|builder| builder.body_timeout(Duration::from_millis(150)));
    let (session, id) = Polling::join(world.addr);
    let mut pending = session.begin_get();
    let mut http = session.begin_post("Content-Length: 1000\r\n");
    let begun = Instant::now();
    wait_until("the server has enough of it", || {
        http.try_write("4");
        world.bystander_goes_on();
        !http.is_quiet()
    });
    assert!(begun.elapsed() >= Duration::from_millis(150), "not before body_timeout");
    http.answer().is_bare(408);
    pending.answer().is_poll(&["1"]);
    session.is_forgotten();
    assert_eq!(world.journal.end_of(id), "transport error");
    world.all_is_freed();
}

#[test]
fn a_poll_that_is_broken_off_ends_the_session() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    let poll = session.begin_get();
    poll.break_off();
    assert_eq!(world.journal.end_of(id), "transport error");
    session.is_forgotten();
    world.all_is_freed();
}

#[test]
fn a_body_that_is_broken_off_ends_the_session() {
    let world = World::new();
    for headers in ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let (session, id) = Polling::join(world.addr);
        let mut pending = session.begin_get();
        let mut http = session.begin_post(headers);
        http.write("3e8\r\n42[\"x\"");
        http.break_off();
        pending.answer().is_poll(&["1"]);
        session.is_forgotten();
        assert_eq!(world.journal.end_of(id), "transport error");
        assert_eq!(world.journal.count("event x"), 0);
    }
    world.all_is_freed();
}

#[test]
fn two_polls_at_once_end_the_session() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    let mut first = session.begin_get();
    session.get().is_bare(400);
    first.answer().is_poll(&["1"]);
    session.is_forgotten();
    assert_eq!(world.journal.end_of(id), "transport error");
    world.all_is_freed();
}

#[test]
fn two_posts_at_once_end_the_session() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    let mut pending = session.begin_get();
    let mut first = session.begin_post("Content-Length: 10\r\n");
    session.post("3").is_bare(400);
    pending.answer().is_poll(&["1"]);
    assert_eq!(world.journal.end_of(id), "transport error");
    first.write(r#"42["late"]"#);
    first.answer().is_ok();
    session.is_forgotten();
    assert_eq!(world.journal.count("event late"), 0);
    world.all_is_freed();
}

// ── WebSocket frames ─────────────────────────────────────────────────────────────────────────────────────────────────

/// Sends bytes over a WebSocket in the main namespace, which is then closed with this code.
#[track_caller]
fn closes_with(world: &mut World, bytes: &[u8], code: u16, reason: &str) {
    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.try_send_raw(bytes);
    session.is_closed(Some(code));
    assert_eq!(world.journal.end_of(id), reason);
    world.only_the_bystander_is_left();
}

#[test]
fn a_message_may_have_max_payload_bytes_and_none_more() {
    let mut world = World::with(|builder| builder.max_payload(1000));
    let (packet, answer) = echo_of(1000);
    let mut session = Ws::open(world.addr);
    session.join();
    session.send(&packet);
    assert_eq!(session.text(), answer);
    let (first, second) = packet.split_at(500);
    session.send_raw([frame(0x01, first.as_bytes()), frame(0x80, second.as_bytes())].concat());
    assert_eq!(session.text(), answer);
    drop(session);
    world.only_the_bystander_is_left();

    closes_with(&mut world, &frame(0x81, &[b'4'; 1001]), 1009, "transport error");
    let fragments =
        [frame(0x01, &[b'4'; 600]), frame(0x00, &[b'4'; 400]), frame(0x80, b"4")].concat();
    closes_with(&mut world, &fragments, 1009, "transport error");
    world.all_is_freed();
}

/// The size that a frame announces is enough: it is not read, let alone kept.
#[test]
fn a_frame_that_announces_too_much_is_refused_before_it_comes() {
    let mut world = World::with(|builder| builder.max_payload(1000));
    for length in [1001, 1 << 16, 1 << 40, u64::MAX / 2, u64::MAX] {
        closes_with(
            &mut world,
            &[frame_head(0x81, length), vec![0; 4]].concat(),
            1009,
            "transport error",
        );
    }
    world.all_is_freed();
}

#[test]
fn text_on_a_websocket_is_utf8() {
    let mut world = World::new();
    closes_with(&mut world, &frame(0x81, b"42[\"\xff\"]"), 1007, "parse error");
    closes_with(
        &mut world,
        &[frame(0x01, b"42[\"\xc3"), frame(0x80, b"\x28\"]")].concat(),
        1007,
        "parse error",
    );
    world.all_is_freed();
}

/// A character may be cut in two by a fragment's end.
#[test]
fn a_message_in_fragments_is_text_as_a_whole() {
    let world = World::new();
    let mut session = Ws::open(world.addr);
    session.join();
    let ping = frame(0x89, b"between");
    session.send_raw(
        [frame(0x01, b"421[\"echo\",\"\xc3"), ping, frame(0x00, b"\xa9"), frame(0x80, b"\"]")]
            .concat(),
    );
    assert_eq!(session.hear(), Heard::Pong(b"between".to_vec()));
    assert_eq!(session.text(), r#"431["é"]"#);
    drop(session);
    world.all_is_freed();
}

#[test]
fn frames_that_break_the_rules_of_websockets_are_protocol_errors() {
    let mut world = World::new();
    let unmasked = b"\x81\x013";
    closes_with(&mut world, unmasked, 1002, "transport error");
    for reserved_bit in [0x40, 0x20, 0x10] {
        closes_with(&mut world, &frame(0x81 | reserved_bit, b"3"), 1002, "transport error");
    }
    for opcode in [0x3, 0x7, 0xb, 0xf] {
        closes_with(&mut world, &frame(0x80 | opcode, b"3"), 1002, "transport error");
    }
    let continuation_of_nothing = frame(0x80, b"3");
    closes_with(&mut world, &continuation_of_nothing, 1002, "transport error");
    let message_within_a_message = [frame(0x01, b"3"), frame(0x81, b"3")].concat();
    closes_with(&mut world, &message_within_a_message, 1002, "transport error");
    let fragmented_ping = frame(0x09, b"");
    closes_with(&mut world, &fragmented_ping, 1002, "transport error");
    let long_ping = frame(0x89, &[0; 126]);
    closes_with(&mut world, &long_ping, 1002, "transport error");
    world.all_is_freed();
}

#[test]
fn a_websocket_that_breaks_off_within_a_frame_is_closed() {
    let world = World::new();
    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.send_raw(&frame(0x81, br#"42["x"]"#)[..8]);
    session.stream().shutdown(Shutdown::Both).expect("it was open");
    assert_eq!(world.journal.end_of(id), "transport close");
    assert_eq!(world.journal.count("event x"), 0);
    world.all_is_freed();
}

// ── probes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_probe_that_never_comes_costs_only_its_websocket() {
    let world = World::with(|builder| builder.upgrade_timeout(Duration::from_millis(500)));
    let (session, _) = Polling::join(world.addr);
    Ws::probe(&session).is_closed(None);
    session.goes_on();

    let mut without_upgrade = Ws::probe(&session);
    without_upgrade.send("2probe");
    assert_eq!(without_upgrade.text(), "3probe");
    without_upgrade.is_closed(None);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn anything_but_a_probe_on_a_probing_websocket_costs_only_that() {
    let world = World::new();
    let (session, _) = Polling::join(world.addr);
    for packet in ["2", "2other", "3probe", "40", r#"42["x"]"#, "1", "6", "0", "x", ""] {
        let mut probe = Ws::probe(&session);
        probe.send(packet);
        probe.is_closed(None);
        session.goes_on();
    }
    for bytes in [frame(0x82, b"2probe"), frame(0xc1, b"2probe"), b"\x81\x062probe".to_vec()] {
        let mut probe = Ws::probe(&session);
        probe.send_raw(bytes);
        probe.is_closed(None);
        session.goes_on();
    }
    for packet in ["2probe", "2", "42[\"x\"]", "1"] {
        let mut probe = Ws::probe(&session);
        probe.send("2probe");
        assert_eq!(probe.text(), "3probe");
        probe.send(packet);
        probe.is_closed(None);
        session.goes_on();
    }
    Ws::probe(&session).stream().shutdown(Shutdown::Both).expect("it was open");
    session.goes_on();
    assert_eq!(world.journal.count("event x"), 0);
    session.close();
    world.all_is_freed();
}

// ── sessions that do nothing, or too much ────────────────────────────────────────────────────────────────────────────

#[test]
fn a_session_that_never_sends_connect_is_closed() {
    let mut world = World::with(|builder| builder.connect_timeout(Duration::from_secs(1)));
    let begun = Instant::now();
    let mut websocket = Ws::open(world.addr);
    let polling = Polling::open(world.addr);
    polling.get().is_poll(&["1"]);
    polling.is_forgotten();
    websocket.is_closed(None);
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before connect_timeout");
    world.only_the_bystander_is_left();

    // One that does not even poll.
    Polling::open(world.addr);
    world.all_is_freed();
}

#[test]
fn a_session_that_is_refused_again_and_again_is_closed() {
    let world = World::with(|builder| {
        builder.connect_timeout(Duration::from_secs(1)).namespace("/closed", |namespace| {
            namespace.on_connect(async |_: OnConnect| Err(HandlerError::reject("closed")))
        })
    });
    let mut session = Ws::open(world.addr);
    session.send("40/closed,");
    loop {
        match session.hear() {
            Heard::Text(text) => assert_eq!(text, r#"44/closed,{"message":"closed"}"#),
            other => break assert_eq!(other, Heard::Close(None)),
        }
        session.try_send_raw(frame(0x81, b"40/closed,"));
    }
    world.all_is_freed();
}

#[test]
fn a_client_that_does_not_answer_pings_is_gone() {
    const TIME: Duration = Duration::from_millis(1100);
    let mut world = World::with(|builder| {
        builder.ping_interval(Duration::from_millis(100)).ping_timeout(Duration::from_secs(1))
    });
    let begun = Instant::now();
    let (polling, polling_id) = Polling::join(world.addr);
    let mut websocket = Ws::open(world.addr);
    let websocket_id = websocket.join();
    polling.get().is_poll(&["2"]);
    polling.get().is_poll(&["1"]);
    polling.is_forgotten();
    assert_eq!(websocket.hear(), Heard::Text("2".to_owned()));
    websocket.is_closed(None);
    assert!(begun.elapsed() >= TIME, "not before ping_interval and ping_timeout");
    assert_eq!(world.journal.end_of(polling_id), "ping timeout");
    assert_eq!(world.journal.end_of(websocket_id), "ping timeout");
    world.only_the_bystander_is_left();
    world.all_is_freed();
}

/// As Engine.IO's own protocol tests ask, who count from the handshake. One attempt of several is
/// enough, for a busy machine's sake.
#[test]
fn a_session_is_unknown_as_soon_as_its_time_is_up() {
    const TIME: Duration = Duration::from_millis(60);
    let world = World::with(|builder| {
        builder.ping_interval(Duration::from_millis(20)).ping_timeout(Duration::from_millis(40))
    });
    let in_time = (0..20).any(|_| {
        let session = Polling::open(world.addr);
        let up = Instant::now() + TIME + Duration::from_millis(5);
        std::thread::sleep(up.saturating_duration_since(Instant::now()));
        let answer = session.get();
        if answer.status == 400 {
            answer.is_unknown_session();
        }
        answer.status == 400
    });
    assert!(in_time);
}

#[test]
fn a_pong_that_nobody_asked_for_is_harmless() {
    let world = World::new();
    let (polling, _) = Polling::join(world.addr);
    let mut websocket = Ws::open(world.addr);
    websocket.join();
    for pong in ["3", "3probe", "3 and so on"] {
        polling.post(pong).is_ok();
        polling.goes_on();
        websocket.send(pong);
        websocket.goes_on();
    }
    polling.close();
    websocket.send("1");
    websocket.is_closed(None);
    world.all_is_freed();
}

#[test]
fn packets_of_the_handshake_are_ignored_afterwards() {
    let world = World::new();
    let (polling, _) = Polling::join(world.addr);
    let mut websocket = Ws::open(world.addr);
    websocket.join();
    for packet in ["0", r#"0{"sid":"x"}"#, "5", "6", "6x"] {
        polling.post(packet).is_ok();
        polling.goes_on();
        websocket.send(packet);
        websocket.goes_on();
    }
    polling.close();
    drop(websocket);
    world.all_is_freed();
}

// ── Socket.IO packets that are odd and legal ─────────────────────────────────────────────────────────────────────────

#[test]
fn an_unknown_namespace_is_refused_and_the_connection_goes_on() {
    let world = World::new();
    let (polling, _) = Polling::join(world.addr);
    let mut websocket = Ws::open(world.addr);
    websocket.join();
    for name in ["/elsewhere", "/?a=b", "//", "/\u{7}", &format!("/{}", "x".repeat(100_000))] {
        let refusal = format!(r#"44{name},{{"message":"Invalid namespace"}}"#);
        polling.post(format!("40{name},{{}}")).is_ok();
        polling.get().is_poll(&[&refusal]);
        polling.goes_on();
        websocket.send(&format!("40{name},"));
        assert_eq!(websocket.text(), refusal);
        websocket.goes_on();
    }
    polling.close();
    drop(websocket);
    world.all_is_freed();
}

#[test]
fn an_event_in_the_same_flight_as_its_connect_is_handled_after_it() {
    let world = World::with(|builder| {
        builder.on_connect(async |_: OnConnect| {
            tokio::time::sleep(Duration::from_millis(30)).await;
            Ok(())
        })
    });
    let polling = Polling::open(world.addr);
    polling.post("40\x1e42[\"early\"]\x1e421[\"echo\",1]").is_ok();
    let answer = wait_for_poll(&polling, r#"431[1]"#);
    assert!(answer.starts_with("40{"), "{answer}");
    let mut websocket = Ws::open(world.addr);
    websocket.send_raw(
        [frame(0x81, b"40"), frame(0x81, br#"42["early"]"#), frame(0x81, br#"421["echo",1]"#)]
            .concat(),
    );
    assert!(websocket.text().starts_with("40{"));
    assert_eq!(websocket.text(), "431[1]");
    assert_eq!(world.journal.count("event early"), 2);
    polling.close();
    drop(websocket);
    world.all_is_freed();
}

/// Polls until this packet has come, and answers all packets, joined.
#[track_caller]
fn wait_for_poll(session: &Polling, last: &str) -> String {
    let mut packets = String::new();
    wait_until(&format!("the client is sent {last}"), || {
        packets.push_str(&session.get().body);
        packets.push('\x1e');
        packets.contains(last)
    });
    packets
}

/// Nothing of a client that was not let in comes to a handler, whatever it has sent along.
#[test]
fn an_event_in_the_same_flight_as_a_refused_connect_is_dropped() {
    let (world, handled) = world_with_a_closed_namespace();
    let mut session = Ws::open(world.addr);
    session.join();
    let flight =
        ["40/closed,", r#"42/closed,1["x"]"#, r#"42/closed,2["subscribe","a"]"#, "41/closed,"];
    session.send_raw(flight.map(|packet| frame(0x81, packet.as_bytes())).concat());
    assert_eq!(session.text(), r#"44/closed,{"message":"closed"}"#);
    session.goes_on();
    drop(session);
    world.all_is_freed();
    assert_eq!(handled.load(SeqCst), 0);
}

/// More than there is room for: what is dropped makes room, and the rest is an offence by then.
#[test]
fn a_flood_in_the_same_flight_as_a_refused_connect_ends_the_session() {
    let (world, handled) = world_with_a_closed_namespace();
    let flood = "\x1e42/closed,[\"x\"]".repeat(1000);
    let (session, id) = Polling::join(world.addr);
    session.post(format!("40/closed,{flood}")).is_ok();
    assert_eq!(world.journal.end_of(id), "parse error");
    session.get().is_poll(&[r#"44/closed,{"message":"closed"}"#]);
    session.get().is_poll(&["1"]);
    session.is_forgotten();
    world.all_is_freed();
    assert_eq!(handled.load(SeqCst), 0);
}

/// It takes its time to refuse. Counts the events which get beyond that.
fn world_with_a_closed_namespace() -> (World, Arc<AtomicUsize>) {
    let handled = Arc::<AtomicUsize>::default();
    let [messages, subscriptions, disconnects, finishes] = [(); 4].map(|()| Arc::clone(&handled));
    let count = |count: &AtomicUsize| {
        count.fetch_add(1, SeqCst);
        Ok(())
    };
    let world = World::with(|builder| {
        builder.namespace("/closed", |namespace| {
            namespace
                .on_connect(async |_: OnConnect| {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Err(HandlerError::reject("closed"))
                })
                .on_message(async move |_: OnMessage| count(&messages))
                .on_subscribe(async move |_: OnSubscribe| count(&subscriptions))
                .on_disconnect(async move |_: OnDisconnect| count(&disconnects))
                .on_finish(async move |_: OnFinish| count(&finishes))
                .route(channel(""))
        })
    });
    (world, handled)
}

#[test]
fn a_client_that_says_goodbye_to_no_one_it_knows_is_closed() {
    let world = World::new();
    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.send("41");
    assert_eq!(world.journal.end_of(id), "client namespace disconnect");
    session.send("41");
    session.is_closed(None);
    world.all_is_freed();
}

#[test]
fn an_event_without_a_payload_is_ignored() {
    let world = World::new();
    let (polling, id) = Polling::join(world.addr);
    polling.post("42\x1e427").is_ok();
    polling.goes_on();
    assert_eq!(world.journal.of(id), ["connect"]);
    polling.close();
    world.all_is_freed();
}

#[test]
fn an_acknowledgement_that_nobody_asked_for_is_ignored() {
    let world = World::new();
    let (polling, _) = Polling::join(world.addr);
    for ack in ["430[]", "43[]", "4312[1,2]", "4399999999999999999999999999[]", "43000[null]"] {
        polling.post(ack).is_ok();
        polling.goes_on();
    }
    polling.close();
    world.all_is_freed();
}

#[test]
fn an_ack_id_of_any_length_is_echoed() {
    let world = World::new();
    let (polling, _) = Polling::join(world.addr);
    for (asked, echoed) in [
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("18446744073709551616", "18446744073709551616"),
        ("007", "7"),
        ("000", "0"),
        (&"9".repeat(5000), &"9".repeat(5000)),
    ] {
        polling.post(format!(r#"42{asked}["echo",1]"#)).is_ok();
        polling.get().is_poll(&[&format!("43{echoed}[1]")]);
    }
    polling.close();
    world.all_is_freed();
}

// ── names and nesting ────────────────────────────────────────────────────────────────────────────────────────────────

/// Sends one of the three events, which is refused with these words.
#[track_caller]
fn is_refused(session: &mut Ws, event: &str, args: &str, why: &str) {
    session.send(&format!(r#"421["{event}"{args}]"#));
    assert_eq!(session.text(), format!("431[{}]", json!({"message": why})), "{event}{args}");
}

const CHANNEL_EVENTS: [(&str, &str); 3] =
    [("subscribe", ""), ("unsubscribe", ""), ("publish", r#","data""#)];

#[test]
fn a_channel_name_of_ten_megabytes_is_refused_with_its_size() {
    const TEN_MEGABYTES: usize = 10_000_000;
    let world = World::with(|builder| builder.open_channels().max_payload(2 * TEN_MEGABYTES));
    let mut session = Ws::open(world.addr);
    session.join();
    for (event, data) in CHANNEL_EVENTS {
        let args = format!(r#","{}"{data}"#, "x".repeat(TEN_MEGABYTES));
        session.send(&format!(r#"421["{event}"{args}]"#));
        let why = format!("a channel name has at most 255 bytes, this one has {TEN_MEGABYTES}");
        assert_eq!(session.text(), format!(r#"431[{{"message":"{why}"}}]"#), "{event}");
    }
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[test]
fn a_channel_name_of_ten_megabytes_is_too_large_a_message_by_default() {
    let mut world = World::with(Builder::open_channels);
    let event = format!(r#"421["subscribe","{}"]"#, "x".repeat(10_000_000));
    closes_with(&mut world, &frame(0x81, event.as_bytes()), 1009, "transport error");
    let (session, _) = Polling::join(world.addr);
    session.begin_post(&format!("Content-Length: {}\r\n", event.len())).answer().is_bare(413);
    session.goes_on();
    session.close();
    world.all_is_freed();
}

#[test]
fn names_with_control_characters_are_refused() {
    let world = World::with(Builder::open_channels);
    let mut session = Ws::open(world.addr);
    session.join();
    for (written, shown) in
        [(r"\n", r"'\n'"), (r"\u0000", r"'\0'"), (r"\u001b", r"'\u{1b}'"), (r"\u0085", r"'\u{85}'")]
    {
        for (event, data) in CHANNEL_EVENTS {
            let why =
                format!("a channel name has no control characters, this one has {shown} at byte 2");
            is_refused(&mut session, event, &format!(r#","ab{written}c"{data}"#), &why);
        }
    }
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[test]
fn names_that_are_empty_or_no_strings_are_refused() {
    let world = World::with(Builder::open_channels);
    let mut session = Ws::open(world.addr);
    session.join();
    for (event, data) in CHANNEL_EVENTS {
        is_refused(
            &mut session,
            event,
            &format!(r#",""{data}"#),
            "a channel name has at least one character",
        );
        for name in ["1", "null", "true", r#"["a"]"#, r#"{"a":"b"}"#] {
            let why = "the channel's name must be the first argument, a string";
            is_refused(&mut session, event, &format!(",{name}{data}"), why);
        }
        is_refused(
            &mut session,
            event,
            "",
            "the channel's name must be the first argument, a string",
        );
    }
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[test]
fn a_publication_that_is_none_is_refused() {
    let world = World::with(|builder| builder.route(channel("room-").allow_publish()));
    let mut session = Ws::open(world.addr);
    session.join();
    let shape = r#"publish takes a channel, an event's name if it is not "message", and data"#;
    is_refused(&mut session, "publish", r#","room-1""#, shape);
    is_refused(&mut session, "publish", r#","room-1","a","b","c""#, shape);
    is_refused(&mut session, "publish", r#","room-1",5,"b""#, "the event's name must be a string");
    is_refused(
        &mut session,
        "publish",
        r#","room-1","connect",1"#,
        r#"the event name "connect" is reserved"#,
    );
    is_refused(
        &mut session,
        "publish",
        r#","room-1",1"#,
        "subscribe to the channel before you publish to it",
    );
    is_refused(&mut session, "subscribe", r#","elsewhere""#, "no such channel");
    session.goes_on();
    drop(session);
    world.all_is_freed();
}

#[test]
fn json_may_be_max_json_depth_deep_and_no_deeper() {
    let mut world = World::with(|builder| builder.max_json_depth(10));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut session = Ws::open(world.addr);
    session.join();
    // The event itself is one level.
    session.send(&format!(r#"421["echo",{}]"#, nested(9)));
    assert_eq!(session.text(), format!("431[{}]", nested(9)));
    session.send(&format!(r#"421["echo","{}"]"#, "[{".repeat(1000)));
    assert_eq!(session.text(), format!(r#"431["{}"]"#, "[{".repeat(1000)));
    drop(session);
    world.only_the_bystander_is_left();

    let objects = format!("{}1{}", r#"{"a":"#.repeat(10), "}".repeat(10));
    for packet in [
        format!(r#"42["echo",{}]"#, nested(10)),
        format!(r#"42["echo",{objects}]"#),
        format!("430{}", nested(11)),
        format!(r#"40/elsewhere,{{"auth":{}}}"#, nested(10)),
        format!("42[\"echo\",{}", "[".repeat(900_000)),
    ] {
        let (session, id) = Polling::join(world.addr);
        session.post(&packet).is_ok();
        session.is_forgotten();
        assert_eq!(world.journal.end_of(id), "parse error");
        world.only_the_bystander_is_left();
    }
    world.all_is_freed();
}

// ── goodbyes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_close_packet_by_post_lets_the_pending_poll_return() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    let mut pending = session.begin_get();
    session.post("1").is_ok();
    pending.answer().is_poll(&["6"]);
    session.get().is_unknown_session();
    assert_eq!(world.journal.end_of(id), "transport close");
    world.all_is_freed();
}

#[test]
fn a_close_packet_on_a_websocket_closes_it_at_once() {
    let world = World::new();
    let mut session = Ws::open(world.addr);
    let id = session.join();
    session.send_raw([frame(0x81, b"1"), frame(0x81, br#"42["after"]"#)].concat());
    session.is_closed(None);
    assert_eq!(session.hear(), Heard::End);
    assert_eq!(world.journal.end_of(id), "transport close");
    assert_eq!(world.journal.count("event after"), 0);
    world.all_is_freed();
}

#[test]
fn a_session_that_the_server_closes_is_told_by_the_poll_that_waits_or_the_next_one() {
    let world = World::new();
    for waits in [true, false] {
        let (session, id) = Polling::join(world.addr);
        let socket = world.io.socket(&id).expect("it is there");
        let pending = waits.then(|| session.begin_get());
        socket.emit("last", &1).expect("it is there");
        if let Some(mut pending) = pending {
            pending.answer().is_poll(&[r#"42["last",1]"#]);
            let mut pending = session.begin_get();
            socket.close();
            pending.answer().is_poll(&["41"]);
        } else {
            socket.close();
            assert_eq!(world.journal.end_of(id), "server namespace disconnect");
            session.get().is_poll(&[r#"42["last",1]"#, "41"]);
        }
        // By itself: clients drop what comes with it.
        session.get().is_poll(&["1"]);
        session.is_forgotten();
        assert_eq!(world.journal.end_of(id), "server namespace disconnect");
    }
    world.all_is_freed();
}

#[test]
fn a_socket_that_is_put_out_hears_it_and_its_connection_goes_on() {
    let world = World::new();
    let (session, id) = Polling::join(world.addr);
    world.io.socket(&id).expect("it is there").disconnect();
    session.get().is_poll(&["41"]);
    assert_eq!(world.journal.end_of(id), "server namespace disconnect");
    // What it has sent before it hears of it is nobody's; the connection, which may have other
    // namespaces, goes on.
    session.post(r#"42["x"]"#).is_ok();
    session.post("40").is_ok();
    assert!(session.get().body.starts_with(r#"40{"sid":""#));
    assert_eq!(world.journal.count("event x"), 0);
    session.close();
    world.all_is_freed();
}

/// Bytes that are not even HTTP.
#[test]
fn what_is_no_http_is_answered_and_costs_nobody_else() {
    let mut world = World::new();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut http = Http::open(world.addr);
        http.try_write(bytes);
        drop(http);
    }
    let mut http = Http::open(world.addr);
    http.write(request("GET", "EIO=4&transport=polling", "Content-Length: x\r\n"));
    assert_eq!(http.answer().status, 400);
    world.bystander_goes_on();
    world.all_is_freed();
}
