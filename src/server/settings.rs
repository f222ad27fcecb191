//! The settings of a [`Builder`], and which of them make no sense.

use std::time::Duration;

use super::{BuildError, Builder};
use crate::{
    config::Config,
    http::{Cookie, Cors},
    model::{Rate, Transport},
    protocol::{PacketCodec, Parser, is_reserved},
};

/// A setting with the name of a field of [`Config`], which describes it.
macro_rules! settings {
    ($($name:ident: $type:ty,)*) => {$(
        #[doc = concat!("Sets [`Config::", stringify!($name), "`].")]
        pub fn $name(mut self, $name: $type) -> Self {
            self.config.$name = $name;
            self
        }
    )*};
}

/// # Settings
impl Builder {
    settings! {
        allow_upgrades: bool,
        allow_eio3: bool,
        serve_client: bool,
        http_compression: bool,
        compression_threshold: usize,
        per_message_deflate: bool,
        deflate_threshold: usize,
        ping_interval: Duration,
        ping_timeout: Duration,
        connect_timeout: Duration,
        upgrade_timeout: Duration,
        body_timeout: Duration,
        close_timeout: Duration,
        linger_timeout: Duration,
        handler_timeout: Duration,
        ack_timeout: Duration,
        shutdown_timeout: Duration,
        shutdown_window: Duration,
        tcp_timeout: Duration,
        max_connections: usize,
        max_connections_per_address: usize,
        trusted_proxies: usize,
        max_payload: usize,
        max_poll_packets: usize,
        max_outbox: usize,
        max_inbox: usize,
        max_inbox_bytes: usize,
        max_publications: usize,
        max_changes: usize,
        max_sockets: usize,
        max_channels: usize,
        max_channel_length: usize,
        max_namespaces: usize,
        max_pending_acks: usize,
        max_attachments: usize,
        max_json_depth: usize,
    }

    /// Sets [`Config::event_rate`].
    pub fn event_rate(mut self, rate: Rate) -> Self {
        self.config.event_rate = Some(rate);
        self
    }

    /// Sets [`Config::byte_rate`].
    pub fn byte_rate(mut self, rate: Rate) -> Self {
        self.config.byte_rate = Some(rate);
        self
    }

    /// Sets [`Config::subscribe_rate`].
    pub fn subscribe_rate(mut self, rate: Rate) -> Self {
        self.config.subscribe_rate = Some(rate);
        self
    }

    /// Sets [`Config::path`].
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.config.path = path.into();
        self
    }

    /// Sets [`Config::transports`].
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.config.transports = transports.into_iter().collect();
        self
    }

    /// Sets [`Config::subscribe_event`].
    pub fn subscribe_event(mut self, event: impl Into<String>) -> Self {
        self.config.subscribe_event = event.into();
        self
    }

    /// Sets [`Config::unsubscribe_event`].
    pub fn unsubscribe_event(mut self, event: impl Into<String>) -> Self {
        self.config.unsubscribe_event = event.into();
        self
    }

    /// Sets [`Config::publish_event`].
    pub fn publish_event(mut self, event: impl Into<String>) -> Self {
        self.config.publish_event = event.into();
        self
    }

    /// Sets [`Config::open_channels`]: any client may subscribe to a channel of any name, unless a
    /// handler objects. That was django-socketio's rule; without it, routes say which channels
    /// there are.
    pub fn open_channels(mut self) -> Self {
        self.config.open_channels = true;
        self
    }

    /// Writes and reads packets in another way; clients must do so, too. Default: JSON with
    /// attachments, as Socket.IO's.
    pub fn parser(mut self, parser: impl Parser) -> Self {
        self.codec = PacketCodec::new(parser);
        self
    }

    /// Lets pages of other origins poll.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.endpoint.cors = Some(cors);
        self
    }

    /// Has the answer to a handshake by polling set a cookie with the session's id, for a load
    /// balancer which goes by it. Read at [`Cookie`] what comes with that. Default: no cookie.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.endpoint.cookie = Some(cookie);
        self
    }
}

/// What no server can work with.
pub(super) fn check(config: &Config) -> Result<(), BuildError> {
    let no = |setting, why| Err(BuildError::Setting { setting, why });
    if !config.path.starts_with('/') {
        return no("path", "it starts with a slash");
    }
    if config.path.contains(['{', '}', '?', '#']) {
        return no("path", "it is a plain path, without patterns, query or fragment");
    }
    if config.transports.is_empty() {
        return no("transports", "there must be at least one");
    }
    let times = [
        ("ping_interval", config.ping_interval),
        ("ping_timeout", config.ping_timeout),
        ("connect_timeout", config.connect_timeout),
        ("upgrade_timeout", config.upgrade_timeout),
        ("body_timeout", config.body_timeout),
        ("handler_timeout", config.handler_timeout),
        ("ack_timeout", config.ack_timeout),
    ];
    if let Some((setting, _)) = times.iter().find(|(_, time)| time.is_zero()) {
        return no(setting, "it must be longer than nothing");
    }
    // Who waits for nobody at the end, may.
    let last = [
        ("close_timeout", config.close_timeout),
        ("linger_timeout", config.linger_timeout),
        ("shutdown_timeout", config.shutdown_timeout),
        ("shutdown_window", config.shutdown_window),
    ];
    for (setting, time) in times.into_iter().chain(last) {
        if time > Duration::from_secs(86_400 * 365) {
            return no(setting, "it must be shorter than a year");
        }
    }
    for (setting, bound) in [
        ("max_connections", config.max_connections),
        ("max_connections_per_address", config.max_connections_per_address),
        ("max_payload", config.max_payload),
        ("max_poll_packets", config.max_poll_packets),
        ("max_outbox", config.max_outbox),
        ("max_inbox", config.max_inbox),
        ("max_inbox_bytes", config.max_inbox_bytes),
        ("max_publications", config.max_publications),
        ("max_changes", config.max_changes),
        ("max_sockets", config.max_sockets),
        ("max_channel_length", config.max_channel_length),
        ("max_namespaces", config.max_namespaces),
        ("max_json_depth", config.max_json_depth),
    ] {
        if bound == 0 {
            return no(setting, "it must be at least 1");
        }
    }
    for (setting, rate) in [
        ("event_rate", config.event_rate),
        ("byte_rate", config.byte_rate),
        ("subscribe_rate", config.subscribe_rate),
    ] {
        if rate.is_some_and(|rate| !rate.is_possible()) {
            return no(setting, "it must let something through");
        }
    }
    let events = [
        ("subscribe_event", &config.subscribe_event),
        ("unsubscribe_event", &config.unsubscribe_event),
        ("publish_event", &config.publish_event),
    ];
    for (at, (setting, event)) in events.iter().enumerate() {
        if event.is_empty() || is_reserved(event) {
            return no(setting, "it needs a name which Socket.IO does not keep for itself");
        }
        if events[..at].iter().any(|(_, other)| other == event) {
            return no(setting, "the three events need different names");
        }
    }
    Ok(())
}
