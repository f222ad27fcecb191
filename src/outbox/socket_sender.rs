use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{FlushPass, FrameBatch, Outbox, Pushed};
use crate::model::Transport;
use crate::protocol::{Frame, OutgoingPacket};

const PENDING: u8 = 0;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;
/// Open, and somebody listens to what goes out.
const OBSERVED: u8 = 3;

/// One socket's way into its connection's outbox.
///
/// Until the client is admitted to the namespace, frames are held; they follow the CONNECT packet,
/// or are dropped with a refusal. After the socket's end, frames are dropped. Any thread may push.
#[derive(Debug)]
#[repr(C)] // what a push looks at stands together
pub(crate) struct SocketSender {
    outbox: Arc<Outbox>,
    state: AtomicU8,
    pending: Mutex<PendingFrames>,
    max_pending_bytes: usize,
}

#[derive(Debug, Default)]
struct PendingFrames {
    frames: Vec<Frame>,
    bytes: usize,
    /// The lane is to be shut as soon as what is held has gone out.
    last: bool,
    /// Who listens to what goes out.
    observers: Vec<mpsc::Sender<Frame>>,
}

impl PendingFrames {
    fn tell(&mut self, frame: &Frame) {
        self.observers.retain(|observe| {
            !matches!(observe.try_send(frame.clone()), Err(mpsc::error::TrySendError::Closed(_)))
        });
    }
}

