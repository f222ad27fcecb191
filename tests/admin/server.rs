//! A server with administrators, and clients that log in.

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix::System;
use actix_socketio::{Admin, AdminUser, Builder, SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpServer, dev::ServerHandle};
use serde_json::{Value, json};

use crate::{
    client::{Client, Mode},
    page,
};

pub(crate) const PASSWORD: &str = "secret";

/// The hash of a password, with the lowest cost.
pub(crate) fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).expect("a valid cost")
}

pub(crate) fn user(name: &str) -> AdminUser {
    AdminUser::new(name, hash(PASSWORD))
}

/// The settings with the user `admin`.
pub(crate) fn admin() -> Admin {
    Admin::of([user("admin")])
}

pub(crate) fn builder() -> Builder {
    SocketIo::builder()
        .route(channel("^room-"))
        .route(channel("^all$"))
        .namespace("/chat", |chat| chat.route(channel("^room-")))
}

/// A server with one worker. It stops when this is dropped.
pub(crate) struct AdminServer {
    pub(crate) io: SocketIo,
    pub(crate) url: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    pub(crate) fn start(admin: Admin) -> Self {
        Self::with(builder().admin(admin))
    }

    pub(crate) fn with(builder: Builder) -> Self {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = builder.build().expect("the settings are valid");
                let mounted = io.clone();
                let server = HttpServer::new(move || {
                    App::new().configure(mounted.mount()).service(page::files())
                })
                .workers(1)
                .socketio(&io)
                .disable_signals()
                .shutdown_timeout(1)
                .bind(("127.0.0.1", 0))
                .expect("a port on loopback");
                let url = format!("http://{}", server.addrs()[0]);
                let server = server.run();
                started.send((io, url, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (io, url, handle) = running.recv().expect("the server starts");
        Self { io, url, handle, thread: Some(thread) }
    }

    /// A client that asks for the namespace of administrators.
    pub(crate) async fn ask(&self, auth: &Value) -> Client {
        Client::ask(&self.url, Mode::WebSocket, "", &[], &format!("0/admin,{auth}")).await
    }

    /// A client that has logged in, and its session.
    pub(crate) async fn log_in(&self) -> (Client, String) {
        let mut client = self.ask(&json!({"username": "admin", "password": PASSWORD})).await;
        let connect = client.recv().await;
        assert!(connect.starts_with(r#"0/admin,{"sid":"#), "{connect}");
        let [session] = event(&client.recv().await, "session").try_into().expect("an id");
        assert_eq!(event(&client.recv().await, "config").len(), 1);
        (client, session.as_str().expect("a text").to_owned())
    }

    /// The first answer to a log-in.
    pub(crate) async fn answer(&self, auth: &Value) -> String {
        self.ask(auth).await.recv().await
    }

    /// An ordinary client, and its id.
    pub(crate) async fn client(&self, namespace: &str) -> (Client, String) {
        let connect = if namespace == "/" { "0".to_owned() } else { format!("0{namespace},") };
        let mut client = Client::ask(&self.url, Mode::WebSocket, "", &[], &connect).await;
        let answer = client.recv().await;
        let sid: Value = answer
            .find('{')
            .map(|at| serde_json::from_str(&answer[at..]))
            .expect(&answer)
            .expect("an object");
        (client, sid["sid"].as_str().expect("an id").to_owned())
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}

/// The arguments of an event for administrators.
#[track_caller]
pub(crate) fn event(packet: &str, name: &str) -> Vec<Value> {
    let json = packet.strip_prefix("2/admin,").unwrap_or_else(|| panic!("{name}: {packet}"));
    let mut parts: Vec<Value> = serde_json::from_str(json).expect("an event");
    assert_eq!(parts.remove(0), name, "{packet}");
    parts
}

/// What a client reads of a refusal.
pub(crate) fn refusal(message: &str) -> String {
    format!("4/admin,{}", json!({ "message": message }))
}
