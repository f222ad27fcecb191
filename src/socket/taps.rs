//! Taps on what goes in and out of the sockets of a server, for the Admin UI.
//!
//! While nothing listens, an event that is received costs one relaxed load, and one that is sent
//! costs nothing: a socket's sender has no observer.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use bytestring::ByteString;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::Socket;
use crate::{
    model::{ContextTap, Namespace, SocketId},
    outbox::FrameTap,
    protocol::{Args, Frame},
    stats::Counters,
};

/// Something that a tap has seen of a socket.
#[derive(Debug)]
pub(crate) struct Tapped {
    pub(crate) namespace: Namespace,
    pub(crate) socket: SocketId,
    pub(crate) time: SystemTime,
    pub(crate) what: TappedKind,
}

/// The kinds of what a tap sees.
#[derive(Debug)]
pub(crate) enum TappedKind {
    /// The client has sent an event.
    Received { name: ByteString, args: Args },
    /// The client has sent an event that is larger than what is shown.
    ReceivedLarge { name: ByteString, bytes: usize },
    /// A frame goes out to the client. It may be another packet than an event.
    Sent(Frame),
    /// A frame that is larger than what is shown.
    SentLarge { bytes: usize },
    /// The connection is on a WebSocket now.
    Upgraded,
    /// The socket's context has changed.
    ContextChanged,
}

/// Whether the sockets of a server are tapped, and where to.
#[derive(Default)]
pub(crate) struct Taps {
    is_on: AtomicBool,
    listener: Mutex<Option<Arc<TapListener>>>,
}

/// The one queue of a server for its taps. Events that do not fit are dropped and counted.
pub(crate) struct TapListener {
    queue: mpsc::Sender<Tapped>,
    /// The bytes of an event that is shown.
    max_bytes: usize,
    /// The namespace of those that watch. It is not tapped, so that nothing feeds back.
    except: Namespace,
    counters: Arc<Counters>,
    /// A change of a socket was dropped, so what is known of it is out of date.
    has_lost_changes: AtomicBool,
}

/// The tap of one socket.
struct SocketTap {
    listener: Arc<TapListener>,
    namespace: Namespace,
    socket: SocketId,
}

impl Taps {
    /// Sets taps on every socket of a server, and on those that come. `sockets` lists those that
    /// are here, and is called when new ones are tapped already.
    pub(crate) fn start(&self, listener: Arc<TapListener>, sockets: impl FnOnce() -> Vec<Socket>) {
        *self.listener.lock() = Some(Arc::clone(&listener));
        self.is_on.store(true, Ordering::SeqCst);
        for socket in sockets() {
            socket.tap(&listener);
        }
    }

    /// Removes all taps.
    pub(crate) fn stop(&self, sockets: impl FnOnce() -> Vec<Socket>) {
        self.is_on.store(false, Ordering::SeqCst);
        *self.listener.lock() = None;
        for socket in sockets() {
            socket.untap();
        }
    }

    /// Taps a socket that has come, once the table of all sockets has it.
    #[inline]
    pub(crate) fn attached(&self, socket: &Socket) {
        if self.is_on.load(Ordering::SeqCst) {
            let listener = self.listener.lock().clone();
            if let Some(listener) = listener {
                socket.tap(&listener);
            }
            // `stop` may have listed the sockets before this one was tapped.
            if !self.is_on.load(Ordering::SeqCst) {
                socket.untap();
            }
        }
    }

    /// Shows an event that a client has sent.
    #[inline]
    pub(crate) fn received(&self, socket: &Socket, name: &ByteString, args: &Args) {
        if self.is_on.load(Ordering::Relaxed) {
            self.show(socket, |listener| listener.event(name, args));
        }
    }

    /// Shows that the connection of a socket is on a WebSocket now.
    #[inline]
    pub(crate) fn upgraded(&self, socket: &Socket) {
        if self.is_on.load(Ordering::Relaxed) {
            self.show(socket, |_| TappedKind::Upgraded);
        }
    }

    #[cold]
    fn show(&self, socket: &Socket, what: impl FnOnce(&TapListener) -> TappedKind) {
        let listener = self.listener.lock().clone();
        if let Some(listener) = listener {
            let what = what(&listener);
            if matches!(what, TappedKind::Upgraded) || socket.namespace() != &listener.except {
                listener.push(socket.namespace(), socket.id(), what);
            }
        }
    }
}

