//! Engine.IO by itself: a protocol of one's own over a WebSocket or long-polling.

#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::mpsc::{self, Receiver, Sender},
    task::Poll,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_socketio::{
    Config, DisconnectReason, EngineHandler, EngineIo, EngineMessage, EngineSocket, SendError,
    SocketIoServerExt as _, Transport,
};
use actix_web::{App, HttpServer, dev::ServerHandle, rt::System};
use awc::Client;

use needs::{Need, all_there, clients};
use programs::node_tests;

/// Longer than a slow machine takes for any step.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends each message back. Some texts make it do something else.
struct Echo {
    events: Sender<Event>,
}

/// What a test observes of the sessions.
#[derive(Debug, PartialEq)]
enum Event {
    Opened(EngineSocket),
    Closed(DisconnectReason),
}

impl EngineHandler for Echo {
    fn open(&self, socket: &EngineSocket) {
        socket.send(format!("open over {}", socket.transport())).expect("it has just opened");
        self.events.send(Event::Opened(socket.clone())).expect("the test receives events");
    }

    fn message(&self, socket: &EngineSocket, message: EngineMessage) {
        match &message {
            EngineMessage::Text(text) if text == "panic!" => panic!("on purpose"),
            EngineMessage::Text(text) if text == "close!" => {
                socket.send("the last message").expect("the session is open");
                socket.close();
            }
            EngineMessage::Text(text) if text == "transport?" => {
                socket.send(socket.transport().as_str()).expect("the session is open");
            }
            _ => socket.send(message).expect("the session is open"),
        }
    }

    fn close(&self, _: &EngineSocket, reason: DisconnectReason) {
        self.events.send(Event::Closed(reason)).expect("the test receives events");
    }
}