impl SocketSender {
    pub(crate) fn new(outbox: Arc<Outbox>, max_pending_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            outbox,
            state: AtomicU8::new(PENDING),
            pending: Mutex::default(),
            max_pending_bytes,
        })
    }

    pub(crate) fn transport(&self) -> Transport {
        self.outbox.active_transport()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSED
    }

    /// Looks at what a push looks at first, without a lock. Who is about to push into many lanes,
    /// does this with some of them before: what is far away in memory then comes at the same time,
    /// where a push waits for its own first.
    pub(crate) fn prefetch(&self) -> usize {
        usize::from(self.state.load(Ordering::Relaxed)) + self.outbox.prefetch()
    }

    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push(frame),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                self.tell(&frame);
                self.outbox.push(frame)
            }
            _ => self.hold_back(frame, false),
        }
    }

    /// The same of a packet for this client alone, which needs no frame where it need not wait as
    /// one.
    pub(crate) fn push_packet(&self, packet: OutgoingPacket) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_packet(packet),
            _ => self.push(packet.into_frame()),
        }
    }

    /// As [`SocketSender::push`], of one frame behind the other; in somebody's turn, they may be written at
    /// once. What is dropped of them counts for all.
    pub(crate) fn deliver(&self, batch: &FrameBatch, turn: Option<FlushPass>) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.deliver(batch, turn),
            CLOSED => Pushed::Dropped,
            OBSERVED => {
                batch.frames().iter().for_each(|frame| self.tell(frame));
                self.outbox.deliver(batch, turn)
            }
            _ => batch.frames().iter().fold(Pushed::Queued, |all, frame| {
                match self.hold_back(frame.clone(), false) {
                    Pushed::Queued => all,
                    Pushed::Dropped => Pushed::Dropped,
                }
            }),
        }
    }

    /// Lets somebody listen to what goes out from now on. One who does not keep up misses
    /// something.
    pub(crate) fn observe(&self, listener: mpsc::Sender<Frame>) {
        let mut pending = self.pending.lock();
        if self.is_closed() {
            return; // and the listener hears at once that there is nothing to come
        }
        pending.observers.push(listener);
        // While frames are held, opening takes notice.
        let _ = self.state.compare_exchange(OPEN, OBSERVED, Ordering::AcqRel, Ordering::Acquire);
    }

    fn tell(&self, frame: &Frame) {
        self.pending.lock().tell(frame);
    }

    /// Pushes a frame if the transport has nothing else to send, and waits for something; otherwise
    /// the frame is dropped.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_volatile(frame),
            OBSERVED => {
                self.tell(frame);
                self.outbox.push_volatile(frame)
            }
            _ => Pushed::Dropped,
        }
    }

    /// Pushes a last frame: nothing that is pushed after it follows it. What another thread is
    /// about to push just now may.
    pub(crate) fn push_final(&self, frame: Frame) -> Pushed {
        // Whoever swaps an open state for SHUT is the only one to push a last frame.
        let open = |state| matches!(state, OPEN | OBSERVED).then_some(CLOSED);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, open) {
            Ok(_) => self.outbox.push(frame),
            Err(CLOSED) => Pushed::Dropped,
            Err(_) => self.hold_back(frame, true),
        }
    }

    /// The client is in: `connect` goes out, then what was held, then everything as it comes.
    pub(crate) fn open(&self, connect: Frame) {
        let mut pending = self.pending.lock();
        if self.state.load(Ordering::Acquire) != PENDING {
            return;
        }
        self.outbox.push(connect);
        for frame in std::mem::take(&mut pending.frames) {
            pending.tell(&frame);
            self.outbox.push(frame);
        }
        let state = match pending.last {
            true => CLOSED,
            false if pending.observers.is_empty() => OPEN,
            false => OBSERVED,
        };
        self.state.store(state, Ordering::Release);
    }

    /// The client is out: nothing goes through any more, and what is held is dropped.
    pub(crate) fn close(&self) {
        let mut pending = self.pending.lock();
        self.state.store(CLOSED, Ordering::Release);
        *pending = PendingFrames::default();
    }

    fn hold_back(&self, frame: Frame, last: bool) -> Pushed {
        let mut pending = self.pending.lock();
        match self.state.load(Ordering::Acquire) {
            // Opened while this thread waited for the lock.
            OPEN | OBSERVED => {
                drop(pending);
                return if last { self.push_final(frame) } else { self.push(frame) };
            }
            CLOSED => return Pushed::Dropped,
            _ => {}
        }
        // A goodbye is small, and must not be lost.
        if pending.last || (!last && pending.bytes + frame.cost() > self.max_pending_bytes) {
            return Pushed::Dropped;
        }
        pending.bytes += frame.cost();
        pending.frames.push(frame);
        pending.last = last;
        Pushed::Queued
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::{super::TakenFrames, *};
    use crate::protocol::{self, connect, disconnect};

    fn event(n: usize) -> Frame {
        protocol::event("/", None, "e", &n).unwrap()
    }

    /// What it may hold: 10,000 bytes.
    fn sender() -> Arc<SocketSender> {
        SocketSender::new(Outbox::new(Transport::Polling, 1 << 20, |_| {}), 100_000)
    }

    fn sent(sender: &SocketSender) -> Vec<String> {
        match sender.outbox.poll_all(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(TakenFrames::Frames(frames)) => {
                frames.iter().map(|frame| frame.text().to_owned()).collect()
            }
            Poll::Pending => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_held_follows_connect() {
        let sender = sender();
        assert_eq!(sender.push(event(1)), Pushed::Queued);
        assert!(sent(&sender).is_empty());
        sender.open(connect("/", "id"));
        sender.push(event(2));
        assert_eq!(sent(&sender), [r#"40{"sid":"id"}"#, r#"42["e",1]"#, r#"42["e",2]"#]);
    }

    #[test]
    fn what_is_held_is_dropped_with_a_refusal() {
        let sender = sender();
        sender.push(event(1));
        sender.close();
        sender.open(connect("/", "id"));
        assert_eq!(sender.push(event(2)), Pushed::Dropped);
        assert!(sent(&sender).is_empty());
    }

    #[test]
    fn nothing_follows_a_last_frame() {
        for early in [true, false] {
            let sender = sender();
            if !early {
                sender.open(connect("/", "id"));
            }
            assert_eq!(sender.push_final(disconnect("/")), Pushed::Queued);
            assert_eq!(sender.push(event(1)), Pushed::Dropped);
            assert_eq!(sender.push_final(disconnect("/")), Pushed::Dropped);
            sender.open(connect("/", "id"));
            assert_eq!(sent(&sender), [r#"40{"sid":"id"}"#, "41"]);
            assert!(sender.is_closed());
        }
    }

    #[test]
    fn who_listens_hears_what_goes_out_and_the_end() {
        let sender = sender();
        let (listener, mut heard) = mpsc::channel(1);
        sender.observe(listener);
        sender.open(connect("/", "id"));
        sender.push(event(1));
        sender.push(event(2)); // too much for one who does not keep up
        assert_eq!(heard.try_recv(), Ok(event(1)));
        sender.push(event(3));
        assert_eq!(heard.try_recv(), Ok(event(3)));
        sender.close();
        assert_eq!(heard.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));

        let (late, mut heard) = mpsc::channel(1);
        sender.observe(late);
        assert_eq!(heard.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }

    #[test]
    fn a_goodbye_is_held_where_nothing_else_is() {
        let sender = sender();
        while sender.push(event(1)) == Pushed::Queued {}
        assert_eq!(sender.push_final(disconnect("/")), Pushed::Queued);
        sender.open(connect("/", "id"));
        assert_eq!(sent(&sender).last().map(String::as_str), Some("41"));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let sender = sender();
        let queued = (0..10_000).filter(|n| sender.push(event(*n)) == Pushed::Queued).count();
        assert!((500..1000).contains(&queued), "{queued}");
    }

    #[test]
    fn threads_that_push_while_it_opens_keep_their_order() {
        for _ in 0..50 {
            let sender = sender();
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let sender = &sender;
                    scope.spawn(move || {
                        for n in 0..20 {
                            assert_eq!(sender.push(event(thread * 100 + n)), Pushed::Queued);
                        }
                    });
                }
                sender.open(connect("/", "id"));
            });
            let sent = sent(&sender);
            assert_eq!(sent.len(), 81);
            for thread in 0..4usize {
                let own: Vec<usize> = sent[1..]
                    .iter()
                    .map(|text| text[7..text.len() - 1].parse().unwrap())
                    .filter(|n| n / 100 == thread)
                    .collect();
                assert!(own.is_sorted(), "{own:?}");
            }
        }
    }
}
