//! The reading half: from the bytes of the client to batches of packets for the connection.
//!
//! Frames, fragments and compression are in [`frames`], Engine.IO packets in [`packets`], and the
//! way from polling to this WebSocket in [`upgrade`].

mod frames;
mod packets;
mod turn;
mod upgrade;

use std::{cell::RefCell, future::poll_fn, rc::Rc, sync::Arc, time::Duration};

use actix_http::ws::{CloseCode, Codec};
use bytes::BytesMut;
use tokio::{task::yield_now, time::sleep};

use self::{
    packets::Decoded,
    turn::{ReadTurn, UnpaidInput},
};
use super::{read_source::ReadSource, writer::WriteState};
use crate::{
    model::MemoryShare,
    protocol::EnginePacket,
    transport::{ReadCost, Session, SessionEnd},
};

/// A buffer that has held more bytes than this is freed when it is empty, so that an idle
/// connection does not keep the memory of a large message.
const KEPT_BUFFER: usize = 16 * 1024;

/// The reads of a closed WebSocket between two pauses. Each has up to 64 KiB.
const DISCARDED_READS: usize = 4;

/// With it, at most 26 MB are read and dropped in a second.
const DISCARD_PAUSE: Duration = Duration::from_millis(10);

/// The reading half of a WebSocket.
pub(super) struct Reader<'a> {
    session: Arc<Session>,
    write_state: Rc<RefCell<WriteState>>,
    source: ReadSource<'a>,
    codec: Codec,
    buffer: BytesMut,
    /// The number of bytes read into `buffer` since it was allocated.
    buffered: usize,
    /// The fragments of the current message so far, and whether the message is binary.
    fragments: Option<(bool, BytesMut)>,
    /// permessage-deflate was negotiated: the client may compress its messages.
    deflate: bool,
    /// The current message is compressed.
    compressed: bool,
    /// The number of bytes inflated for the current batch.
    inflated: usize,
    /// Counts what is read and not handed over yet.
    memory: MemoryShare,
    turn: ReadTurn,
    unpaid: UnpaidInput,
}

/// Why a reader stops.
enum ReadEnd {
    /// The client closed the WebSocket, with this close code, or its connection ended.
    Closed(Option<CloseCode>),
    /// The client violated the protocol, or there is no memory for what it sends. The server
    /// closes with this code, and ends the session.
    Violation(CloseCode, SessionEnd),
    /// The session has ended.
    SessionOver,
}

/// Which side closes a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedBy {
    /// The server. The client still has to read the Close frame.
    Server,
    /// The client. It waits only for the end of the TCP connection, or has gone.
    Client,
}

impl<'a> Reader<'a> {
    /// `early` holds bytes that are read already.
    pub(super) fn new(
        session: Arc<Session>,
        write_state: Rc<RefCell<WriteState>>,
        source: ReadSource<'a>,
        early: BytesMut,
    ) -> Self {
        let codec = Codec::new().max_size(session.config.max_payload);
        let deflate = write_state.borrow().deflate.is_some();
        let session_memory = session.memory.share();
        Self {
            session,
            write_state,
            source,
            codec,
            buffered: early.len(),
            buffer: early,
            fragments: None,
            deflate,
            compressed: false,
            inflated: 0,
            memory: session_memory,
            turn: ReadTurn::default(),
            unpaid: UnpaidInput::default(),
        }
    }

