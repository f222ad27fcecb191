//! Servers that know each other's addresses, on ports of their own.

use std::{
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_socketio::{Builder, Socket, SocketIo, SocketIoServerExt as _, Stats};
use actix_socketio_redis::Cluster;
use actix_web::{App, HttpServer, dev::ServerHandle, rt::System};
use serde_json::Value;

use crate::common::{RedisServer, wait_until};

/// How often the tests' servers renew their ids.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(200);

/// A server. It stops when this is dropped.
pub(crate) struct Node {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    pub(crate) fn start(
        redis: &RedisServer,
        change: impl FnOnce(Builder) -> Builder + Send + 'static,
    ) -> Self {
        Self::start_at(redis, change, true)
    }

    /// `is_prepared`: its `HttpServer` has the options for Socket.IO. Without them, WebSockets stay
    /// with actix-http.
    pub(crate) fn start_at(
        redis: &RedisServer,
        change: impl FnOnce(Builder) -> Builder + Send + 'static,
        is_prepared: bool,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
        let addr = listener.local_addr().expect("it is bound");
        let cluster = Cluster::redis(&redis.url()).expect("an address").heartbeat(HEARTBEAT);
        let builder = SocketIo::builder()
            .cluster(cluster)
            .node_address(format!("http://{addr}"))
            .on("echo", async |value: Value| Ok(value))
            .on("length", async |text: String| Ok(text.len()))
            .on("stream", async |socket: Socket, count: u32| {
                for number in 0..count {
                    socket.emit("numbered", &number)?;
                }
                Ok(count)
            });
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = change(builder).build().expect("valid settings");
                let app = io.clone();
                let server = HttpServer::new(move || App::new().configure(app.mount())).workers(1);
                let server = if is_prepared { server.socketio(&io) } else { server };
                let server = server
                    .disable_signals()
                    .shutdown_timeout(1)
                    .listen(listener)
                    .expect("it is bound")
                    .run();
                started.send((io, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (io, server) = running.recv().expect("the server starts; its thread says why not");
        Self { io, addr, server, thread: Some(thread) }
    }

    pub(crate) fn stats(&self) -> Stats {
        self.io.stats()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The call sends the command. Joining the thread waits for the server's end.
        drop(self.server.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}

/// The ids that are reserved in Redis.
pub(crate) fn reserved(redis: &RedisServer) -> Vec<String> {
    redis.command(&["KEYS", "socket.io:node:*"])
}

/// Servers of one cluster, whose ids are reserved.
pub(crate) fn start<const COUNT: usize>(
    redis: &RedisServer,
    change: impl Fn(Builder) -> Builder + Clone + Send + 'static,
) -> [Node; COUNT] {
    let before = reserved(redis).len();
    let nodes = std::array::from_fn(|_| Node::start(redis, change.clone()));
    wait_until("all ids are reserved", || reserved(redis).len() == before + COUNT);
    nodes
}

/// Servers with the settings that they have by themselves.
pub(crate) fn plain<const COUNT: usize>(redis: &RedisServer) -> [Node; COUNT] {
    start(redis, |builder| builder)
}
