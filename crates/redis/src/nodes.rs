//! The other servers of the cluster, as far as they tell of themselves.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use actix_socketio::NodeStatus;
use bytestring::ByteString;

use crate::message::{Heartbeat, ServerId};

/// A server that was silent for this many of its intervals is lost.
pub(crate) const MISSED: u32 = 2;

/// How many intervals of this server a lost one is listed.
const REMEMBERED: u32 = 120;

/// The part of an interval that passes between two heartbeats at least, and its bound.
const SOONEST: (u32, Duration) = (10, Duration::from_millis(500));

/// The bounds of the interval that another server may have.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(3600));

/// The heartbeats of this server and of the others. Pure data: its clock is passed in.
///
/// Another server is judged only when a heartbeat of this one comes back. Both take the same way,
/// so by then everything was heard that came before. A server that stood still itself, or has lost
/// Redis, therefore takes none of the others for lost.
#[derive(Debug)]
pub(crate) struct NodeTable {
    start: Instant,
    interval: Duration,
    max_nodes: usize,
    nodes: HashMap<ServerId, KnownNode>,
    /// The address by which the others reach this server, if it has one.
    pub(crate) address: Option<ByteString>,
    /// The silence of others counts from here on.
    listening: Instant,
    /// When a heartbeat of this server came back.
    heard_own: Option<Instant>,
    /// The heartbeat of this server that was sent last: its `uptime`, and when it was.
    sent: Option<(u64, Instant)>,
    /// A server waits for the next heartbeat of this one.
    is_awaited: bool,
}

#[derive(Debug)]
struct KnownNode {
    heartbeat: Heartbeat,
    heard: Instant,
    /// Since when it is lost.
    lost: Option<Instant>,
}

/// The effect of another server's heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The server was there, or has been lost before.
    Nothing,
    Joined,
    Left,
    /// There are too many servers.
    Refused,
}

impl NodeTable {
    pub(crate) fn new(interval: Duration, max_nodes: usize, now: Instant) -> Self {
        Self {
            start: now,
            interval: interval.max(INTERVALS.0),
            max_nodes,
            nodes: HashMap::new(),
            address: None,
            listening: now,
            heard_own: None,
            sent: None,
            is_awaited: false,
        }
    }

    /// How long to wait for the next heartbeat of this server. `None`: it is due, and counts as
    /// sent.
    ///
    /// One is due when another server has been silent for too long, so that the loss is noticed
    /// then.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Duration> {
        if let Some((_, sent)) = self.sent {
            let mut due = sent + self.interval;
            let soonest = (self.interval / SOONEST.0).min(SOONEST.1);
            if self.is_awaited {
                due = due.min(sent + soonest);
            }
            let deadlines = self.nodes.values().filter(|node| node.lost.is_none());
            let deadlines = deadlines.map(|node| node.deadline(self.listening));
            if let Some(deadline) = deadlines.filter(|deadline| *deadline > sent).min() {
                due = due.min(deadline.max(sent + soonest));
            }
            let wait = due.saturating_duration_since(now);
            if !wait.is_zero() {
                return Some(wait);
            }
        }
        self.is_awaited = false;
        self.sent = Some((self.uptime(now), now));
        None
    }

    /// The state of this server, for the others.
    pub(crate) fn own(&self, clients: u64, is_last: bool, now: Instant) -> Heartbeat {
        Heartbeat {
            clients,
            version: env!("CARGO_PKG_VERSION").into(),
            uptime: self.uptime(now),
            interval: millis(self.interval),
            address: self.address.clone(),
            presence: None,
            is_last,
        }
    }

    fn uptime(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.start))
    }

    /// This server hears the others from now on. The next heartbeat is due.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.listening = now;
        self.heard_own = None;
        self.sent = None;
    }

    /// A heartbeat of another server has come.
    pub(crate) fn hear(&mut self, id: &ServerId, heartbeat: Heartbeat, now: Instant) -> Heard {
        if heartbeat.is_last {
            return match self.nodes.remove(id) {
                Some(KnownNode { lost: None, .. }) => Heard::Left,
                _ => Heard::Nothing,
            };
        }
        if let Some(node) = self.nodes.get_mut(id) {
            (node.heartbeat, node.heard) = (heartbeat, now);
            return if node.lost.take().is_some() { Heard::Joined } else { Heard::Nothing };
        }
        if self.nodes.len() >= self.max_nodes && !self.forget_one() {
            return Heard::Refused;
        }
        self.is_awaited = true;
        self.nodes.insert(id.clone(), KnownNode { heartbeat, heard: now, lost: None });
        Heard::Joined
    }

    /// Makes room: the server that was lost first is listed no more.
    fn forget_one(&mut self) -> bool {
        let lost = self.nodes.iter().filter_map(|(id, node)| Some((node.lost?, id)));
        let Some((_, first)) = lost.min_by_key(|(lost, _)| *lost) else { return false };
        let first = first.clone();
        self.nodes.remove(&first).is_some()
    }

    /// A heartbeat of this server has come back. Returns the servers that are lost by now, each of
    /// them once.
    pub(crate) fn hear_own(&mut self, uptime: u64, now: Instant) -> Vec<ServerId> {
        let sent = match self.sent {
            // To the nanosecond, since a deadline may be.
            Some((own, sent)) if own == uptime => sent,
            _ => self.start.checked_add(Duration::from_millis(uptime)).unwrap_or(now).min(now),
        };
        let before = self.heard_own.replace(now);
        if before.is_none_or(|before| now > before + self.interval * MISSED) {
            // It stood still itself. Others may have stood still with it.
            self.listening = now;
        }
        let mut lost = Vec::new();
        for (id, node) in &mut self.nodes {
            if node.lost.is_none() && sent >= node.deadline(self.listening) {
                node.lost = Some(now);
                lost.push(id.clone());
            }
        }
        let is_remembered = |lost: Instant| now < lost + self.interval * REMEMBERED;
        self.nodes.retain(|_, node| node.lost.is_none_or(is_remembered));
        lost
    }

    /// The servers that are lost and may still be counted by Redis.
    pub(crate) fn lost(&self) -> Vec<ServerId> {
        let lost = self.nodes.iter().filter(|(_, node)| node.lost.is_some());
        lost.map(|(id, _)| id.clone()).collect()
    }

    /// All servers: this one, with `own`, and then the others by their ids.
    pub(crate) fn statuses(&self, own: &ServerId, clients: u64, now: Instant) -> Vec<NodeStatus> {
        let mut this = status(own, &self.own(clients, false, now));
        this.is_self = true;
        let mut others: Vec<_> = self
            .nodes
            .iter()
            .map(|(id, node)| {
                let mut other = status(id, &node.heartbeat);
                other.is_alive = node.lost.is_none();
                other.last_heard = now.saturating_duration_since(node.heard);
                other
            })
            .collect();
        others.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        others.insert(0, this);
        others
    }
}

impl KnownNode {
    /// When it is lost if it is silent, judged by what was heard since `listening`.
    fn deadline(&self, listening: Instant) -> Instant {
        let interval = Duration::from_millis(self.heartbeat.interval);
        self.heard.max(listening) + interval.clamp(INTERVALS.0, INTERVALS.1) * MISSED
    }
}

fn status(id: &ServerId, heartbeat: &Heartbeat) -> NodeStatus {
    let mut status = NodeStatus::new(&*id.0);
    status.version = heartbeat.version.to_string();
    status.clients = heartbeat.clients;
    status.uptime = Duration::from_millis(heartbeat.uptime);
    status.address = heartbeat.address.as_ref().map(ToString::to_string);
    status
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
