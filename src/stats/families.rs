//! The metrics of a server: names, labels and meanings of the values of [`Stats`].

use std::{collections::BTreeMap, time::Duration};

use super::Stats;
#[cfg(feature = "api")]
use super::TimeHistogram;
use crate::{
    model::{ClusterHealth, NodeStatus},
    store::StoreStatus,
};

/// The start of all names.
pub(crate) const PREFIX: &str = "actix_socketio_";

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FamilyKind {
    /// It may fall.
    Gauge,
    /// Its name ends with `_total`.
    Counter,
    /// Monitors have several series of it, whose names end with `_bucket`, `_sum` and `_count`.
    #[cfg(feature = "api")]
    Histogram,
}

/// A metric, with a value for each value of its label.
#[derive(Debug)]
pub(crate) struct Family {
    /// Without the [`PREFIX`].
    pub(crate) name: &'static str,
    pub(crate) kind: FamilyKind,
    pub(crate) help: &'static str,
    /// The names of its labels.
    pub(crate) labels: &'static [&'static str],
    /// The values of the labels, and the metric's value.
    pub(crate) samples: Vec<(Vec<String>, SampleValue)>,
}

/// A value. Those of counters are whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SampleValue {
    Whole(u64),
    Real(f64),
    #[cfg(feature = "api")]
    Times(TimeHistogram),
}

impl From<usize> for SampleValue {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<u64> for SampleValue {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<Duration> for SampleValue {
    /// In seconds.
    fn from(value: Duration) -> Self {
        Self::Real(value.as_secs_f64())
    }
}

/// The metrics of one moment, in the order of their documentation.
#[derive(Debug, Default)]
pub(crate) struct Families(pub(crate) Vec<Family>);

impl Families {
    /// The metrics of some stats.
    pub(crate) fn of(stats: &Stats) -> Self {
        let mut families = Self::default();
        families.add_connections(stats);
        families.add_messages(stats);
        families.add_handlers(stats);
        families.add_past(stats);
        #[cfg(feature = "admin")]
        families.add_admin(stats);
        families.add_path(stats);
        #[cfg(feature = "api")]
        families.add_api(stats);
        #[cfg(feature = "jwt")]
        families.add_tokens(stats);
        #[cfg(feature = "tls")]
        families.add_tls(stats);
        if let Some(cluster) = &stats.cluster {
            families.add_cluster(cluster, &stats.nodes);
        }
        if let Some(store) = &stats.store {
            families.add_store(store);
        }
        families
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: impl Into<SampleValue>) {
        let samples = vec![(Vec::new(), value.into())];
        self.0.push(Family { name, kind: FamilyKind::Gauge, help, labels: &[], samples });
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        let samples = vec![(Vec::new(), value.into())];
        self.0.push(Family { name, kind: FamilyKind::Counter, help, labels: &[], samples });
    }

    fn gauges<L: ToString, V: Into<SampleValue>>(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        values: impl IntoIterator<Item = (L, V)>,
    ) {
        let values = values.into_iter();
        let samples = values.map(|(of, value)| (vec![of.to_string()], value.into())).collect();
        let kind = FamilyKind::Gauge;
        self.0.push(Family { name, kind, help, labels, samples });
    }

    fn counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
        values: &BTreeMap<&'static str, u64>,
    ) {
        let samples =
            values.iter().map(|(of, value)| (vec![(*of).to_owned()], (*value).into())).collect();
        let kind = FamilyKind::Counter;
        self.0.push(Family { name, kind, help, labels, samples });
    }

    fn add_connections(&mut self, stats: &Stats) {
        self.gauge("connections", "Connections, those included that end", stats.connections);
        let help = "Sessions, by their current transport";
        let sessions = stats.transports.iter().map(|(of, count)| (*of, *count));
        self.gauges("sessions", &["transport"], help, sessions);
        let sockets = stats.sockets.iter().map(|(of, count)| (of, *count));
        self.gauges("sockets", &["namespace"], "Sockets", sockets);
        self.gauge("channels", "Channels that have a subscriber", stats.channels);
        self.gauge("subscriptions", "Subscriptions", stats.subscriptions);
        let help = "Members of channels with presence";
        self.gauge("members", help, stats.members);
        let help = "Memory that counts for max_memory";
        self.gauge("client_memory_bytes", help, stats.client_memory);
        let help = "Connections, by their first transport";
        self.counters("connections_opened_total", &["transport"], help, &stats.connections_opened);
        self.counter("upgrades_total", "Upgrades from polling to a WebSocket", stats.upgrades);
        let help = "Connections that ended, by the reason";
        self.counters("disconnects_total", &["reason"], help, &stats.disconnects);
        let help = "Refusals, by the limit or the part that refused";
        self.counters("refusals_total", &["reason"], help, &stats.refusals);
    }

