//! A server, a journal of what its handlers hear of whom, and a client that does nothing wrong.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration, time::Instant};

use actix_socketio::{
    Builder, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, SocketId,
    SocketIo,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    app::{PATIENCE, Server},
    raw::{Attended, Ws, wait_until},
};

/// What handlers have heard, in order: of whom, and what.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<(SocketId, String)>>>);

impl Journal {
    pub(crate) fn note(&self, of: SocketId, what: impl Into<String>) {
        self.0.lock().push((of, what.into()));
    }

    /// All that was heard of one client.
    pub(crate) fn of(&self, id: SocketId) -> Vec<String> {
        self.0.lock().iter().filter(|(of, _)| *of == id).map(|(_, what)| what.clone()).collect()
    }

    /// How often this was heard, of whomever.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.0.lock().iter().filter(|(_, noted)| noted == what).count()
    }

    /// Waits until a socket has finished, and answers why.
    #[track_caller]
    pub(crate) fn end_of(&self, id: SocketId) -> String {
        wait_until(&format!("{id} has finished"), || {
            self.of(id).last().is_some_and(|what| what == "finish")
        });
        let heard = self.of(id);
        let ends: Vec<_> =
            heard.iter().filter_map(|what| what.strip_prefix("disconnect: ")).collect();
        assert_eq!(ends.len(), 1, "a socket ends once: {heard:?}");
        ends[0].to_owned()
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

/// Holds handlers back until they may go on.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets so many through.
    pub(crate) fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    pub(crate) async fn pass(&self) {
        self.0.acquire().await.expect("it is never closed for good").forget();
    }
}

/// A server and one client which does nothing wrong.
pub(crate) struct World {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
    pub(crate) journal: Journal,
    bystander: Attended,
    steps: u64,
    /// Stops when all else is gone.
    _server: Server,
}

impl World {
    /// With the default settings.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let journal = Journal::default();
        Self::serving(configure(journaling(&journal)), journal)
    }

    /// With handlers of the test's own, which must acknowledge `echo`.
    pub(crate) fn serving(builder: Builder, journal: Journal) -> Self {
        Self::on(Server::start(builder), journal)
    }

    /// On a server of the test's own.
    pub(crate) fn on(server: Server, journal: Journal) -> Self {
        let addr = server.url["http://".len()..].parse().expect("an address");
        let mut bystander = Ws::open(addr);
        let id = bystander.join();
        server.io.socket(&id).expect("it is there").subscribe("bystanders").expect("it may");
        let bystander = Attended::new(bystander);
        Self { io: server.io.clone(), addr, journal, bystander, steps: 0, _server: server }
    }

    /// How many pings the bystander has had, and answered.
    pub(crate) fn pings(&self) -> usize {
        self.bystander.pings()
    }

    /// The next that the bystander hears.
    #[track_caller]
    pub(crate) fn bystander_hears(&self, packet: &str) {
        assert_eq!(self.bystander.text(), packet);
    }

    /// The bystander hears and is heard.
    #[track_caller]
    pub(crate) fn bystander_goes_on(&mut self) {
        self.steps += 1;
        let step = self.steps;
        self.io.to("bystanders").emit("step", &step).expect("the registry has room");
        assert_eq!(self.bystander.text(), format!(r#"42["step",{step}]"#));
        self.bystander.send(&format!(r#"42{step}["echo",{step}]"#));
        assert_eq!(self.bystander.text(), format!("43{step}[{step}]"));
    }

    /// The offenders are gone, and the bystander is not.
    #[track_caller]
    pub(crate) fn only_the_bystander_is_left(&mut self) {
        self.wait_for_connections(1);
        self.bystander_goes_on();
    }

    /// The offenders are gone; the bystander is not, until it leaves, too.
    #[track_caller]
    pub(crate) fn all_is_freed(mut self) {
        self.only_the_bystander_is_left();
        drop(self.bystander);
        wait_until("nobody is left, and nothing of them", || self.io.stats().is_idle());
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
