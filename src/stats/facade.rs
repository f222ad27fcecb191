use metrics::{counter, gauge};

use super::Stats;
use crate::{
    model::{ClusterHealth, NodeStatus},
    store::StoreStatus,
};

/// Records all stats with the `metrics` recorder that the application has installed, if any.
pub(crate) fn record(stats: &Stats) {
    gauge!("actix_socketio_connections").set(stats.connections as f64);
    for (transport, count) in &stats.transports {
        gauge!("actix_socketio_sessions", "transport" => *transport).set(*count as f64);
    }
    for (namespace, count) in &stats.sockets {
        gauge!("actix_socketio_sockets", "namespace" => namespace.clone()).set(*count as f64);
    }
    gauge!("actix_socketio_channels").set(stats.channels as f64);
    gauge!("actix_socketio_subscriptions").set(stats.subscriptions as f64);
    gauge!("actix_socketio_publications_waiting").set(stats.publications_waiting as f64);
    gauge!("actix_socketio_outbox_frames").set(stats.outbox_frames as f64);
    gauge!("actix_socketio_outbox_bytes").set(stats.outbox_bytes as f64);
    gauge!("actix_socketio_client_memory_bytes").set(stats.client_memory as f64);
    gauge!("actix_socketio_outboxes_congested").set(stats.outboxes_congested as f64);
    if let Some(store) = &stats.store {
        record_store(store);
    }
    if let Some(cluster) = &stats.cluster {
        record_cluster(cluster, &stats.nodes);
    }
    for (transport, count) in &stats.connections_opened {
        counter!("actix_socketio_connections_opened_total", "transport" => *transport)
            .absolute(*count);
    }
    counter!("actix_socketio_upgrades_total").absolute(stats.upgrades);
    for (reason, count) in &stats.disconnects {
        counter!("actix_socketio_disconnects_total", "reason" => *reason).absolute(*count);
    }
    for (reason, count) in &stats.refusals {
        counter!("actix_socketio_refusals_total", "reason" => *reason).absolute(*count);
    }
    counter!("actix_socketio_messages_received_total").absolute(stats.messages_received);
    counter!("actix_socketio_received_bytes_total").absolute(stats.bytes_received);
    counter!("actix_socketio_messages_sent_total").absolute(stats.messages_sent);
    counter!("actix_socketio_sent_bytes_total").absolute(stats.bytes_sent);
    counter!("actix_socketio_publications_total").absolute(stats.publications);
    counter!("actix_socketio_publications_held_total").absolute(stats.publications_held);
    counter!("actix_socketio_slow_consumer_timeouts_total").absolute(stats.slow_consumer_timeouts);
    counter!("actix_socketio_throttled_total").absolute(stats.throttled);
    counter!("actix_socketio_events_handled_total").absolute(stats.events_handled);
    let micros = u64::try_from(stats.handler_time.as_micros()).unwrap_or(u64::MAX);
    counter!("actix_socketio_handler_microseconds_total").absolute(micros);
    for (failure, count) in &stats.handler_failures {
        counter!("actix_socketio_handler_failures_total", "failure" => *failure).absolute(*count);
    }
    counter!("actix_socketio_unknown_events_total").absolute(stats.unknown_events);
    gauge!("actix_socketio_members").set(stats.members as f64);
    gauge!("actix_socketio_histories").set(stats.histories as f64);
    gauge!("actix_socketio_history_bytes").set(stats.history_bytes as f64);
    for (reason, count) in &stats.history_trimmed {
        counter!("actix_socketio_history_trimmed_total", "reason" => *reason).absolute(*count);
    }
    counter!("actix_socketio_replayed_total").absolute(stats.replayed);
    gauge!("actix_socketio_sessions_away").set(stats.sessions_away as f64);
    gauge!("actix_socketio_sessions_away_bytes").set(stats.sessions_away_bytes as f64);
    counter!("actix_socketio_recovered_total").absolute(stats.recovered);
    for (reason, count) in &stats.unrecovered {
        counter!("actix_socketio_unrecovered_total", "reason" => *reason).absolute(*count);
    }
    for (reason, count) in &stats.sessions_ended {
        counter!("actix_socketio_sessions_ended_total", "reason" => *reason).absolute(*count);
    }
}

fn record_store(store: &StoreStatus) {
    let is_healthy = f64::from(u8::from(store.health.is_healthy()));
    gauge!("actix_socketio_store_healthy").set(is_healthy);
    gauge!("actix_socketio_store_queued_bytes").set(store.queued_bytes as f64);
    gauge!("actix_socketio_store_live_bytes").set(store.live_bytes as f64);
    gauge!("actix_socketio_store_stored_bytes").set(store.stored_bytes as f64);
    counter!("actix_socketio_store_appended_total").absolute(store.appended);
    counter!("actix_socketio_store_committed_total").absolute(store.committed);
    counter!("actix_socketio_store_left_out_total").absolute(store.left_out);
    counter!("actix_socketio_store_groups_total").absolute(store.groups);
    counter!("actix_socketio_store_failures_total").absolute(store.failures);
    counter!("actix_socketio_store_damaged_total").absolute(store.damaged);
}

