//! WebSockets that break RFC 6455, or stretch it: the exact answer, and the end. The other cases
//! are in `tests/server/bad_input`.

use std::{io::Read, net::Shutdown};

use crate::{
    fixture::Fixture,
    neighbour::assert_bystander_undisturbed,
    raw::{Received, WebSocket, frame, frame_head},
};

const MAX_PAYLOAD: usize = 1000;

fn fixture() -> Fixture {
    Fixture::with(|builder| builder.max_payload(MAX_PAYLOAD))
}

/// A Close frame with this code and nothing else, as the server sends it.
fn close(code: u16) -> Vec<u8> {
    [&[0x88, 2], &code.to_be_bytes()[..]].concat()
}

/// Everything up to the end of the TCP connection, which follows the client's own end soon.
#[track_caller]
fn assert_last_bytes(ws: &WebSocket, expected: &[u8], what: &str) {
    let mut stream = ws.stream();
    let mut said = vec![0; expected.len()];
    let read = stream.read_exact(&mut said);
    assert!(read.is_ok() && said == expected, "{what}: {said:x?} {read:?}");
    let _ = stream.shutdown(Shutdown::Write);
    let mut rest = Vec::new();
    // A reset is an end, too: the server did not read everything.
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty(), "{what}: {rest:x?} behind the Close frame");
}

/// Checks that each of these bytes, on a WebSocket in the main namespace, is answered by this Close
/// frame alone.
#[track_caller]
fn are_closed<'a>(table: impl IntoIterator<Item = (&'a str, Vec<u8>, Vec<u8>, &'a str)>) {
    let mut fixture = fixture();
    for (what, bytes, answer, reason) in table {
        assert_bystander_undisturbed(&mut fixture, |fixture| {
            let mut ws = WebSocket::open(fixture.addr);
            let id = ws.join();
            ws.try_send_raw(&bytes);
            assert_last_bytes(&ws, &answer, what);
            assert_eq!(fixture.journal.disconnect_reason(id), reason, "{what}");
        });
    }
    assert_eq!(fixture.journal.count("event late"), 0, "what comes behind is not handled");
    fixture.assert_all_freed();
}

const LATE: &[u8] = br#"42["late"]"#;

#[test]
fn headers_that_no_client_may_send_are_protocol_errors() {
    let mut table = Vec::new();
    let mut add = |what, bytes| table.push((what, bytes, close(1002), "transport error"));
    for bits in [0x10, 0x20, 0x40, 0x70] {
        for opcode in [0x00, 0x01, 0x02, 0x08, 0x09, 0x0a] {
            add("a reserved bit", [frame(0x80 | bits | opcode, b""), frame(0x81, LATE)].concat());
            add(
                "a reserved bit in the middle",
                [frame(0x01, b"42["), frame(0x80 | bits, b"")].concat(),
            );
        }
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        add("a reserved opcode", [frame(0x80 | opcode, b"3"), frame(0x81, LATE)].concat());
        add("a reserved opcode, and more to come", frame(opcode, b""));
    }
    for opcode in [0x08, 0x09, 0x0a] {
        add("a control frame in fragments", [frame(opcode, b""), frame(0x80, b"")].concat());
        add("a long control frame", [frame(0x80 | opcode, &[0; 126]), frame(0x81, LATE)].concat());
        add(
            "a control frame within a message, in fragments",
            [frame(0x01, b"3"), frame(opcode, b"")].concat(),
        );
    }
    for first in [0x80, 0x81, 0x82, 0x88, 0x89, 0x8a] {
        add("a frame without a mask", [vec![first, 1, b'3'], frame(0x81, LATE)].concat());
    }
    for second in [0x01, 0x02, 0x81, 0x82] {
        let within =
            [frame(0x01, b"4"), frame(0x00, b"2"), frame(second, LATE), frame(0x80, b"")].concat();
        add("a message within a message", within);
    }
    add("a continuation of nothing", [frame(0x00, b"3"), frame(0x80, b"3")].concat());
    let finished = [frame(0x01, b""), frame(0x80, b"3"), frame(0x80, b"3"), frame(0x81, LATE)];
    add("a continuation of what has ended", finished.concat());
    are_closed(table);
}