    /// Hands packets to the connection until either of them ends. A WebSocket that `probes` first
    /// takes over from polling.
    pub(super) async fn run(&mut self, probes: bool) -> ClosedBy {
        // Boxed, so that the future of each WebSocket does not reserve memory for it.
        if probes && !Box::pin(self.takes_over_from_polling()).await {
            // Only this WebSocket ends. The session may go on with polling.
            self.write_state.borrow_mut().close(None);
            return ClosedBy::Server;
        }
        if self.write_state.borrow().sends_frames_unchanged() {
            self.source.attach_stream(&self.session.outbox);
        }
        let read_end = loop {
            let batch = match self.read_batch().await {
                Ok(batch) => batch,
                Err(read_end) => break read_end,
            };
            if !self.push(batch).await {
                return ClosedBy::Server;
            }
        };
        let (close_reason, session_end, closed_by) = match read_end {
            // The answer repeats the client's code (RFC 6455 §5.5.1). A browser reports that code
            // to its page.
            ReadEnd::Closed(code) => (code.map(Into::into), SessionEnd::Closed, ClosedBy::Client),
            ReadEnd::Violation(code, end) => (Some(code.into()), end, ClosedBy::Server),
            ReadEnd::SessionOver => return ClosedBy::Server,
        };
        // The session ends first. Once the writer is closed, it may be dropped, and would then
        // report `SessionEnd::Closed`.
        self.session.end(session_end);
        self.write_state.borrow_mut().close(close_reason);
        closed_by
    }

    /// Reads and drops bytes until the client has closed its end of the connection.
    ///
    /// They are not charged, so they are read slowly. TCP holds back a client that floods.
    pub(super) async fn discard(&mut self) {
        loop {
            for _ in 0..DISCARDED_READS {
                if self.read().await == 0 {
                    return;
                }
                self.buffer.clear();
            }
            sleep(DISCARD_PAUSE).await;
        }
    }

    /// Hands packets to the connection, and waits until it has capacity for more. Returns `false`
    /// if the session has ended.
    async fn push(&mut self, packets: Vec<EnginePacket>) -> bool {
        let beside = if self.session.is_charged() {
            let fragments = self.fragments.as_ref().map_or(0, |(_, bytes)| bytes.len());
            self.unpaid.take(&packets, self.buffer.len() + fragments)
        } else {
            ReadCost::NONE
        };
        self.turn = ReadTurn::default();
        self.session.push(packets, beside).await
    }

    /// Charges frames that carry no packet, and waits until the client may be read on.
    async fn pay(&mut self) -> Result<(), ReadEnd> {
        let is_paid = !self.unpaid.has_frames()
            || !self.session.is_charged()
            || Box::pin(self.push(Vec::new())).await;
        if is_paid { Ok(()) } else { Err(ReadEnd::SessionOver) }
    }

    /// Waits for a packet, and returns it with those that have arrived behind it.
    ///
    /// The batch is bounded in packets and in inflated bytes: a few compressed bytes can inflate to
    /// a thousand times as many.
    async fn read_batch(&mut self) -> Result<Vec<EnginePacket>, ReadEnd> {
        self.inflated = 0;
        let first = self.read_packet().await?;
        // If there are more bytes, there are mostly several packets.
        let mut batch = Vec::with_capacity(if self.buffer.is_empty() { 1 } else { 8 });
        batch.push(first);
        while batch.len() < Session::BATCH && self.inflated < self.session.config.max_payload {
            match self.decode_packet() {
                Ok(Decoded::Packet(packet)) => batch.push(packet),
                Ok(Decoded::Incomplete | Decoded::TurnOver) => break,
                // The packets before the violation are valid, and are handled first.
                Err(read_end) => {
                    self.push(batch).await;
                    return Err(read_end);
                }
            }
        }
        Ok(batch)
    }

    async fn read_packet(&mut self) -> Result<EnginePacket, ReadEnd> {
        loop {
            match self.decode_packet()? {
                Decoded::Packet(packet) => return Ok(packet),
                Decoded::Incomplete => self.pay().await?,
                Decoded::TurnOver => {
                    self.pay().await?;
                    self.end_turn().await;
                    continue;
                }
            }
            if self.buffer.is_empty() && self.buffered > KEPT_BUFFER {
                (self.buffer, self.buffered) = (BytesMut::new(), 0);
            }
            match self.read().await {
                0 => return Err(ReadEnd::Closed(None)),
                count => self.buffered += count,
            }
            self.charge()?;
        }
    }

