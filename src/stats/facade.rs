use metrics::{counter, gauge};

use super::Stats;

/// Gives everything to the recorder that the application has installed, if it has.
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
    for (transport, count) in &stats.connections_opened {
        counter!("actix_socketio_connections_opened_total", "transport" => *transport).absolute(*count);
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
    counter!("actix_socketio_throttled_total").absolute(stats.throttled);
    counter!("actix_socketio_events_handled_total").absolute(stats.events_handled);
    let micros = u64::try_from(stats.handler_time.as_micros()).unwrap_or(u64::MAX);
    counter!("actix_socketio_handler_microseconds_total").absolute(micros);
    for (failure, count) in &stats.handler_failures {
        counter!("actix_socketio_handler_failures_total", "failure" => *failure).absolute(*count);
    }
}
