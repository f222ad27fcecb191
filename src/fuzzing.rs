//! What must hold for any bytes that a peer sends: one function for each parser, which panics where it does not.
//!
//! `tests/fuzz` calls these with inputs of its own making, the tests below with those that it has kept. The transport's
//! parsers are private to it, so a request goes in at one end here, and packets come out at the other. Requests that
//! are refused are in `tests/fuzz/handshake.rs`, which needs nothing private.

use std::{
    collections::VecDeque,
    io::Read,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix::{Actor, Handler, Message, MessageResult, SystemRunner};
use actix_web::{
    FromRequest, HttpRequest,
    body::to_bytes,
    dev::Payload,
    error::PayloadError,
    http::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS},
    test::TestRequest,
    web,
};
use bytes::Bytes;
use bytestring::ByteString;
use flate2::{Compress, Compression, FlushCompress, read::DeflateDecoder};
use futures_core::Stream;
use serde_json::Value;

use crate::{
    config::Config,
    outbox::{Outbox, Transport},
    protocol::{
        AckId, Args, DecodeLimits, Decoder, Encoding, EnginePacket, Frame, Many, MsgpackParser, Packet, PacketKind,
        Parser, Version, ack, connect_error, disconnect, event, forward, is_reserved, payload, v3,
    },
    transport::{Ending, Inbound, Link, websocket as transport},
};

fn text(data: &[u8]) -> Option<ByteString> {
    ByteString::try_from(data).ok()
}

// ── Engine.IO ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// One packet of text, of both versions, and a binary one of the older.
pub fn engine_packet(data: &[u8]) {
    if let Ok(packet) = v3::decode_binary(&Bytes::copy_from_slice(data)) {
        assert_eq!(packet, EnginePacket::Binary(Bytes::copy_from_slice(&data[1..])));
    }
    let Some(text) = text(data) else { return };
    if let Ok(packet) = EnginePacket::decode(text.clone()) {
        assert_eq!(EnginePacket::decode(packet.encode()).as_ref(), Ok(&packet));
    }
    if let Ok(packet) = v3::decode_text(text) {
        let v3::Body::Text(body) = v3::encode([&Frame::engine(&packet)], false) else { panic!("no binary was wanted") };
        assert_eq!(v3::decode(body.into()).collect::<Vec<_>>(), [Ok(packet)]);
    }
}

fn frames(packets: &[EnginePacket]) -> Vec<Frame> {
    packets.iter().map(Frame::engine).collect()
}

/// A polling body.
pub fn payload_v4(data: &[u8]) {
    let Some(body) = text(data) else { return };
    let parts = body.split(payload::SEPARATOR).count();
    let packets: Vec<_> = payload::decode(body).collect();
    assert_eq!(packets.len(), parts);
    let Ok(packets) = packets.into_iter().collect::<Result<Vec<_>, _>>() else { return };
    let again = ByteString::try_from(payload::encode(&frames(&packets))).expect("text");
    assert_eq!(payload::decode(again).collect::<Result<Vec<_>, _>>().as_ref(), Ok(&packets));
}

/// A polling body for an old client, of text or of bytes.
pub fn payload_v3(data: &[u8]) {
    let bodies = [
        text(data).map(|body| v3::decode(body).collect::<Result<Vec<_>, _>>()),
        Some(v3::decode_bytes(Bytes::copy_from_slice(data)).collect()),
    ];
    for packets in bodies.into_iter().flatten().flatten() {
        assert!(packets.len() <= data.len(), "a packet has a byte at least");
        for takes_binary in [false, true] {
            let again: Result<Vec<_>, _> = match v3::encode(&frames(&packets), takes_binary) {
                v3::Body::Text(body) => v3::decode(body.into()).collect(),
                v3::Body::Bytes(body) => v3::decode_bytes(body.into()).collect(),
            };
            assert_eq!(again.as_ref(), Ok(&packets));
        }
    }
}

// ── Socket.IO ────────────────────────────────────────────────────────────────────────────────────────────────────────

const DEPTH: usize = 8;
const ATTACHMENTS: usize = 3;
const ATTACHMENT_BYTES: usize = 64;

