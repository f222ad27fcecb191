//! Engine.IO packets over each transport, and the upgrade from polling to a WebSocket.

use std::{
    cell::{Cell, RefCell},
    io::{Read, Write},
    net::TcpStream,
    pin::Pin,
    rc::Rc,
};

use actix_http::ws::ProtocolError;
use actix_web::rt::{self, task::JoinHandle};
use awc::ws::{Frame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::Value;
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};

use crate::wait::PATIENCE;

/// What a transport receives.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A Socket.IO packet.
    Packet(String),
    /// The transport has ended.
    Closed(String),
}

type WsSink = Pin<Box<dyn Sink<Message, Error = ProtocolError>>>;

/// The transport that a client sends by.
enum Active {
    Polling,
    WebSocket(WsSink),
}

/// The transport of one session on the side of the client. It is cheap to clone, and a clone can
/// send while the client receives.
#[derive(Clone)]
pub(crate) struct ClientTransport(Rc<Inner>);

struct Inner {
    http: awc::Client,
    /// `http://…/socket.io/?EIO=4&sid=…`, and the query that the test has added.
    url: String,
    active: Mutex<Active>,
    incoming: mpsc::UnboundedSender<Incoming>,
    /// Polls, or reads the WebSocket.
    reader: RefCell<Option<JoinHandle<()>>>,
    /// Set if no poll may follow the pending one.
    pause: Cell<bool>,
    /// No poll follows the one that receives this packet.
    last: RefCell<Option<String>>,
    ignores_pings: Cell<bool>,
    pings: Cell<usize>,
}

/// Whether a packet is an event, with its position or without it.
fn is_it(packet: &str, event: &str) -> bool {
    packet == event
        || packet
            .strip_prefix(&event[..event.len() - 1])
            .is_some_and(|position| position.starts_with(",\""))
}

/// An HTTP client for this thread. It waits long enough for polls.
pub(crate) fn http() -> awc::Client {
    awc::Client::builder().timeout(PATIENCE).finish()
}

/// The status and the body of the answer to a GET.
pub(crate) async fn get(http: &awc::Client, url: &str) -> (u16, String) {
    let mut response =
        http.get(url).send().await.unwrap_or_else(|error| panic!("GET {url}: {error}"));
    let body = response.body().limit(64 << 20).await.expect("a whole body");
    (response.status().as_u16(), String::from_utf8(body.into()).expect("text"))
}

/// The status and the body of the answer to a POST.
pub(crate) async fn post(http: &awc::Client, url: &str, body: String) -> (u16, String) {
    let mut response =
        http.post(url).send_body(body).await.unwrap_or_else(|error| panic!("POST {url}: {error}"));
    let body = response.body().await.expect("a whole body");
    (response.status().as_u16(), String::from_utf8(body.into()).expect("text"))
}

/// The two halves of a new WebSocket.
pub(crate) async fn websocket(
    http: &awc::Client,
    url: &str,
    headers: &[(&str, &str)],
) -> (WsSink, impl Stream<Item = Result<Frame, ProtocolError>> + Unpin + use<>) {
    let url = url.replacen("http", "ws", 1);
    let request =
        headers.iter().fold(http.ws(&url), |request, header| request.header(header.0, header.1));
    let (_, socket) = request
        .max_frame_size(16 << 20)
        .connect()
        .await
        .unwrap_or_else(|error| panic!("{url}: {error}"));
    let (sink, stream) = socket.split();
    (Box::pin(sink), stream)
}

