use metrics::{Label, counter, describe_counter, describe_gauge, gauge};

#[cfg(feature = "api")]
use super::TimeHistogram;
use super::{
    Stats,
    families::{Families, Family, FamilyKind, PREFIX, SampleValue},
};

/// Records all stats with the `metrics` recorder that the application has installed, if any.
pub(crate) fn record(stats: &Stats) {
    for Family { name, kind, help, labels, samples } in Families::of(stats).0 {
        let name = format!("{PREFIX}{name}");
        match kind {
            FamilyKind::Gauge => describe_gauge!(name.clone(), help),
            FamilyKind::Counter => describe_counter!(name.clone(), help),
            #[cfg(feature = "api")]
            FamilyKind::Histogram => {
                describe_counter!(format!("{name}_bucket"), help);
                describe_counter!(format!("{name}_count"), help);
                describe_gauge!(format!("{name}_sum"), help);
            }
        }
        for (of, value) in samples {
            let labels = labels.iter().zip(of);
            let labels: Vec<_> = labels.map(|(label, of)| Label::new(*label, of)).collect();
            match (kind, value) {
                (FamilyKind::Counter, SampleValue::Whole(value)) => {
                    counter!(name.clone(), labels).absolute(value);
                }
                (_, SampleValue::Whole(value)) => gauge!(name.clone(), labels).set(value as f64),
                (_, SampleValue::Real(value)) => gauge!(name.clone(), labels).set(value),
                #[cfg(feature = "api")]
                (_, SampleValue::Times(times)) => record_times(&name, &labels, &times),
            }
        }
    }
}

/// Records a histogram. Those of the facade take each value as it comes, and this one is counted
/// already. So it is recorded as the series that Prometheus makes of a histogram.
#[cfg(feature = "api")]
fn record_times(name: &str, labels: &[Label], times: &TimeHistogram) {
    let mut at_most = 0;
    for (bound, count) in times.seconds() {
        at_most += count;
        let bound = if bound.is_finite() {
            Label::new("le", format!("{bound:?}"))
        } else {
            Label::new("le", "+Inf")
        };
        let labels: Vec<_> = labels.iter().cloned().chain([bound]).collect();
        counter!(format!("{name}_bucket"), labels).absolute(at_most);
    }
    counter!(format!("{name}_count"), labels.to_vec()).absolute(times.count);
    gauge!(format!("{name}_sum"), labels.to_vec()).set(times.sum.as_secs_f64());
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
    use crate::{
        model::{ClusterHealth, NodeStatus},
        store::StoreStatus,
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
        #[cfg(feature = "api")]
        counters.api_requests.add("publish", "shop", 200);
        #[cfg(feature = "api")]
        for millis in [4, 5, 6, 6_000] {
            counters.api_times.add("publish", Duration::from_millis(millis));
        }
        #[cfg(feature = "tls")]
        counters.tls.set_certificate(std::sync::Arc::new(2_214_086_400.into()));
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
        #[cfg(feature = "api")]
        {
            let series = |end: &str| format!("actix_socketio_api_seconds_{end}");
            for (bound, count) in [("0.0025", 0), ("0.005", 2), ("5.0", 3), ("+Inf", 4)] {
                let bucket = series(&format!("bucket method=publish,le={bound}"));
                assert_eq!(recorder.counter(&bucket), count, "{bucket}");
            }
            assert_eq!(recorder.counter(&series("count method=publish")), 4);
            assert_eq!(recorder.gauge(&series("sum method=publish")), 6.015);
        }

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