    fn add_messages(&mut self, stats: &Stats) {
        let help = "Publications on their way to the queues of their receivers";
        self.gauge("publications_waiting", help, stats.publications_waiting);
        self.gauge("outbox_frames", "Frames that wait for clients", stats.outbox_frames);
        self.gauge("outbox_bytes", "Memory of the frames that wait", stats.outbox_bytes);
        let help = "Outboxes that publications of clients wait for";
        self.gauge("outboxes_congested", help, stats.outboxes_congested);
        self.counter("messages_received_total", "Packets of clients", stats.messages_received);
        self.counter("received_bytes_total", "Bytes of these packets", stats.bytes_received);
        let help = "Packets queued, once for each receiver";
        self.counter("messages_sent_total", help, stats.messages_sent);
        self.counter("sent_bytes_total", "Bytes of the packets queued", stats.bytes_sent);
        let help = "Requests that other servers of the cluster are answering";
        self.gauge("forwarding", help, stats.forwarding);
        let help = "Requests that were passed on to other servers of the cluster";
        self.counter("forwarded_requests_total", help, stats.forwarded_requests);
        let help = "Requests that could not be passed on, by the reason";
        self.counters("forward_failures_total", &["reason"], help, &stats.forward_failures);
        let help = "Publications that have their place in the order";
        self.counter("publications_total", help, stats.publications);
        let help = "Publications of clients that were held back for a slow subscriber";
        self.counter("publications_held_total", help, stats.publications_held);
        let help = "How often slow_consumer_timeout was over";
        self.counter("slow_consumer_timeouts_total", help, stats.slow_consumer_timeouts);
        let help = "How often a rate held a client back";
        self.counter("throttled_total", help, stats.throttled);
    }

    fn add_handlers(&mut self, stats: &Stats) {
        let help = "Events that all their handlers have finished";
        self.counter("events_handled_total", help, stats.events_handled);
        let micros = u64::try_from(stats.handler_time.as_micros()).unwrap_or(u64::MAX);
        self.counter("handler_microseconds_total", "The time of these events", micros);
        let help = "Handlers that failed, by the kind";
        self.counters("handler_failures_total", &["failure"], help, &stats.handler_failures);
        let help = "Events of clients that no handler took";
        self.counter("unknown_events_total", help, stats.unknown_events);
    }

    fn add_past(&mut self, stats: &Stats) {
        self.gauge("histories", "Channels that have a history", stats.histories);
        self.gauge("history_bytes", "Bytes of all histories", stats.history_bytes);
        let help = "Publications that histories have dropped, by the limit";
        self.counters("history_trimmed_total", &["reason"], help, &stats.history_trimmed);
        let help = "Events that were sent again to clients that came back";
        self.counter("replayed_total", help, stats.replayed);
        let help = "Sockets that are away and may come back";
        self.gauge("sessions_away", help, stats.sessions_away);
        self.gauge("sessions_away_bytes", "Memory of these sockets", stats.sessions_away_bytes);
        self.counter("recovered_total", "Sockets that have come back", stats.recovered);
        let help = "Clients that wanted their socket back and got a new one, by the reason";
        self.counters("unrecovered_total", &["reason"], help, &stats.unrecovered);
        let help = "Sockets that were away and do not come back, by the reason";
        self.counters("sessions_ended_total", &["reason"], help, &stats.sessions_ended);
    }

    #[cfg(feature = "admin")]
    fn add_admin(&mut self, stats: &Stats) {
        let help = "Log-ins of administrators, by the outcome";
        self.counters("admin_log_ins_total", &["outcome"], help, &stats.admin_log_ins);
        let samples = stats.admin_commands.iter().flat_map(|(command, counts)| {
            let of = |outcome: &&str| vec![(*command).to_owned(), (*outcome).to_owned()];
            counts.iter().map(move |(outcome, count)| (of(outcome), SampleValue::from(*count)))
        });
        self.0.push(Family {
            name: "admin_commands_total",
            kind: FamilyKind::Counter,
            help: "Commands of administrators, by the outcome",
            labels: &["command", "outcome"],
            samples: samples.collect(),
        });
        let help = "Sessions by which administrators log in again";
        self.gauge("admin_sessions", help, stats.admin_sessions);
        let help = "Sockets whose events administrators see";
        self.gauge("admin_taps", help, stats.admin_taps);
        let help = "Events that were not shown to administrators";
        self.counter("admin_events_dropped_total", help, stats.admin_events_dropped);
        let help = "Sockets that were not shown to administrators";
        self.counter("admin_sockets_hidden_total", help, stats.admin_sockets_hidden);
    }

    fn add_path(&mut self, stats: &Stats) {
        let help = "The time of the last probe of the path of publications";
        self.gauge("path_probe_seconds", help, stats.path_probe);
        let help = "Probes of the path that failed";
        self.counter("path_probe_failures_total", help, stats.path_probe_failures);
    }