impl ClientTransport {
    /// Opens a session. Returns a receiver of its packets, and the payload of the open packet.
    pub(crate) async fn handshake(
        url: &str,
        on_websocket: bool,
        query: &str,
        headers: &[(&str, &str)],
    ) -> (Self, mpsc::UnboundedReceiver<Incoming>, Value) {
        let http = http();
        let url = format!("{url}/socket.io/?EIO=4{query}");
        let (sender, incoming) = mpsc::unbounded_channel();
        let (active, open, stream) = if on_websocket {
            let (sink, mut stream) =
                websocket(&http, &format!("{url}&transport=websocket"), headers).await;
            let open = match timeout(PATIENCE, stream.next()).await {
                Ok(Some(Ok(Frame::Text(text)))) => String::from_utf8(text.into()).expect("text"),
                other => panic!("no open packet: {other:?}"),
            };
            (Active::WebSocket(sink), open, Some(stream))
        } else {
            let request = http.get(format!("{url}&transport=polling"));
            let request =
                headers.iter().fold(request, |request, header| request.insert_header(*header));
            let mut response = request.send().await.expect("an answer to the handshake");
            let body = response.body().await.expect("a whole body");
            assert_eq!(response.status(), 200, "{body:?}");
            (Active::Polling, String::from_utf8(body.into()).expect("text"), None)
        };
        let open: Value =
            open.strip_prefix('0').and_then(|json| serde_json::from_str(json).ok()).expect(&open);
        let transport = Self(Rc::new(Inner {
            http,
            url: format!("{url}&sid={}", open["sid"].as_str().expect("a sid")),
            active: Mutex::new(active),
            incoming: sender,
            reader: RefCell::default(),
            pause: Cell::default(),
            last: RefCell::default(),
            ignores_pings: Cell::default(),
            pings: Cell::default(),
        }));
        match stream {
            Some(stream) => transport.read_with(transport.clone().read(stream)),
            None => transport.read_with(transport.clone().poll()),
        }
        (transport, incoming, open)
    }

    /// The address of the session.
    pub(crate) fn url(&self, transport: &str) -> String {
        format!("{}&transport={transport}", self.0.url)
    }

    /// Sends a Socket.IO packet.
    pub(crate) async fn send(&self, packet: &str) {
        self.send_engine(&format!("4{packet}"))
            .await
            .unwrap_or_else(|why| panic!("cannot send {packet}: {why}"));
    }

    /// Sends Engine.IO packets, in one body over polling.
    pub(crate) async fn send_engine(&self, packets: &str) -> Result<(), String> {
        match &mut *self.0.active.lock().await {
            Active::Polling => match self.post(packets).await {
                (200, body) if body == "ok" => Ok(()),
                other => Err(format!("{other:?}")),
            },
            Active::WebSocket(sink) => {
                let mut messages = futures_util::stream::iter(
                    packets.split('\x1e').map(|packet| Ok(Message::Text(packet.into()))),
                );
                sink.send_all(&mut messages).await.map_err(|error| error.to_string())
            }
        }
    }

    /// Upgrades from polling to a WebSocket, as the official client does. Sends wait meanwhile.
    pub(crate) async fn upgrade(&self) {
        let (mut sink, mut stream) = websocket(&self.0.http, &self.url("websocket"), &[]).await;
        sink.send(Message::Text("2probe".into())).await.expect("a WebSocket");
        match timeout(PATIENCE, stream.next()).await {
            Ok(Some(Ok(Frame::Text(text)))) if text == "3probe" => {}
            other => panic!("the answer to a probe: {other:?}"),
        }
        let mut active = self.0.active.lock().await;
        self.0.pause.set(true);
        let reader = self.0.reader.take().expect("a client reads");
        timeout(PATIENCE, reader).await.expect("the last poll is answered").expect("it ends");
        sink.send(Message::Text("5".into())).await.expect("a WebSocket");
        *active = Active::WebSocket(sink);
        self.read_with(self.clone().read(stream));
    }

    /// Closes the transport as a client does that leaves.
    pub(crate) async fn close(&self) {
        match &mut *self.0.active.lock().await {
            Active::Polling => assert_eq!(self.post("1").await, (200, "ok".to_owned())),
            Active::WebSocket(sink) => sink.send(Message::Close(None)).await.expect("a connection"),
        }
    }

