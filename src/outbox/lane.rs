use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Burst, Outbox, Pushed, Transport, Turn};
use crate::protocol::{Frame, Single};

const HELD: u8 = 0;
const OPEN: u8 = 1;
const SHUT: u8 = 2;
/// Open, and somebody listens to what goes out.
const TAPPED: u8 = 3;

/// One socket's way into its connection's outbox.
///
/// Until the client is admitted to the namespace, frames are held; they follow the CONNECT packet,
/// or are dropped with a refusal. After the socket's end, frames are dropped. Any thread may push.
#[derive(Debug)]
#[repr(C)] // what a push looks at stands together
pub(crate) struct Lane {
    outbox: Arc<Outbox>,
    state: AtomicU8,
    held: Mutex<Held>,
    max_held: usize,
}

#[derive(Debug, Default)]
struct Held {
    frames: Vec<Frame>,
    bytes: usize,
    /// The lane is to be shut as soon as what is held has gone out.
    last: bool,
    /// Who listens to what goes out.
    taps: Vec<mpsc::Sender<Frame>>,
}

impl Held {
    fn tell(&mut self, frame: &Frame) {
        self.taps.retain(|tap| {
            !matches!(tap.try_send(frame.clone()), Err(mpsc::error::TrySendError::Closed(_)))
        });
    }
}

impl Lane {
    pub(crate) fn new(outbox: Arc<Outbox>, max_held: usize) -> Arc<Self> {
        Arc::new(Self { outbox, state: AtomicU8::new(HELD), held: Mutex::default(), max_held })
    }

    pub(crate) fn transport(&self) -> Transport {
        self.outbox.holder()
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.state.load(Ordering::Acquire) == SHUT
    }

