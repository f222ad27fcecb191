use std::{collections::VecDeque, rc::Rc};

use serde_json::Value;

use super::{news::News, pace::Pace};
use crate::{model::SocketId, socket::Socket};

/// The news for one administrator, which is behind for a while if it reads slowly.
#[derive(Debug)]
pub(super) struct AdminFeed {
    pub(super) admin: Socket,
    /// Sockets that are there and were not in the first list, which is bounded in bytes.
    to_show: VecDeque<SocketId>,
    /// A change was left out, so all sockets are listed again when it has caught up.
    is_stale: bool,
}

/// The outcome of news for an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewsOutcome {
    Sent,
    /// An event was left out.
    LeftOut,
    /// A change was left out. All sockets are listed again later.
    Stale,
}

impl AdminFeed {
    pub(super) fn new(admin: Socket) -> Self {
        Self { admin, to_show: VecDeque::new(), is_stale: true }
    }

    fn pace(&self) -> Pace {
        Pace::new(self.admin.waiting_bytes(), self.admin.config().max_outbox)
    }

    pub(super) fn tell(&mut self, news: &News) -> NewsOutcome {
        if self.is_stale {
            // The list that comes has the changes.
            return if news.is_traffic() { NewsOutcome::LeftOut } else { NewsOutcome::Stale };
        }
        let pace = self.pace();
        if news.is_traffic() {
            if pace.takes_events() && news.send(&self.admin).is_ok() {
                return NewsOutcome::Sent;
            }
            return NewsOutcome::LeftOut;
        }
        if pace.takes_changes() && news.send(&self.admin).is_ok() {
            return NewsOutcome::Sent;
        }
        self.set_stale();
        NewsOutcome::Stale
    }

    pub(super) fn set_stale(&mut self) {
        self.is_stale = true;
        self.to_show.clear();
    }

    /// Whether it has sockets to be told of.
    pub(super) fn is_behind(&self) -> bool {
        self.is_stale || !self.to_show.is_empty()
    }

    /// Lists sockets to an administrator that has not been told of them, as far as its outbox takes
    /// them. The first list is `all_sockets`, with which the UI begins anew. `describe` is `None`
    /// for a socket that has gone.
    pub(super) fn catch_up(
        &mut self,
        ids: impl FnOnce() -> Vec<SocketId>,
        describe: impl Fn(SocketId) -> Option<Value>,
        time: impl Fn() -> String,
    ) {
        if self.is_stale && self.pace().takes_lists() {
            self.to_show = ids().into();
            let (mut list, mut bytes) = (Vec::new(), 0);
            while bytes < self.pace().list_bytes()
                && let Some(id) = self.to_show.pop_front()
            {
                if let Some(socket) = describe(id) {
                    bytes += socket.to_string().len();
                    list.push(socket);
                }
            }
            // An administrator that has gone is removed soon.
            self.is_stale = self.admin.emit("all_sockets", &list).is_err();
        }
        while !self.is_stale
            && self.pace().takes_lists()
            && let Some(id) = self.to_show.pop_front()
        {
            if let Some(socket) = describe(id) {
                let news = News::Connected { socket: Rc::new(socket), time: time() };
                if news.send(&self.admin).is_err() {
                    return;
                }
            }
        }
    }
}
