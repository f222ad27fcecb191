//! The half that reads.

use std::{cell::RefCell, future::poll_fn, mem, rc::Rc, sync::Arc};

use actix_http::ws::{CloseCode, Codec, Frame as WsFrame, Item, Message, ProtocolError};
use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;
use tokio::time::timeout;
use tokio_util::codec::Decoder;

use super::{
    read_source::ReadSource,
    writer::{FrameSource, WriteState},
};
use crate::{
    protocol::{DecodeError, EnginePacket, Version, v3},
    transport::{
        Session, SessionEnd,
        deflate::{self, InflateError},
    },
};

/// Bytes that an empty buffer may have held and be kept.
const KEPT_BUFFER: usize = 16 * 1024;

/// The half that reads.
pub(super) struct Reader<'a> {
    session: Arc<Session>,
    state: Rc<RefCell<WriteState>>,
    input: ReadSource<'a>,
    codec: Codec,
    buffer: BytesMut,
    /// Bytes read into the buffer since it was new.
    read: usize,
    /// The fragments of a message so far, and whether it is binary.
    fragments: Option<(bool, BytesMut)>,
    /// The client may compress its messages.
    deflate: bool,
    /// The message that is being read is compressed.
    compressed: bool,
    /// Bytes inflated for the batch so far.
    inflated: usize,
}

/// Why a reader stops.
enum ReadEnd {
    /// The peer closed, with this code, or is gone.
    Gone(Option<CloseCode>),
    /// The peer broke a rule: this is the close code which says so, and how the session ends.
    Broken(CloseCode, SessionEnd),
}

/// Who says the last word on a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedBy {
    /// The server, and the client is to hear it.
    Server,
    /// The client: it waits for nothing but the end of the connection, or has gone.
    Client,
}

impl<'a> Reader<'a> {
    /// `early` has been read already.
    pub(super) fn new(
        session: Arc<Session>,
        state: Rc<RefCell<WriteState>>,
        input: ReadSource<'a>,
        early: BytesMut,
    ) -> Self {
        let codec = Codec::new().max_size(session.config.max_payload);
        let deflate = state.borrow().deflate.is_some();
        Self {
            session,
            state,
            input,
            codec,
            read: early.len(),
            buffer: early,
            fragments: None,
            deflate,
            compressed: false,
            inflated: 0,
        }
    }

    /// Hands over packets until the peer or the connection is gone. One that `probes` takes over
    /// from polling first.
    pub(super) async fn run(&mut self, probes: bool) -> ClosedBy {
        // Boxed: a WebSocket has no room for it as long as it lives.
        if probes && !Box::pin(self.is_upgraded()).await {
            // The session stays with polling, if it goes on; only this WebSocket ends.
            self.state.borrow_mut().close(None);
            return ClosedBy::Server;
        }
        if self.state.borrow().takes_frames_as_they_are() {
            self.input.attach_stream(&self.session.outbox);
        }
        let stop = loop {
            let batch = match self.batch().await {
                Ok(batch) => batch,
                Err(stop) => break stop,
            };
            if !self.session.push(batch).await {
                return ClosedBy::Server;
            }
        };
        let (reason, ending, parting) = match stop {
            // The answer repeats the code (RFC 6455 §5.5.1): it is what a browser tells its page.
            ReadEnd::Gone(code) => (code.map(Into::into), SessionEnd::Closed, ClosedBy::Client),
            ReadEnd::Broken(code, ending) => (Some(code.into()), ending, ClosedBy::Server),
        };
        // The connection first: once the wire is closed, its body may be dropped and report an
        // ordinary end.
        self.session.end(ending);
        self.state.borrow_mut().close(reason);
        parting
    }

    /// Reads, and makes nothing of it, until the peer has closed its end.
    pub(super) async fn discard(&mut self) {
        while self.read().await > 0 {
            self.buffer.clear();
        }
    }

    /// Waits for the upgrade, as long as it may take.
    async fn is_upgraded(&mut self) -> bool {
        let session = Arc::clone(&self.session);
        self.input.has_deadline(true);
        let upgraded = tokio::select! {
            upgraded = timeout(session.config.upgrade_timeout, self.upgrade()) => upgraded.unwrap_or(false),
            () = session.closed() => false,
        };
        self.input.has_deadline(false);
        upgraded
    }

