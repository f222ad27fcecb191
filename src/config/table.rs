//! The table of settings. A new setting is a row here, and a row in `docs/limits.md`.

/// Hands the table of settings to the macro `$callback`. A row has these parts, in this order:
///
/// * Its docs, for the field and the builder's methods. The macros add the default to them.
/// * `name: type = SettingKind(default)`. The kind, from the module `kind`, says how the value is
///   read from a file and shown. Defaults are written as in a file, with the units of `defaults`.
/// * `set how`: the parameter of the builder's method. `plain`: the value. `into`: a value that
///   converts into a `String`. `some(T)`: the inside of an `Option<T>`. `list(T)`: an iterator over
///   the items of a `Vec<T>`. `flag`: no parameter, the method sets `true`.
/// * `namespace own`: a namespace may have another value. It must be set by `plain` or `flag`.
/// * `check function`, any number of times: a function of the module `check`. In parentheses are
///   the settings that it compares the value with.
macro_rules! settings_table {
    ($callback:ident) => { $callback! {
        "Endpoint" {
            /// The path of the endpoint, with or without a slash at the end. It is written decoded:
            /// `/my path`, and not `/my%20path`.
            path: String = Text("/socket.io"), set into, check starts_with_slash, check plain_path,
                check survives_urls, check is_decoded;

            /// The transports that clients may connect with.
            transports: Vec<Transport> = Transports(polling, websocket), set list(Transport),
                check at_least_one_transport;

            /// Whether clients may upgrade from polling to a WebSocket.
            allow_upgrades: bool = Switch(true), set plain;

            /// Whether clients of Socket.IO 2 (Engine.IO 3) may connect.
            ///
            /// They need Socket.IO's own parser, so you cannot combine this with
            /// [`Builder::parser`](crate::Builder::parser).
            allow_eio3: bool = Switch(false), set plain;

            /// Whether the files of the browser client, `socket.io.js` and the others, are served
            /// under the path.
            serve_client: bool = Switch(true), set plain;
        }

        "Compression" {
            /// Whether long-polling bodies and the browser client are compressed, with gzip or
            /// deflate, for clients that accept it.
            ///
            /// As with any compression under TLS, do not put secrets and text that strangers
            /// choose into the same body.
            http_compression: bool = Switch(true), set plain;

            /// The smallest long-polling body that is compressed, in bytes.
            compression_threshold: usize = Size(1 KiB), set plain;

            /// Whether WebSocket messages may be compressed, in both directions, with clients that
            /// offer permessage-deflate (RFC 7692).
            ///
            /// Each message is compressed by itself, once for all its receivers. `max_payload`
            /// also bounds the inflated message. As with any compression, do not put secrets and
            /// text that strangers choose into the same message.
            per_message_deflate: bool = Switch(false), set plain;

            /// The smallest WebSocket message that is compressed, in bytes.
            deflate_threshold: usize = Size(1 KiB), set plain;
        }

        "Channels and events" {
            /// Whether clients may subscribe to channels of any name, with or without a route,
            /// unless a handler refuses. This is django-socketio's rule.
            ///
            /// Otherwise only the channels that a route matches exist.
            open_channels: bool = Switch(false), set flag, namespace own;

            /// The event by which a client subscribes to a channel.
            subscribe_event: String = Text("subscribe"), set into, check event_name;

            /// The event by which a client unsubscribes from a channel.
            unsubscribe_event: String = Text("unsubscribe"), set into, check event_name,
                check other_than(subscribe_event);

            /// The event by which a client publishes to a channel.
            publish_event: String = Text("publish"), set into, check event_name,
                check other_than(subscribe_event, unsubscribe_event);

            /// The event by which a client asks who is in a channel with
            /// [`Presence`](crate::Presence), and the event by which the server tells subscribers
            /// of each change.
            ///
            /// In a namespace without such a channel it is an event as any other.
            presence_event: String = Text("presence"), set into, check event_name,
                check other_than(subscribe_event, unsubscribe_event, publish_event);

            /// The event by which a client asks how many are in a channel with
            /// [`Presence`](crate::Presence).
            ///
            /// In a namespace without such a channel it is an event as any other.
            presence_stats_event: String = Text("presence_stats"), set into, check event_name,
                check other_than(subscribe_event, unsubscribe_event, publish_event, presence_event);
        }

        "Tokens" {
            /// Whether clients without a token may connect, as guests. Without
            /// `Builder::tokens`, all clients are guests.
            ///
            /// A client that shows a token which is not believed is refused all the same.
            allow_guests: bool = Switch(false), set flag, namespace own;

            /// The event by which a client shows a new token before the old one ends.
            ///
            /// It is for clients that have a user. For guests, and without `Builder::tokens`, it is
            /// an event as any other.
            refresh_event: String = Text("refresh"), set into, check event_name,
                check other_than(subscribe_event, unsubscribe_event, publish_event);

            /// How long before its token ends a client is told, by the event `token_expires`.
            token_warning: Duration = Time(25 s), set plain, check at_most_a_year;

            /// The most tokens that are revoked at the same time. One that has ended counts no
            /// more.
            max_revoked_tokens: usize = Amount(10000), set plain;
        }

        "Heartbeat and waits" {
            /// The time between two pings. The first ping comes one interval after the handshake.
            ///
            /// At least 1 ms. With `ping_timeout`, at most 2147483647 ms (24.8 days), as timers of
            /// clients have no more.
            ping_interval: Duration = Time(25 s), set plain,
                check at_least_a_millisecond, check fits_a_timer;

            /// How long a client may take to answer a ping.
            ///
            /// The connection then ends with
            /// [`DisconnectReason::PingTimeout`](crate::DisconnectReason::PingTimeout).
            ping_timeout: Duration = Time(20 s), set plain,
                check at_least_a_millisecond, check fits_a_timer_with(ping_interval);

            /// How long a client may be in no namespace. Its connection is then closed.
            connect_timeout: Duration = Time(45 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long a WebSocket that probes may take to upgrade. It is then closed, and the
            /// client goes on polling.
            upgrade_timeout: Duration = Time(10 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long the body of a POST may take. The session then ends, with HTTP 408.
            body_timeout: Duration = Time(20 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long the last packets for a client wait, after the server has ended the
            /// session, until the client polls or reads them from its WebSocket.
            ///
            /// Zero is allowed: the server then does not wait.
            close_timeout: Duration = Time(30 s), set plain, check at_most_a_year;

            /// How long a WebSocket that the server has closed waits for the client to close its
            /// end too.
            ///
            /// Zero is allowed: the server then does not wait.
            linger_timeout: Duration = Time(1 s), set plain, check at_most_a_year;

            /// How long data sent to a client may stay unacknowledged by its TCP. The kernel then
            /// closes the connection. Linux only.
            ///
            /// It has an effect on a server that is started with
            /// [`SocketIo::serve`](crate::SocketIo::serve), or prepared with
            /// [`socketio`](crate::SocketIoServerExt::socketio). At most 2147483647 ms (24.8 days).
            /// Zero is allowed: the kernel then waits as long as it does by default.
            tcp_timeout: Duration = Time(20 s), set plain, check fits_the_kernel;

            /// How long a client may take for its TLS handshake, with the feature `tls`. Its
            /// connection is then closed.
            tls_handshake_timeout: Duration = Time(10 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long a handler may take for one event.
            ///
            /// The next event is then started, and [`OnError`](crate::OnError) is raised.
            handler_timeout: Duration = Time(30 s), set plain, namespace own,
                check longer_than_zero, check at_most_a_year;

            /// How long a publication of a client waits for a subscriber that reads slowly.
            ///
            /// While the outbox of a subscriber is more than half full, what clients publish to its
            /// channels is held back, so that it does not disconnect the subscriber. The publisher
            /// is not read meanwhile, and gets its acknowledgement later. The wait is over when the
            /// outbox has drained to a quarter, or after this time. The subscriber is then not
            /// waited for until it has caught up.
            ///
            /// Messages of the server itself never wait. Zero is allowed: publications of clients
            /// do not wait then either.
            slow_consumer_timeout: Duration = Time(5 s), set plain, check at_most_a_year;

            /// The time between two probes of
            /// [`SocketIo::path_health`](crate::SocketIo::path_health).
            ///
            /// A result that is older than three of these and both limits of a probe says nothing
            /// any more: the path is taken for broken.
            path_interval: Duration = Time(5 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long a probe of [`SocketIo::path_health`](crate::SocketIo::path_health) may take
            /// on this server: through the order and all workers.
            ///
            /// The path is taken for broken then, until the probe has come out.
            path_timeout: Duration = Time(1 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long a probe of [`SocketIo::path_health`](crate::SocketIo::path_health) may take
            /// through a cluster and back.
            ///
            /// The path is taken for broken then, until a later probe comes back.
            cluster_path_timeout: Duration = Time(2 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long another server of a cluster may take to answer a request that was passed on
            /// to it, with [`Builder::node_address`](crate::Builder::node_address). A poll may take
            /// `ping_interval` and `ping_timeout` longer. To connect, it may take a tenth of it.
            ///
            /// The client then gets `Session ID unknown`, and begins anew.
            forward_timeout: Duration = Time(30 s), set plain,
                check longer_than_zero, check at_most_a_year;

            /// How long a client may take to acknowledge an event.
            ///
            /// The wait then ends with [`AckError::Timeout`](crate::AckError::Timeout).
            ack_timeout: Duration = Time(10 s), set plain, namespace own,
                check longer_than_zero, check at_most_a_year;
        }

        "Limits of a client" {
            /// The size of a polling body and of a WebSocket message, in both directions, in
            /// bytes.
            ///
            /// A larger body is refused with HTTP 413. A larger message closes the WebSocket with
            /// code 1009. Socket.IO calls this `maxHttpBufferSize`. At least 6 B, the probe of an
            /// upgrade.
            #[doc(alias = "max_http_buffer_size")]
            max_payload: usize = Size(1 MB), set plain, check has_space_for_a_probe;

            /// Packets in the answer to one poll. The rest waits for the next poll.
            ///
            /// python-socketio closes the connection at more than 16.
            max_poll_packets: usize = Amount(16), set plain, check at_least_one;

            /// How many packets of a client are read in a second. Each attachment of a binary
            /// packet counts as a packet of its own.
            ///
            /// A client that sends faster is not read for a while, and TCP makes it wait. Nothing
            /// is lost.
            event_rate: Option<Rate> = RateLimit(unlimited), set some(Rate),
                check lets_something_through;

            /// How many bytes of a client's packets are read in a second.
            ///
            /// A client that sends faster is not read for a while, and TCP makes it wait. Nothing
            /// is lost.
            byte_rate: Option<Rate> = ByteRateLimit(unlimited), set some(Rate),
                check lets_something_through;

            /// How many subscriptions one connection may ask for in a second.
            ///
            /// More are refused. The refusal says how long to wait.
            subscribe_rate: Option<Rate> = RateLimit(unlimited), set some(Rate),
                check lets_something_through;

            /// Memory that the events waiting for a client may take, in bytes. Each event counts
            /// for about 120 bytes more than it has. An event counts until it is written. The
            /// answer to a poll counts until the client's HTTP connection has taken it.
            ///
            /// A client that reads too slowly is disconnected with
            /// [`DisconnectReason::SlowConsumer`](crate::DisconnectReason::SlowConsumer). At least
            /// 2000 B, so that the packets of a handshake fit.
            max_outbox: usize = Size(4 MiB), set plain, check has_space_for_the_handshake;

            /// Events of a client that wait for its handlers.
            ///
            /// At the limit, the client is not read until a handler has finished, and TCP makes it
            /// wait.
            max_inbox: usize = Amount(64), set plain, check at_least_one;

            /// Memory that a client's events may take while they wait for its handlers, in bytes,
            /// roughly.
            ///
            /// At the limit, the client is not read until a handler has finished, and TCP makes it
            /// wait.
            max_inbox_bytes: usize = Size(4 MiB), set plain, check at_least_one;

            /// Channels that one socket may be subscribed to. Zero is allowed where there are no
            /// routes.
            ///
            /// More are refused with
            /// [`SubscribeError::TooManyChannels`](crate::SubscribeError::TooManyChannels).
            max_channels: usize = Amount(1_024), set plain, namespace own;

            /// The length of a channel's name, in bytes.
            max_channel_length: usize = Size(255 B), set plain, namespace own, check at_least_one;

            /// Memory that the handshake of a connection may take, in bytes: the path, query and
            /// headers of its request, and the `auth` of all namespaces that it is in.
            ///
            /// A request with more is refused with HTTP 431. A namespace whose `auth` does not fit
            /// is refused. All of it is kept for as long as the client is connected. At least the
            /// length of `path` and 23 B, the shortest request.
            max_handshake: usize = Size(1 MiB), set plain, check has_space_for_a_request(path);

            /// Namespaces that one connection may be in. Joining more is refused.
            max_namespaces: usize = Amount(16), set plain, check at_least_one;

            /// Acknowledgements that the server may wait for, for each socket.
            ///
            /// More are refused with [`AckError::TooMany`](crate::AckError::TooMany).
            max_pending_acks: usize = Amount(1_024), set plain, namespace own;

            /// Attachments of one binary event or acknowledgement. More are a parse error.
            ///
            /// Together they may have `max_payload` bytes.
            max_attachments: usize = Amount(10), set plain;

            /// Levels of nested arrays and objects in a client's packet. More are a parse error.
            max_json_depth: usize = Amount(100), set plain, check at_least_one;
        }

        "Limits of the server" {
            /// Connections of this server. More are refused with HTTP 503 and `Retry-After`.
            ///
            /// Each connection takes a descriptor, and the process needs some more.
            max_connections: usize = Amount(100_000), set plain, check at_least_one;

            /// TLS handshakes at once, of each worker, with the feature `tls`.
            ///
            /// One more takes the place of the oldest, whose connection is closed.
            max_tls_handshakes: usize = Amount(1000), set plain, check at_least_one;

            /// Memory of all connections together that clients make the server keep, in bytes: what
            /// waits in their outboxes and inboxes, what is being read, their `auth`, and their
            /// subscriptions.
            ///
            /// At the limit, new connections are refused with HTTP 503. A connection that takes
            /// more, and has more than 64 KiB of any of these already, is closed with
            /// [`DisconnectReason::MemoryLimit`](crate::DisconnectReason::MemoryLimit). More
            /// subscriptions are refused with
            /// [`SubscribeError::MemoryLimit`](crate::SubscribeError::MemoryLimit).
            max_memory: usize = SizeLimit(unlimited), set plain, check at_least_one;

            /// Connections of one [address](crate::Handshake::client_ip), or of one IPv6 /64.
            ///
            /// More are refused with HTTP 429. A whole office may share one address. All clients
            /// whose address is not known share the limit of one.
            max_connections_per_address: usize = Limit(unlimited), set plain, check at_least_one;

            /// The number of proxies before this server that append the address of their peer to
            /// `X-Forwarded-For`.
            ///
            /// If the number is too large, clients can choose their own address. If it is too
            /// small, all clients have the proxy's address.
            trusted_proxies: usize = Amount(0), set plain;

            /// Sockets in one namespace. More are refused with `the namespace is full`.
            max_sockets: usize = Limit(unlimited), set plain, namespace own, check at_least_one;

            /// Publications of all senders together that are on their way to the queues of their
            /// receivers.
            ///
            /// More are refused with [`SendError::Overloaded`](crate::SendError::Overloaded).
            max_publications: usize = Amount(65_536), set plain, check at_least_one;

            /// Memory that the answers to broadcasts may take, in bytes, while they are collected:
            /// those of all [`Target::emit_with_ack`](crate::Target::emit_with_ack) together.
            ///
            /// An answer that does not fit is
            /// [`AckError::Overloaded`](crate::AckError::Overloaded).
            max_ack_bytes: usize = Size(64 MiB), set plain, check at_least_one;

            /// Memory that the members of all channels with [`Presence`](crate::Presence) may take
            /// together, in bytes: the id and the info of each, and about 200 bytes more.
            ///
            /// A member that does not fit is counted and not listed, and its channel is not listed
            /// until it has gone. Each of its sockets then counts as a member. In a cluster, the
            /// members of other servers count as well, and about 300 bytes for each of the channels
            /// that these have.
            max_presence_bytes: usize = Size(64 MiB), set plain, check at_least_one;

            /// Events of other servers that wait for their
            /// [`on_server_event`](crate::Builder::on_server_event) handlers.
            ///
            /// More are refused: no handler receives them, and the sender gets no answer.
            max_server_events: usize = Amount(1_024), set plain, check at_least_one;

            /// Requests that this server passes on to other servers of a cluster at the same time,
            /// with [`Builder::node_address`](crate::Builder::node_address). A poll counts until it
            /// is answered, and an upgraded WebSocket as long as it is open.
            ///
            /// More are refused with HTTP 503 and `Retry-After`. Each takes a descriptor.
            max_forwarded: usize = Amount(10_000), set plain, check at_least_one;

            /// Changes that wait for the slowest listener of
            /// [`SocketIo::changes`](crate::SocketIo::changes).
            ///
            /// Beyond that the oldest are dropped, and the listener receives
            /// [`Change::Missed`](crate::Change::Missed). At most 1048576, because the memory for
            /// all of them is taken at the start.
            max_changes: usize = Amount(1_024), set plain, check at_least_one,
                check at_most_a_million;
        }

        "History and recovery" {
            /// Bytes that the histories of all channels together may keep.
            ///
            /// Beyond that the oldest publication of all is dropped, whatever its channel is.
            max_history_bytes: usize = Size(64 MiB), set plain, check at_least_one;

            /// Channels that have a history. Beyond that the one ends that was published to longest
            /// ago.
            max_history_channels: usize = Amount(100_000), set plain, check at_least_one;

            /// Publications that a client may get at once when it comes back, of all its channels
            /// together. Their bytes are bounded by half of `max_outbox`.
            ///
            /// A client that has missed more is told so, and gets none.
            max_recovered: usize = Amount(1_000), set plain, check at_least_one;

            /// Bytes of publications that may wait to be stored, with
            /// [`Builder::store`](crate::Builder::store).
            ///
            /// More are left out, and stored when the store keeps up again, if a history still has
            /// them. [`StoreStatus::health`](crate::store::StoreStatus::health) says so.
            max_store_queue: usize = Size(8 MiB), set plain, check at_least_one;

            /// Sockets that are away and may come back, of all namespaces together.
            ///
            /// The one that has been away longest does not come back then.
            max_sessions_away: usize = Amount(100_000), set plain, check at_least_one;

            /// Memory of all sockets that are away, in bytes, roughly: their channels, their
            /// context, and the events that are kept for them.
            ///
            /// The one that has been away longest does not come back then.
            max_sessions_away_bytes: usize = Size(64 MiB), set plain, check at_least_one;

            /// Changes by which many sockets leave a channel or are disconnected, and that a server
            /// of a cluster of streams remembers.
            ///
            /// A client that was put aside before the oldest of them, and comes back to a server
            /// that did not have it, gets a new socket.
            max_cluster_notices: usize = Amount(1000), set plain, check at_least_one;

            /// Clients that show a secret which the cluster does not know, and whose sockets the
            /// server searches for on the other servers, at once.
            ///
            /// One more gets a new socket without a search.
            max_session_searches: usize = Amount(1000), set plain, check at_least_one;

            /// How long a client that comes back waits for the handlers of its old connection, if
            /// the server had not noticed that this is broken.
            ///
            /// The client then gets a new socket. Zero is allowed: only connections whose end the
            /// server knows are recovered then.
            takeover_timeout: Duration = Time(5 s), set plain, check at_most_a_year;

            /// Bytes of missed events that may be on their way to all clients that come back
            /// together.
            ///
            /// Other clients that come back wait for the answer to their CONNECT, in the order in
            /// which they came.
            max_replay_bytes: usize = Size(256 MiB), set plain, check at_least_one;
        }

        "Shutdown" {
            /// How long [`SocketIo::shutdown`](crate::SocketIo::shutdown) waits for the last
            /// `OnFinish`.
            ///
            /// Clients whose handlers are still at work after three quarters of this time are
            /// closed, and get no answer from them. Zero is allowed: the server then does not
            /// wait.
            shutdown_timeout: Duration = Time(10 s), set plain, check at_most_a_year;

            /// The time over which a shutdown spreads the ends of more than a hundred connections,
            /// so that not all clients reconnect to another server in the same moment.
            ///
            /// Half of `shutdown_timeout` at most. Zero is allowed: all end in the same moment.
            shutdown_window: Duration = Time(2 s), set plain, check at_most_a_year;
        }
    } };
}

pub(crate) use settings_table;
