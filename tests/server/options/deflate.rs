//! The options `per_message_deflate` and `deflate_threshold`.

use bytes::Bytes;

use super::ON_WEBSOCKET;
use crate::{
    fixture::Fixture,
    octets::{FrameSocket, deflate, inflate},
    raw::frame,
};

/// The offer of browsers and of Node's `ws`.
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

const ACCEPTED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn fixture_with_deflate() -> Fixture {
    Fixture::with(|builder| builder.per_message_deflate(true).max_payload(100_000))
}

/// A client whose offer is accepted.
#[track_caller]
fn open_compressed(fixture: &Fixture) -> FrameSocket {
    let (answer, mut ws) = FrameSocket::open(fixture.addr, ON_WEBSOCKET, OFFER);
    assert_eq!(answer.header("sec-websocket-extensions"), Some(ACCEPTED));
    ws.join();
    ws
}

/// An event that requests its own argument, and the answer.
fn echo(text: &str) -> (Vec<u8>, Vec<u8>) {
    (format!(r#"427["echo","{text}"]"#).into_bytes(), format!(r#"437["{text}"]"#).into_bytes())
}

#[test]
fn messages_are_not_compressed_by_default() {
    let fixture = Fixture::new();
    let (answer, mut ws) = FrameSocket::open(fixture.addr, ON_WEBSOCKET, OFFER);
    assert_eq!(answer.header("sec-websocket-extensions"), None);
    ws.join();
    let (question, answer) = echo(&"x".repeat(5000));
    ws.send(0x81, &question);
    assert_eq!(ws.next(), (0x81, answer));
    // Nor does the server accept compressed messages.
    ws.send(0xc1, &deflate(&question));
    ws.assert_closed(Some(1002));
    fixture.assert_all_freed();
}

#[test]
fn an_offer_is_answered_if_it_can_be_accepted() {
    let fixture = fixture_with_deflate();
    for (offers, answer) in [
        ("", None),
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", Some(ACCEPTED)),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n",
            Some(ACCEPTED),
        ),
        ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n", None),
        ("Sec-WebSocket-Extensions: permessage-bzip2\r\n", None),
        (
            "Sec-WebSocket-Extensions: foo\r\nSec-WebSocket-Extensions: bar, permessage-deflate\r\n",
            Some(ACCEPTED),
        ),
    ] {
        let (reply, mut ws) = FrameSocket::open(fixture.addr, ON_WEBSOCKET, offers);
        assert_eq!(reply.header("sec-websocket-extensions"), answer, "{offers}");
        ws.join();
        let (question, expected) = echo(&"x".repeat(5000));
        ws.send(0x81, &question);
        let (head, data) = ws.next();
        match answer {
            Some(_) => {
                assert!(head == 0xc1 && data.len() < 200 && inflate(&data) == expected, "{offers}");
            }
            None => assert!(head == 0x81 && data == expected, "{offers}"),
        }
    }
    fixture.assert_all_freed();
}

#[test]
fn messages_are_compressed_in_both_directions() {
    let fixture = fixture_with_deflate();
    let mut ws = open_compressed(&fixture);
    let (question, answer) = echo(&"never and forever, ".repeat(300));
    // Each message is compressed without the context of earlier ones.
    for _ in 0..3 {
        let small = deflate(&question);
        assert!(small.len() * 10 < question.len());
        ws.send(0xc1, &small);
        let (head, data) = ws.next();
        assert!(head == 0xc1 && data.len() * 10 < answer.len(), "{head:#x}, {} bytes", data.len());
        assert_eq!(inflate(&data), answer);
    }
    // A client may compress short messages, and may leave long ones uncompressed.
    let (question, answer) = echo("short");
    ws.send(0xc1, &deflate(&question));
    assert_eq!(ws.next(), (0x81, answer));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn messages_are_compressed_from_the_threshold_on() {
    for (fixture, threshold) in [
        (fixture_with_deflate(), 1024),
        (Fixture::with(|builder| builder.per_message_deflate(true).deflate_threshold(100)), 100),
    ] {
        let mut ws = open_compressed(&fixture);
        for (length, head) in [(threshold - 1, 0x81), (threshold, 0xc1)] {
            let (question, answer) = echo(&"x".repeat(length - r#"437[""]"#.len()));
            ws.send(0x81, &question);
            let (first, data) = ws.next();
            assert_eq!(first, head, "{length} bytes");
            assert_eq!(if first == 0xc1 { inflate(&data) } else { data }, answer);
        }
        drop(ws);
        fixture.assert_all_freed();
    }
}

#[test]
fn a_compressed_message_may_come_in_pieces() {
    let fixture = fixture_with_deflate();
    let mut ws = open_compressed(&fixture);
    let (question, answer) = echo("a fragment");
    let small = deflate(&question);
    ws.send(0x41, &small[..5]);
    ws.send(0x89, b"a ping between");
    ws.send(0x00, &small[5..9]);
    ws.send(0x80, &small[9..]);
    assert_eq!(ws.next(), (0x8a, b"a ping between".to_vec()));
    assert_eq!(ws.next(), (0x81, answer.clone()));
    // Byte by byte, with the next frame directly after it.
    let frames = [frame(0xc1, &small), frame(0x81, &question)].concat();
    for byte in frames {
        ws.send_raw(&[byte]);
    }
    assert_eq!(ws.next(), (0x81, answer.clone()));
    assert_eq!(ws.next(), (0x81, answer));
    drop(ws);
    fixture.assert_all_freed();
}

#[test]
fn an_attachment_is_compressed_once_for_all_clients() {
    let fixture = fixture_with_deflate();
    let mut small = [open_compressed(&fixture), open_compressed(&fixture)];
    let mut plain = FrameSocket::open_and_join(fixture.addr, ON_WEBSOCKET);
    let data = Bytes::from(vec![7; 5000]);
    fixture.io.except("bystanders").emit("file", &data).expect("the registry has capacity");
    let text = r#"451-["file",{"_placeholder":true,"num":0}]"#;
    let mut compressed = Vec::new();
    for ws in &mut small {
        ws.assert_text(text);
        let (head, bytes) = ws.next();
        assert_eq!((head, inflate(&bytes)), (0xc2, data.to_vec()));
        compressed.push(bytes);
    }
    assert!(compressed[0].len() < 100 && compressed[0] == compressed[1]);
    plain.assert_text(text);
    assert_eq!(plain.next(), (0x82, data.to_vec()));
    drop((small, plain));
    fixture.assert_all_freed();
}

#[test]
fn a_message_inflates_to_at_most_max_payload_bytes() {
    let mut fixture = fixture_with_deflate();
    let wrapping = r#"427["echo",""]"#.len();
    let mut ws = open_compressed(&fixture);
    let (question, answer) = echo(&"x".repeat(100_000 - wrapping));
    ws.send(0xc1, &deflate(&question));
    assert_eq!(inflate(&ws.next().1), answer);
    ws.send(0xc1, &deflate(&echo(&"x".repeat(100_001 - wrapping)).0));
    ws.assert_closed(Some(1009));
    // A message that would inflate to 50 MB, in one frame and in two.
    let bomb = deflate(&vec![b'x'; 50_000_000]);
    let mut ws = open_compressed(&fixture);
    ws.send(0xc1, &bomb);
    ws.assert_closed(Some(1009));
    let mut ws = open_compressed(&fixture);
    let (one, other) = bomb.split_at(bomb.len() / 2);
    ws.send(0x41, one);
    ws.send(0x80, other);
    ws.assert_closed(Some(1009));
    fixture.assert_only_bystander_left();
    fixture.assert_all_freed();
}

#[test]
fn invalid_compressed_messages_end_the_connection() {
    let mut fixture = fixture_with_deflate();
    let small = deflate(&echo("hello").0);
    type FrameSocket<'a> = &'a [(u8, &'a [u8])];
    let table: [(&str, FrameSocket<'_>, u16); 9] = [
        ("a compressed ping", &[(0xc9, b"x")], 1002),
        ("a compressed pong", &[(0xca, b"x")], 1002),
        ("a compressed Close", &[(0xc8, &[3, 232])], 1002),
        ("a continuation with the bit set", &[(0x41, &small[..5]), (0xc0, &small[5..])], 1002),
        ("another reserved bit", &[(0xe1, &small)], 1002),
        ("uncompressed data", &[(0xc1, b"Hello")], 1007),
        ("truncated data", &[(0xc1, &small[..small.len() - 3])], 1007),
        ("invalid UTF-8 after inflation", &[(0xc1, &deflate(&[b'4', 0xff]))], 1007),
        ("nothing", &[(0xc1, b"")], 1007),
    ];
    for (what, frames, code) in table {
        let mut ws = open_compressed(&fixture);
        for (first, data) in frames {
            ws.send(*first, data);
        }
        let (head, data) = ws.next();
        let reported = data.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!((head, reported), (0x88, Some(code)), "{what}");
        fixture.assert_only_bystander_left();
    }
    fixture.assert_all_freed();
}
