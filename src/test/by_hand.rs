use std::{fmt, rc::Rc, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use super::{AskError, TestClient, arguments::arguments, client::typed, line::Line};
use crate::{
    event::{
        DisconnectReason, HandlerError, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage,
        OnPacket, OnServerEvent, OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    model::{Channel, ToChannel},
    protocol::{AckId, Args},
    registry::ServerEvent,
    routing::{Call, ClientEvent, FromEvent, Received},
    socket::Socket,
};

/// Makes the events of a client by hand, for handlers that the test calls itself.
/// [`TestClient::by_hand`] returns it.
///
/// The handlers of the server do not receive them. What the handler under test sends to the
/// client, the client receives:
///
/// ```
/// use actix_socketio::{HandlerError, HandlerResult, OnMessage, SocketIo, test};
/// use serde_json::json;
///
/// async fn greet(event: OnMessage) -> HandlerResult {
///     let name: String = event.json()?;
///     if name.is_empty() {
///         return Err(HandlerError::reject("who are you?"));
///     }
///     event.socket.emit("greeting", &format!("hello {name}"))?;
///     event.ack(&name.len())?;
///     Ok(())
/// }
///
/// # test::system(async {
/// let io = SocketIo::builder().build().unwrap();
/// let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
///
/// let (event, answer) = ada.by_hand().message_with_ack("greet", "Ada");
/// greet(event).await.unwrap();
/// assert_eq!(answer.get::<usize>().await.unwrap(), 3);
/// assert_eq!(ada.next().await, ("greeting", json!(["hello Ada"])));
///
/// let error = greet(ada.by_hand().message("greet", "")).await.unwrap_err();
/// assert_eq!(error.to_client(), json!({"message": "who are you?"}));
/// # });
/// ```
///
/// An event goes to an actor as any message does:
///
/// ```
/// use actix::prelude::*;
/// use actix_socketio::{prelude::*, test};
///
/// struct Rooms;
///
/// impl Actor for Rooms {
///     type Context = Context<Self>;
/// }
///
/// impl Handler<OnSubscribe> for Rooms {
///     type Result = HandlerResult;
///
///     fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
///         event.socket.emit("welcome", event.channel.as_str())?;
///         Ok(())
///     }
/// }
///
/// # test::system(async {
/// let io = SocketIo::builder().build().unwrap();
/// let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
/// let rooms = Rooms.start();
/// rooms.send(ada.by_hand().subscribe("tea")).await.unwrap().unwrap();
/// assert_eq!(ada.expect::<String>("welcome").await, "tea");
/// # });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EventsByHand<'a> {
    client: &'a TestClient,
}

impl<'a> EventsByHand<'a> {
    pub(super) fn new(client: &'a TestClient) -> Self {
        Self { client }
    }

    fn socket(self) -> Socket {
        self.client.socket()
    }

    #[track_caller]
    fn channel(self, channel: impl ToChannel) -> Channel {
        let longest = self.client.line.io.config().max_channel_length;
        channel.to_channel(longest).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The client asks to enter the namespace. It is there already, so that what the handler
    /// sends arrives immediately.
    pub fn connect(self) -> OnConnect {
        OnConnect { socket: self.socket(), recovered: false }
    }

    /// The client sends an event, and does not wait for an acknowledgement. The data is that of
    /// [`TestClient::emit`].
    ///
    /// # Panics
    /// If the data is not JSON.
    #[track_caller]
    pub fn message<T: Serialize + ?Sized>(self, event: &str, data: &T) -> OnMessage {
        OnMessage::new(self.socket(), None, event.into(), arguments(data), None)
    }

    /// The client sends an event, and waits for an acknowledgement.
    ///
    /// # Panics
    /// If the data is not JSON.
    #[track_caller]
    pub fn message_with_ack<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> (OnMessage, PendingAnswer) {
        let line = Rc::clone(&self.client.line);
        let (id, answer) = line.expect_answer();
        let (name, args, id) = (event.into(), arguments(data), Some(AckId::from(id)));
        let event = OnMessage::new(self.socket(), None, name, args, id);
        (event, PendingAnswer { line, answer })
    }

    /// The client sends a [`ClientEvent`], and does not wait for an acknowledgement. Its name is
    /// that of the type, and its arguments are read as they are for an actor.
    ///
    /// ```
    /// use actix_socketio::{ClientEvent, HandlerError, Received, SocketIo, test};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Chat(String, String);
    ///
    /// impl ClientEvent for Chat {
    ///     const NAME: &'static str = "chat";
    ///     type Answer = usize;
    /// }
    ///
    /// async fn chat(event: Received<Chat>) -> Result<usize, HandlerError> {
    ///     let Chat(room, text) = event.data;
    ///     event.socket.to(room).emit("chat", &text)?;
    ///     Ok(text.len())
    /// }
    ///
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let ada = server.client().connect().await.unwrap();
    /// let event = ada.by_hand().received(&("tea", "hi"));
    /// assert_eq!(chat(event).await.unwrap(), 2);
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the data is not JSON, or does not match the type.
    #[track_caller]
    pub fn received<E: ClientEvent>(self, data: &(impl Serialize + ?Sized)) -> Received<E> {
        let message = self.message(E::NAME, data);
        Received::from_event(&mut Call::new(&message)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The client asks to publish an event to a channel.
    ///
    /// # Panics
    /// If the data is not JSON, or if the channel's name is invalid.
    #[track_caller]
    pub fn publication<T: Serialize + ?Sized>(
        self,
        channel: impl ToChannel,
        event: &str,
        data: &T,
    ) -> OnMessage {
        let channel = Some(self.channel(channel));
        OnMessage::new(self.socket(), channel, event.into(), arguments(data), None)
    }

    /// The client has sent an event, and no other handler has seen it yet.
    pub fn packet(self, message: OnMessage) -> OnPacket {
        OnPacket::new(message)
    }

    /// The client asks to subscribe to a channel.
    ///
    /// # Panics
    /// If the channel's name is invalid.
    #[track_caller]
    pub fn subscribe(self, channel: impl ToChannel) -> OnSubscribe {
        OnSubscribe { socket: self.socket(), channel: self.channel(channel), recovered: false }
    }

    /// The client has left a channel.
    ///
    /// # Panics
    /// If the channel's name is invalid.
    #[track_caller]
    pub fn unsubscribe(self, channel: impl ToChannel) -> OnUnsubscribe {
        OnUnsubscribe { socket: self.socket(), channel: self.channel(channel) }
    }

    /// The client's connection has moved to a WebSocket.
    pub fn upgrade(self) -> OnUpgrade {
        OnUpgrade { socket: self.socket() }
    }

    /// A handler of the client's events has failed.
    pub fn error(self, error: impl Into<HandlerError>) -> OnError {
        OnError { socket: self.socket(), error: error.into() }
    }

    /// The client is gone, for this reason.
    pub fn disconnect(self, reason: DisconnectReason) -> OnDisconnect {
        OnDisconnect { socket: self.socket(), reason, returns: false }
    }

    /// Another server of the cluster sends an event in the client's namespace, and waits for an
    /// acknowledgement.
    ///
    /// ```
    /// use actix_socketio::{HandlerResult, OnServerEvent, SocketIo, test};
    ///
    /// async fn count(event: OnServerEvent) -> HandlerResult {
    ///     Ok(event.ack(&42)?)
    /// }
    ///
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let ada = server.client().connect().await.unwrap();
    /// let (event, answer) = ada.by_hand().server_event("how many clients?", &());
    /// count(event).await.unwrap();
    /// assert_eq!(answer.get::<u32>().await.unwrap(), 42);
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the data is not JSON.
    #[track_caller]
    pub fn server_event<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> (OnServerEvent, PendingAnswer) {
        let line = Rc::clone(&self.client.line);
        let event = ServerEvent::new(line.namespace.clone(), event, arguments(data));
        let values = Arc::clone(&self.socket().namespace_state().data);
        let (event, answer) = OnServerEvent::new(event, values);
        (event, PendingAnswer { line, answer })
    }

    /// The last event of the client.
    pub fn finish(self) -> OnFinish {
        OnFinish { socket: self.socket() }
    }
}

/// The acknowledgement of an event that was made by hand, as by
/// [`EventsByHand::message_with_ack`].
pub struct PendingAnswer {
    line: Rc<Line>,
    answer: oneshot::Receiver<Args>,
}

impl PendingAnswer {
    /// Waits for the acknowledgement, whose first argument is an `R`.
    ///
    /// # Errors
    /// As of [`TestClient::ask`]. A handler that has given no answer is [`AskError::TimedOut`].
    pub async fn get<R: DeserializeOwned>(self) -> Result<R, AskError> {
        typed(self.get_args().await?)
    }

    /// Waits for all arguments of the acknowledgement.
    ///
    /// # Errors
    /// [`AskError::TimedOut`] or [`AskError::Disconnected`].
    pub async fn get_args(self) -> Result<Args, AskError> {
        self.line.answer(self.answer).await
    }
}

impl fmt::Debug for PendingAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAnswer").finish_non_exhaustive()
    }
}
