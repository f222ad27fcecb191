//! The report of a server for the UI: its state, and its counts since the last report.

use std::{
    collections::BTreeMap,
    process,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{model::Namespace, stats::Stats};

/// The most namespaces that are told. A family of namespaces may have any number.
const MAX_NAMESPACES: usize = 1_000;

/// How the UI knows a server.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerIdentity {
    server_id: String,
    hostname: String,
    pid: u32,
}

/// The event `server_stats`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServerStats<'a> {
    #[serde(flatten)]
    identity: &'a ServerIdentity,
    /// In seconds.
    uptime: f64,
    clients_count: usize,
    polling_clients_count: usize,
    aggregated_events: Vec<AggregatedEvent>,
    namespaces: Vec<NamespaceSize>,
}

/// How often something has happened.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AggregatedEvent {
    /// A whole second, in milliseconds of Unix time.
    timestamp: u64,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'static str>,
    count: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceSize {
    name: String,
    sockets_count: usize,
}

/// The counts since the server was built.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Totals {
    connections: u64,
    disconnections: BTreeMap<&'static str, u64>,
    /// Packets in, bytes in, packets out, bytes out.
    traffic: [u64; 4],
}

impl ServerIdentity {
    pub(super) fn new(server_id: Option<String>) -> Self {
        let hostname = gethostname::gethostname().to_string_lossy().into_owned();
        let pid = process::id();
        let server_id = server_id.unwrap_or_else(|| own_id(&hostname, pid));
        Self { server_id, hostname, pid }
    }
}

/// The name of the machine and the number of the process. Later servers of a process have one more
/// number.
fn own_id(hostname: &str, pid: u32) -> String {
    static SERVERS: AtomicUsize = AtomicUsize::new(0);
    match SERVERS.fetch_add(1, Ordering::Relaxed) {
        0 => format!("{hostname}#{pid}"),
        earlier => format!("{hostname}#{pid}#{}", earlier + 1),
    }
}

impl<'a> ServerStats<'a> {
    pub(super) fn new(
        identity: &'a ServerIdentity,
        stats: &Stats,
        uptime: Duration,
        sizes: impl IntoIterator<Item = (Namespace, usize)>,
        aggregated_events: Vec<AggregatedEvent>,
    ) -> Self {
        let size = |(name, sockets_count): (Namespace, usize)| {
            let name = name.as_str().to_owned();
            NamespaceSize { name, sockets_count }
        };
        Self {
            identity,
            uptime: uptime.as_secs_f64(),
            clients_count: stats.connections,
            polling_clients_count: stats.transports.get("polling").copied().unwrap_or(0),
            aggregated_events,
            namespaces: sizes.into_iter().take(MAX_NAMESPACES).map(size).collect(),
        }
    }
}

impl Totals {
    pub(super) fn of(stats: &Stats) -> Self {
        Self {
            connections: stats.connections_opened.values().sum(),
            disconnections: stats.disconnects.clone(),
            traffic: [
                stats.messages_received,
                stats.bytes_received,
                stats.messages_sent,
                stats.bytes_sent,
            ],
        }
    }

    /// The counts since `earlier`, as of `now`, without those that are zero.
    pub(super) fn since(&self, earlier: &Self, now: SystemTime) -> Vec<AggregatedEvent> {
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let event = |kind, sub_type, now: u64, before: u64| AggregatedEvent {
            timestamp: seconds * 1_000,
            kind,
            sub_type,
            count: now.saturating_sub(before),
        };
        let connections = event("rawConnection", None, self.connections, earlier.connections);
        let disconnections = self.disconnections.iter().map(|(reason, count)| {
            let before = earlier.disconnections.get(reason).copied().unwrap_or(0);
            event("rawDisconnection", Some(*reason), *count, before)
        });
        let kinds = ["packetsIn", "bytesIn", "packetsOut", "bytesOut"];
        let traffic = (0..kinds.len())
            .map(|at| event(kinds[at], None, self.traffic[at], earlier.traffic[at]));
        let events = std::iter::once(connections).chain(disconnections).chain(traffic);
        events.filter(|event| event.count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn events_are_what_was_counted_since_the_last_time() {
        let before = Totals {
            connections: 3,
            disconnections: [("transport close", 1), ("ping timeout", 2)].into(),
            traffic: [10, 100, 20, 200],
        };
        let mut after = before.clone();
        assert_eq!(after.since(&before, at(1_500)), []);
        after.connections = 5;
        after.disconnections.insert("transport close", 4);
        after.disconnections.insert("parse error", 1);
        after.traffic = [11, 100, 22, 250];
        let events = serde_json::to_value(after.since(&before, at(1_795_993_213_999))).unwrap();
        let timestamp = 1_795_993_213_000_u64;
        assert_eq!(
            events,
            json!([
                {"timestamp": timestamp, "type": "rawConnection", "count": 2},
                {"timestamp": timestamp, "type": "rawDisconnection", "subType": "parse error", "count": 1},
                {"timestamp": timestamp, "type": "rawDisconnection", "subType": "transport close", "count": 3},
                {"timestamp": timestamp, "type": "packetsIn", "count": 1},
                {"timestamp": timestamp, "type": "packetsOut", "count": 2},
                {"timestamp": timestamp, "type": "bytesOut", "count": 50},
            ])
        );
    }

    #[test]
    fn servers_of_one_process_have_names_of_their_own() {
        let ids: Vec<_> = (0..3).map(|_| ServerIdentity::new(None).server_id).collect();
        assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
        assert_eq!(ServerIdentity::new(Some("web-1".to_owned())).server_id, "web-1");
    }
}
