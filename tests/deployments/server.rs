//! A server that listens in all ways that actix-web offers.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix_socketio::{Builder, SocketIo, SocketIoServerExt as _};
use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    rt::System,
};

use crate::{app, certificate, folder::Folder, wait::wait_until};

const LOOPBACK: &str = "127.0.0.1";

/// Where a server listens.
#[derive(Debug, Clone)]
pub(crate) struct Listeners {
    /// HTTP/1.1.
    pub(crate) plain: SocketAddr,
    /// HTTP/1.1, and HTTP/2 for clients that begin with it.
    pub(crate) h2c: SocketAddr,
    /// HTTP/1.1 and HTTP/2 over TLS.
    pub(crate) tls: SocketAddr,
    /// HTTP/1.1 at a Unix socket.
    pub(crate) unix: PathBuf,
}

/// A server with two workers, in a thread of its own. It stops when this is dropped.
pub(crate) struct TestServer {
    pub(crate) io: SocketIo,
    pub(crate) at: Listeners,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    /// The Unix socket is in it.
    _folder: Folder,
}

impl TestServer {
    /// Starts the application with other settings.
    pub(crate) fn start(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = configure(app::builder());
        let folder = Folder::new("server");
        let unix = folder.path().join("socket");
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = builder.build().expect("the settings are valid");
                let (server, at) = listen(&io, unix, false);
                started.send((io, at, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (io, at, handle) = running.recv().expect("the server starts; its thread says why not");
        Self { io, at, handle, thread: Some(thread), _folder: folder }
    }

    /// The server behind one proxy, which it trusts.
    pub(crate) fn behind_a_proxy() -> Self {
        Self::start(|builder| builder.trusted_proxies(1))
    }

    /// Waits until no client is left, and checks that the server keeps nothing of any.
    #[track_caller]
    pub(crate) fn assert_all_freed(&self) {
        wait_until("all gauges are zero", || self.io.stats().is_idle());
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

/// Binds all listeners, and runs the server until it is stopped, by signals as well if `signals`.
pub(crate) fn listen(io: &SocketIo, unix: PathBuf, signals: bool) -> (Server, Listeners) {
    let app = io.clone();
    let mut server = HttpServer::new(move || App::new().configure(app.mount()))
        .workers(2)
        .socketio(io)
        .bind((LOOPBACK, 0))
        .and_then(|server| server.bind_auto_h2c((LOOPBACK, 0)))
        .and_then(|server| server.bind_rustls_0_23((LOOPBACK, 0), certificate::server_config()))
        .expect("ports on loopback");
    // A Unix socket is shown with an address, too.
    let [plain, h2c, tls] = server.addrs()[..] else { panic!("three listeners") };
    server = server.bind_uds(&unix).expect("a Unix socket");
    if !signals {
        server = server.disable_signals();
    }
    (server.run(), Listeners { plain, h2c, tls, unix })
}
