//! The task that watches a server for its administrators.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};
use tokio::{
    select,
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{
    Development,
    admin_feed::{AdminFeed, NewsOutcome},
    date, description,
    event_text::{self, FrameReader},
    news::News,
    shown::{Added, ShownSockets},
};
use crate::{
    model::{Namespace, SocketId},
    registry::{Change, Changes},
    server::{SocketIo, WeakSocketIo},
    socket::{Socket, TapListener, Tapped, TappedKind},
};

/// The time between two looks at administrators that are behind or have gone.
const PERIOD: Duration = Duration::from_millis(100);

/// A server that is watched. Dropping it ends that.
struct Watcher {
    development: Arc<Development>,
    io: WeakSocketIo,
    listener: Arc<TapListener>,
    tapped: mpsc::Receiver<Tapped>,
    changes: Changes,
    shown: ShownSockets,
    frames: FrameReader,
    admins: Vec<AdminFeed>,
    has_ended: bool,
}

/// Watches until the last administrator has gone.
pub(super) async fn watch(development: Arc<Development>, weak: WeakSocketIo) {
    let Some(mut watcher) = Watcher::start(development, weak) else { return };
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Changes first: an event of a socket that is not shown yet is left out.
        select! {
            biased;
            () = watcher.development.entered.notified() => watcher.let_in(),
            change = watcher.changes.next() => match change {
                Some(change) => watcher.change(change),
                None => return,
            },
            Some(tapped) = watcher.tapped.recv() => watcher.show(tapped),
            _ = ticks.tick() => watcher.look_after(),
        }
        if watcher.admins.is_empty() && watcher.end() {
            return;
        }
    }
}

impl Watcher {
    fn start(development: Arc<Development>, weak: WeakSocketIo) -> Option<Self> {
        let io = weak.upgrade()?;
        let limits = development.limits;
        // Before the sockets are listed: what comes meanwhile is in the list or in the feed.
        let changes = io.changes();
        let (listener, tapped) = io.start_taps(
            limits.max_waiting_events,
            limits.max_event_bytes,
            development.namespace.clone(),
        );
        let mut watcher = Self {
            io: weak,
            listener,
            tapped,
            changes,
            shown: ShownSockets::new(limits.max_shown_sockets),
            frames: FrameReader::default(),
            admins: Vec::new(),
            has_ended: false,
            development,
        };
        watcher.begin_anew(&io);
        watcher.let_in();
        Some(watcher)
    }

    /// Shows the sockets that are here now.
    fn begin_anew(&mut self, io: &SocketIo) {
        self.shown = ShownSockets::new(self.development.limits.max_shown_sockets);
        for socket in io.all_sockets().iter().filter(|socket| socket.is_admitted()) {
            if self.shown.add(socket.id(), socket.channels()) == Added::Full {
                break;
            }
        }
        self.admins.iter_mut().for_each(AdminFeed::set_stale);
    }

    fn let_in(&mut self) {
        let entering = self.development.take_entering();
        self.admins.extend(entering.into_iter().map(AdminFeed::new));
        self.catch_up();
    }

    /// Removes administrators that have gone, and tells others what they have missed.
    fn look_after(&mut self) {
        self.admins.retain(|feed| feed.admin.is_connected());
        if self.listener.take_lost_changes()
            && let Some(io) = self.io.upgrade()
        {
            self.begin_anew(&io);
        }
        self.catch_up();
    }

    fn catch_up(&mut self) {
        if !self.admins.iter().any(AdminFeed::is_behind) {
            return;
        }
        let Some(io) = self.io.upgrade() else { return };
        let Self { admins, shown, .. } = self;
        let describe = |id| Some(description::socket(&io.any_socket(&id)?, shown.channels(id)?));
        for feed in admins {
            feed.catch_up(|| shown.ids().collect(), describe, || date::iso(SystemTime::now()));
        }
    }

    fn tell(&mut self, news: &News) {
        for feed in &mut self.admins {
            if feed.tell(news) == NewsOutcome::LeftOut {
                feed.admin.counters().admin.events_dropped.add(1);
            }
        }
    }

