use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
};

#[cfg(feature = "admin")]
use super::admin::AdminCounters;
#[cfg(feature = "tls")]
use super::tls::TlsCounters;
#[cfg(feature = "api")]
use super::{api_requests::ApiRequests, api_times::ApiTimes};
use super::{
    tally::{Count, Label, Tally},
    traffic::Traffic,
};
use crate::model::{DisconnectReason, Quota, Transport};
#[cfg(feature = "jwt")]
use crate::tokens::TokenError;

/// Declares an enum whose values are the labels of a [`Tally`].
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

#[cfg(feature = "admin")]
pub(super) use labels;

labels! {
    /// Why a request, a namespace, a channel, a publication or a server event was refused.
    RefusalKind {
        // An HTTP request, before a connection exists.
        UnknownTransport = "unknown_transport",
        UnknownSession = "unknown_session",
        BadMethod = "bad_method",
        BadRequest = "bad_request",
        Forbidden = "forbidden",
        UnsupportedVersion = "unsupported_version",
        TooManyConnections = "max_connections",
        TooManyOfAddress = "max_connections_per_address",
        MemoryExhausted = "max_memory",
        ShuttingDown = "shutting_down",
        // A request whose session is on another server.
        TooManyForwarded = "max_forwarded",
        // A request, or a connection that joins a namespace.
        LargeHandshake = "max_handshake",
        // A connection that joins a namespace.
        UnknownNamespace = "unknown_namespace",
        FullNamespace = "max_sockets",
        TooManyNamespaces = "max_namespaces",
        ByOnConnect = "on_connect",
        Token = "token",
        // A socket's request about a channel.
        Subscription = "subscribe",
        SubscriptionRate = "subscribe_rate",
        Publication = "publish",
        // A request about the presence in a channel.
        Presence = "presence",
        // A member of a channel, who is then only counted.
        PresenceBytes = "max_presence_bytes",
        LargeMember = "max_info",
        // A publication by the application.
        Overloaded = "max_publications",
        // An answer to a broadcast.
        Answer = "max_ack_bytes",
        // An event of another server.
        TooManyServerEvents = "max_server_events",
    }
}

labels! {
    /// How a handler failed.
    HandlerFailure {
        /// The handler refused the client's request.
        Rejected = "rejected",
        Error = "error",
        Panic = "panic",
        Timeout = "timeout",
        Stopped = "stopped",
    }
}

labels! {
    /// Why a request could not be passed on to the server that has its session.
    ForwardFailure {
        /// No server has the id that the session names.
        UnknownNode = "unknown_node",
        /// The server refuses the connection, or this one is not known to the cluster yet.
        Unreachable = "unreachable",
        /// The server has not answered in time.
        Timeout = "timeout",
        /// The connection was lost before the answer, or the answer is invalid.
        Broken = "broken",
        /// Another server has passed a request on to this one, with a proof that is wrong or old.
        WrongProof = "wrong_proof",
    }
}

labels! {
    /// Why a history has dropped a publication.
    TrimReason {
        /// The channel has newer ones, as many as it keeps.
        Count = "count",
        Age = "age",
        Bytes = "bytes",
        Channels = "channels",
        /// By [`SocketIo::remove_history`](crate::SocketIo::remove_history).
        Removed = "removed",
    }
}

labels! {
    /// Why a socket that was away does not come back.
    SessionEndKind {
        Window = "window",
        Count = "max_sessions_away",
        Bytes = "max_sessions_away_bytes",
        /// It was put out.
        Forgotten = "forgotten",
        /// Something that its client missed was lost.
        Lost = "lost",
        /// A client came back for it, and did not wait longer.
        Takeover = "takeover_timeout",
        /// A store has kept it, and this run can't go on with it.
        Restart = "restart",
    }
}

labels! {
    /// Why a client that shows a private id is not recovered.
    UnrecoveredKind {
        /// There is no such session, or another client has it.
        Unknown = "unknown",
        /// It shows a position that this server does not have.
        Position = "position",
        Lost = "lost",
        TooMuch = "max_recovered",
        Takeover = "takeover_timeout",
        /// The client is another user by now, or a guest.
        OtherUser = "other_user",
    }
}

