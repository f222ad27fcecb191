//! WebSockets, from the handshake to the end, and the negotiation of their extensions.

use std::{
    collections::VecDeque,
    io::Read,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use actix::{Actor, Handler, Message, MessageResult, SystemRunner};
use actix_web::{
    HttpRequest,
    body::to_bytes,
    dev::Payload,
    error::PayloadError,
    http::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS},
    test::TestRequest,
};
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, read::DeflateDecoder};
use futures_core::Stream;

use crate::{
    config::Config,
    model::{MemoryBudget, Transport},
    outbox::Outbox,
    protocol::{EnginePacket, Version},
    transport::{Session, SessionEnd, SessionEvent, websocket as transport},
};

const MAX_PAYLOAD: usize = 300;

thread_local! {
    // Leaked, because its drop uses other thread-locals, which may be gone at the end of the
    // thread.
    static SYSTEM: &'static SystemRunner = Box::leak(Box::new(actix::System::new()));
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    SYSTEM.with(|system| system.block_on(future))
}

/// Receives the events of a session in place of a connection.
#[derive(Default)]
struct PacketCollector(CollectedEvents);

#[derive(Debug, Default, PartialEq)]
struct CollectedEvents {
    packets: Vec<EnginePacket>,
    ending: Option<SessionEnd>,
}

impl Actor for PacketCollector {
    type Context = actix::Context<Self>;
}

impl Handler<SessionEvent> for PacketCollector {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, _: &mut Self::Context) {
        match event {
            SessionEvent::Packets { packets, taken, .. } => {
                assert!(
                    self.0.ending.is_none()
                        && !packets.is_empty()
                        && packets.len() <= Session::BATCH
                );
                self.0.packets.extend(packets);
                let _ = taken.map(|taken| taken.send(()));
            }
            SessionEvent::End(ending) => drop(self.0.ending.get_or_insert(ending)),
        }
    }
}

#[derive(Message)]
#[rtype(result = "CollectedEvents")]
struct TakeCollected;

impl Handler<TakeCollected> for PacketCollector {
    type Result = MessageResult<TakeCollected>;

    fn handle(&mut self, _: TakeCollected, _: &mut Self::Context) -> Self::Result {
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

/// Opens a WebSocket, sends the chunks to it, and waits for its end.
async fn run_websocket(
    version: Version,
    offer: Option<HeaderValue>,
    chunks: VecDeque<Bytes>,
) -> WebSocketRun {
    let collector = PacketCollector::default().start();
    let config = Config {
        max_payload: MAX_PAYLOAD,
        per_message_deflate: true,
        deflate_threshold: 100,
        ..Config::default()
    };
    let outbox = Outbox::new(Transport::WebSocket, 1 << 20, |_| {});
    let session = Session::new(
        Arc::new(collector.clone()),
        outbox,
        version,
        Arc::new(config),
        MemoryBudget::default(),
    );
    let mut request = UPGRADE.into_iter().fold(TestRequest::default(), TestRequest::insert_header);
    if let Some(offer) = offer {
        request = request.insert_header((SEC_WEBSOCKET_EXTENSIONS, offer));
    }
    let request: HttpRequest = request.to_http_request();
    let stream: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Chunks(chunks));
    let body = Payload::from(stream);
    let response =
        transport::open(|| Arc::clone(&session), &request, body).expect("a WebSocket handshake");
    let extension = response.headers().get(SEC_WEBSOCKET_EXTENSIONS).cloned();
    let written = to_bytes(response.into_body()).await.unwrap_or_else(|error| panic!("{error}"));
    WebSocketRun {
        extension,
        written,
        events: collector.send(TakeCollected).await.expect("the collector is alive"),
    }
}

/// The results of a WebSocket, from its handshake to its end.
struct WebSocketRun {
    /// The extension that the server accepted in the handshake.
    extension: Option<HeaderValue>,
    /// All bytes that the server wrote after the handshake.
    written: Bytes,
    events: CollectedEvents,
}

impl WebSocketRun {
    /// Returns the kind of the end. If a frame violates two rules, the number of bytes received
    /// decides which of them the error names, so errors are not compared.
    fn ending(&self) -> &'static str {
        assert!(self.written.iter().rev().nth(1).is_some(), "the server sends a close frame");
        match self.events.ending.as_ref().expect("the session ends") {
            SessionEnd::Closed => "closed",
            SessionEnd::Broken(_) => "broken",
            SessionEnd::Malformed(_) => "malformed",
            SessionEnd::Shutdown => panic!("the server was not shut down"),
            SessionEnd::OutOfMemory => panic!("there is no limit on memory"),
        }
    }
}