impl TapListener {
    /// A listener with a queue of `max_waiting`, and the other end of the queue.
    pub(crate) fn new(
        max_waiting: usize,
        max_bytes: usize,
        except: Namespace,
        counters: Arc<Counters>,
    ) -> (Arc<Self>, mpsc::Receiver<Tapped>) {
        let (queue, tapped) = mpsc::channel(max_waiting);
        let listener =
            Self { queue, max_bytes, except, counters, has_lost_changes: AtomicBool::new(false) };
        (Arc::new(listener), tapped)
    }

    /// Whether a change of a socket was dropped since the last call.
    pub(crate) fn take_lost_changes(&self) -> bool {
        self.has_lost_changes.swap(false, Ordering::AcqRel)
    }

    fn event(&self, name: &ByteString, args: &Args) -> TappedKind {
        let bytes = name.len() + args.cost();
        if bytes > self.max_bytes {
            // The name alone may be larger than a message that is shown.
            let name = if name.len() > self.max_bytes { "" } else { &**name };
            return TappedKind::ReceivedLarge { name: ByteString::from(name), bytes };
        }
        // Copies, so that the queue does not keep the buffers that they were read into.
        let mut args = args.clone();
        args.detach();
        TappedKind::Received { name: ByteString::from(&**name), args }
    }

    fn push(&self, namespace: &Namespace, socket: SocketId, what: TappedKind) {
        let is_change = matches!(what, TappedKind::Upgraded | TappedKind::ContextChanged);
        // A slot first: a full queue costs nothing but the count.
        match self.queue.try_reserve() {
            Ok(slot) => {
                let (namespace, time) = (namespace.clone(), SystemTime::now());
                slot.send(Tapped { namespace, socket, time, what });
            }
            Err(mpsc::error::TrySendError::Full(())) => {
                if is_change {
                    self.has_lost_changes.store(true, Ordering::Release);
                } else {
                    self.counters.admin.events_dropped.add(1);
                }
            }
            // It has just stopped.
            Err(mpsc::error::TrySendError::Closed(())) => {}
        }
    }
}

impl SocketTap {
    fn push(&self, what: TappedKind) {
        self.listener.push(&self.namespace, self.socket, what);
    }
}

impl FrameTap for SocketTap {
    fn sent(&self, frame: &Frame) {
        // Answers and DISCONNECTs are not shown. Other parsers have no text.
        if !matches!(frame.text().as_bytes(), [] | [b'4', b'2' | b'5', ..]) {
            return;
        }
        let bytes = frame.cost();
        self.push(match bytes > self.listener.max_bytes {
            true => TappedKind::SentLarge { bytes },
            false => TappedKind::Sent(frame.clone()),
        });
    }
}

impl ContextTap for SocketTap {
    fn context_changed(&self) {
        self.push(TappedKind::ContextChanged);
    }
}

impl Drop for SocketTap {
    fn drop(&mut self) {
        self.listener.counters.admin.taps.down();
    }
}

impl Socket {
    /// Whether its client was admitted and has not gone.
    pub(crate) fn is_admitted(&self) -> bool {
        self.inner.sender.is_open()
    }

    /// Bytes that wait for the client.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.inner.sender.waiting_bytes()
    }

    /// Sets a tap, in the place of an earlier one.
    fn tap(&self, listener: &Arc<TapListener>) {
        if self.namespace() == &listener.except {
            return;
        }
        listener.counters.admin.taps.up();
        let tap = Arc::new(SocketTap {
            listener: Arc::clone(listener),
            namespace: self.namespace().clone(),
            socket: self.id(),
        });
        self.context().tap().set(Some(Arc::clone(&tap) as _));
        self.inner.sender.tap(tap);
    }

    fn untap(&self) {
        self.context().tap().set(None);
        self.inner.sender.untap();
    }
}

impl fmt::Debug for SocketTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketTap").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl fmt::Debug for TapListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapListener").field("except", &self.except).finish_non_exhaustive()
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps").field("is_on", &self.is_on).finish_non_exhaustive()
    }
}