    /// Answers a probe and waits for the upgrade. `false`: the peer gave up, or did something else.
    async fn upgrade(&mut self) -> bool {
        let session = Arc::clone(&self.session);
        let mut probe = ProbeGuard { session: &session, begun: false };
        loop {
            match self.packet().await {
                Ok(EnginePacket::Ping(data)) if &*data == "probe" && !probe.begun => {
                    if !probe.begin() {
                        return false;
                    }
                    let pong = EnginePacket::Pong(data).encode();
                    let mut state = self.state.borrow_mut();
                    state.encode(Message::Text(pong));
                    state.wake();
                }
                Ok(EnginePacket::Upgrade) => {
                    if !self.session.outbox.complete_upgrade() {
                        return false;
                    }
                    probe.begun = false;
                    let mut state = self.state.borrow_mut();
                    state.source = FrameSource::Outbox(Arc::clone(&self.session));
                    state.wake();
                    return true;
                }
                Ok(_) | Err(_) => return false,
            }
        }
    }

    /// At least one packet, and whatever has come with it; but not much that is a multiple of what
    /// came.
    async fn batch(&mut self) -> Result<Vec<EnginePacket>, ReadEnd> {
        self.inflated = 0;
        let first = self.packet().await?;
        // Where there is more, there mostly are several.
        let mut batch = Vec::with_capacity(if self.buffer.is_empty() { 1 } else { 8 });
        batch.push(first);
        while batch.len() < Session::BATCH && self.inflated < self.session.config.max_payload {
            match self.decode() {
                Ok(Some(packet)) => batch.push(packet),
                Ok(None) => break,
                // What came before it was in order, and is handled first.
                Err(stop) => {
                    self.session.push(batch).await;
                    return Err(stop);
                }
            }
        }
        Ok(batch)
    }

    async fn packet(&mut self) -> Result<EnginePacket, ReadEnd> {
        loop {
            if let Some(packet) = self.decode()? {
                return Ok(packet);
            }
            if self.buffer.is_empty() && self.read > KEPT_BUFFER {
                // While nothing comes, the room that a large message took is not kept for the next
                // one.
                (self.buffer, self.read) = (BytesMut::new(), 0);
            }
            match self.read().await {
                0 => return Err(ReadEnd::Gone(None)),
                count => self.read += count,
            }
        }
    }

    async fn read(&mut self) -> usize {
        poll_fn(|cx| self.input.poll_read(&mut self.buffer, cx)).await
    }

    /// The next packet of what has been read, if it is whole.
    fn decode(&mut self) -> Result<Option<EnginePacket>, ReadEnd> {
        while let Some(frame) = self.frame().map_err(violation)? {
            let (is_binary, data) = match frame {
                WsFrame::Text(text) => (false, text),
                WsFrame::Binary(data) => (true, data),
                WsFrame::Continuation(item) => match self.fragment(item)? {
                    Some(message) => message,
                    None => continue,
                },
                WsFrame::Ping(data) => {
                    let mut state = self.state.borrow_mut();
                    state.pong = Some(data);
                    state.wake();
                    continue;
                }
                WsFrame::Pong(_) => continue,
                WsFrame::Close(reason) => {
                    return Err(ReadEnd::Gone(reason.map(|reason| reason.code)));
                }
            };
            let data = self.inflate(data)?;
            return self.engine_packet(is_binary, data).map(Some);
        }
        Ok(None)
    }

    fn engine_packet(&self, is_binary: bool, mut data: Bytes) -> Result<EnginePacket, ReadEnd> {
        let text = |data: Bytes| {
            ByteString::try_from(data).map_err(|_| {
                ReadEnd::Broken(CloseCode::Invalid, SessionEnd::Malformed(DecodeError::NotUtf8))
            })
        };
        if !is_binary && self.session.version == Version::V4 && data.first() == Some(&b'4') {
            // What comes most needs no second handle on its bytes.
            data.advance(1);
            return text(data).map(EnginePacket::Message);
        }
        let packet = match (is_binary, self.session.version) {
            (true, Version::V4) => Ok(EnginePacket::Binary(data)),
            (true, Version::V3) => v3::decode_binary(&data),
            (false, version) => {
                let text = text(data)?;
                match version {
                    Version::V4 => EnginePacket::decode(text),
                    Version::V3 => v3::decode_text(text),
                }
            }
        };
        packet.map_err(|error| ReadEnd::Broken(CloseCode::Policy, SessionEnd::Malformed(error)))
    }