fn limits() -> DecodeLimits {
    DecodeLimits::new(DEPTH, ATTACHMENTS, ATTACHMENT_BYTES)
}

/// Messages with the byte 255 in between; those that are binary start with a `b`.
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
                is_within_limits(&packet);
                let bytes: usize = args(&packet).attachments().iter().map(Bytes::len).sum();
                assert!(bytes <= ATTACHMENT_BYTES);
                is_passed_on(&packet);
            }
            // It ends the session.
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

fn is_within_limits(packet: &Packet) {
    let args = args(packet);
    assert!(args.attachments().len() <= ATTACHMENTS);
    for (index, json) in args.iter().enumerate() {
        // Half of a surrogate pair is JSON, and no `Value`.
        if let Ok(value) = serde_json::from_str(json) {
            assert!(depth(&value) < DEPTH, "the arguments are a level themselves");
        }
        let whole = args.binary(index);
        assert!(whole.is_none_or(|whole| args.attachments().contains(&whole)));
        let _ = (args.get::<Value>(index), args.get::<Bytes>(index), args.get::<Vec<Option<Bytes>>>(index));
    }
    match &packet.kind {
        PacketKind::Event { name, id, .. } => {
            assert!(!is_reserved(name));
            assert!(id.as_ref().is_none_or(|id| id.as_str().bytes().all(|byte| byte.is_ascii_digit())));
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

/// What is sent on is read as what came.
fn is_passed_on(packet: &Packet) {
    let Packet { namespace, kind } = packet;
    match kind {
        PacketKind::Event { name, args, id } => {
            let forwarded = reread(&forward(namespace, name, args).expect("JSON"));
            let kind = PacketKind::Event { name: name.clone(), args: args.clone(), id: None };
            is_same(&forwarded, &Packet { namespace: namespace.clone(), kind });
            let id = id.as_ref().and_then(AckId::to_u64);
            let relay = |args: &Args| reread(&event(namespace, id, name, &Many(args)).expect("JSON"));
            let relayed = relay(args);
            is_same(&relay(self::args(&relayed)), &relayed);
        }
        PacketKind::Ack { id: Some(id), args } => {
            let relay = |args: &Args| reread(&ack(namespace, id, &Many(args)).expect("JSON"));
            let relayed = relay(args);
            is_same(&relay(self::args(&relayed)), &relayed);
        }
        PacketKind::Disconnect => is_same(&reread(&disconnect(namespace)), packet),
        // Only ours are read by anybody.
        PacketKind::ConnectError(json) if json.starts_with('{') => {
            is_same(&reread(&connect_error(namespace, json)), packet);
        }
        _ => {}
    }
}

/// A frame as its receiver reads it, who has no limits.
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

/// White space aside, and which of the text an argument is.
fn is_same(one: &Packet, other: &Packet) {
    assert_eq!(one.namespace, other.namespace);
    assert!(args(one).iter().eq(args(other).iter()), "{one:?} {other:?}");
    assert_eq!(args(one).attachments(), args(other).attachments());
    match (&one.kind, &other.kind) {
        (PacketKind::Event { name, id, .. }, PacketKind::Event { name: other, id: other_id, .. }) => {
            assert_eq!((name, id), (other, other_id));
        }
        (PacketKind::Ack { id, .. }, PacketKind::Ack { id: other, .. }) => assert_eq!(id, other),
        (one, other) => assert_eq!(one, other),
    }
}

/// A packet in MessagePack.
pub fn msgpack(data: &[u8]) {
    let decode = |data| MsgpackParser.decoder(limits()).binary(data);
    let encode = |packet| {
        let encoded = MsgpackParser.encode(packet);
        assert_eq!((encoded.text, encoded.binary.len()), (None, 1));
        encoded.binary[0].clone()
    };
    let Ok(packet) = decode(Bytes::copy_from_slice(data)) else { return };
    let packet = packet.expect("a whole packet");
    is_within_limits(&packet);
    let again = encode(&packet);
    let reread = decode(again.clone()).expect("it can be read").expect("a whole packet");
    is_same(&reread, &packet);
    assert_eq!(encode(&reread), again);
    let encoding = Encoding::new(MsgpackParser);
    let relay = |packet: &Packet| {
        let frame = match &packet.kind {
            PacketKind::Event { name, args, id } => {
                encoding.event(&packet.namespace, id.as_ref().and_then(AckId::to_u64), name, &Many(args))
            }
            PacketKind::Ack { id: Some(id), args } => encoding.ack(&packet.namespace, id, &Many(args)),
            _ => return None,
        };
        let message = frame.expect("it was JSON").attachments()[0].clone();
        Some(decode(message).expect("it can be read").expect("a whole packet"))
    };
    if let Some(relayed) = relay(&packet) {
        is_same(&relay(&relayed).expect("the same kind"), &relayed);
    }
}

// ── the transport ────────────────────────────────────────────────────────────────────────────────────────────────────

const MAX_PAYLOAD: usize = 300;

thread_local! {
    // Never dropped: at a thread's end, what it would need for that may have gone before it.
    static SYSTEM: &'static SystemRunner = Box::leak(Box::new(actix::System::new()));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    SYSTEM.with(|system| system.block_on(future))
}

/// What a connection hears, in its stead.
#[derive(Default)]
struct Listener(Heard);

#[derive(Debug, Default, PartialEq)]
struct Heard {
    packets: Vec<EnginePacket>,
    ending: Option<Ending>,
}

impl Actor for Listener {
    type Context = actix::Context<Self>;
}

impl Handler<Inbound> for Listener {
    type Result = ();

    fn handle(&mut self, inbound: Inbound, _: &mut Self::Context) {
        match inbound {
            Inbound::Packets { packets, taken } => {
                assert!(self.0.ending.is_none() && !packets.is_empty() && packets.len() <= Link::BATCH);
                self.0.packets.extend(packets);
                let _ = taken.send(());
            }
            Inbound::End(ending) => drop(self.0.ending.get_or_insert(ending)),
        }
    }
}

#[derive(Message)]
#[rtype(result = "Heard")]
struct Tell;

impl Handler<Tell> for Listener {
    type Result = MessageResult<Tell>;

    fn handle(&mut self, _: Tell, _: &mut Self::Context) -> Self::Result {
        MessageResult(std::mem::take(&mut self.0))
    }
}

struct Chunks(VecDeque<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

const UPGRADE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

async fn open(version: Version, offer: Option<HeaderValue>, chunks: VecDeque<Bytes>) -> Opened {
    let listener = Listener::default().start();
    let config =
        Config { max_payload: MAX_PAYLOAD, per_message_deflate: true, deflate_threshold: 100, ..Config::default() };
    let outbox = Outbox::new(Transport::WebSocket, 1 << 20, |_| {});
    let link = Link::new(listener.clone().recipient(), outbox, version, Arc::new(config));
    let mut request = UPGRADE.into_iter().fold(TestRequest::default(), TestRequest::insert_header);
    if let Some(offer) = offer {
        request = request.insert_header((SEC_WEBSOCKET_EXTENSIONS, offer));
    }
    let request: HttpRequest = request.to_http_request();
    let stream: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Chunks(chunks));
    let body = web::Payload::from_request(&request, &mut Payload::from(stream)).await.expect("it is there");
    let response = transport::open(|| Arc::clone(&link), &request, body).expect("a WebSocket handshake");
    let extension = response.headers().get(SEC_WEBSOCKET_EXTENSIONS).cloned();
    let written = to_bytes(response.into_body()).await.unwrap_or_else(|error| panic!("{error}"));
    Opened { extension, written, heard: listener.send(Tell).await.expect("it lives") }
}

/// A WebSocket from its handshake to its end.
struct Opened {
    extension: Option<HeaderValue>,
    written: Bytes,
    heard: Heard,
}

impl Opened {
    /// How it ended. Which of two broken rules is named depends on how much of the frame has come.
    fn ending(&self) -> &'static str {
        assert!(self.written.iter().rev().nth(1).is_some(), "there is a goodbye");
        match self.heard.ending.as_ref().expect("it has an end") {
            Ending::Closed => "closed",
            Ending::Broken(_) => "broken",
            Ending::Malformed(_) => "malformed",
            Ending::Shutdown => panic!("nobody has shut it down"),
        }
    }
}

const OFFER: HeaderValue = HeaderValue::from_static("permessage-deflate");

/// A byte that chooses the version and the extension, the size of the chunks in which the rest comes, and the rest: what
/// a client sends after the handshake.
pub fn websocket(data: &[u8]) {
    let [choice, size, sent @ ..] = data else { return };
    let version = if choice & 1 == 0 { Version::V4 } else { Version::V3 };
    let offer = (choice & 2 != 0).then_some(OFFER);
    let read = |size: usize| {
        let chunks = sent.chunks(size.max(1)).map(Bytes::copy_from_slice).collect();
        block_on(open(version, offer.clone(), chunks))
    };
    let [whole, chopped] = [sent.len(), usize::from(*size)].map(read);
    assert_eq!(whole.heard.packets, chopped.heard.packets);
    assert_eq!(whole.ending(), chopped.ending());
    for packet in whole.heard.packets {
        let length = match packet {
            EnginePacket::Open(data) | EnginePacket::Ping(data) | EnginePacket::Pong(data) => data.len(),
            EnginePacket::Message(data) => data.len(),
            EnginePacket::Binary(data) => data.len(),
            EnginePacket::Close | EnginePacket::Upgrade | EnginePacket::Noop => 0,
        };
        assert!(length <= MAX_PAYLOAD);
    }
}

/// What a client says was compressed, as one message; and what was.
pub fn inflate(data: &[u8]) {
    if data.len() <= MAX_PAYLOAD
        && let Some(inflated) = inflated(data)
    {
        assert!(inflated.len() <= MAX_PAYLOAD);
        let mut expected = Vec::new();
        // An empty last block, in case that there is none.
        let whole = [data, &[0, 0, 0xff, 0xff, 3, 0]].concat();
        DeflateDecoder::new(&*whole).read_to_end(&mut expected).expect("it inflates");
        assert_eq!(inflated, expected);
    }
    let mut compressed = Vec::with_capacity(data.len() + 64);
    let mut compress = Compress::new(Compression::fast(), false);
    compress.compress_vec(data, &mut compressed, FlushCompress::Sync).expect("it can be compressed");
    compressed.truncate(compressed.len() - 4);
    if compressed.len() <= MAX_PAYLOAD {
        let expected = (data.len() <= MAX_PAYLOAD).then(|| Bytes::copy_from_slice(data));
        assert_eq!(inflated(&compressed), expected);
    }
}

fn inflated(message: &[u8]) -> Option<Bytes> {
    let length = u16::try_from(message.len()).expect("no more than may be sent").to_be_bytes();
    let frame = [&[0xc2, 0x80 | 126], &length[..], &[0; 4], message].concat();
    let mut opened = block_on(open(Version::V4, Some(OFFER), [frame.into()].into()));
    match (opened.heard.packets.pop(), opened.ending()) {
        (Some(EnginePacket::Binary(data)), "closed") => Some(data),
        (None, "broken") => None,
        (packet, ending) => panic!("{packet:?}, {ending}"),
    }
}

/// A header `Sec-WebSocket-Extensions`.
pub fn extensions(data: &[u8]) {
    let Ok(offer) = HeaderValue::from_bytes(data) else { return };
    let Some(answer) = block_on(open(Version::V4, Some(offer.clone()), VecDeque::new())).extension else { return };
    let says = |what: &str| offer.to_str().is_ok_and(|offer| offer.contains(what));
    assert!(says("permessage-deflate"));
    assert!(says("server_max_window_bits") || !answer.to_str().is_ok_and(|answer| answer.contains("window")));
    let again = block_on(open(Version::V4, Some(answer.clone()), VecDeque::new())).extension;
    assert_eq!(again, Some(answer), "what is answered is acceptable itself");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Each input of the corpus.
    fn holds(name: &str, parser: fn(&[u8])) {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        if !tests.exists() {
            assert!(std::env::var_os("CI").is_none(), "the corpus is missing");
            return eprintln!("the corpus is not part of the package: {name} is not tried");
        }
        let corpus = fs::read_dir(tests.join("fuzz/corpus").join(name)).expect("each parser has a corpus");
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
                holds(stringify!($parser), super::$parser);
            }
        )*};
    }

    parsers! { engine_packet payload_v4 payload_v3 packet msgpack websocket inflate extensions }
}