#[cfg(feature = "jwt")]
impl Label for TokenError {
    const ALL: &'static [Self] = &Self::ALL;

    fn index(self) -> usize {
        self as usize
    }

    fn text(self) -> &'static str {
        self.as_str()
    }
}

#[cfg(feature = "tls")]
labels! {
    /// Why a TLS handshake has failed.
    HandshakeFailure {
        Timeout = "timeout",
        /// It was the oldest of too many.
        CrowdedOut = "max_tls_handshakes",
        /// The client has closed the connection.
        Closed = "closed",
        /// The client sent something else than TLS, such as plain HTTP.
        NotTls = "not_tls",
        /// The client has refused, mostly because it does not trust the certificate.
        Alert = "alert",
        /// There is no version, cipher or protocol that both have, or the client broke the rules.
        Incompatible = "incompatible",
    }
}

impl fmt::Display for ForwardFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
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

/// The counters of a server, which all its parts add to.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Connections opened, by their first transport.
    pub(crate) opened: Tally<Transport>,
    /// Sessions that moved from polling to a WebSocket.
    pub(crate) upgraded: Count,
    /// Connections ended, by reason.
    pub(crate) ended: Tally<DisconnectReason>,
    pub(crate) refused: Tally<RefusalKind>,
    pub(crate) traffic: Traffic,
    /// Requests that are passed on to other servers now.
    pub(crate) forwarding: Quota,
    /// Requests that were passed on to other servers, and answered by them.
    pub(crate) forwarded: Count,
    pub(crate) forward_failures: Tally<ForwardFailure>,
    /// Publications that the sequencer has ordered.
    pub(crate) published: Count,
    /// Publications of clients that were held back for receivers that read slowly.
    pub(crate) held: Count,
    /// How often such a receiver was given up.
    pub(crate) given_up: Count,
    /// How often reading from a client was paused because it exceeded its rate.
    pub(crate) throttled: Count,
    pub(crate) failed: Tally<HandlerFailure>,
    /// Events of clients that no handler took.
    pub(crate) unknown: Count,
    pub(crate) channels: Gauge,
    pub(crate) subscriptions: Gauge,
    /// Outboxes that are congested.
    pub(crate) congested: Quota,
    /// Members of channels with presence.
    pub(crate) members: Gauge,
    /// Channels that have a history.
    pub(crate) histories: Gauge,
    /// Bytes of all histories.
    pub(crate) history_bytes: Gauge,
    /// Publications that were sent again to clients that came back.
    pub(crate) replayed: Count,
    /// Publications that histories have dropped.
    pub(crate) history_trimmed: Tally<TrimReason>,
    /// Sockets that are away and may come back.
    pub(crate) sessions_away: Gauge,
    /// Bytes of them.
    pub(crate) sessions_away_bytes: Gauge,
    /// Sockets that have come back.
    pub(crate) recovered: Count,
    /// Clients that wanted their sockets back and got new ones.
    pub(crate) unrecovered: Tally<UnrecoveredKind>,
    /// Sockets that were away and do not come back.
    pub(crate) sessions_ended: Tally<SessionEndKind>,
    #[cfg(feature = "admin")]
    pub(crate) admin: AdminCounters,
    /// Microseconds that the last probe of the path took.
    pub(crate) path_probe_micros: Gauge,
    pub(crate) path_probe_failures: Count,
    #[cfg(feature = "api")]
    pub(crate) api_requests: ApiRequests,
    #[cfg(feature = "api")]
    pub(crate) api_times: ApiTimes,
    /// Tokens that were not believed.
    #[cfg(feature = "jwt")]
    pub(crate) tokens_refused: Tally<TokenError>,
    #[cfg(feature = "tls")]
    pub(crate) tls: TlsCounters,
}

/// A number of things that exist now.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

impl Gauge {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
