use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{Counters, Flow};

/// How a server is, and what it has done since it was built:
/// [`SocketIo::stats`](crate::SocketIo::stats).
///
/// For tests and health pages; [`SocketIo::record_metrics`](crate::SocketIo::record_metrics) gives
/// the same to a monitor. Each number is read by itself: they are of the same instant only when
/// nothing happens. The keys of all maps are of sets that clients can't enlarge.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Connections, on their way out too.
    pub connections: usize,
    /// Sessions by the transport they are on: `polling` and `websocket`.
    pub transports: BTreeMap<&'static str, usize>,
    /// Sockets by namespace: by its name where it was added by name, else by the pattern of its
    /// family, or as `function`.
    pub sockets: BTreeMap<String, usize>,
    /// Channels that somebody is subscribed to, in all namespaces.
    pub channels: usize,
    /// Subscriptions, in all namespaces.
    pub subscriptions: usize,
    /// Publications on their way to their receivers' queues, of
    /// [`Config::max_publications`](crate::Config::max_publications).
    pub publications_waiting: usize,
    /// Frames that wait for clients, in all outboxes.
    pub outbox_frames: usize,
    /// Their bytes; one client may have [`Config::max_outbox`](crate::Config::max_outbox).
    pub outbox_bytes: usize,

    /// Connections that came, by their first transport.
    pub connections_opened: BTreeMap<&'static str, u64>,
    /// Sessions that moved from polling to a WebSocket.
    pub upgrades: u64,
    /// Connections that ended, by [`DisconnectReason::as_str`](crate::DisconnectReason::as_str).
    pub disconnects: BTreeMap<&'static str, u64>,
    /// What was not granted, by the limit or the part that said no: requests (`bad_request`,
    /// `forbidden`, `max_connections` …), namespaces (`unknown_namespace`, `on_connect` …),
    /// channels (`subscribe`, `publish`), and publications of the application (`max_publications`).
    pub refusals: BTreeMap<&'static str, u64>,
    /// Packets that came, each attachment for itself; pings and pongs are none.
    pub messages_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// Packets that were queued for clients: what was published counts once for each receiver.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Publications that reached the registry, whoever they were for.
    pub publications: u64,
    /// Times that a client was read no further for a while, since it sent faster than its rate.
    pub throttled: u64,
    /// Events that handlers are done with.
    pub events_handled: u64,
    /// The time that they took, from the first handler to the last.
    pub handler_time: Duration,
    /// Handlers that failed: `error`, `panic`, `timeout`, `stopped` (the actor has); and
    /// `rejected`, which is an answer rather than a failure.
    pub handler_failures: BTreeMap<&'static str, u64>,
}

/// What is looked up when somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) connections: usize,
    pub(crate) transports: BTreeMap<&'static str, usize>,
    pub(crate) sockets: BTreeMap<String, usize>,
    pub(crate) publications_waiting: usize,
    pub(crate) outbox_frames: usize,
    pub(crate) outbox_bytes: usize,
}

impl Stats {
    pub(crate) fn new(counters: &Counters, gauges: Gauges) -> Self {
        let Gauges {
            connections,
            transports,
            sockets,
            publications_waiting,
            outbox_frames,
            outbox_bytes,
        } = gauges;
        let [messages_received, bytes_received] = counters.traffic.total(Flow::Received);
        let [messages_sent, bytes_sent] = counters.traffic.total(Flow::Sent);
        let [events_handled, handling_micros] = counters.traffic.total(Flow::Handled);
        Self {
            connections,
            transports,
            sockets,
            channels: counters.channels.get(),
            subscriptions: counters.subscriptions.get(),
            publications_waiting,
            outbox_frames,
            outbox_bytes,
            connections_opened: counters.opened.by_label(),
            upgrades: counters.upgraded.get(),
            disconnects: counters.ended.by_label(),
            refusals: counters.refused.by_label(),
            messages_received,
            bytes_received,
            messages_sent,
            bytes_sent,
            publications: counters.published.get(),
            throttled: counters.throttled.get(),
            events_handled,
            handler_time: Duration::from_micros(handling_micros),
            handler_failures: counters.failed.by_label(),
        }
    }

    /// Whether nobody is there, and nothing waits: every gauge is zero.
    pub fn is_idle(&self) -> bool {
        let Self { connections, transports, sockets, channels, subscriptions, .. } = self;
        let Self { publications_waiting, outbox_frames, outbox_bytes, .. } = self;
        transports.values().chain(sockets.values()).all(|count| *count == 0)
            && [
                connections,
                channels,
                subscriptions,
                publications_waiting,
                outbox_frames,
                outbox_bytes,
            ]
            .into_iter()
            .all(|gauge| *gauge == 0)
    }
}
