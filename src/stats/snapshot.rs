use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

#[cfg(feature = "api")]
use super::TimeHistogram;
use super::{Counters, Flow};
use crate::{
    model::{ClusterHealth, NodeStatus},
    store::StoreStatus,
};

/// The state of a server, and what it has counted since it was built.
///
/// [`SocketIo::stats`](crate::SocketIo::stats) returns it, for tests and health pages.
/// [`SocketIo::record_metrics`](crate::SocketIo::record_metrics) records the same numbers for a
/// monitoring system.
///
/// Each number is read by itself, so the numbers agree with each other only while the server is
/// idle. Clients cannot add keys to the maps.
///
/// ```
/// # actix::System::new().block_on(async {
/// let io = actix_socketio::SocketIo::builder().build().unwrap();
/// let stats = io.stats();
/// assert!(stats.is_idle());
/// assert_eq!(stats.connections_opened["websocket"], 0);
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that exist now, including those that are being closed.
    pub connections: usize,
    /// Sessions by their current transport, `polling` or `websocket`.
    pub transports: BTreeMap<&'static str, usize>,
    /// Sockets by namespace. The key is the name of a namespace that was added by name. All
    /// namespaces of a dynamic one share the key of their pattern, or `function`.
    pub sockets: BTreeMap<String, usize>,
    /// Channels with at least one subscriber, in all namespaces.
    pub channels: usize,
    /// Subscriptions, in all namespaces.
    pub subscriptions: usize,
    /// Publications that are not yet in the outboxes of all receivers.
    /// [`Config::max_publications`](crate::Config::max_publications) is their limit.
    pub publications_waiting: usize,
    /// Frames that wait to be sent, in all outboxes.
    pub outbox_frames: usize,
    /// Bytes that wait to be sent, in all outboxes.
    /// [`Config::max_outbox`](crate::Config::max_outbox) is the limit for one client.
    pub outbox_bytes: usize,
    /// Bytes that count for [`Config::max_memory`](crate::Config::max_memory). Without this limit,
    /// nothing is counted.
    pub client_memory: usize,
    /// Outboxes that are congested: publications of clients to their sockets are held back. See
    /// [`Config::slow_consumer_timeout`](crate::Config::slow_consumer_timeout).
    pub outboxes_congested: usize,
    /// The store of histories. `None` without [`Builder::store`](crate::Builder::store).
    pub store: Option<StoreStatus>,
    /// The way to the other servers: [`SocketIo::cluster_health`](crate::SocketIo::cluster_health).
    /// `None` without a cluster.
    pub cluster: Option<ClusterHealth>,
    /// The servers of the cluster: [`SocketIo::nodes`](crate::SocketIo::nodes).
    pub nodes: Vec<NodeStatus>,

    /// Connections opened, by their first transport.
    pub connections_opened: BTreeMap<&'static str, u64>,
    /// Sessions that moved from polling to a WebSocket.
    pub upgrades: u64,
    /// Connections ended, by [`DisconnectReason::as_str`](crate::DisconnectReason::as_str).
    pub disconnects: BTreeMap<&'static str, u64>,
    /// Refusals, by the limit or the part that refused. They concern HTTP requests (`bad_request`,
    /// `forbidden`, `max_connections` …), namespaces (`unknown_namespace`, `on_connect` …),
    /// channels (`subscribe`, `publish`), publications of the application (`max_publications`), and
    /// events of other servers (`max_server_events`).
    pub refusals: BTreeMap<&'static str, u64>,
    /// Socket.IO packets received. Each attachment counts as one more, pings and pongs do not
    /// count.
    pub messages_received: u64,
    /// Bytes of the packets in `messages_received`.
    pub bytes_received: u64,
    /// Packets queued for clients. A publication counts once for each receiver.
    pub messages_sent: u64,
    /// Bytes of the packets in `messages_sent`.
    pub bytes_sent: u64,
    /// Requests that are passed on to other servers of the cluster now, with
    /// [`Builder::node_address`](crate::Builder::node_address).
    /// [`Config::max_forwarded`](crate::Config::max_forwarded) is their limit.
    pub forwarding: usize,
    /// Requests that other servers have answered for this one.
    pub forwarded_requests: u64,
    /// Requests that could not be passed on: `unknown_node`, `unreachable`, `timeout`, or `broken`.
    /// `wrong_proof` counts requests to this server that pretend to come from another one.
    pub forward_failures: BTreeMap<&'static str, u64>,
    /// Publications that reached the registry, whether or not they had receivers.
    pub publications: u64,
    /// Publications of clients that were held back because a receiver read slowly.
    pub publications_held: u64,
    /// How often [`Config::slow_consumer_timeout`](crate::Config::slow_consumer_timeout) was over,
    /// and a publication that was held back went on.
    pub slow_consumer_timeouts: u64,
    /// How often reading from a client was paused because it sent faster than its rate.
    pub throttled: u64,
    /// Events that all their handlers have finished.
    pub events_handled: u64,
    /// The total time of the events in `events_handled`, each from its first handler to its last.
    pub handler_time: Duration,
    /// Handlers that failed, by `error`, `panic`, `timeout`, or `stopped` for an actor that has
    /// stopped. `rejected` counts handlers that refused a request, which is not a fault.
    pub handler_failures: BTreeMap<&'static str, u64>,
    /// Events of clients that no handler took: neither one of their name nor one of all events.
    pub unknown_events: u64,
    /// Members of all channels with [`Presence`](crate::Presence), those included that may still
    /// come back. In a cluster, those of all servers.
    /// [`Config::max_presence_bytes`](crate::Config::max_presence_bytes) is the limit of their
    /// memory.
    pub members: usize,
    /// Channels that have a history.
    /// [`Config::max_history_channels`](crate::Config::max_history_channels) is their limit.
    pub histories: usize,
    /// Bytes of all histories. [`Config::max_history_bytes`](crate::Config::max_history_bytes) is
    /// their limit.
    pub history_bytes: usize,
    /// Publications that histories have dropped, by what was reached: `count` or `age` of the
    /// channel, `bytes` or `channels` of all. `removed` counts those that the application has
    /// removed.
    pub history_trimmed: BTreeMap<&'static str, u64>,
    /// Events that were sent again to clients that came back.
    pub replayed: u64,
    /// Sockets that are away and may come back.
    /// [`Config::max_sessions_away`](crate::Config::max_sessions_away) is their limit.
    pub sessions_away: usize,
    /// Bytes of these sockets.
    /// [`Config::max_sessions_away_bytes`](crate::Config::max_sessions_away_bytes) is their limit.
    pub sessions_away_bytes: usize,
    /// Sockets that have come back.
    pub recovered: u64,
    /// Clients that wanted their socket back and got a new one, by the reason: `unknown`,
    /// `position`, `lost`, `max_recovered`, `takeover_timeout`, or `other_user`.
    pub unrecovered: BTreeMap<&'static str, u64>,
    /// Sockets that were away and do not come back, by the reason: `window`, `forgotten`, `lost`,
    /// or the limit that was reached.
    pub sessions_ended: BTreeMap<&'static str, u64>,
    /// Log-ins of administrators, by how they ended: the feature `admin`. `password` and `session`
    /// were granted. `wrong`, `unreadable` and `unknown_session` showed nothing that is right.
    /// `forbidden`, `throttled` and `busy` were not checked.
    #[cfg(feature = "admin")]
    pub admin_log_ins: BTreeMap<&'static str, u64>,
    /// Commands of administrators, by the event and then by how they ended: the feature `admin`.
    #[cfg(feature = "admin")]
    pub admin_commands: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Sessions by which administrators log in without a password, as of the last log-in: the
    /// feature `admin`.
    #[cfg(feature = "admin")]
    pub admin_sessions: usize,
    /// The time that the last probe of [`SocketIo::path_health`](crate::SocketIo::path_health)
    /// took, the way through the cluster included. Zero before the first success.
    pub path_probe: Duration,
    /// Probes of the path that failed, or were not over in time.
    pub path_probe_failures: u64,
    /// Sockets whose events the Admin UI's development mode sees now: none without an administrator
    /// in that mode. The feature `admin`.
    #[cfg(feature = "admin")]
    pub admin_taps: usize,
    /// Events that the Admin UI's development mode has not shown, because too many waited or the
    /// administrator read slowly: the feature `admin`. One that is left out for several
    /// administrators counts for each.
    #[cfg(feature = "admin")]
    pub admin_events_dropped: u64,
    /// Sockets that the Admin UI's development mode has not shown, because there were too many: the
    /// feature `admin`.
    #[cfg(feature = "admin")]
    pub admin_sockets_hidden: u64,
    /// Requests of the [HTTP API](crate::Api), by method, by the name of the key, and by
    /// status: the feature `api`. `openapi` counts those for the description, and `other` those for
    /// what does not exist. The name is empty for requests without a valid key.
    #[cfg(feature = "api")]
    pub api_requests: BTreeMap<&'static str, BTreeMap<String, BTreeMap<u16, u64>>>,
    /// The time of these requests, from the whole head to the answer, by method. The time that the
    /// client takes to send the body is in it, and so is what a request with `wait` waits for.
    #[cfg(feature = "api")]
    pub api_time: BTreeMap<&'static str, TimeHistogram>,
    /// Tokens that were not believed, by [`TokenError::as_str`](crate::TokenError::as_str): the
    /// feature `jwt`.
    #[cfg(feature = "jwt")]
    pub tokens_refused: BTreeMap<&'static str, u64>,
    /// TLS handshakes that are complete, of a server with TLS of its own: the feature `tls`.
    #[cfg(feature = "tls")]
    pub tls_handshakes: u64,
    /// TLS handshakes that have failed, by the reason: `timeout`, `max_tls_handshakes`, `closed`,
    /// `not_tls`, `alert`, `incompatible`.
    #[cfg(feature = "tls")]
    pub tls_handshake_failures: BTreeMap<&'static str, u64>,
    /// When the certificate expires, in seconds since 1970. `None` without TLS of the server's own.
    #[cfg(feature = "tls")]
    pub tls_certificate_expires: Option<u64>,
}