    fn room(&mut self, is_joined: bool, namespace: &Namespace, room: &str, id: SocketId) {
        let (namespace, room) = (namespace.clone(), room.to_owned());
        let time = date::iso(SystemTime::now());
        self.tell(&News::Room { is_joined, namespace, room, id, time });
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::SocketConnected { namespace, socket } => {
                if let Some(socket) = self.socket(socket) {
                    self.connected(&namespace, &socket);
                }
            }
            Change::SocketDisconnected { namespace, socket: id, reason } => {
                // Its events from before, of which there are as many as the queue takes.
                for _ in 0..self.development.limits.max_waiting_events {
                    let Ok(tapped) = self.tapped.try_recv() else { break };
                    self.show(tapped);
                }
                if let Some(channels) = self.shown.remove(id) {
                    let (gone, time) = (namespace.clone(), date::iso(SystemTime::now()));
                    self.tell(&News::Disconnected { namespace: gone, id, reason, time });
                    self.room(false, &namespace, id.as_str(), id);
                    for channel in channels {
                        self.room(false, &namespace, channel.as_str(), id);
                    }
                }
                self.admins.retain(|feed| feed.admin.id() != id);
            }
            Change::Joined { namespace, channel, socket } if self.shown.join(socket, &channel) => {
                self.room(true, &namespace, channel.as_str(), socket);
            }
            Change::Left { namespace, channel, socket } if self.shown.leave(socket, &channel) => {
                self.room(false, &namespace, channel.as_str(), socket);
            }
            Change::Missed { .. } => {
                if let Some(io) = self.io.upgrade() {
                    self.begin_anew(&io);
                }
            }
            _ => {}
        }
    }

    fn connected(&mut self, namespace: &Namespace, socket: &Socket) {
        let id = socket.id();
        match self.shown.add(id, socket.channels()) {
            Added::Known => {}
            Added::Full => socket.counters().admin.sockets_hidden.add(1),
            Added::New => {
                self.room(true, namespace, id.as_str(), id);
                let channels = self.shown.channels(id).cloned().unwrap_or_default();
                let shown = Rc::new(description::socket(socket, &channels));
                let time = date::iso(SystemTime::now());
                self.tell(&News::Connected { socket: shown, time });
            }
        }
    }

    fn show(&mut self, tapped: Tapped) {
        let Tapped { namespace, socket: id, time, what } = tapped;
        if !self.shown.contains(id) {
            return;
        }
        let (is_sent, event) = match what {
            TappedKind::Received { name, args } => {
                (false, Some(Rc::new(event_text::event(&name, &args))))
            }
            TappedKind::ReceivedLarge { name, bytes } => {
                (false, Some(Rc::new(event_text::large(&name, bytes))))
            }
            TappedKind::Sent(frame) => {
                let Some(socket) = self.socket(id) else { return };
                (true, self.frames.read(&frame, socket.codec()))
            }
            TappedKind::SentLarge { bytes } => (true, Some(Rc::new(event_text::large("", bytes)))),
            TappedKind::Upgraded => {
                return self.updated(id, &namespace, |socket| {
                    ("transport", socket.transport().as_str().into())
                });
            }
            TappedKind::ContextChanged => {
                return self
                    .updated(id, &namespace, |socket| ("data", socket.context().entries().into()));
            }
        };
        if let Some(event) = event {
            self.tell(&News::Event { is_sent, namespace, id, event, time: date::iso(time) });
        }
    }

    fn updated(
        &mut self,
        id: SocketId,
        namespace: &Namespace,
        read: impl Fn(&Socket) -> (&'static str, Value),
    ) {
        if let Some(socket) = self.socket(id) {
            let mut update = json!({"id": id, "nsp": namespace});
            let (name, value) = read(&socket);
            update[name] = value;
            self.tell(&News::Updated(Rc::new(update)));
        }
    }

    fn socket(&self, id: SocketId) -> Option<Socket> {
        self.io.upgrade()?.any_socket(&id)
    }

    fn stop_taps(io: &WeakSocketIo) {
        if let Some(io) = io.upgrade() {
            io.stop_taps();
        }
    }

    /// Ends unless another administrator has come.
    fn end(&mut self) -> bool {
        let Self { development, io, .. } = self;
        self.has_ended = development.end(|| Self::stop_taps(io));
        self.has_ended
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if !self.has_ended {
            // The thread ends, or the task has panicked. An administrator that comes later starts
            // it again, and one that is coming now is shown nothing.
            drop(self.development.take_entering());
            self.end();
        }
    }
}
