//! Every limit and timing, with its default and what happens when it is reached.

use std::time::Duration;

use crate::model::{Rate, Transport};

/// The settings of a server, as [`SocketIo::config`](crate::SocketIo::config) shows them.
///
/// Each is set by the method of [`Builder`](crate::Builder) with its name. The defaults are meant
/// to go to production with; those that Socket.IO has too are Socket.IO's.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The path of the endpoint, with or without a slash at the end. Default: `/socket.io`.
    pub path: String,
    /// What clients may connect with. Default: polling and WebSocket.
    pub transports: Vec<Transport>,
    /// Whether clients may move from polling to a WebSocket. Default: yes.
    pub allow_upgrades: bool,
    /// Whether clients of Socket.IO 2 (Engine.IO 3) may connect. Default: no.
    pub allow_eio3: bool,
    /// Whether `socket.io.js`, the browser client, is served under the path. Default: yes.
    pub serve_client: bool,
    /// Whether long-polling bodies and the browser client are compressed, with gzip or deflate, for
    /// clients that take it. As with any compression under TLS, keep secrets and what strangers may
    /// choose out of the same body. Default: yes.
    pub http_compression: bool,
    /// Bytes from which on a long-polling body is compressed. Default: 1,024.
    pub compression_threshold: usize,
    /// Whether WebSocket messages may be compressed, both ways, with clients that offer
    /// permessage-deflate (RFC 7692). Each is compressed by itself, once for all its receivers;
    /// `max_payload` holds for what is inflated, too. As with any compression, keep secrets and
    /// what strangers may choose out of the same message. Default: no.
    pub per_message_deflate: bool,
    /// Bytes from which on a WebSocket message is compressed. Default: 1,024.
    pub deflate_threshold: usize,
    /// Whether clients may subscribe to channels of any name, route or not. Default: no.
    pub open_channels: bool,
    /// The event by which a client subscribes. Default: `subscribe`.
    pub subscribe_event: String,
    /// The event by which a client unsubscribes. Default: `unsubscribe`.
    pub unsubscribe_event: String,
    /// The event by which a client publishes. Default: `publish`.
    pub publish_event: String,

    /// Time between two pings. The first comes one interval after the handshake. Default: 25 s.
    pub ping_interval: Duration,
    /// How long the pong may take; the client is then gone, with
    /// [`DisconnectReason::PingTimeout`](crate::DisconnectReason::PingTimeout). Default: 20 s.
    pub ping_timeout: Duration,
    /// How long a client may be in no namespace; its connection is then closed. Default: 45 s.
    pub connect_timeout: Duration,
    /// How long a WebSocket which probes may take to upgrade; it is then closed, and polling goes
    /// on. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// How long the body of a POST may take; the session then ends, with HTTP 408. Default: 20 s.
    pub body_timeout: Duration,
    /// How long what the server said last waits for a client to fetch it, or to read it from a
    /// WebSocket. Default: 30 s.
    pub close_timeout: Duration,
    /// How long a WebSocket which the server has closed waits for the client to close its end, too.
    /// Default: 1 s.
    pub linger_timeout: Duration,
    /// How long a handler may take for one event; the next one is then started, and
    /// [`OnError`](crate::OnError) hears of it. Default: 30 s.
    pub handler_timeout: Duration,
    /// How long a client may take to acknowledge; the wait then ends in
    /// [`AckError::Timeout`](crate::AckError::Timeout). Default: 10 s.
    pub ack_timeout: Duration,
    /// How long [`SocketIo::shutdown`](crate::SocketIo::shutdown) waits for the last `OnFinish`.
    /// Clients whose handlers are still at work when three quarters of it are over hear no answer
    /// from them any more. Default: 10 s.
    pub shutdown_timeout: Duration,
    /// The time over which a shutdown spreads the ends of more than a hundred connections, so that
    /// not all come back, to another server, at once; half of `shutdown_timeout` at most. Default:
    /// 2 s.
    pub shutdown_window: Duration,
    /// How long what was sent to a client may stay unacknowledged by its TCP, on a server started
    /// with [`SocketIo::serve`](crate::SocketIo::serve); the kernel then closes the connection.
    /// Linux. Default: 20 s.
    pub tcp_timeout: Duration,

    /// Bytes of a polling body and of a WebSocket message, in both directions. A larger body is
    /// refused with HTTP 413, a larger message closes the WebSocket with code 1009. Socket.IO's
    /// `maxHttpBufferSize`. Default: 1,000,000.
    #[doc(alias = "max_http_buffer_size")]
    pub max_payload: usize,
    /// Packets in the answer to one poll; the rest waits for the next. python-socketio hangs up at
    /// more than 16. Default: 16.
    pub max_poll_packets: usize,
    /// Connections of this server; more are refused with HTTP 503 and `Retry-After`. Each takes a
    /// descriptor, of which the process needs some more. Default: 100,000.
    pub max_connections: usize,
    /// Connections of one [address](crate::Handshake::client_ip), or of one IPv6 /64; more are
    /// refused with HTTP 429. Whole offices come from one address. Default: no limit.
    pub max_connections_per_address: usize,
    /// Proxies before this server which write the address of who connects to them at the end of
    /// `X-Forwarded-For`. With more than there are, clients can choose their address; with fewer,
    /// all have the proxy's. Default: 0.
    pub trusted_proxies: usize,
    /// Packets of a client that are read, the attachments of a binary one each for themselves. Who
    /// sends faster is not read meanwhile, and TCP makes it wait: nothing is lost. Default: no
    /// limit.
    pub event_rate: Option<Rate>,
    /// Bytes of packets that are read of a client, likewise. Default: no limit.
    pub byte_rate: Option<Rate>,
    /// Subscriptions that one connection may ask for; more are refused, with the time to wait.
    /// Default: no limit.
    pub subscribe_rate: Option<Rate>,
    /// Bytes of memory that what waits for a client may take, roughly: each event counts for some
    /// 120 more than it has. One which reads too slowly is let go with
    /// [`DisconnectReason::SlowConsumer`](crate::DisconnectReason::SlowConsumer). Default: 4 MiB.
    pub max_outbox: usize,
    /// Events of a client that wait for its handlers. Then no more is read from the client until
    /// there is room, and TCP makes it wait. Default: 64.
    pub max_inbox: usize,
    /// Bytes of a client's events that wait for its handlers, roughly as they are in memory; the
    /// same then. Default: 4 MiB.
    pub max_inbox_bytes: usize,
    /// Publications on their way to their receivers' queues, of all senders together; then
    /// [`SendError::Overloaded`](crate::SendError::Overloaded). Default: 65,536.
    pub max_publications: usize,
    /// Changes that wait for the slowest listener of
    /// [`SocketIo::changes`](crate::SocketIo::changes); then the oldest are dropped, and it hears
    /// of that. Default: 1,024.
    pub max_changes: usize,
    /// Sockets in one namespace; more are refused, with `the namespace is full`. Default: no limit.
    pub max_sockets: usize,
    /// Channels that one socket may be subscribed to; then
    /// [`SubscribeError::TooManyChannels`](crate::SubscribeError::TooManyChannels). Default: 1,024.
    pub max_channels: usize,
    /// Bytes of a channel's name. Default: 255.
    pub max_channel_length: usize,
    /// Namespaces which one connection may be in; joining more is refused. Default: 16.
    pub max_namespaces: usize,
    /// Acknowledgements that are waited for, for each socket; then
    /// [`AckError::TooMany`](crate::AckError::TooMany). Default: 1,024.
    pub max_pending_acks: usize,
    /// Attachments of one binary event or acknowledgement; more is a parse error. Together they may
    /// have `max_payload` bytes. Default: 10.
    pub max_attachments: usize,
    /// Levels of nested arrays and objects in what a client sends; more is a parse error. Default:
    /// 100.
    pub max_json_depth: usize,
}