    /// The codec looks at the size of a frame when it has all of it; here, what is announced is
    /// enough to refuse it.
    fn frame(&mut self) -> Result<Option<WsFrame>, ProtocolError> {
        if announced(&self.buffer) > self.session.config.max_payload as u64 {
            return Err(ProtocolError::Overflow);
        }
        // The codec knows of no extension. Each of its frames takes what it has of the buffer, so
        // another one starts it.
        if self.deflate && self.buffer.first_mut().is_some_and(deflate::clear_compressed_bit) {
            self.compressed = true;
        }
        self.codec.decode(&mut self.buffer)
    }

    /// A whole message, as it was before its compression. It has the same bound as one that was not
    /// compressed.
    fn inflate(&mut self, message: Bytes) -> Result<Bytes, ReadEnd> {
        if !mem::take(&mut self.compressed) {
            return Ok(message);
        }
        let message = deflate::inflate(&message, self.session.config.max_payload).map_err(
            |error| match error {
                InflateError::TooLarge => violation(ProtocolError::Overflow),
                InflateError::Malformed => ReadEnd::Broken(
                    CloseCode::Invalid,
                    SessionEnd::Broken("a compressed message does not inflate"),
                ),
            },
        )?;
        self.inflated += message.len();
        Ok(message.into())
    }

    /// Adds a fragment; the last one completes the message, which may be binary. Together they have
    /// the same bound as a single frame.
    fn fragment(&mut self, item: Item) -> Result<Option<(bool, Bytes)>, ReadEnd> {
        let (data, last) = match item {
            Item::FirstText(data) => {
                self.fragments = Some((false, BytesMut::new()));
                (data, false)
            }
            Item::FirstBinary(data) => {
                self.fragments = Some((true, BytesMut::new()));
                (data, false)
            }
            Item::Continue(data) => (data, false),
            Item::Last(data) => (data, true),
        };
        // The codec lets a fragment that continues nothing through to nobody.
        let (is_binary, fragments) = self.fragments.get_or_insert_default();
        if fragments.len() + data.len() > self.session.config.max_payload {
            return Err(violation(ProtocolError::Overflow));
        }
        fragments.extend_from_slice(&data);
        let is_binary = *is_binary;
        Ok(last.then(|| (is_binary, self.fragments.take().unwrap_or_default().1.freeze())))
    }
}

/// The length that a frame's header announces (RFC 6455 §5.2), as far as it has come.
fn announced(frame: &[u8]) -> u64 {
    let Some((head, rest)) = frame.split_at_checked(2) else { return 0 };
    match head[1] & 0x7f {
        126 => rest.first_chunk().map_or(0, |length| u16::from_be_bytes(*length).into()),
        127 => rest.first_chunk().map_or(0, |length| u64::from_be_bytes(*length)),
        length => length.into(),
    }
}

fn violation(error: ProtocolError) -> ReadEnd {
    match error {
        ProtocolError::Overflow => ReadEnd::Broken(
            CloseCode::Size,
            SessionEnd::Broken("a WebSocket message is larger than max_payload"),
        ),
        _ => ReadEnd::Broken(
            CloseCode::Protocol,
            SessionEnd::Broken("the client broke the WebSocket protocol"),
        ),
    }
}

/// A probe under way: however it fails, polling gets its right back.
struct ProbeGuard<'a> {
    session: &'a Session,
    begun: bool,
}

impl ProbeGuard<'_> {
    fn begin(&mut self) -> bool {
        self.begun = self.session.outbox.begin_probe();
        self.begun
    }
}

impl Drop for ProbeGuard<'_> {
    fn drop(&mut self) {
        if self.begun {
            self.session.outbox.end_probe();
        }
    }
}