/// The gauges that are computed when [`Stats`] are taken.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) connections: usize,
    pub(crate) transports: BTreeMap<&'static str, usize>,
    pub(crate) sockets: BTreeMap<String, usize>,
    pub(crate) publications_waiting: usize,
    pub(crate) outbox_frames: usize,
    pub(crate) outbox_bytes: usize,
    pub(crate) client_memory: usize,
    pub(crate) store: Option<StoreStatus>,
    pub(crate) cluster: Option<ClusterHealth>,
    pub(crate) nodes: Vec<NodeStatus>,
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
            client_memory,
            store,
            cluster,
            nodes,
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
            client_memory,
            outboxes_congested: counters.congested.in_use(),
            store,
            cluster,
            nodes,
            connections_opened: counters.opened.by_label(),
            upgrades: counters.upgraded.get(),
            disconnects: counters.ended.by_label(),
            refusals: counters.refused.by_label(),
            messages_received,
            bytes_received,
            messages_sent,
            bytes_sent,
            forwarding: counters.forwarding.in_use(),
            forwarded_requests: counters.forwarded.get(),
            forward_failures: counters.forward_failures.by_label(),
            publications: counters.published.get(),
            publications_held: counters.held.get(),
            slow_consumer_timeouts: counters.given_up.get(),
            throttled: counters.throttled.get(),
            events_handled,
            handler_time: Duration::from_micros(handling_micros),
            handler_failures: counters.failed.by_label(),
            unknown_events: counters.unknown.get(),
            members: counters.members.get(),
            histories: counters.histories.get(),
            history_bytes: counters.history_bytes.get(),
            history_trimmed: counters.history_trimmed.by_label(),
            replayed: counters.replayed.get(),
            sessions_away: counters.sessions_away.get(),
            sessions_away_bytes: counters.sessions_away_bytes.get(),
            recovered: counters.recovered.get(),
            unrecovered: counters.unrecovered.by_label(),
            sessions_ended: counters.sessions_ended.by_label(),
            #[cfg(feature = "admin")]
            admin_log_ins: counters.admin.log_ins.by_label(),
            #[cfg(feature = "admin")]
            admin_commands: counters.admin.commands(),
            #[cfg(feature = "admin")]
            admin_sessions: counters.admin.sessions.get(),
            path_probe: Duration::from_micros(counters.path_probe_micros.get() as u64),
            path_probe_failures: counters.path_probe_failures.get(),
            #[cfg(feature = "admin")]
            admin_taps: counters.admin.taps.get(),
            #[cfg(feature = "admin")]
            admin_events_dropped: counters.admin.events_dropped.get(),
            #[cfg(feature = "admin")]
            admin_sockets_hidden: counters.admin.sockets_hidden.get(),
            #[cfg(feature = "api")]
            api_requests: counters.api_requests.counts(),
            #[cfg(feature = "api")]
            api_time: counters.api_times.get(),
            #[cfg(feature = "jwt")]
            tokens_refused: counters.tokens_refused.by_label(),
            #[cfg(feature = "tls")]
            tls_handshakes: counters.tls.handshakes.get(),
            #[cfg(feature = "tls")]
            tls_handshake_failures: counters.tls.failures.by_label(),
            #[cfg(feature = "tls")]
            tls_certificate_expires: counters.tls.expires(),
        }
    }

    /// Returns whether the server has no connections and nothing waits: every gauge is zero.
    ///
    /// Use it in tests, to check that nothing leaks. The counters do not matter.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn example(io: actix_socketio::SocketIo) {
    /// // All clients of the test have disconnected.
    /// while !io.stats().is_idle() {
    ///     actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    /// }
    /// # }
    /// ```
    pub fn is_idle(&self) -> bool {
        let Self { connections, transports, sockets, channels, subscriptions, .. } = self;
        let Self { publications_waiting, outbox_frames, outbox_bytes, .. } = self;
        let Self { client_memory, outboxes_congested, forwarding, .. } = self;
        transports.values().chain(sockets.values()).all(|count| *count == 0)
            && [
                connections,
                channels,
                subscriptions,
                publications_waiting,
                outbox_frames,
                outbox_bytes,
                client_memory,
                outboxes_congested,
                forwarding,
            ]
            .into_iter()
            .all(|gauge| *gauge == 0)
    }
}
