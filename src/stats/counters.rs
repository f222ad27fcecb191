use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    tally::{Count, Label, Tally},
    traffic::Traffic,
};
use crate::model::{DisconnectReason, Transport};

/// An enum whose values are labels of something that is counted.
macro_rules! labels {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $label:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$doc])* $label,)*
        }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$label,)*];

            fn index(self) -> usize {
                self as usize
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$label => $text,)*
                }
            }
        }
    };
}

labels! {
    /// What was not granted, and why.
    RefusalKind {
        // Requests, before there is a connection.
        UnknownTransport = "unknown_transport",
        UnknownSession = "unknown_session",
        BadMethod = "bad_method",
        BadRequest = "bad_request",
        Forbidden = "forbidden",
        UnsupportedVersion = "unsupported_version",
        TooManyConnections = "max_connections",
        TooManyOfAddress = "max_connections_per_address",
        ShuttingDown = "shutting_down",
        // A namespace, to a connection.
        UnknownNamespace = "unknown_namespace",
        FullNamespace = "max_sockets",
        TooManyNamespaces = "max_namespaces",
        ByOnConnect = "on_connect",
        // Something about a channel, to a socket.
        Subscription = "subscribe",
        SubscriptionRate = "subscribe_rate",
        Publication = "publish",
        // A publication, to the application.
        Overloaded = "max_publications",
    }
}

labels! {
    /// How a handler failed.
    HandlerFailure {
        /// It objected to what the client wants.
        Rejected = "rejected",
        Error = "error",
        Panic = "panic",
        Timeout = "timeout",
        Stopped = "stopped",
    }
}

impl Label for DisconnectReason {
    const ALL: &'static [Self] = &Self::ALL;

    fn index(self) -> usize {
        self as usize
    }

    fn text(self) -> &'static str {
        self.as_str()
    }
}

impl Label for Transport {
    const ALL: &'static [Self] = &[Self::Polling, Self::WebSocket];

    fn index(self) -> usize {
        self as usize
    }

    fn text(self) -> &'static str {
        self.as_str()
    }
}

/// What all parts of a server count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections that came, by their first transport.
    pub(crate) opened: Tally<Transport>,
    pub(crate) upgraded: Count,
    /// Connections that ended.
    pub(crate) ended: Tally<DisconnectReason>,
    pub(crate) refused: Tally<RefusalKind>,
    pub(crate) traffic: Traffic,
    /// Publications that the registry has put in order.
    pub(crate) published: Count,
    /// Times that a client was read no further, since it sent faster than it may.
    pub(crate) throttled: Count,
    pub(crate) failed: Tally<HandlerFailure>,
    pub(crate) channels: Gauge,
    pub(crate) subscriptions: Gauge,
}

/// How many there are just now.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

impl Gauge {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