    /// Looks at what a push looks at first, without a lock. Who is about to push into many lanes,
    /// does this with some of them before: what is far away in memory then comes at the same time,
    /// where a push waits for its own first.
    pub(crate) fn approach(&self) -> usize {
        usize::from(self.state.load(Ordering::Relaxed)) + self.outbox.approach()
    }

    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push(frame),
            SHUT => Pushed::Dropped,
            TAPPED => {
                self.tell(&frame);
                self.outbox.push(frame)
            }
            _ => self.hold(frame, false),
        }
    }

    /// The same of a packet for this client alone, which needs no frame where it need not wait as
    /// one.
    pub(crate) fn push_single(&self, packet: Single) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_single(packet),
            _ => self.push(packet.into_frame()),
        }
    }

    /// As [`Lane::push`], of one frame behind the other; in somebody's turn, they may be written at
    /// once. What is dropped of them counts for all.
    pub(crate) fn deliver(&self, burst: &Burst, turn: Option<Turn>) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.deliver(burst, turn),
            SHUT => Pushed::Dropped,
            TAPPED => {
                burst.frames().iter().for_each(|frame| self.tell(frame));
                self.outbox.deliver(burst, turn)
            }
            _ => burst.frames().iter().fold(Pushed::Queued, |all, frame| {
                match self.hold(frame.clone(), false) {
                    Pushed::Queued => all,
                    Pushed::Dropped => Pushed::Dropped,
                }
            }),
        }
    }

    /// Lets somebody listen to what goes out from now on. One who does not keep up misses
    /// something.
    pub(crate) fn tap(&self, listener: mpsc::Sender<Frame>) {
        let mut held = self.held.lock();
        if self.is_shut() {
            return; // and the listener hears at once that there is nothing to come
        }
        held.taps.push(listener);
        // While frames are held, opening takes notice.
        let _ = self.state.compare_exchange(OPEN, TAPPED, Ordering::AcqRel, Ordering::Acquire);
    }

    fn tell(&self, frame: &Frame) {
        self.held.lock().tell(frame);
    }

    /// Pushes a frame if the transport has nothing else to send, and waits for something; otherwise
    /// the frame is dropped.
    pub(crate) fn push_volatile(&self, frame: &Frame) -> Pushed {
        match self.state.load(Ordering::Acquire) {
            OPEN => self.outbox.push_volatile(frame),
            TAPPED => {
                self.tell(frame);
                self.outbox.push_volatile(frame)
            }
            _ => Pushed::Dropped,
        }
    }

    /// Pushes a last frame: nothing that is pushed after it follows it. What another thread is
    /// about to push just now may.
    pub(crate) fn push_last(&self, frame: Frame) -> Pushed {
        // Whoever swaps an open state for SHUT is the only one to push a last frame.
        let open = |state| matches!(state, OPEN | TAPPED).then_some(SHUT);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, open) {
            Ok(_) => self.outbox.push(frame),
            Err(SHUT) => Pushed::Dropped,
            Err(_) => self.hold(frame, true),
        }
    }

    /// The client is in: `connect` goes out, then what was held, then everything as it comes.
    pub(crate) fn open(&self, connect: Frame) {
        let mut held = self.held.lock();
        if self.state.load(Ordering::Acquire) != HELD {
            return;
        }
        self.outbox.push(connect);
        for frame in std::mem::take(&mut held.frames) {
            held.tell(&frame);
            self.outbox.push(frame);
        }
        let state = match held.last {
            true => SHUT,
            false if held.taps.is_empty() => OPEN,
            false => TAPPED,
        };
        self.state.store(state, Ordering::Release);
    }

    /// The client is out: nothing goes through any more, and what is held is dropped.
    pub(crate) fn shut(&self) {
        let mut held = self.held.lock();
        self.state.store(SHUT, Ordering::Release);
        *held = Held::default();
    }

    fn hold(&self, frame: Frame, last: bool) -> Pushed {
        let mut held = self.held.lock();
        match self.state.load(Ordering::Acquire) {
            // Opened while this thread waited for the lock.
            OPEN | TAPPED => {
                drop(held);
                return if last { self.push_last(frame) } else { self.push(frame) };
            }
            SHUT => return Pushed::Dropped,
            _ => {}
        }
        // A goodbye is small, and must not be lost.
        if held.last || (!last && held.bytes + frame.cost() > self.max_held) {
            return Pushed::Dropped;
        }
        held.bytes += frame.cost();
        held.frames.push(frame);
        held.last = last;
        Pushed::Queued
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::{super::Taken, *};
    use crate::protocol::{self, connect, disconnect};

    fn event(n: usize) -> Frame {
        protocol::event("/", None, "e", &n).unwrap()
    }

    /// What it may hold: 10,000 bytes.
    fn lane() -> Arc<Lane> {
        Lane::new(Outbox::new(Transport::Polling, 1 << 20, |_| {}), 100_000)
    }

    fn sent(lane: &Lane) -> Vec<String> {
        match lane.outbox.poll_all(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Taken::Frames(frames)) => {
                frames.iter().map(|frame| frame.text().to_owned()).collect()
            }
            Poll::Pending => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_held_follows_connect() {
        let lane = lane();
        assert_eq!(lane.push(event(1)), Pushed::Queued);
        assert!(sent(&lane).is_empty());
        lane.open(connect("/", "id"));
        lane.push(event(2));
        assert_eq!(sent(&lane), [r#"40{"sid":"id"}"#, r#"42["e",1]"#, r#"42["e",2]"#]);
    }

    #[test]
    fn what_is_held_is_dropped_with_a_refusal() {
        let lane = lane();
        lane.push(event(1));
        lane.shut();
        lane.open(connect("/", "id"));
        assert_eq!(lane.push(event(2)), Pushed::Dropped);
        assert!(sent(&lane).is_empty());
    }

    #[test]
    fn nothing_follows_a_last_frame() {
        for early in [true, false] {
            let lane = lane();
            if !early {
                lane.open(connect("/", "id"));
            }
            assert_eq!(lane.push_last(disconnect("/")), Pushed::Queued);
            assert_eq!(lane.push(event(1)), Pushed::Dropped);
            assert_eq!(lane.push_last(disconnect("/")), Pushed::Dropped);
            lane.open(connect("/", "id"));
            assert_eq!(sent(&lane), [r#"40{"sid":"id"}"#, "41"]);
            assert!(lane.is_shut());
        }
    }

    #[test]
    fn who_listens_hears_what_goes_out_and_the_end() {
        let lane = lane();
        let (listener, mut heard) = mpsc::channel(1);
        lane.tap(listener);
        lane.open(connect("/", "id"));
        lane.push(event(1));
        lane.push(event(2)); // too much for one who does not keep up
        assert_eq!(heard.try_recv(), Ok(event(1)));
        lane.push(event(3));
        assert_eq!(heard.try_recv(), Ok(event(3)));
        lane.shut();
        assert_eq!(heard.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));

        let (late, mut heard) = mpsc::channel(1);
        lane.tap(late);
        assert_eq!(heard.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }

    #[test]
    fn a_goodbye_is_held_where_nothing_else_is() {
        let lane = lane();
        while lane.push(event(1)) == Pushed::Queued {}
        assert_eq!(lane.push_last(disconnect("/")), Pushed::Queued);
        lane.open(connect("/", "id"));
        assert_eq!(sent(&lane).last().map(String::as_str), Some("41"));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let lane = lane();
        let queued = (0..10_000).filter(|n| lane.push(event(*n)) == Pushed::Queued).count();
        assert!((500..1000).contains(&queued), "{queued}");
    }

    #[test]
    fn threads_that_push_while_it_opens_keep_their_order() {
        for _ in 0..50 {
            let lane = lane();
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let lane = &lane;
                    scope.spawn(move || {
                        for n in 0..20 {
                            assert_eq!(lane.push(event(thread * 100 + n)), Pushed::Queued);
                        }
                    });
                }
                lane.open(connect("/", "id"));
            });
            let sent = sent(&lane);
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