#[test]
fn closes_are_answered_in_kind_or_refused() {
    let mut table = Vec::new();
    let mut add = |what, payload: &[u8], answer, reason| {
        // Bytes after it are ignored (RFC 6455 §5.5.1).
        let bytes =
            [frame(0x88, payload), frame(0x89, b"x"), frame(0x81, LATE), frame(0x83, b"")].concat();
        table.push((what, bytes, answer, reason));
    };
    for code in
        [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map(u16::to_be_bytes)
    {
        add("an invalid code", &code, close(1002), "transport error");
    }
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        let with_reason = [&u16::to_be_bytes(code)[..], "é".repeat(61).as_bytes()].concat();
        add("a code", &with_reason[..2], close(code), "transport close");
        add("a code and a reason", &with_reason, close(code), "transport close");
    }
    add("no code", b"", vec![0x88, 0], "transport close");
    add("half a code", b"\x03", close(1002), "transport error");
    add("a reason that is not UTF-8", b"\x03\xe8\xce\xba\xff", close(1002), "transport error");
    add("a reason that ends too early", b"\x03\xe8\xe2\x82", close(1002), "transport error");
    are_closed(table);
}

/// Invalid UTF-8 with its fault, from Markus Kuhn's list, which Autobahn uses, too.
const NOT_UTF8: [(&str, &[u8]); 12] = [
    ("a continuation byte", b"\x80"),
    ("a start without its end", b"\xc3"),
    ("a start and text", b"\xe2\x82a"),
    ("an overlong slash of two bytes", b"\xc0\xaf"),
    ("an overlong slash of three", b"\xe0\x80\xaf"),
    ("an overlong slash of four", b"\xf0\x80\x80\xaf"),
    ("an overlong NUL", b"\xc1\x80"),
    ("half of a surrogate pair", b"\xed\xa0\x80"),
    ("a whole surrogate pair", b"\xed\xa0\x80\xed\xb0\x80"),
    ("more than U+10FFFF", b"\xf4\x90\x80\x80"),
    ("a sequence of five", b"\xf8\x88\x80\x80\x80"),
    ("a byte that is never used", b"\xff"),
];