    #[cfg(feature = "api")]
    fn add_api(&mut self, stats: &Stats) {
        let samples = stats.api_requests.iter().flat_map(|(method, keys)| {
            keys.iter().flat_map(move |(key, counts)| {
                let of = |status: &u16| vec![(*method).to_owned(), key.clone(), status.to_string()];
                counts.iter().map(move |(status, count)| (of(status), SampleValue::from(*count)))
            })
        });
        self.0.push(Family {
            name: "api_requests_total",
            kind: FamilyKind::Counter,
            help: "Requests of the HTTP API",
            labels: &["method", "key", "status"],
            samples: samples.collect(),
        });
        let times = stats.api_time.iter();
        let samples = times
            .map(|(method, times)| (vec![(*method).to_owned()], SampleValue::Times(times.clone())));
        self.0.push(Family {
            name: "api_seconds",
            kind: FamilyKind::Histogram,
            help: "The time of requests of the HTTP API, from the whole head to the answer",
            labels: &["method"],
            samples: samples.collect(),
        });
    }

    #[cfg(feature = "jwt")]
    fn add_tokens(&mut self, stats: &Stats) {
        let help = "Tokens that were not believed, by the reason";
        self.counters("tokens_refused_total", &["reason"], help, &stats.tokens_refused);
    }

    #[cfg(feature = "tls")]
    fn add_tls(&mut self, stats: &Stats) {
        self.counter("tls_handshakes_total", "Complete TLS handshakes", stats.tls_handshakes);
        let (name, help) = ("tls_handshakes_failed_total", "TLS handshakes that have failed");
        self.counters(name, &["reason"], help, &stats.tls_handshake_failures);
        if let Some(expires) = stats.tls_certificate_expires {
            let help = "When the TLS certificate expires, in seconds since 1970";
            self.gauge("tls_certificate_expires_seconds", help, expires);
        }
    }

    fn add_cluster(&mut self, health: &ClusterHealth, nodes: &[NodeStatus]) {
        let is_connected = usize::from(health.is_connected);
        let help = "Whether messages of the cluster come and go: 1, or 0";
        self.gauge("cluster_connected", help, is_connected);
        self.gauge("cluster_silence_seconds", "The time since something came", health.silence);
        let help = "How far this server is behind in a stream";
        self.gauge("cluster_lag_seconds", help, health.lag);
        self.gauge("cluster_waiting", "Messages that wait for Redis", health.waiting);
        let help = "Bytes of the messages that wait for Redis";
        self.gauge("cluster_waiting_bytes", help, health.waiting_bytes);
        let alive = nodes.iter().filter(|node| node.is_alive).count();
        let states = [("alive", alive), ("lost", nodes.len() - alive)];
        self.gauges("cluster_nodes", &["state"], "Servers of the cluster, by their state", states);
        let silence = nodes.iter().map(|node| (&node.id, node.last_heard));
        let help = "The time since a server of the cluster was heard";
        self.gauges("cluster_node_silence_seconds", &["node"], help, silence);
        self.counter("cluster_sent_total", "Messages that Redis has taken", health.sent);
        let help = "Messages that could not be sent in time";
        self.counter("cluster_given_up_total", help, health.given_up);
        self.counter("cluster_losses_total", "How often Redis was lost", health.losses);
        let help = "Messages of others that could not be read, or had no room";
        self.counter("cluster_ignored_total", help, health.ignored);
        let help = "How often messages left a stream unread";
        self.counter("cluster_fell_behind_total", help, health.fell_behind);
    }

    fn add_store(&mut self, store: &StoreStatus) {
        let is_healthy = usize::from(store.health.is_healthy());
        self.gauge("store_healthy", "Whether the store keeps up: 1, or 0", is_healthy);
        self.gauge("store_queued_bytes", "Bytes that wait to be stored", store.queued_bytes);
        let help = "Bytes of the stored publications that histories keep";
        self.gauge("store_live_bytes", help, store.live_bytes);
        let help = "Bytes of all stored publications";
        self.gauge("store_stored_bytes", help, store.stored_bytes);
        let help = "Publications that were given to the store";
        self.counter("store_appended_total", help, store.appended);
        let help = "Publications that were durable at the first attempt";
        self.counter("store_committed_total", help, store.committed);
        let help = "Publications that were not stored at first";
        self.counter("store_left_out_total", help, store.left_out);
        self.counter("store_groups_total", "Group commits", store.groups);
        let help = "Group commits and attempts to open the store that failed";
        self.counter("store_failures_total", help, store.failures);
        let help = "Stores that were damaged, and put aside";
        self.counter("store_damaged_total", help, store.damaged);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The words of a text that are names of metrics.
    fn names(text: &str) -> BTreeSet<&str> {
        let words = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
        words.filter(|word| word.starts_with(super::PREFIX)).collect()
    }

    #[test]
    fn the_dashboard_shows_documented_metrics() {
        let documented = names(include_str!("../../docs/observability.md"));
        let shown = names(include_str!("../../docs/grafana.json"));
        assert!(shown.len() > 30, "{shown:?}");
        assert_eq!(shown.difference(&documented).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
