use std::{fmt, panic::Location, rc::Rc};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::oneshot, time::timeout};

use super::{
    AskError, EventsByHand, Refused, TestEvent,
    arguments::arguments,
    line::{Line, LineTasks},
};
use crate::{
    model::SocketId,
    protocol::{Args, Frame, Many},
    socket::Socket,
};

/// A client within the test. [`Connecting::connect`](super::Connecting::connect) makes it.
///
/// It polls, answers pings, and keeps the events of the server until the test reads them. The
/// arguments of an event are written as in [`TestClient::emit`]. A client that is dropped is gone
/// without a word, as by [`TestClient::vanish`].
///
/// ```
/// use actix_socketio::{SocketIo, channel, test};
/// use serde_json::json;
///
/// # test::system(async {
/// let io = SocketIo::builder().route(channel("^room-").allow_publish()).build().unwrap();
/// let server = test::TestServer::new(&io).await;
/// let mut ada = server.client().connect().await.unwrap();
/// let mut bob = server.client().connect().await.unwrap();
/// ada.subscribe("room-1").await.unwrap();
/// bob.subscribe("room-1").await.unwrap();
/// ada.publish("room-1", "chat", "hi").await.unwrap();
/// assert_eq!(bob.next().await, ("chat", json!(["hi"])));
/// bob.nothing().await;
/// # });
/// ```
pub struct TestClient {
    pub(super) line: Rc<Line>,
    id: SocketId,
    /// The server's handle for the client, which is there as long as the test wants it.
    socket: Socket,
    tasks: LineTasks,
}

impl TestClient {
    /// Asks the server to let the client into its namespace.
    pub(super) async fn enter(
        (line, tasks): (Rc<Line>, LineTasks),
        auth: Option<&str>,
    ) -> Result<Self, Refused> {
        line.send(line.io.codec().ask_to_connect(line.namespace.as_str(), auth));
        let verdict = line.wait(|state| match state.ended {
            Some(reason) => state.verdict.take().or(Some(Err(Refused::new(reason)))),
            None => state.verdict.take(),
        });
        let verdict = verdict.await;
        let id = verdict.unwrap_or_else(|| {
            panic!("the server has not decided about a client within {:?}", line.patience)
        })?;
        let socket = line.io.of(line.namespace.as_str()).socket(&id);
        let socket =
            socket.ok_or_else(|| Refused::new("disconnected as soon as it was admitted"))?;
        Ok(Self { line, id, socket, tasks })
    }

    /// The id of the client: `socket.id`.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The server's handle for the client, as handlers have it.
    ///
    /// ```
    /// # use actix_socketio::{SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// let mut ada = server.client().connect().await.unwrap();
    /// ada.socket().send("welcome").unwrap();
    /// assert_eq!(ada.expect::<String>("message").await, "welcome");
    /// # });
    /// ```
    pub fn socket(&self) -> Socket {
        self.socket.clone()
    }