#[test]
fn invalid_utf8_is_refused_at_any_fragmentation() {
    let mut table = Vec::new();
    for (what, bad) in NOT_UTF8 {
        let text = [br#"42["late",""#, bad, br#""]"#].concat();
        let octets = text.iter().map(|octet| frame(0x00, &[*octet]));
        let fragments =
            [vec![frame(0x01, b"")], octets.collect(), vec![frame(0x80, b"")]].concat().concat();
        for bytes in [frame(0x81, &text), frame(0x81, &text[..text.len() - 2]), fragments] {
            table.push((what, bytes, close(1007), "parse error"));
        }
    }
    are_closed(table);
}

#[test]
fn more_than_max_payload_is_refused_when_it_is_announced_or_summed_up() {
    let mut table = Vec::new();
    let mut add = |what, bytes| table.push((what, bytes, close(1009), "transport error"));
    for first in [0x81, 0x82, 0x01, 0x02, 0x89, 0x8a, 0x88] {
        for length in [MAX_PAYLOAD as u64 + 1, 1 << 32, 1 << 62, 1 << 63, (1 << 63) + 1] {
            add("announced", frame_head(first, length));
        }
    }
    add(
        "announced by a fragment",
        [frame(0x01, b"4"), frame_head(0x00, MAX_PAYLOAD as u64 + 1)].concat(),
    );
    let octets = |count| [frame(0x01, b""), frame(0x00, b"4").repeat(count)].concat();
    add("summed up by the octet", octets(MAX_PAYLOAD + 1));
    add("summed up by the last", [octets(MAX_PAYLOAD), frame(0x80, b"4")].concat());
    are_closed(table);
}

#[test]
fn a_message_may_come_in_as_many_fragments_as_the_client_likes() {
    let mut fixture = fixture();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut ws = WebSocket::open(fixture.addr);
        ws.join();
        let text = "é\u{fffe}\u{10ffff}\0".replace('\0', "x").repeat(50);
        let event = format!(r#"421["echo","{text}"]"#);
        let octets: Vec<_> = event.bytes().map(|octet| frame(0x00, &[octet])).collect();
        for empty in [0, 1, 20] {
            let between = frame(0x00, b"").repeat(empty);
            let fragments = octets
                .iter()
                .flat_map(|octet| [octet.clone(), between.clone()])
                .collect::<Vec<_>>()
                .concat();
            ws.send_raw([frame(0x01, b""), fragments, frame(0x80, b"")].concat());
            assert_eq!(ws.text(), format!(r#"431["{text}"]"#));
        }
        ws.assert_works();
    });
    fixture.assert_all_freed();
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut fixture = fixture();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut ws = WebSocket::open(fixture.addr);
        ws.join();
        let echo = |n: usize| format!(r#"42{n}["echo","{}"]"#, "x".repeat(n));
        let frames = [
            frame(0x89, b"one"),
            frame(0x81, echo(5).as_bytes()),
            // With a length of 16 bits.
            frame(0x81, echo(200).as_bytes()),
            frame(0x01, &echo(7).as_bytes()[..3]),
            frame(0x89, b"two"),
            frame(0x8a, b"unasked for"),
            frame(0x80, &echo(7).as_bytes()[3..]),
        ];
        frames.concat().iter().for_each(|octet| ws.send_raw([*octet]));
        let ack = |n: usize| Received::Text(format!(r#"43{n}["{}"]"#, "x".repeat(n)));
        let pong = |data: &[u8]| Received::Pong(data.to_vec());
        let (mut pongs, mut acks) = (Vec::new(), Vec::new());
        // A pong may overtake events that are being handled.
        while acks.len() < 3 || pongs.last() != Some(&pong(b"two")) {
            match ws.receive() {
                received @ Received::Pong(_) => pongs.push(received),
                received => acks.push(received),
            }
        }
        // One pong may answer both pings.
        assert!(pongs.len() == 1 || pongs == [pong(b"one"), pong(b"two")], "{pongs:?}");
        assert_eq!(acks, [ack(5), ack(200), ack(7)]);
        frame(0x88, &3000_u16.to_be_bytes()).iter().for_each(|octet| ws.send_raw([*octet]));
        assert_last_bytes(&ws, &close(3000), "a Close frame, one by one");
    });
    fixture.assert_all_freed();
}

/// RFC 6455 §5.2 forbids these frames, and does not specify the answer.
#[test]
fn lengths_that_are_longer_than_need_be_are_read_as_what_they_say() {
    let mut fixture = fixture();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut ws = WebSocket::open(fixture.addr);
        ws.join();
        let event = br#"421["echo",1]"#;
        let length = event.len() as u8;
        for head in [vec![0xfe, 0, length], vec![0xff, 0, 0, 0, 0, 0, 0, 0, length]] {
            ws.send_raw([&[0x81], &head[..], &[0; 4], event].concat());
            assert_eq!(ws.text(), "431[1]");
            ws.send_raw([&[0x89], &head[..], &[0; 4], event].concat());
            assert_eq!(ws.receive(), Received::Pong(event.to_vec()));
        }
    });
    fixture.assert_all_freed();
}

/// The server answers the last ping, and earlier ones as time permits (RFC 6455 §5.5.3).
#[test]
fn a_flood_of_pings_is_answered_by_what_it_takes() {
    const PINGS: u32 = 50_000;
    let mut fixture = fixture();
    assert_bystander_undisturbed(&mut fixture, |fixture| {
        let mut ws = WebSocket::open(fixture.addr);
        ws.join();
        let pings: Vec<u8> = (0..PINGS).flat_map(|n| frame(0x89, &n.to_be_bytes())).collect();
        ws.send_raw([pings, frame(0x8a, b"unasked for").repeat(1000)].concat());
        let mut next = 0;
        while next < PINGS {
            let Received::Pong(data) = ws.receive() else { panic!("pongs are due") };
            let number = u32::from_be_bytes(data.try_into().expect("what was sent"));
            assert!(number >= next, "in order");
            next = number + 1;
        }
        ws.assert_works();
    });
    fixture.assert_all_freed();
}
