//! The properties of each parser that hold for any bytes from a peer: one function for each parser,
//! which panics if a property does not hold.
//!
//! `tests/fuzz` calls these functions with generated inputs, and the tests below with the inputs of
//! its corpus. The parsers of the transport are private, so these functions give a request to the
//! transport, and check the packets that it reports. Refused requests are tested in
//! `tests/fuzz/handshake.rs`, which needs nothing private.
//!
//! The module is built for tests and fuzzing only. Each `expect` in it is a property under test,
//! and its text says what should hold.

mod websockets;

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::Value;

pub use self::websockets::{extensions, inflate, websocket};
use crate::protocol::{
    AckId, Args, DecodeLimits, Decoder, EnginePacket, Frame, Many, MsgpackParser, Packet,
    PacketCodec, PacketKind, Parser, ack, connect_error, disconnect, event, forward, is_reserved,
    payload, v3,
};

fn text(data: &[u8]) -> Option<ByteString> {
    ByteString::try_from(data).ok()
}

// Engine.IO

/// Decodes one packet: as text of both versions of Engine.IO, and as binary of version 3.
pub fn engine_packet(data: &[u8]) {
    if let Ok(packet) = v3::decode_binary(&Bytes::copy_from_slice(data)) {
        assert_eq!(packet, EnginePacket::Binary(Bytes::copy_from_slice(&data[1..])));
    }
    let Some(text) = text(data) else { return };
    if let Ok(packet) = EnginePacket::decode(text.clone()) {
        assert_eq!(EnginePacket::decode(packet.encode()).as_ref(), Ok(&packet));
    }
    if let Ok(packet) = v3::decode_text(text) {
        let v3::EncodedBody::Text(body) = v3::encode([&Frame::engine(&packet)], false) else {
            panic!("the body is binary, but binary is not accepted")
        };
        assert_eq!(v3::decode(body.into()).collect::<Vec<_>>(), [Ok(packet)]);
    }
}

fn frames(packets: &[EnginePacket]) -> Vec<Frame> {
    packets.iter().map(Frame::engine).collect()
}

/// Decodes a long-polling body of Engine.IO v4.
pub fn payload_v4(data: &[u8]) {
    let Some(body) = text(data) else { return };
    let parts = body.split(payload::SEPARATOR).count();
    let packets: Vec<_> = payload::decode(body).collect();
    assert_eq!(packets.len(), parts);
    let Ok(packets) = packets.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let again = ByteString::try_from(payload::encode(frames(&packets))).expect("text");
    assert_eq!(payload::decode(again).collect::<Result<Vec<_>, _>>().as_ref(), Ok(&packets));
}

/// Decodes a long-polling body of Engine.IO v3, as text and as binary.
pub fn payload_v3(data: &[u8]) {
    let bodies = [
        text(data).map(|body| v3::decode(body).collect::<Result<Vec<_>, _>>()),
        Some(v3::decode_bytes(Bytes::copy_from_slice(data)).collect()),
    ];
    for packets in bodies.into_iter().flatten().flatten() {
        assert!(packets.len() <= data.len(), "each packet takes at least one byte");
        for accepts_binary in [false, true] {
            let again: Result<Vec<_>, _> = match v3::encode(&frames(&packets), accepts_binary) {
                v3::EncodedBody::Text(body) => v3::decode(body.into()).collect(),
                v3::EncodedBody::Bytes(body) => v3::decode_bytes(body.into()).collect(),
            };
            assert_eq!(again.as_ref(), Ok(&packets));
        }
    }
}

// Socket.IO

const DEPTH: usize = 8;
const ATTACHMENTS: usize = 3;
const ATTACHMENT_BYTES: usize = 64;

fn limits() -> DecodeLimits {
    DecodeLimits::new(DEPTH, ATTACHMENTS, ATTACHMENT_BYTES)
}