impl Config {
    /// The default, for who has no configuration at hand, and makes none for each connection.
    pub(crate) const TCP_TIMEOUT: Duration = Duration::from_secs(20);
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            transports: vec![Transport::Polling, Transport::WebSocket],
            allow_upgrades: true,
            allow_eio3: false,
            serve_client: true,
            http_compression: true,
            compression_threshold: 1_024,
            per_message_deflate: false,
            deflate_threshold: 1_024,
            open_channels: false,
            subscribe_event: "subscribe".to_owned(),
            unsubscribe_event: "unsubscribe".to_owned(),
            publish_event: "publish".to_owned(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(45),
            upgrade_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(1),
            handler_timeout: Duration::from_secs(30),
            ack_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(10),
            shutdown_window: Duration::from_secs(2),
            tcp_timeout: Self::TCP_TIMEOUT,
            max_payload: 1_000_000,
            max_poll_packets: 16,
            max_connections: 100_000,
            max_connections_per_address: usize::MAX,
            trusted_proxies: 0,
            event_rate: None,
            byte_rate: None,
            subscribe_rate: None,
            max_outbox: 4 << 20,
            max_inbox: 64,
            max_inbox_bytes: 4 << 20,
            max_publications: 65_536,
            max_changes: 1_024,
            max_sockets: usize::MAX,
            max_channels: 1_024,
            max_channel_length: 255,
            max_namespaces: 16,
            max_pending_acks: 1_024,
            max_attachments: 10,
            max_json_depth: 100,
        }
    }
}
