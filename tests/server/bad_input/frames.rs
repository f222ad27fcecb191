//! WebSocket frames that break a rule or a limit.

use std::net::Shutdown;

use super::echo_of;
use crate::{
    fixture::Fixture,
    raw::{Received, WebSocket, frame, frame_head},
};

/// Checks that these bytes, on a WebSocket in the main namespace, close it with this code.
#[track_caller]
pub(super) fn assert_closes_with(fixture: &mut Fixture, bytes: &[u8], code: u16, reason: &str) {
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.try_send_raw(bytes);
    session.assert_closed(Some(code));
    assert_eq!(fixture.journal.disconnect_reason(id), reason);
    fixture.assert_only_bystander_left();
}

#[test]
fn each_ping_of_a_websocket_is_answered() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let pings: Vec<_> = (0..10).flat_map(|number| frame(0x89, &[number])).collect();
    session.send_raw(pings);
    for number in 0..10 {
        assert_eq!(session.receive(), Received::Pong(vec![number]));
    }
}

#[test]
fn a_message_has_at_most_max_payload_bytes() {
    let mut fixture = Fixture::with(|builder| builder.max_payload(1000));
    let (packet, answer) = echo_of(1000);
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    session.send(&packet);
    assert_eq!(session.text(), answer);
    let (first, second) = packet.split_at(500);
    session.send_raw([frame(0x01, first.as_bytes()), frame(0x80, second.as_bytes())].concat());
    assert_eq!(session.text(), answer);
    drop(session);
    fixture.assert_only_bystander_left();

    assert_closes_with(&mut fixture, &frame(0x81, &[b'4'; 1001]), 1009, "transport error");
    let fragments =
        [frame(0x01, &[b'4'; 600]), frame(0x00, &[b'4'; 400]), frame(0x80, b"4")].concat();
    assert_closes_with(&mut fixture, &fragments, 1009, "transport error");
    fixture.assert_all_freed();
}

/// The server refuses by the length in the header. It reads and keeps no payload.
#[test]
fn a_frame_with_a_length_over_max_payload_is_refused_before_its_payload() {
    let mut fixture = Fixture::with(|builder| builder.max_payload(1000));
    for length in [1001, 1 << 16, 1 << 40, u64::MAX / 2, u64::MAX] {
        assert_closes_with(
            &mut fixture,
            &[frame_head(0x81, length), vec![0; 4]].concat(),
            1009,
            "transport error",
        );
    }
    fixture.assert_all_freed();
}

#[test]
fn text_on_a_websocket_is_utf8() {
    let mut fixture = Fixture::new();
    assert_closes_with(&mut fixture, &frame(0x81, b"42[\"\xff\"]"), 1007, "parse error");
    assert_closes_with(
        &mut fixture,
        &[frame(0x01, b"42[\"\xc3"), frame(0x80, b"\x28\"]")].concat(),
        1007,
        "parse error",
    );
    fixture.assert_all_freed();
}

/// The end of a fragment may split a character.
#[test]
fn a_message_in_fragments_is_text_as_a_whole() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    session.join();
    let ping = frame(0x89, b"between");
    session.send_raw(
        [frame(0x01, b"421[\"echo\",\"\xc3"), ping, frame(0x00, b"\xa9"), frame(0x80, b"\"]")]
            .concat(),
    );
    assert_eq!(session.receive(), Received::Pong(b"between".to_vec()));
    assert_eq!(session.text(), r#"431["é"]"#);
    drop(session);
    fixture.assert_all_freed();
}

#[test]
fn frames_that_break_the_rules_of_websockets_are_protocol_errors() {
    let mut fixture = Fixture::new();
    let unmasked = b"\x81\x013";
    assert_closes_with(&mut fixture, unmasked, 1002, "transport error");
    for reserved_bit in [0x40, 0x20, 0x10] {
        assert_closes_with(
            &mut fixture,
            &frame(0x81 | reserved_bit, b"3"),
            1002,
            "transport error",
        );
    }
    for opcode in [0x3, 0x7, 0xb, 0xf] {
        assert_closes_with(&mut fixture, &frame(0x80 | opcode, b"3"), 1002, "transport error");
    }
    let continuation_of_nothing = frame(0x80, b"3");
    assert_closes_with(&mut fixture, &continuation_of_nothing, 1002, "transport error");
    let message_within_a_message = [frame(0x01, b"3"), frame(0x81, b"3")].concat();
    assert_closes_with(&mut fixture, &message_within_a_message, 1002, "transport error");
    let fragmented_ping = frame(0x09, b"");
    assert_closes_with(&mut fixture, &fragmented_ping, 1002, "transport error");
    let long_ping = frame(0x89, &[0; 126]);
    assert_closes_with(&mut fixture, &long_ping, 1002, "transport error");
    fixture.assert_all_freed();
}

#[test]
fn a_websocket_that_breaks_off_within_a_frame_is_closed() {
    let fixture = Fixture::new();
    let mut session = WebSocket::open(fixture.addr);
    let id = session.join();
    session.send_raw(&frame(0x81, br#"42["x"]"#)[..8]);
    session.stream().shutdown(Shutdown::Both).expect("the stream was open");
    assert_eq!(fixture.journal.disconnect_reason(id), "transport close");
    assert_eq!(fixture.journal.count("event x"), 0);
    fixture.assert_all_freed();
}