/// A server that runs until it is dropped.
struct Server {
    url: String,
    engine: EngineIo,
    events: Receiver<Event>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(config: Config) -> Self {
        let ((started, running), (events, received)) = (mpsc::channel(), mpsc::channel());
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let builder = EngineIo::builder(Echo { events }).config(config);
                let engine = builder.build().expect("the settings make sense");
                let app = engine.clone();
                let server = HttpServer::new(move || App::new().configure(app.mount()))
                    .engineio(&engine)
                    .workers(2)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .expect("a port on loopback");
                let url = format!("http://{}", server.addrs()[0]);
                let server = server.run();
                started.send((url, engine, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (url, engine, handle) = running.recv().expect("the server starts");
        Self { url, engine, events: received, handle, thread: Some(thread) }
    }

    fn event(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    fn opened(&self) -> EngineSocket {
        match self.event() {
            Event::Opened(socket) => socket,
            Event::Closed(reason) => panic!("closed: {reason}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}

/// A client that polls.
struct PollingClient {
    client: Client,
    url: String,
}

impl PollingClient {
    async fn connect(server: &Server) -> Self {
        let client = Client::builder().timeout(PATIENCE).finish();
        let url = format!("{}/engine.io/?EIO=4&transport=polling", server.url);
        let open = text(&client, &url).await;
        let open: serde_json::Value =
            serde_json::from_str(open.strip_prefix('0').expect("an open packet")).expect("JSON");
        let sid = open["sid"].as_str().expect("a session id");
        Self { url: format!("{url}&sid={sid}"), client }
    }

    async fn poll(&self) -> String {
        text(&self.client, &self.url).await
    }

    async fn post(&self, body: impl Into<String>) -> u16 {
        let response = self.client.post(&self.url).send_body(body.into()).await;
        response.expect("a response").status().as_u16()
    }
}

/// Polls a future once.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn text(client: &Client, url: &str) -> String {
    let mut response = client.get(url).send().await.expect("a response");
    assert_eq!(response.status(), 200);
    String::from_utf8(response.body().await.expect("a body").to_vec()).expect("text")
}

#[test]
fn the_official_client_talks_to_it() {
    if !all_there("the official Engine.IO client", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let mut config = Config::default();
    config.ping_interval = Duration::from_millis(200);
    let server = Server::start(config);
    node_tests(&clients().join("engine"), |node| node.env("SERVER_URL", &server.url));
}

#[actix_web::test]
async fn messages_of_text_and_bytes_go_both_ways() {
    let server = Server::start(Config::default());
    let client = PollingClient::connect(&server).await;
    let socket = server.opened();
    assert_eq!(socket.transport(), Transport::Polling);
    assert_eq!(client.poll().await, "4open over polling");
    assert_eq!(client.post("4hello\x1ebAQID").await, 200);
    let mut received = client.poll().await;
    if !received.contains('\x1e') {
        received = format!("{received}\x1e{}", client.poll().await);
    }
    assert_eq!(received, "4hello\x1ebAQID");
    // From another thread.
    thread::spawn(move || socket.send("pushed")).join().expect("it does not panic").expect("open");
    assert_eq!(client.poll().await, "4pushed");
}

#[actix_web::test]
async fn the_end_of_a_session_is_reported_once_with_its_reason() {
    let server = Server::start(Config::default());
    let client = PollingClient::connect(&server).await;
    let socket = server.opened();
    assert_eq!(client.post("1").await, 200);
    assert_eq!(server.event(), Event::Closed(DisconnectReason::TransportClose));
    assert!(matches!(socket.send("late"), Err(SendError::Closed)));

    let client = PollingClient::connect(&server).await;
    server.opened();
    assert_eq!(client.post("9 is not a packet type").await, 200);
    assert_eq!(server.event(), Event::Closed(DisconnectReason::ParseError));

    let client = PollingClient::connect(&server).await;
    server.opened();
    assert_eq!(client.poll().await, "4open over polling");
    let mut shutdown = pin!(server.engine.shutdown());
    // It is polled once first, so that the last poll finds a session that has ended.
    assert!(poll_once(shutdown.as_mut()).await.is_none());
    let reason = server.event();
    let (all_ended, last) = tokio::join!(shutdown, client.poll());
    assert!(all_ended);
    assert_eq!(last, "1", "the close packet");
    assert_eq!(reason, Event::Closed(DisconnectReason::ServerShutdown));
    assert!(server.events.try_recv().is_err(), "there is no second end");
}

#[actix_web::test]
async fn a_session_that_goes_with_its_worker_is_closed_for_the_handler() {
    let server = Server::start(Config::default());
    let client = PollingClient::connect(&server).await;
    let socket = server.opened();
    assert_eq!(client.poll().await, "4open over polling");
    server.handle.stop(false).await;
    assert_eq!(server.event(), Event::Closed(DisconnectReason::ServerShutdown));
    assert!(matches!(socket.send("late"), Err(SendError::Closed)));
    assert!(server.events.try_recv().is_err(), "there is no second end");
}

#[actix_web::test]
async fn a_handler_that_panics_harms_no_session() {
    let server = Server::start(Config::default());
    let client = PollingClient::connect(&server).await;
    assert_eq!(client.poll().await, "4open over polling");
    assert_eq!(client.post("4panic!\x1e4next").await, 200);
    assert_eq!(client.poll().await, "4next");
}

#[actix_web::test]
async fn limits_hold_as_they_do_for_socket_io() {
    let mut config = Config::default();
    (config.max_payload, config.max_outbox) = (1_000, 10_000);
    let server = Server::start(config);
    let client = PollingClient::connect(&server).await;
    let socket = server.opened();
    assert_eq!(client.post("4".repeat(1_001)).await, 413);
    let too_large = socket.send("x".repeat(10_000));
    assert!(matches!(too_large, Err(SendError::TooLarge { limit: 10_000, .. })));
    while socket.send("x".repeat(1_000)).is_ok() {}
    assert_eq!(server.event(), Event::Closed(DisconnectReason::SlowConsumer));
}
