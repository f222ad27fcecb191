//! The server under test, and a record of the events that its handlers received.

use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use actix::prelude::*;
use actix_socketio::{
    Builder, HandlerResult, OnConnect, OnDisconnect, OnError, OnFinish, OnMessage, OnSubscribe,
    OnUnsubscribe, Socket, SocketHandler, SocketIo,
};
use actix_web::{App, HttpServer, dev::ServerHandle, middleware::Logger};
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

use crate::wait::PATIENCE;

/// A builder for tests. Its one handler answers the event `fence` by a publication to the sender
/// alone. What was published before arrives before this answer.
pub(crate) fn builder() -> Builder {
    SocketIo::builder().on_message(fence)
}

pub(crate) async fn fence(event: OnMessage) -> HandlerResult {
    if event.event() == "fence" {
        let data: Value = event.json()?;
        event
            .socket
            .to("behind the fence")
            .including(&event.socket)
            .publish("fence", &data)
            .await?;
    }
    Ok(())
}

/// A server with two workers, on a port and in a thread of its own. It stops when this is dropped.
pub(crate) struct TestServer {
    pub(crate) io: SocketIo,
    /// `http://127.0.0.1:…`.
    pub(crate) url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Starts a server that takes the TCP stream of each WebSocket over.
    pub(crate) fn start(builder: Builder) -> Self {
        Self::start_with(builder, true)
    }

    /// Starts a server whose WebSockets stay with actix-http, as they do with actix-web's own TLS.
    pub(crate) fn start_without_on_connect(builder: Builder) -> Self {
        Self::start_with(builder, false)
    }

    fn start_with(builder: Builder, prepares_connections: bool) -> Self {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = builder.build().expect("the settings are valid");
                let (mounted, preparing) = (io.clone(), io.clone());
                let server = HttpServer::new(move || {
                    App::new().wrap(Logger::default()).configure(mounted.mount())
                })
                .workers(2)
                .h1_allow_half_closed(false)
                .on_connect(move |stream, extensions| {
                    if prepares_connections {
                        preparing.prepare_connection(stream, extensions);
                    }
                })
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a port on loopback");
                let url = format!("http://{}", server.addrs()[0]);
                let server = server.run();
                started.send((io, url, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (io, url, handle) = running.recv().expect("the server starts; its thread says why not");
        Self { io, url, handle, thread: Some(thread) }
    }

    /// The address that it listens on.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.url["http://".len()..].parse().expect("an address")
    }

    /// Waits until no connection is left.
    pub(crate) async fn wait_until_empty(&self) {
        let empty = async {
            while self.io.connections() > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let left = timeout(PATIENCE, empty).await.is_err();
        assert!(!left, "{} connections are left", self.io.connections());
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // The call sends the command. The future would only wait for the server's end, and joining
        // the thread does that, too.
        drop(self.handle.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}

/// Lines in the order in which they were written, by any thread.
#[derive(Clone, Debug)]
pub(crate) struct Record(Arc<watch::Sender<Vec<String>>>);

impl Record {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.send_modify(|lines| lines.push(line.into()));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        self.0.borrow().iter().filter(|one| *one == line).count()
    }

    /// Waits until there is such a line. Returns all lines.
    pub(crate) async fn until(&self, line: &str) -> Vec<String> {
        self.until_there_are(1, line).await
    }

    /// Waits until there are this many such lines. Returns all lines.
    pub(crate) async fn until_there_are(&self, count: usize, line: &str) -> Vec<String> {
        let mut lines = self.0.subscribe();
        let enough =
            lines.wait_for(|lines| lines.iter().filter(|one| *one == line).count() >= count);
        let lines = timeout(PATIENCE, enough).await.map(|lines| lines.map(|lines| lines.clone()));
        match lines {
            Ok(lines) => lines.expect("the record keeps the sender alive"),
            Err(_) => panic!("{line:?} was not recorded {count} times: {:#?}", self.lines()),
        }
    }
}

/// An actor that records every event but `fence`, which belongs to the tests themselves.
pub(crate) struct Recorder(pub(crate) Record);

impl Recorder {
    fn add(&self, socket: &Socket, line: impl Into<String>) -> HandlerResult {
        let line = line.into();
        match socket.namespace().as_str() {
            "/" => self.0.add(line),
            namespace => self.0.add(format!("{namespace} {line}")),
        }
        Ok(())
    }
}

/// A record and the actor that writes it, on this thread's arbiter.
pub(crate) fn recorder() -> (Record, Addr<Recorder>) {
    let record = Record::new();
    (record.clone(), Recorder(record).start())
}

impl Actor for Recorder {
    type Context = Context<Self>;
}

impl SocketHandler for Recorder {
    type Events =
        (OnConnect, OnMessage, OnSubscribe, OnUnsubscribe, OnError, OnDisconnect, OnFinish);
}

macro_rules! record {
    ($($event:ident, |$it:ident| $line:expr;)*) => {$(
        impl Handler<$event> for Recorder {
            type Result = HandlerResult;

            fn handle(&mut self, $it: $event, _: &mut Self::Context) -> Self::Result {
                self.add(&$it.socket, $line)
            }
        }
    )*};
}

record! {
    OnConnect, |it| "connect";
    OnSubscribe, |it| format!("subscribe {}", it.channel);
    OnUnsubscribe, |it| format!("unsubscribe {}", it.channel);
    OnError, |it| format!("error: {}", it.error);
    OnDisconnect, |it| format!("disconnect: {}", it.reason);
    OnFinish, |it| "finish";
}

impl Handler<OnMessage> for Recorder {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        if event.event() == "fence" {
            return Ok(());
        }
        let args: Vec<&str> = event.args().iter().collect();
        let channel =
            event.channel.as_ref().map(|channel| format!(" to {channel}")).unwrap_or_default();
        self.add(&event.socket, format!("{}({}){channel}", event.event(), args.join(",")))
    }
}
