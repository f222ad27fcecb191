//! The `on_…` methods of the builders and of a route, from one table.

/// Writes the `on_…` methods of a type that keeps [`Handlers`](super::Handlers).
///
/// `namespace` writes all of them. `route` writes `on`, and the six of a
/// [`ChannelEvent`](super::ChannelEvent).
/// The literals are the import, the begin and the end of the examples in the docs.
macro_rules! registrations {
    (namespace $($target:tt)*) => {
        $crate::routing::registrations!(@named (namespace $($target)*));
        $crate::routing::registrations!(@unknown (namespace $($target)*));
        $crate::routing::registrations!(@namespace_events (namespace $($target)*));
        $crate::routing::registrations!(@channel_events (namespace $($target)*));
    };
    (route $($target:tt)*) => {
        $crate::routing::registrations!(@named (route $($target)*));
        $crate::routing::registrations!(@channel_events (route $($target)*));
    };

    (@named (
        $kind:ident $target:ty, |$this:ident| $handlers:expr,
        $import:literal, $begin:literal, $end:literal
    )) => {
        /// # Events by their names
        impl $target {
            /// Handles the events of clients that have this name, as `socket.on` does in Node.
            ///
            /// The handler is an async function or closure of up to eight parameters, in any order.
            /// Each says by its type what it wants: see [`FromEvent`](crate::FromEvent). A type that
            /// is not in the table there is the client's next argument. If it does not fit, the
            /// handler is not called, and a client that waits for an acknowledgement reads, for
            /// example, `argument 1: expected a string`.
            ///
            /// The value that the handler returns is the acknowledgement: any value that serde
            /// serializes, [`Many`](crate::Many) for several arguments, `()` for none, and
            /// [`Later`](crate::Later) if the handler calls [`OnMessage::ack`] itself. An `Err`
            /// is the acknowledgement `{message, data}`, and raises [`OnError`](crate::OnError).
            ///
            #[doc = $crate::routing::registrations!(@text $kind
                "The handler receives the events of every client in the namespace, and what clients
publish with this event's name."
                "The handler receives the events of clients that are in one of the channels, and what
clients publish to the channel. It runs once for each route of which the client has a channel."
            )]
            /// Handlers of one name, and those of
            /// [`on_message`](Self::on_message), which receive every event, run one after the other,
            /// in the order of registration. The first value answers.
            ///
            /// An actor handles events by their names as [`Received`](crate::Received), or
            /// [`OnMessage`] of one name, as here. It then acknowledges the event itself.
            ///
            /// [`OnMessage`]: crate::OnMessage
            /// [`OnMessage::ack`]: crate::OnMessage::ack
            ///
            #[doc = "```"]
            #[doc = concat!("use actix_socketio::{HandlerError, ", $import, ", Socket};")]
            #[doc = ""]
            #[doc = concat!(
                $begin, ".on(\"chat\", async |socket: Socket, room: String, text: String| {"
            )]
            #[doc = "    if !socket.is_subscribed(&room) {"]
            #[doc = "        return Err(HandlerError::reject(\"you are not in this room\"));"]
            #[doc = "    }"]
            #[doc = "    socket.to(&room).emit(\"chat\", &text)?;"]
            #[doc = "    Ok(text.len()) // socket.emit(\"chat\", room, text, (length) => …)"]
            #[doc = concat!("})", $end, ";")]
            #[doc = "```"]
            pub fn on<Via, H>(self, name: impl AsRef<str>, handler: H) -> Self
            where
                H: $crate::routing::IntoHandler<$crate::event::OnMessage, Via>,
                H::Parameters: $crate::routing::Parameters<$crate::event::OnMessage>,
                H::Answer: $crate::routing::Answer,
            {
                let mut $this = self;
                $handlers.register_named(name.as_ref(), handler);
                $this
            }
        }
    };

    (@unknown (
        $kind:ident $target:ty, |$this:ident| $handlers:expr,
        $import:literal, $begin:literal, $end:literal
    )) => {
        impl $target {
            /// Runs for an event that no other handler takes: neither one of its name nor one of
            /// [`on_message`](Self::on_message), of the builder or of a route of the client.
            ///
            /// Such events are counted in [`Stats`](crate::Stats), and logged at `debug`. A client
            /// that waits for an acknowledgement reads `no such event`, unless the handler
            /// acknowledges or refuses.
            ///
            #[doc = "```"]
            #[doc = concat!("use actix_socketio::{OnMessage, ", $import, "};")]
            #[doc = ""]
            #[doc = concat!($begin, ".on_unknown(async |event: OnMessage| {")]
            #[doc = "    log::warn!(\"{} sent {:?}\", event.socket.id(), event.event());"]
            #[doc = "    Ok(())"]
            #[doc = concat!("})", $end, ";")]
            #[doc = "```"]
            pub fn on_unknown<Via, H>(self, handler: H) -> Self
            where
                H: $crate::routing::IntoHandler<$crate::event::OnMessage, Via, Answer = ()>,
                H::Parameters: $crate::routing::Parameters<$crate::event::OnMessage>,
            {
                let mut $this = self;
                $handlers.register_unknown(handler);
                $this
            }
        }
    };

    (@namespace_events $target:tt) => {
        $crate::routing::registrations! { @methods $target
            /// Decides whether a client may enter the namespace.
            ///
            /// The handler runs when a client asks to connect. `Ok` admits the client. An `Err`
            /// refuses it: the client reads the message of
            /// [`HandlerError::reject`](crate::HandlerError::reject) in its `connect_error` event.
            #[doc(alias("connection", "use"))]
            on_connect(OnConnect, "HandlerError, OnConnect") {
                "    match event.socket.handshake().header(\"x-token\") {"
                "        Some(_) => Ok(()),"
                "        None => Err(HandlerError::reject(\"log in first\")),"
                "    }"
            }

            /// Inspects each event before the server acts on it, like Socket.IO's `socket.use`.
            ///
            /// The handler runs for events by any name, requests for channels included. `Ok` passes
            /// the event on. An `Err` drops it and raises [`OnError`](crate::OnError). A client
            /// that waits for an acknowledgement reads the refusal.
            #[doc(alias = "use")]
            on_packet(OnPacket, "HandlerError, OnPacket") {
                "    if event.message.args().len() > 10 {"
                "        return Err(HandlerError::reject(\"too many arguments\"));"
                "    }"
                "    Ok(())"
            }

            /// Runs when a client has moved from polling to a WebSocket.
            ///
            /// `Ok` has no further effect. An `Err` raises [`OnError`](crate::OnError).
            #[doc(alias = "upgrade")]
            on_upgrade(OnUpgrade, "OnUpgrade") {
                "    log::debug!(\"{} is on a {:?}\", event.socket.id(), event.socket.transport());"
                "    Ok(())"
            }

            /// Runs when another server of the cluster sends an event with
            /// [`SocketIo::server_side_emit`](crate::SocketIo::server_side_emit): Socket.IO's
            /// `io.on("…")` for `serverSideEmit`.
            ///
            /// It runs on the arbiter that built the server. An `Err` is logged. For namespaces
            /// that a function decides it never runs, since the function needs a client.
            #[doc(alias = "serverSideEmit")]
            on_server_event(OnServerEvent, "OnServerEvent") {
                "    log::debug!(\"another server sent {}\", event.event());"
                "    Ok(())"
            }
        }
    };

    (@channel_events $target:tt) => {
        $crate::routing::registrations! { @methods $target
            /// Handles each event that a client sends, by any name.
            ///
            /// The next event of the same client waits until the last handler of this one has
            /// answered. `Ok` has no further effect: [`OnMessage::ack`](crate::OnMessage::ack)
            /// sends an acknowledgement. An `Err` raises [`OnError`](crate::OnError), answers a
            /// client that waits for an acknowledgement, and refuses the event if the client
            /// publishes it to a channel. [`on`](Self::on) handles events by their names.
            #[doc(alias = "onAny")]
            [
                "The handler receives the events of every client in the namespace.",
                "The handler receives what a client publishes to one of the channels, and each
other event of a client that is in one of them."
            ]
            on_message(OnMessage, "OnMessage") {
                "    let text: String = event.json()?;"
                "    event.ack(&text.len())?;"
                "    Ok(())"
            }

            /// Decides whether a client may subscribe to a channel.
            ///
            /// The handler runs when a client asks to subscribe. `Ok` subscribes the client. An
            /// `Err` refuses the request: the client reads the message of
            /// [`HandlerError::reject`](crate::HandlerError::reject) in its acknowledgement.
            [
                "The handler decides for every channel of the namespace.",
                "The handler decides for the channels of this route."
            ]
            on_subscribe(OnSubscribe, "HandlerError, OnSubscribe") {
                "    match event.socket.context().get::<bool>(\"is_member\")? {"
                "        Some(true) => Ok(()),"
                "        _ => Err(HandlerError::reject(\"members only\")),"
                "    }"
            }

            /// Runs when a client has left a channel, on request or because it is gone.
            ///
            /// `Ok` has no further effect. An `Err` raises [`OnError`](crate::OnError).
            [
                "The handler runs for every channel of the namespace.",
                "The handler runs for the channels of this route."
            ]
            on_unsubscribe(OnUnsubscribe, "OnUnsubscribe") {
                "    event.socket.to(&event.channel).emit(\"left\", &event.socket.id())?;"
                "    Ok(())"
            }

            /// Runs when a handler has failed.
            ///
            /// `Ok` has no further effect. An `Err` is logged.
            [
                "The handler runs for failures with any client of the namespace.",
                "The handler runs for failures with clients that are in one of the channels."
            ]
            on_error(OnError, "OnError") {
                "    if !event.error.is_rejection() {"
                "        log::error!(\"{}: {}\", event.socket.id(), event.error);"
                "    }"
                "    Ok(())"
            }

            /// Runs when a client is gone, with the reason.
            ///
            /// The client is still in its channels. `Ok` has no further effect. An `Err` raises
            /// [`OnError`](crate::OnError).
            #[doc(alias("disconnect", "disconnecting"))]
            [
                "The handler runs for every client that was in the namespace.",
                "The handler runs for clients that are in one of the channels."
            ]
            on_disconnect(OnDisconnect, "OnDisconnect") {
                "    log::info!(\"{} is gone: {}\", event.socket.id(), event.reason);"
                "    Ok(())"
            }

            /// Runs last of all events of a client. Release here what you keep for the client.
            ///
            /// The client is still in its channels until the last handler has answered. `Ok` has no
            /// further effect. An `Err` raises [`OnError`](crate::OnError).
            [
                "The handler runs for every client that was in the namespace.",
                "The handler runs for clients that are in one of the channels."
            ]
            on_finish(OnFinish, "OnFinish") {
                "    let name: Option<String> = event.socket.context().get(\"name\")?;"
                "    log::info!(\"the last event of {}\", name.unwrap_or_default());"
                "    Ok(())"
            }
        }
    };

    (@methods (
        $kind:ident $target:ty, |$this:ident| $handlers:expr,
        $import:literal, $begin:literal, $end:literal
    ) $(
        $(#[doc = $doc:literal])*
        $(#[doc(alias $($alias:tt)+)])?
        $([$in_namespace:literal, $on_route:literal])?
        $name:ident($event:ident, $imports:literal) { $($line:literal)* }
    )*) => {
        /// # Handlers of events
        ///
        /// A handler is an actor, a `Recipient`, or an async function: see
        /// [`IntoHandler`](crate::IntoHandler).
        impl $target {$(
            $(#[doc = $doc])*
            $(
                #[doc = ""]
                #[doc = $crate::routing::registrations!(@text $kind $in_namespace $on_route)]
            )?
            #[doc = ""]
            #[doc = "```"]
            #[doc = concat!("use actix_socketio::{", $imports, ", ", $import, "};")]
            #[doc = ""]
            #[doc = concat!(
                $begin, ".", stringify!($name), "(async |event: ", stringify!($event), "| {"
            )]
            $(#[doc = $line])*
            #[doc = concat!("})", $end, ";")]
            #[doc = "```"]
            $(#[doc(alias $($alias)+)])?
            pub fn $name<Via, H>(self, handler: H) -> Self
            where
                H: $crate::routing::IntoHandler<$crate::event::$event, Via, Answer = ()>,
                H::Parameters: $crate::routing::Parameters<$crate::event::$event>,
            {
                let mut $this = self;
                $handlers.register(handler);
                $this
            }
        )*}
    };

    (@text namespace $in_namespace:literal $on_route:literal) => { $in_namespace };
    (@text route $in_namespace:literal $on_route:literal) => { $on_route };
}

pub(crate) use registrations;