    /// Makes events by hand, for handlers that the test calls itself: see [`EventsByHand`].
    pub fn by_hand(&self) -> EventsByHand<'_> {
        EventsByHand::new(self)
    }

    /// Sends an event.
    ///
    /// A tuple stands for several arguments, as in `socket.emit("chat", "tea", "hi")` of
    /// JavaScript. `()` stands for no arguments, and any other value is one argument, as with
    /// [`Socket::emit`]. [`Bytes`](bytes::Bytes) travel as binary.
    ///
    /// ```
    /// # use actix_socketio::{SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let ada = server.client().connect().await.unwrap();
    /// ada.emit("chat", &("tea", "hi")).await;
    /// ada.emit("file", &bytes::Bytes::from_static(&[1, 2, 3])).await;
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the data is not JSON, if the client is disconnected, or if the server does not take the
    /// event in time.
    #[track_caller]
    pub fn emit<'a, T: Serialize + ?Sized>(
        &'a self,
        event: &str,
        data: &T,
    ) -> impl Future<Output = ()> + use<'a, T> {
        let at = Location::caller();
        self.assert_connected(at);
        let taken = self.line.send(self.frame(None, event, &arguments(data)));
        self.taken(taken, event.to_owned(), at)
    }

    /// Sends an event, and waits for its acknowledgement, whose first argument is an `R`.
    ///
    /// ```
    /// # use actix_socketio::{OnMessage, SocketIo, test};
    /// # test::system(async {
    /// let io = SocketIo::builder()
    ///     .on_message(async |event: OnMessage| {
    ///         let (a, b): (u32, u32) = (event.arg(0)?, event.arg(1)?);
    ///         Ok(event.ack(&(a + b))?)
    ///     })
    ///     .build()
    ///     .unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// let sum: u32 = ada.ask("sum", &(1, 2)).await.unwrap();
    /// assert_eq!(sum, 3);
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`AskError::Refused`] if the answer is a refusal, [`AskError::Unexpected`] if it is not an
    /// `R`. [`AskError::TimedOut`] or [`AskError::Disconnected`] if no answer came.
    ///
    /// # Panics
    /// If the data is not JSON.
    pub async fn ask<R: DeserializeOwned>(
        &mut self,
        event: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<R, AskError> {
        typed(self.ask_args(event, data).await?)
    }

    /// Sends an event, and waits for all arguments of its acknowledgement, a refusal or not.
    ///
    /// # Errors
    /// [`AskError::TimedOut`] or [`AskError::Disconnected`].
    ///
    /// # Panics
    /// If the data is not JSON.
    pub async fn ask_args(
        &mut self,
        event: &str,
        data: &(impl Serialize + ?Sized),
    ) -> Result<Args, AskError> {
        let (id, answer) = self.line.expect_answer();
        self.line.send(self.frame(Some(id), event, &arguments(data)));
        self.line.answer(answer).await
    }

    /// Asks to subscribe to a channel.
    ///
    /// # Errors
    /// [`AskError::Refused`], if the server refuses.
    pub async fn subscribe(&mut self, channel: &str) -> Result<(), AskError> {
        let event = self.line.io.config().subscribe_event.clone();
        self.ask(&event, channel).await
    }

    /// Asks to unsubscribe from a channel.
    ///
    /// # Errors
    /// [`AskError::Refused`], if the server refuses.
    pub async fn unsubscribe(&mut self, channel: &str) -> Result<(), AskError> {
        let event = self.line.io.config().unsubscribe_event.clone();
        self.ask(&event, channel).await
    }

    /// Asks to publish an event with one argument to a channel.
    ///
    /// # Errors
    /// [`AskError::Refused`], if the server refuses.
    ///
    /// # Panics
    /// If the data is not JSON.
    pub async fn publish<T: Serialize + ?Sized>(
        &mut self,
        channel: &str,
        event: &str,
        data: &T,
    ) -> Result<(), AskError> {
        let request = self.line.io.config().publish_event.clone();
        self.ask(&request, &(channel, event, data)).await
    }

    /// Acknowledges an event of the server, for [`Socket::emit_with_ack`] and the like.
    ///
    /// ```
    /// # use actix_socketio::{SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// let socket = ada.socket();
    /// let goals = actix_web::rt::spawn(async move {
    ///     socket.emit_with_ack::<_, u32>("how many goals?", &()).await
    /// });
    /// let question = ada.next().await;
    /// ada.ack(&question, &3).await;
    /// assert_eq!(goals.await.unwrap().unwrap(), 3);
    /// # });
    /// ```
    ///
    /// # Panics
    /// If the server wants no acknowledgement of the event, and as [`TestClient::emit`] does.
    #[track_caller]
    pub fn ack<'a, T: Serialize + ?Sized>(
        &'a self,
        event: &TestEvent,
        data: &T,
    ) -> impl Future<Output = ()> + use<'a, T> {
        let at = Location::caller();
        self.assert_connected(at);
        let id = event.id.clone();
        let id = id.unwrap_or_else(|| panic!("the server wants no acknowledgement of {event:?}"));
        let args = arguments(data);
        let namespace = self.line.namespace.as_str();
        let frame = self.line.io.codec().ack(namespace, &id, &Many(&args));
        let frame = frame.unwrap_or_else(|error| panic!("the data is not JSON: {error}"));
        self.taken(self.line.send(frame.into_frame()), event.name.clone(), at)
    }

    /// The number of pings that the client has received. It answers each.
    pub fn pings(&self) -> usize {
        self.line.state.borrow().pings
    }

    /// Answers no more pings, as a client does whose network is gone. It still receives.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_socketio::{SocketIo, test};
    ///
    /// # test::system(async {
    /// let io = SocketIo::builder().build().unwrap();
    /// let server = test::TestServer::new(&io).await;
    /// let mut ada = server.client().connect().await.unwrap();
    /// ada.stop_answering_pings();
    /// test::advance(Duration::from_secs(50)).await; // ping_interval and ping_timeout are 45 s
    /// assert_eq!(io.connections(), 0);
    /// # });
    /// ```
    pub fn stop_answering_pings(&self) {
        self.line.state.borrow_mut().is_silent = true;
    }

    /// Leaves the namespace, and waits until the last handler of its end is done.
    ///
    /// Handlers see [`DisconnectReason::ClientDisconnect`](crate::DisconnectReason).
    ///
    /// # Panics
    /// If the handlers are not done in time.
    #[track_caller]
    pub fn disconnect(self) -> impl Future<Output = ()> {
        let namespace = self.line.namespace.as_str();
        let frames = [self.line.io.codec().disconnect(namespace), Frame::CLOSE];
        self.leave("io client disconnect", frames, Location::caller())
    }

    /// Closes the connection, and waits until the last handler of its end is done.
    ///
    /// Handlers see [`DisconnectReason::TransportClose`](crate::DisconnectReason).
    ///
    /// # Panics
    /// If the handlers are not done in time.
    #[track_caller]
    pub fn close(self) -> impl Future<Output = ()> {
        self.leave("transport close", [Frame::CLOSE], Location::caller())
    }

    /// Breaks the connection, and waits until the last handler of its end is done. The client
    /// does not say that it leaves, as when its program is killed.
    ///
    /// Handlers see [`DisconnectReason::TransportError`](crate::DisconnectReason).
    ///
    /// # Panics
    /// If the handlers are not done in time.
    #[track_caller]
    pub fn vanish(mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            // The poll has to be on its way, since the server sees that it is broken off.
            super::flush::settle().await;
            self.tasks.cut().await;
            self.gone(at).await;
        }
    }

    fn leave(
        self,
        reason: &'static str,
        frames: impl IntoIterator<Item = Frame>,
        at: &'static Location<'static>,
    ) -> impl Future<Output = ()> {
        self.line.state.borrow_mut().ended.get_or_insert(reason);
        for frame in frames {
            self.line.send(frame);
        }
        async move { self.gone(at).await }
    }

    async fn gone(&self, at: &Location<'_>) {
        let is_gone = self.line.gone(self.id).await;
        assert!(is_gone, "{at}: handlers of the client's end run for {:?}", self.line.patience);
    }

    fn frame(&self, id: Option<u64>, event: &str, args: &Args) -> Frame {
        let Line { io, namespace, .. } = &*self.line;
        let packet = io.codec().event(namespace.as_str(), id, event, &Many(args));
        // The arguments were written before.
        packet.unwrap_or_else(|error| panic!("the data is not JSON: {error}")).into_frame()
    }

    fn assert_connected(&self, at: &Location<'_>) {
        if let Some(reason) = self.line.state.borrow().ended {
            panic!("{at}: the client is disconnected: {reason}");
        }
    }

    async fn taken(
        &self,
        taken: oneshot::Receiver<()>,
        event: String,
        at: &'static Location<'static>,
    ) {
        let is_taken = timeout(self.line.patience, taken).await.is_ok();
        let patience = self.line.patience;
        assert!(is_taken, "{at}: the server does not take {event:?} within {patience:?}");
    }
}

impl Line {
    /// Waits for the answer to an event.
    pub(super) async fn answer(&self, answer: oneshot::Receiver<Args>) -> Result<Args, AskError> {
        match timeout(self.patience, answer).await {
            Ok(Ok(args)) => Ok(args),
            Ok(Err(_)) => {
                let ended = self.state.borrow().ended;
                Err(ended.map_or(AskError::TimedOut, |why| AskError::Disconnected(why.to_owned())))
            }
            Err(_) => Err(AskError::TimedOut),
        }
    }
}

/// Reads the first argument of an answer, unless the answer is a refusal.
pub(super) fn typed<R: DeserializeOwned>(args: Args) -> Result<R, AskError> {
    match Refused::from_answer(&args) {
        Some(refused) => Err(AskError::Refused(refused)),
        None => args.get(0).map_err(|error| {
            let answer = args.raw(0).unwrap_or("without arguments").to_owned();
            AskError::Unexpected { answer, error }
        }),
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .field("namespace", &self.line.namespace)
            .finish_non_exhaustive()
    }
}
