//! A server, a journal of its handlers' events, and a bystander: a client that breaks no rule.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration, time::Instant};

use actix_socketio::{
    Builder, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, SocketId,
    SocketIo,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    app::TestServer,
    raw::{AttendedWebSocket, WebSocket},
    wait::{PATIENCE, wait_until},
};

/// The events that handlers have received, in order, each with its socket.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<(SocketId, String)>>>);

impl Journal {
    pub(crate) fn note(&self, of: SocketId, event: impl Into<String>) {
        self.0.lock().push((of, event.into()));
    }

    /// All events of one socket.
    pub(crate) fn of(&self, id: SocketId) -> Vec<String> {
        self.0.lock().iter().filter(|(of, _)| *of == id).map(|(_, event)| event.clone()).collect()
    }

    /// How often an event was noted, for all sockets together.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.0.lock().iter().filter(|(_, noted)| noted == event).count()
    }

    /// Waits until a socket has finished. Returns the reason of its disconnect.
    #[track_caller]
    pub(crate) fn disconnect_reason(&self, id: SocketId) -> String {
        wait_until(&format!("{id} has finished"), || {
            self.of(id).last().is_some_and(|event| event == "finish")
        });
        let events = self.of(id);
        let reasons: Vec<_> =
            events.iter().filter_map(|event| event.strip_prefix("disconnect: ")).collect();
        assert_eq!(reasons.len(), 1, "a socket disconnects once: {events:?}");
        reasons[0].to_owned()
    }
}

/// A builder whose handlers keep a journal, and acknowledge the event `echo` with its argument.
pub(crate) fn journaling(journal: &Journal) -> Builder {
    let [connects, messages, errors, disconnects, finishes] = [(); 5].map(|()| journal.clone());
    SocketIo::builder()
        .on_connect(async move |event: OnConnect| -> HandlerResult {
            connects.note(event.socket.id(), "connect");
            Ok(())
        })
        .on_message(async move |event: OnMessage| -> HandlerResult {
            if event.event() == "echo" {
                event.ack(&event.json::<Value>()?)?;
            } else {
                messages.note(event.socket.id(), format!("event {}", event.event()));
            }
            Ok(())
        })
        .on_error(async move |event: OnError| -> HandlerResult {
            errors.note(event.socket.id(), format!("error: {}", event.error));
            Ok(())
        })
        .on_disconnect(async move |event: OnDisconnect| -> HandlerResult {
            disconnects.note(event.socket.id(), format!("disconnect: {}", event.reason));
            Ok(())
        })
        .on_finish(async move |event: OnFinish| -> HandlerResult {
            finishes.note(event.socket.id(), "finish");
            Ok(())
        })
}

/// Holds handlers back until the test lets them through.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets this many handlers through.
    pub(crate) fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    pub(crate) async fn pass(&self) {
        self.0.acquire().await.expect("the semaphore is never closed").forget();
    }
}

/// A server and a bystander.
pub(crate) struct Fixture {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
    pub(crate) journal: Journal,
    bystander: AttendedWebSocket,
    steps: u64,
    /// Stops when everything else is gone.
    _server: TestServer,
}

impl Fixture {
    /// Starts a server with the default settings.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// Starts a server with other settings.
    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let journal = Journal::default();
        Self::with_builder(configure(journaling(&journal)), journal)
    }

    /// Starts a server with handlers of the test's own. They must acknowledge `echo`.
    pub(crate) fn with_builder(builder: Builder, journal: Journal) -> Self {
        Self::with_server(TestServer::start(builder), journal)
    }

    /// Uses a server of the test's own.
    pub(crate) fn with_server(server: TestServer, journal: Journal) -> Self {
        let addr = server.addr();
        let mut bystander = WebSocket::open(addr);
        let id = bystander.join();
        let socket = server.io.socket(&id).expect("the bystander is connected");
        socket.subscribe("bystanders").expect("the subscription is allowed");
        let bystander = AttendedWebSocket::new(bystander);
        Self { io: server.io.clone(), addr, journal, bystander, steps: 0, _server: server }
    }

    /// The number of pings that the bystander has received and answered.
    pub(crate) fn pings(&self) -> usize {
        self.bystander.pings()
    }

    /// Checks the next packet that the bystander receives.
    #[track_caller]
    pub(crate) fn assert_bystander_receives(&self, packet: &str) {
        assert_eq!(self.bystander.text(), packet);
    }

    /// Checks that the bystander's connection works in both directions.
    #[track_caller]
    pub(crate) fn assert_bystander_works(&mut self) {
        self.steps += 1;
        let step = self.steps;
        self.io.to("bystanders").emit("step", &step).expect("the registry has capacity");
        assert_eq!(self.bystander.text(), format!(r#"42["step",{step}]"#));
        self.bystander.send(&format!(r#"42{step}["echo",{step}]"#));
        assert_eq!(self.bystander.text(), format!("43{step}[{step}]"));
    }

    /// Waits until the bystander is the only client, and checks that it works.
    #[track_caller]
    pub(crate) fn assert_only_bystander_left(&mut self) {
        self.wait_for_connections(1);
        self.assert_bystander_works();
    }

    /// Waits until the bystander is the only client, disconnects it, and checks that the server
    /// keeps nothing of its clients.
    #[track_caller]
    pub(crate) fn assert_all_freed(mut self) {
        self.assert_only_bystander_left();
        drop(self.bystander);
        wait_until("all gauges are zero", || self.io.stats().is_idle());
    }

    #[track_caller]
    pub(crate) fn wait_for_connections(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.io.connections() != count {
            assert!(
                Instant::now() < deadline,
                "{} connections instead of {count}",
                self.io.connections()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }
}
