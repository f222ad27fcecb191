//! The servers of both kinds.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix::System;
use actix_socketio::Builder;
use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
};
use serde::Deserialize;

use crate::{application::application, needs::clients, wait::PATIENCE};

pub(crate) const TRANSPORTS: [&str; 2] = ["polling", "websocket"];

/// Where the servers of one kind listen, by transport. Each transport has servers of its own,
/// because a server numbers its acknowledgements.
type AllPorts = HashMap<String, Ports>;

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Ports {
    /// With the default settings.
    pub(crate) plain: u16,
    /// With a short heartbeat.
    pub(crate) beating: u16,
    /// Also for clients of Socket.IO 2.
    pub(crate) old: u16,
}

/// The official servers, in one process. It is killed when this is dropped, and ends by itself when
/// this process does.
pub(crate) struct NodeServers {
    child: Child,
    pub(crate) ports: AllPorts,
}

impl NodeServers {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("node")
            .arg(clients().join("wire/server.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        // The child is killed also if this panics.
        let mut node = Self { child, ports: AllPorts::new() };
        let line =
            lines.recv_timeout(PATIENCE).expect("Node prints its ports; its stderr says why not");
        node.ports = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        node
    }
}

impl Drop for NodeServers {
    fn drop(&mut self) {
        // It may have ended by itself. The test has then failed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The servers of this crate, in one thread. They stop when this is dropped.
pub(crate) struct OwnServers {
    pub(crate) ports: AllPorts,
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl OwnServers {
    pub(crate) fn start() -> Self {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let mut servers = Vec::new();
                let ports: AllPorts =
                    TRANSPORTS.map(|name| (name.to_owned(), serve_all(&mut servers))).into();
                let handles: Vec<_> = servers.iter().map(Server::handle).collect();
                started.send((ports, handles)).expect("the test waits for this");
                for server in servers.into_iter().map(actix_web::rt::spawn).collect::<Vec<_>>() {
                    server.await.expect("no panic").expect("it runs until it is stopped");
                }
            });
        });
        let (ports, handles) =
            running.recv().expect("the servers start; their thread says why not");
        Self { ports, handles, thread: Some(thread) }
    }
}

fn serve_all(servers: &mut Vec<Server>) -> Ports {
    let (interval, timeout) = (Duration::from_millis(200), Duration::from_secs(2));
    let mut serve = |builder: Builder| {
        let io = builder.build().expect("the settings are valid");
        let server = HttpServer::new(move || App::new().configure(io.mount()))
            .workers(1)
            .h1_allow_half_closed(false)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a port on loopback");
        let port = server.addrs()[0].port();
        servers.push(server.run());
        port
    };
    Ports {
        plain: serve(application()),
        beating: serve(application().ping_interval(interval).ping_timeout(timeout)),
        old: serve(application().allow_eio3(true)),
    }
}

impl Drop for OwnServers {
    fn drop(&mut self) {
        for handle in &self.handles {
            // The call sends the command. The future would only wait for the server's end, and
            // joining the thread does that, too.
            drop(handle.stop(false));
        }
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the servers' thread panicked");
    }
}
