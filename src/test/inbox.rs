//! Reading what the server has sent to a client.

use std::panic::Location;

use serde::de::DeserializeOwned;

use super::{TestClient, TestEvent};

/// # Reading
///
/// Events come in the order in which the server has sent them, and each is read once.
impl TestClient {
    /// Waits for the next event.
    ///
    /// # Panics
    /// If none comes in time, or if the client is disconnected before. The message tells where the
    /// test waits.
    #[track_caller]
    #[allow(clippy::should_implement_trait, reason = "it waits, as `Changes::next` does")]
    pub fn next(&mut self) -> impl Future<Output = TestEvent> {
        self.take("an event", |_| true, Location::caller())
    }

    /// Waits for the next event, which must have this name, and reads its arguments as
    /// [`TestEvent::read`] does.
    ///
    /// ```
    /// # use actix_socketio::{Many, SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// io.emit("score", "1:0").unwrap();
    /// io.emit("goal", &Many(("Pelé", 17))).unwrap();
    /// let score: String = ada.expect("score").await;
    /// let (scorer, minute): (String, u32) = ada.expect("goal").await;
    /// # assert_eq!((&*score, &*scorer, minute), ("1:0", "Pelé", 17));
    /// # });
    /// ```
    ///
    /// # Panics
    /// If another event comes, if none comes in time, or if the arguments do not match `T`.
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> impl Future<Output = T> + use<'_, T> {
        let at = Location::caller();
        let name = name.to_owned();
        async move {
            let event = self.take(&format!("the event {name:?}"), |_| true, at).await;
            assert!(
                event.name == name,
                "{at}: expected the event {name:?}, got {event:?}; {}",
                self.line.shown()
            );
            event.read_at(at)
        }
    }

    /// Waits for an event of this name. Others are kept, to be read later.
    ///
    /// # Panics
    /// If none comes in time, or if the client is disconnected before.
    #[track_caller]
    pub fn wait_for(&mut self, name: &str) -> impl Future<Output = TestEvent> + use<'_> {
        let (at, name) = (Location::caller(), name.to_owned());
        async move {
            let wanted = format!("the event {name:?}");
            self.take(&wanted, |event: &TestEvent| event.name == name, at).await
        }
    }

    /// All events that were not read yet. Before that it waits until the handlers of what the
    /// client has sent are done, and until what they have sent has arrived.
    ///
    /// A task or another actor that sends something later is not waited for.
    ///
    /// ```
    /// # use actix_socketio::{OnMessage, SocketIo, test};
    /// # test::system(async {
    /// let io = SocketIo::builder()
    ///     .on_message(async |event: OnMessage| Ok(event.socket.send(&event.json::<u8>()?)?))
    ///     .build()
    ///     .unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// ada.emit("echo", &1).await;
    /// ada.emit("echo", &2).await;
    /// let echoes: Vec<u8> = ada.received().await.iter().map(|event| event.read()).collect();
    /// assert_eq!(echoes, [1, 2]);
    /// # });
    /// ```
    ///
    /// # Panics
    /// If handlers of the client's events are not done in time.
    #[track_caller]
    pub fn received(&mut self) -> impl Future<Output = Vec<TestEvent>> {
        let at = Location::caller();
        async move {
            let is_flushed = self.line.flush(self.id()).await;
            let patience = self.line.patience;
            assert!(is_flushed, "{at}: handlers of the client's events run for {patience:?}");
            self.line.state.borrow_mut().inbox.drain(..).collect()
        }
    }

    /// Checks that there is nothing to read. It waits as [`TestClient::received`] does.
    ///
    /// # Panics
    /// If there are events. The message has them.
    #[track_caller]
    pub fn nothing(&mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        let received = self.received();
        async move {
            let events = received.await;
            assert!(events.is_empty(), "{at}: expected no events, got {events:?}");
        }
    }

    /// Waits until the client is disconnected. Returns the reason that a client reads:
    /// `io server disconnect`, `transport close` or `transport error`.
    ///
    /// ```
    /// # use actix_socketio::{SocketIo, test};
    /// # test::system(async {
    /// # let io = SocketIo::builder().build().unwrap();
    /// # let server = test::TestServer::new(&io).await;
    /// # let mut ada = server.client().connect().await.unwrap();
    /// io.everyone().disconnect_sockets(false).await.unwrap();
    /// assert_eq!(ada.disconnected().await, "io server disconnect");
    /// # });
    /// ```
    ///
    /// # Panics
    /// If that does not come in time.
    #[track_caller]
    pub fn disconnected(&mut self) -> impl Future<Output = &'static str> {
        let at = Location::caller();
        async move {
            let reason = self.line.wait(|state| state.ended).await;
            reason.unwrap_or_else(|| {
                let patience = self.line.patience;
                panic!("{at}: the client is still connected after {patience:?}")
            })
        }
    }

    /// Takes the first event that is wanted.
    fn take(
        &mut self,
        what: &str,
        is_wanted: impl Fn(&TestEvent) -> bool,
        at: &'static Location<'static>,
    ) -> impl Future<Output = TestEvent> {
        let what = what.to_owned();
        async move {
            let found = self.line.wait(|state| {
                match state.inbox.iter().position(&is_wanted) {
                    Some(at) => Some(state.inbox.remove(at)),
                    // Nothing comes any more.
                    None => state.ended.map(|_| None),
                }
            });
            found.await.flatten().unwrap_or_else(|| {
                let patience = self.line.patience;
                panic!("{at}: expected {what} within {patience:?}; {}", self.line.shown())
            })
        }
    }
}