const OFFER: HeaderValue = HeaderValue::from_static("permessage-deflate");

/// Reads a WebSocket. The first byte chooses the version and the extension, the second byte is the
/// size of the chunks, and the rest is what a client sends after the handshake.
pub fn websocket(data: &[u8]) {
    let [choice, size, sent @ ..] = data else { return };
    let version = if choice & 1 == 0 { Version::V4 } else { Version::V3 };
    let offer = (choice & 2 != 0).then_some(OFFER);
    let read = |size: usize| {
        let chunks = sent.chunks(size.max(1)).map(Bytes::copy_from_slice).collect();
        block_on(run_websocket(version, offer.clone(), chunks))
    };
    let [whole, chopped] = [sent.len(), usize::from(*size)].map(read);
    assert_eq!(whole.events.packets, chopped.events.packets);
    assert_eq!(whole.ending(), chopped.ending());
    for packet in whole.events.packets {
        let length = match packet {
            EnginePacket::Open(data) | EnginePacket::Ping(data) | EnginePacket::Pong(data) => {
                data.len()
            }
            EnginePacket::Message(data) => data.len(),
            EnginePacket::Binary(data) => data.len(),
            EnginePacket::Close | EnginePacket::Upgrade | EnginePacket::Noop => 0,
        };
        assert!(length <= MAX_PAYLOAD);
    }
}

/// Inflates the data as one compressed message of a client, and also the data after compressing it.
pub fn inflate(data: &[u8]) {
    if data.len() <= MAX_PAYLOAD
        && let Some(inflated) = inflated(data)
    {
        assert!(inflated.len() <= MAX_PAYLOAD);
        let mut expected = Vec::new();
        // An empty last block, in case the data does not have one.
        let whole = [data, &[0, 0, 0xff, 0xff, 3, 0]].concat();
        DeflateDecoder::new(&*whole).read_to_end(&mut expected).expect("it inflates");
        assert_eq!(inflated, expected);
    }
    let mut compressed = Vec::with_capacity(data.len() + 64);
    let mut compress = Compress::new(Compression::fast(), false);
    compress
        .compress_vec(data, &mut compressed, FlushCompress::Sync)
        .expect("it can be compressed");
    compressed.truncate(compressed.len() - 4);
    if compressed.len() <= MAX_PAYLOAD {
        let expected = (data.len() <= MAX_PAYLOAD).then(|| Bytes::copy_from_slice(data));
        assert_eq!(inflated(&compressed), expected);
    }
}

/// Sends one compressed message. Returns its content, or `None` if the server refuses it.
fn inflated(message: &[u8]) -> Option<Bytes> {
    let length = u16::try_from(message.len()).expect("at most the largest payload").to_be_bytes();
    let frame = [&[0xc2, 0x80 | 126], &length[..], &[0; 4], message].concat();
    let mut run = block_on(run_websocket(Version::V4, Some(OFFER), [frame.into()].into()));
    match (run.events.packets.pop(), run.ending()) {
        (Some(EnginePacket::Binary(data)), "closed") => Some(data),
        (None, "broken") => None,
        (packet, ending) => panic!("{packet:?}, {ending}"),
    }
}

/// Negotiates extensions by a `Sec-WebSocket-Extensions` header.
pub fn extensions(data: &[u8]) {
    let Ok(offer) = HeaderValue::from_bytes(data) else { return };
    let Some(answer) =
        block_on(run_websocket(Version::V4, Some(offer.clone()), VecDeque::new())).extension
    else {
        return;
    };
    let offers = |what: &str| offer.to_str().is_ok_and(|offer| offer.contains(what));
    assert!(offers("permessage-deflate"));
    assert!(
        offers("server_max_window_bits")
            || !answer.to_str().is_ok_and(|answer| answer.contains("window"))
    );
    let again =
        block_on(run_websocket(Version::V4, Some(answer.clone()), VecDeque::new())).extension;
    assert_eq!(again, Some(answer), "the answer is acceptable as an offer");
}
