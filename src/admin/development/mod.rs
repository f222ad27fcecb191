//! The development mode: administrators are shown each socket, channel and event.
//!
//! One task of a server watches while it has such administrators. It reads the feed of changes and
//! one bounded queue of taps, follows them in a table of what is shown, and sends what is new. The
//! first administrator starts it, and the last one ends it, with the taps.

mod admin_feed;
mod date;
mod description;
mod event_text;
mod news;
mod pace;
mod shown;
mod task;

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use log::Level;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    log_text::log_line,
    model::Namespace,
    server::{SocketIo, WeakSocketIo},
    socket::Socket,
};

/// The bounds of what is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct DevelopmentLimits {
    /// Sockets that are shown.
    pub(super) max_shown_sockets: usize,
    /// Events of taps that wait for the task.
    pub(super) max_waiting_events: usize,
    /// Bytes of an event that is shown.
    pub(super) max_event_bytes: usize,
}

/// The administrators that are shown everything, on their way to the task that shows it.
pub(super) struct Development {
    limits: DevelopmentLimits,
    /// The namespace of administrators.
    namespace: Namespace,
    entering: Mutex<Entering>,
    entered: Notify,
    has_warned: AtomicBool,
}

#[derive(Default)]
struct Entering {
    admins: Vec<Socket>,
    /// Whether the task runs.
    is_watching: bool,
}

impl Development {
    pub(super) fn new(limits: DevelopmentLimits, namespace: Namespace) -> Self {
        let has_warned = AtomicBool::new(false);
        Self { limits, namespace, entering: Mutex::default(), entered: Notify::new(), has_warned }
    }

    /// Whether the server has so few sockets that they are shown.
    pub(super) fn shows(&self, io: &SocketIo) -> bool {
        let (sockets, max) = (io.socket_count(), self.limits.max_shown_sockets);
        if sockets > max && !self.has_warned.swap(true, Ordering::Relaxed) {
            log_line!(
                Level::Warn,
                "the Admin UI shows no sockets: there are {}, and {} at most are shown \
                 (Admin::max_shown_sockets)",
                sockets,
                max
            );
        }
        sockets <= max
    }

    /// Shows everything to an administrator from now on. Packets that are sent before come first.
    pub(super) fn enter(self: &Arc<Self>, admin: &Socket, io: WeakSocketIo) {
        let is_watching = {
            let mut entering = self.entering.lock();
            entering.admins.push(admin.clone());
            mem::replace(&mut entering.is_watching, true)
        };
        self.entered.notify_one();
        if !is_watching {
            drop(actix::spawn(task::watch(Arc::clone(self), io)));
        }
    }

    fn take_entering(&self) -> Vec<Socket> {
        mem::take(&mut self.entering.lock().admins)
    }

    /// Ends the task unless another administrator has come. `end` runs before a next task can
    /// start.
    fn end(&self, end: impl FnOnce()) -> bool {
        let mut entering = self.entering.lock();
        if !entering.admins.is_empty() {
            return false;
        }
        end();
        entering.is_watching = false;
        true
    }
}
