//! A server with an API, and requests to it.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix::System;
use actix_socketio::{
    Api, ApiBuilder, ApiKey, Builder, HandlerResult, History, OnMessage, Presence, Socket,
    SocketIo, channel,
};
use actix_web::{App, HttpServer, dev::ServerHandle};
use serde_json::{Value, json};

use crate::{
    client::{Client, Mode},
    raw::HttpConnection,
};

/// The key that may do everything.
pub(crate) const KEY: &str = "the-key-that-may-do-everything";
/// A key for channels that begin with `match-`.
pub(crate) const MATCHES: &str = "the-key-that-is-for-matches";
/// A key that may count members alone.
pub(crate) const COUNTER: &str = "the-key-that-may-count";

pub(crate) fn keys() -> [ApiKey; 3] {
    [
        ApiKey::new("all", KEY),
        ApiKey::new("matches", MATCHES).channels("match-"),
        ApiKey::new("counter", COUNTER).may([actix_socketio::ApiMethod::PresenceStats]),
    ]
}

/// Channels of every sort, and the event `fence` of the client.
pub(crate) fn builder() -> Builder {
    SocketIo::builder()
        .on_message(fence)
        .route(channel("^match-").history(History::last(100)))
        .route(channel("^room-").presence(Presence::by(|socket: &Socket| Some(socket.id()))))
        .route(channel("^plain-"))
        .namespace("/admin", |admin| admin.route(channel("^alerts-")))
}

async fn fence(event: OnMessage) -> HandlerResult {
    if event.event() == "fence" {
        let data: Value = event.json()?;
        let target = event.socket.to("behind the fence").including(&event.socket);
        target.publish("fence", &data).await?;
    }
    Ok(())
}

/// A server with one worker for clients, and two workers for the API on a port of its own. It stops
/// when this is dropped.
pub(crate) struct ApiServer {
    pub(crate) io: SocketIo,
    pub(crate) api: Api,
    pub(crate) url: String,
    addr: SocketAddr,
    handles: [ServerHandle; 2],
    thread: Option<JoinHandle<()>>,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(String, String)>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Checks that it is a problem.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str, detail: &str) {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{self:?}");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["detail"], detail, "{self:?}");
        assert_eq!(self.body["type"], format!("urn:actix-socketio:problem:{code}"));
        assert!(self.body["title"].is_string());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }

    /// Checks that it is a success.
    #[track_caller]
    pub(crate) fn assert_body(&self, body: &Value) {
        assert_eq!((self.status, &self.body), (200, body), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }
}

impl ApiServer {
    pub(crate) fn start() -> Self {
        Self::with(builder(), Api::builder(keys()))
    }

    pub(crate) fn with(builder: Builder, api: ApiBuilder) -> Self {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = builder.build().expect("the settings are valid");
                let api = api.build().expect("the keys are valid");
                let (mounted, internal, mounted_api) = (io.clone(), io.clone(), api.clone());
                let public = HttpServer::new(move || App::new().configure(mounted.mount()))
                    .workers(1)
                    .disable_signals()
                    .bind(("127.0.0.1", 0))
                    .expect("a port on loopback");
                let internal =
                    HttpServer::new(move || App::new().configure(internal.api(&mounted_api)))
                        .workers(2)
                        .disable_signals()
                        .bind(("127.0.0.1", 0))
                        .expect("a port on loopback");
                let (url, addr) = (format!("http://{}", public.addrs()[0]), internal.addrs()[0]);
                let (public, internal) = (public.run(), internal.run());
                let handles = [public.handle(), internal.handle()];
                started.send((io, api, url, addr, handles)).expect("the test waits for this");
                let ended = futures_util::join!(public, internal);
                assert!(ended.0.is_ok() && ended.1.is_ok(), "they run until they are stopped");
            });
        });
        let (io, api, url, addr, handles) =
            running.recv().expect("the server starts; its thread says why not");
        Self { io, api, url, addr, handles, thread: Some(thread) }
    }

    /// The address of the API.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A connection for requests.
    pub(crate) fn connection(&self) -> HttpConnection {
        HttpConnection::open(self.addr)
    }

    /// Asks with the key that may do everything.
    #[track_caller]
    pub(crate) fn post(&self, method: &str, body: &Value) -> Answer {
        self.post_as(KEY, method, &body.to_string())
    }

    /// Asks with some key.
    #[track_caller]
    pub(crate) fn post_as(&self, key: &str, method: &str, body: &str) -> Answer {
        let headers = format!("X-API-Key: {key}\r\nContent-Type: application/json\r\n");
        self.ask("POST", &format!("/api/{method}"), &headers, body)
    }

    /// Sends any request with a body.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut http = self.connection();
        http.write(request(method, path, headers, body));
        read(&mut http)
    }

    /// A client that is in these channels, and the id of its socket.
    pub(crate) async fn client(&self, channels: &[&str]) -> (Client, String) {
        let mut client = Client::ask(&self.url, Mode::WebSocket, "", &[], "0").await;
        let answer = client.recv().await;
        let answer: Value = serde_json::from_str(&answer[1..]).expect("the answer to CONNECT");
        for channel in channels {
            client.subscribe(channel).await;
        }
        (client, answer["sid"].as_str().expect("an id").to_owned())
    }
}

/// The text of a request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Reads one answer.
#[track_caller]
pub(crate) fn read(http: &mut HttpConnection) -> Answer {
    let response = http.response();
    let body = serde_json::from_str(&response.body).unwrap_or(Value::Null);
    Answer { status: response.status, body, headers: response.headers }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.handles.iter().for_each(|handle| drop(handle.stop(false)));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}