fn record_cluster(health: &ClusterHealth, nodes: &[NodeStatus]) {
    gauge!("actix_socketio_cluster_connected").set(f64::from(u8::from(health.is_connected)));
    gauge!("actix_socketio_cluster_silence_seconds").set(health.silence.as_secs_f64());
    gauge!("actix_socketio_cluster_lag_seconds").set(health.lag.as_secs_f64());
    gauge!("actix_socketio_cluster_waiting").set(health.waiting as f64);
    gauge!("actix_socketio_cluster_waiting_bytes").set(health.waiting_bytes as f64);
    counter!("actix_socketio_cluster_sent_total").absolute(health.sent);
    counter!("actix_socketio_cluster_given_up_total").absolute(health.given_up);
    counter!("actix_socketio_cluster_losses_total").absolute(health.losses);
    counter!("actix_socketio_cluster_ignored_total").absolute(health.ignored);
    counter!("actix_socketio_cluster_fell_behind_total").absolute(health.fell_behind);
    let alive = nodes.iter().filter(|node| node.is_alive).count();
    gauge!("actix_socketio_cluster_nodes", "state" => "alive").set(alive as f64);
    gauge!("actix_socketio_cluster_nodes", "state" => "lost").set((nodes.len() - alive) as f64);
    for NodeStatus { id, last_heard, .. } in nodes {
        gauge!("actix_socketio_cluster_node_silence_seconds", "node" => id.clone())
            .set(last_heard.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
        time::Duration,
    };

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::{
        super::{Counters, Flow, Gauges, RefusalKind},
        *,
    };

    /// A recorder that keeps each value by its name and labels.
    #[derive(Default)]
    struct StoringRecorder(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

    impl StoringRecorder {
        fn cell(&self, key: &Key) -> Arc<AtomicU64> {
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let name = format!("{} {}", key.name(), labels.join(","));
            Arc::clone(self.0.lock().unwrap().entry(name.trim_end().to_owned()).or_default())
        }

        fn counter(&self, name: &str) -> u64 {
            self.0.lock().unwrap()[name].load(Ordering::Relaxed)
        }

        fn gauge(&self, name: &str) -> f64 {
            f64::from_bits(self.counter(name))
        }
    }

    impl Recorder for StoringRecorder {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.cell(key))
        }

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.cell(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    /// This server, and one that is lost.
    fn nodes() -> Vec<NodeStatus> {
        let mut lost = NodeStatus::new("b");
        (lost.is_alive, lost.last_heard) = (false, Duration::from_secs(12));
        vec![NodeStatus::new("a"), lost]
    }

    #[test]
    fn a_recorder_receives_exactly_the_documented_metrics() {
        let counters = Counters::default();
        counters.refused.add(RefusalKind::TooManyConnections);
        counters.traffic.add(Flow::Sent, 3, 120);
        counters.traffic.add(Flow::Handled, 1, 7);
        let gauges = Gauges {
            connections: 2,
            transports: [("polling", 1), ("websocket", 1)].into(),
            sockets: [("/".to_owned(), 2)].into(),
            store: Some(StoreStatus::new(crate::store::StoreHealth::Healthy)),
            cluster: Some(ClusterHealth {
                is_connected: true,
                lag: Duration::from_millis(1500),
                losses: 2,
                ..ClusterHealth::default()
            }),
            nodes: nodes(),
            ..Gauges::default()
        };
        let recorder = StoringRecorder::default();
        metrics::with_local_recorder(&recorder, || record(&Stats::new(&counters, gauges)));
        assert_eq!(recorder.gauge("actix_socketio_connections"), 2.0);
        assert_eq!(recorder.gauge("actix_socketio_sessions transport=polling"), 1.0);
        assert_eq!(recorder.gauge("actix_socketio_sockets namespace=/"), 2.0);
        assert_eq!(recorder.counter("actix_socketio_refusals_total reason=max_connections"), 1);
        assert_eq!(
            recorder.counter("actix_socketio_refusals_total reason=publish"),
            0,
            "a label is recorded before it first counts"
        );
        assert_eq!(recorder.counter("actix_socketio_messages_sent_total"), 3);
        assert_eq!(recorder.counter("actix_socketio_sent_bytes_total"), 120);
        assert_eq!(recorder.counter("actix_socketio_handler_microseconds_total"), 7);
        assert_eq!(recorder.gauge("actix_socketio_store_healthy"), 1.0);
        assert_eq!(recorder.gauge("actix_socketio_cluster_connected"), 1.0);
        assert_eq!(recorder.gauge("actix_socketio_cluster_lag_seconds"), 1.5);
        assert_eq!(recorder.counter("actix_socketio_cluster_losses_total"), 2);
        assert_eq!(recorder.gauge("actix_socketio_cluster_nodes state=alive"), 1.0);
        assert_eq!(recorder.gauge("actix_socketio_cluster_nodes state=lost"), 1.0);
        let silence = "actix_socketio_cluster_node_silence_seconds node=b";
        assert_eq!(recorder.gauge(silence), 12.0);

        let page = include_str!("../../docs/observability.md");
        let documented: BTreeSet<_> =
            page.split('`').filter(|word| word.starts_with("actix_socketio_")).collect();
        let recorded_values = recorder.0.into_inner().unwrap();
        let recorded: BTreeSet<_> =
            recorded_values.keys().filter_map(|key| key.split(' ').next()).collect();
        assert_eq!(recorded, documented);
        for reason in recorded_values
            .keys()
            .filter_map(|key| key.strip_prefix("actix_socketio_refusals_total reason="))
        {
            assert!(page.contains(&format!("`{reason}`")), "{reason} is not documented");
        }
    }
}