    /// Counts what is read. The packets of the batch before are handed over by now.
    fn charge(&mut self) -> Result<(), ReadEnd> {
        let fragments = self.fragments.as_ref().map_or(0, |(_, fragments)| fragments.capacity());
        if self.memory.set(self.buffer.capacity() + fragments + self.inflated) {
            Ok(())
        } else {
            Err(ReadEnd::Violation(CloseCode::Again, SessionEnd::OutOfMemory))
        }
    }

    /// Waits for bytes, and returns how many were read: none at the end of the connection.
    async fn read(&mut self) -> usize {
        if !self.turn.may_read() {
            self.end_turn().await;
        }
        let count = poll_fn(|cx| self.source.poll_read(&mut self.buffer, cx)).await;
        self.unpaid.read(count);
        count
    }

    /// Lets the other tasks of the thread have their turn.
    async fn end_turn(&mut self) {
        self.turn = ReadTurn::default();
        yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        pin::pin,
        task::{Context, Waker},
    };

    use bytes::Bytes;
    use futures_util::StreamExt as _;

    use super::*;
    use crate::{
        model::Transport, outbox::Outbox, protocol::Version, transport::session::test_session,
    };

    /// A masked frame with the mask 0.
    fn frame(first: u8, data: &[u8]) -> Vec<u8> {
        [&[first, 0x80 | data.len() as u8, 0, 0, 0, 0], data].concat()
    }

    /// The number of frames that are read of `count` in one poll of the reader's task.
    async fn read_in_one_poll(frames: &[u8], each: &[u8], count: usize) -> usize {
        use actix_web::dev::Payload;

        let outbox = Outbox::new(Transport::WebSocket, 1_000, |_| {});
        let session = test_session(&outbox);
        let write_state = Rc::new(RefCell::new(WriteState::new(false, Version::V4)));
        let early = [frames, &each.repeat(count)].concat();
        let source = ReadSource::Payload(Payload::None);
        let mut reader = Reader::new(session, write_state, source, early[..].into());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(pin!(reader.run(false)).poll(cx).is_pending(), "others have their turn");
        count - reader.buffer.len() / each.len()
    }

    #[actix_web::test]
    async fn a_flood_of_frames_without_packets_leaves_others_their_turn() {
        for (first, each) in [
            (vec![], frame(0x89, b"")),
            (vec![], frame(0x89, &[b'x'; 125])),
            (vec![], frame(0x8a, b"")),
            (frame(0x01, b"4"), frame(0x00, b"")),
            (frame(0x01, b"4"), frame(0x00, b"x")),
        ] {
            let read = read_in_one_poll(&first, &each, 5_000).await;
            assert!((1..=Session::BATCH).contains(&read), "{read} frames");
        }
    }

    #[actix_web::test]
    async fn what_comes_after_the_end_is_read_slowly() {
        use actix_web::dev::Payload;
        use futures_util::stream;

        let outbox = Outbox::new(Transport::WebSocket, 1_000, |_| {});
        let session = test_session(&outbox);
        let write_state = Rc::new(RefCell::new(WriteState::new(false, Version::V4)));
        let count = Rc::new(Cell::new(0));
        let flood = stream::iter(0..100_000).map({
            let count = Rc::clone(&count);
            move |number| {
                count.set(number);
                Ok(Bytes::from_static(b"x"))
            }
        });
        let source = ReadSource::Payload(Payload::Stream { payload: Box::pin(flood) });
        let mut reader = Reader::new(session, write_state, source, BytesMut::new());
        let cx = &mut Context::from_waker(Waker::noop());
        let mut discarding = pin!(reader.discard());
        for _ in 0..100 {
            assert!(discarding.as_mut().poll(cx).is_pending());
        }
        assert!(count.get() < 100, "{} reads, and 400 without a pause", count.get());
    }

    #[actix_web::test]
    async fn a_flood_of_packets_leaves_others_their_turn() {
        for packet in ["3", "6", "0", "42[\"x\"]"] {
            let read = read_in_one_poll(&[], &frame(0x81, packet.as_bytes()), 5_000).await;
            assert!((1..=Session::BATCH).contains(&read), "{read} packets");
        }
    }
}