/// Decodes the Socket.IO messages of a connection. The byte 255 separates them, and a `b` starts a
/// binary message.
pub fn packet(data: &[u8]) {
    let mut decoder = Decoder::new(limits());
    for message in data.split(|byte| *byte == 0xff) {
        let read = match message.split_first() {
            Some((b'b', binary)) => decoder.binary(Bytes::copy_from_slice(binary)),
            _ => match text(message) {
                Some(text) => decoder.text(text),
                None => continue,
            },
        };
        match read {
            Ok(None) => {}
            Ok(Some(packet)) => {
                check_limits(&packet);
                let bytes: usize = args(&packet).attachments().iter().map(Bytes::len).sum();
                assert!(bytes <= ATTACHMENT_BYTES);
                check_forwarding(&packet);
            }
            // An error ends the session.
            Err(_) => return,
        }
    }
}

fn args(packet: &Packet) -> &Args {
    static NONE: std::sync::OnceLock<Args> = std::sync::OnceLock::new();
    match &packet.kind {
        PacketKind::Event { args, .. } | PacketKind::Ack { args, .. } => args,
        _ => NONE.get_or_init(Args::default),
    }
}

/// Checks that a decoded packet is within the limits, and that its parts can be read.
fn check_limits(packet: &Packet) {
    let args = args(packet);
    assert!(args.attachments().len() <= ATTACHMENTS);
    for (index, json) in args.iter().enumerate() {
        // Half of a surrogate pair is valid JSON, but cannot be read as a `Value`.
        if let Ok(value) = serde_json::from_str(json) {
            assert!(depth(&value) < DEPTH, "the array of arguments is one more level");
        }
        let whole = args.binary(index);
        assert!(whole.is_none_or(|whole| args.attachments().contains(&whole)));
        let _ = (
            args.get::<Value>(index),
            args.get::<Bytes>(index),
            args.get::<Vec<Option<Bytes>>>(index),
        );
    }
    match &packet.kind {
        PacketKind::Event { name, id, .. } => {
            assert!(!is_reserved(name));
            assert!(
                id.as_ref().is_none_or(|id| id.as_str().bytes().all(|byte| byte.is_ascii_digit()))
            );
        }
        PacketKind::Connect(Some(auth)) => {
            serde_json::from_str::<serde::de::IgnoredAny>(auth).expect("JSON");
        }
        _ => {}
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Checks that a packet which is encoded again is decoded to the same packet.
fn check_forwarding(packet: &Packet) {
    let Packet { namespace, kind } = packet;
    match kind {
        PacketKind::Event { name, args, id } => {
            let forwarded = reread(&forward(namespace, name, args).expect("JSON"));
            let kind = PacketKind::Event { name: name.clone(), args: args.clone(), id: None };
            check_same(&forwarded, &Packet { namespace: namespace.clone(), kind });
            let id = id.as_ref().and_then(AckId::to_u64);
            let relay =
                |args: &Args| reread(&event(namespace, id, name, &Many(args)).expect("JSON"));
            let relayed = relay(args);
            check_as_it_came(args, self::args(&relayed));
            check_same(&relay(self::args(&relayed)), &relayed);
        }
        PacketKind::Ack { id: Some(id), args } => {
            let relay = |args: &Args| reread(&ack(namespace, id, &Many(args)).expect("JSON"));
            let relayed = relay(args);
            check_as_it_came(args, self::args(&relayed));
            check_same(&relay(self::args(&relayed)), &relayed);
        }
        PacketKind::Disconnect => check_same(&reread(&disconnect(namespace)), packet),
        // Clients read only the errors of this server, whose payload is an object.
        PacketKind::ConnectError(json) if json.starts_with('{') => {
            check_same(&reread(&connect_error(namespace, json)), packet);
        }
        _ => {}
    }
}

/// Checks that a relay changes nothing but the numbers of placeholders.
fn check_as_it_came(args: &Args, relayed: &Args) {
    let text = |args: &Args| -> String {
        let json = args.iter().collect::<Vec<_>>().join(",");
        if args.attachments().is_empty() {
            return json;
        }
        let mut parts = json.split(r#"{"_placeholder":true,"num":"#);
        let before = parts.next().unwrap_or_default().to_owned();
        let digits =
            |part: &str| part.trim_start_matches(|digit: char| digit.is_ascii_digit()).to_owned();
        parts.fold(before, |text, part| text + "#" + &digits(part))
    };
    assert_eq!(text(args), text(relayed), "{args:?}");
}

/// Decodes a frame as its receiver does, without limits of attachments.
fn reread(frame: &Frame) -> Packet {
    let mut decoder = Decoder::new(DecodeLimits::new(DEPTH, usize::MAX, usize::MAX));
    let text = frame.text().strip_prefix('4').expect("a message");
    let mut packet = decoder.text(text.into()).expect("a packet");
    for attachment in frame.attachments() {
        assert_eq!(packet, None);
        packet = decoder.binary(attachment.clone()).expect("an attachment");
    }
    packet.expect("a whole packet")
}

/// Checks that two packets are equal, except for white space and the ranges of the arguments in
/// their text.
fn check_same(one: &Packet, other: &Packet) {
    assert_eq!(one.namespace, other.namespace);
    assert!(args(one).iter().eq(args(other).iter()), "{one:?} {other:?}");
    assert_eq!(args(one).attachments(), args(other).attachments());
    match (&one.kind, &other.kind) {
        (
            PacketKind::Event { name, id, .. },
            PacketKind::Event { name: other, id: other_id, .. },
        ) => {
            assert_eq!((name, id), (other, other_id));
        }
        (PacketKind::Ack { id, .. }, PacketKind::Ack { id: other, .. }) => assert_eq!(id, other),
        (one, other) => assert_eq!(one, other),
    }
}

/// Decodes a packet in MessagePack.
pub fn msgpack(data: &[u8]) {
    let decode = |data| MsgpackParser.decoder(limits()).binary(data);
    let encode = |packet| {
        let encoded = MsgpackParser.encode(packet);
        assert_eq!((encoded.text, encoded.binary.len()), (None, 1));
        encoded.binary[0].clone()
    };
    let Ok(packet) = decode(Bytes::copy_from_slice(data)) else { return };
    let packet = packet.expect("a whole packet");
    check_limits(&packet);
    let again = encode(&packet);
    let reread = decode(again.clone()).expect("it can be read").expect("a whole packet");
    check_same(&reread, &packet);
    assert_eq!(encode(&reread), again);
    let encoding = PacketCodec::new(MsgpackParser);
    let relay = |packet: &Packet| {
        let frame = match &packet.kind {
            PacketKind::Event { name, args, id } => encoding.event(
                &packet.namespace,
                id.as_ref().and_then(AckId::to_u64),
                name,
                &Many(args),
            ),
            PacketKind::Ack { id: Some(id), args } => {
                encoding.ack(&packet.namespace, id, &Many(args))
            }
            _ => return None,
        };
        let message = frame.expect("it was JSON").into_frame().attachments()[0].clone();
        Some(decode(message).expect("it can be read").expect("a whole packet"))
    };
    if let Some(relayed) = relay(&packet) {
        check_same(&relay(&relayed).expect("the same kind"), &relayed);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Calls a parser's function with each input of its corpus.
    fn check_corpus(name: &str, parser: fn(&[u8])) {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        if !tests.exists() {
            assert!(std::env::var_os("CI").is_none(), "the corpus is missing");
            return eprintln!("the corpus is not part of the package: skipped {name}");
        }
        let corpus =
            fs::read_dir(tests.join("fuzz/corpus").join(name)).expect("each parser has a corpus");
        let mut count = 0;
        for file in corpus {
            let file = file.expect("a file").path();
            eprintln!("{}", file.display());
            parser(&fs::read(file).expect("it can be read"));
            count += 1;
        }
        assert!(count > 0, "{name} has an empty corpus");
    }

    macro_rules! parsers {
        ($($parser:ident)*) => {$(
            #[test]
            fn $parser() {
                check_corpus(stringify!($parser), super::$parser);
            }
        )*};
    }

    parsers! { engine_packet payload_v4 payload_v3 packet msgpack websocket inflate extensions }
}