    /// Begins a poll, and breaks the connection off when the server holds it.
    pub(crate) async fn break_off_a_poll(&self) {
        let reader = self.0.reader.take();
        reader.expect("a client reads").await.expect("it ends");
        let url = self.url("polling");
        let (address, path) = url["http://".len()..].split_once('/').expect("a path");
        let mut stream = TcpStream::connect(address).expect("a connection");
        // Both requests are sent together. When the first is answered, the server has the second.
        let head = format!("/{path} HTTP/1.1\r\nHost: {address}\r\n");
        let requests = format!("POST {head}Content-Length: 1\r\n\r\n3GET {head}\r\n");
        stream.write_all(requests.as_bytes()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok") {
            let mut byte = [0];
            stream
                .read_exact(&mut byte)
                .unwrap_or_else(|error| panic!("{error}, after {answer:?}"));
            answer.extend(byte);
        }
    }

    /// Stops answering pings.
    pub(crate) fn stop_answering_pings(&self) {
        self.0.ignores_pings.set(true);
    }

    /// The number of pings that have arrived.
    pub(crate) fn pings(&self) -> usize {
        self.0.pings.get()
    }

    pub(crate) async fn is_polling(&self) -> bool {
        matches!(&*self.0.active.lock().await, Active::Polling)
    }

    /// Stops polling after this packet.
    pub(crate) fn poll_until(&self, packet: String) {
        *self.0.last.borrow_mut() = Some(packet);
    }

    /// Drops the connection.
    pub(crate) fn drop_connection(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.abort();
        }
        // A WebSocket is closed when both of its halves are dropped.
        if let Ok(mut active) = self.0.active.try_lock() {
            *active = Active::Polling;
        }
    }

    async fn post(&self, packets: &str) -> (u16, String) {
        post(&self.0.http, &self.url("polling"), packets.to_owned()).await
    }

    fn read_with(&self, reader: impl Future<Output = ()> + 'static) {
        *self.0.reader.borrow_mut() = Some(rt::spawn(reader));
    }

    async fn poll(self) {
        while !self.0.pause.get() {
            let (status, body) = get(&self.0.http, &self.url("polling")).await;
            if status != 200 {
                return self.closed(format!("{status} {body}"));
            }
            for packet in body.split('\x1e') {
                if let Some(why) = self.packet(packet) {
                    return self.closed(why);
                }
                if self
                    .0
                    .last
                    .borrow()
                    .as_deref()
                    .is_some_and(|last| packet.strip_prefix('4').is_some_and(|it| is_it(it, last)))
                {
                    self.0.pause.set(true);
                }
            }
        }
    }

    async fn read(self, mut frames: impl Stream<Item = Result<Frame, ProtocolError>> + Unpin) {
        let why = loop {
            match frames.next().await {
                Some(Ok(Frame::Text(text))) => {
                    if let Some(why) = self.packet(std::str::from_utf8(&text).expect("text")) {
                        break why;
                    }
                }
                Some(Ok(Frame::Close(None))) => break "close".to_owned(),
                Some(Ok(Frame::Close(Some(reason)))) => {
                    break format!("close {}", u16::from(reason.code));
                }
                Some(Ok(frame)) => panic!("the server sends no such frame: {frame:?}"),
                Some(Err(error)) => break error.to_string(),
                None => break "end of stream".to_owned(),
            }
        };
        self.closed(why);
    }

    /// Handles an Engine.IO packet. Returns the reason if it is the last one.
    fn packet(&self, packet: &str) -> Option<String> {
        match packet.split_at(1) {
            ("4", packet) => {
                // The client may have been dropped before its reader.
                let _ = self.0.incoming.send(Incoming::Packet(packet.to_owned()));
                None
            }
            ("2", "") => {
                self.0.pings.set(self.0.pings.get() + 1);
                if !self.0.ignores_pings.get() {
                    let transport = self.clone();
                    // The session may have ended meanwhile.
                    rt::spawn(async move { transport.send_engine("3").await.ok() });
                }
                None
            }
            ("6", "") => None,
            ("1", "") => Some("close".to_owned()),
            _ => panic!("the server sends no such packet: {packet:?}"),
        }
    }

    fn closed(&self, why: String) {
        let _ = self.0.incoming.send(Incoming::Closed(why));
    }
}
