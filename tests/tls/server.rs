//! A server with TLS of its own, in a thread of its own.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix_socketio::{Builder, Certificate, SocketIo, TlsServer};
use actix_web::{App, dev::ServerHandle, rt::System};

use crate::wait::wait_until;

/// A server that stops when this is dropped.
pub(crate) struct TestServer {
    pub(crate) io: SocketIo,
    pub(crate) addr: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Starts a server with one worker, whose bound of handshakes is then the server's.
    pub(crate) fn start(builder: Builder, certificate: &Certificate) -> Self {
        let certificate = certificate.clone();
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let io = builder.build().expect("the settings are valid");
                let app = io.clone();
                let server =
                    TlsServer::new(&io, &certificate, move || App::new().configure(app.mount()))
                        .workers(1)
                        .shutdown_signal(std::future::pending())
                        .bind("127.0.0.1:0")
                        .expect("a port on loopback");
                let addr = server.addrs()[0];
                let server = server.run().expect("the server starts");
                started.send((io, addr, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (io, addr, handle) =
            running.recv().expect("the server starts; its thread says why not");
        Self { io, addr, handle, thread: Some(thread) }
    }

    /// The number of handshakes that have failed for a reason.
    pub(crate) fn failures(&self, reason: &str) -> u64 {
        self.io.stats().tls_handshake_failures[reason]
    }

    /// Waits until so many handshakes have failed for a reason.
    #[track_caller]
    pub(crate) fn wait_for_failures(&self, reason: &str, count: u64) {
        wait_until(reason, || self.failures(reason) >= count);
        assert_eq!(self.failures(reason), count, "{reason}");
    }

    /// Waits until no client is left, and checks that the server keeps nothing of any.
    #[track_caller]
    pub(crate) fn assert_all_freed(&self) {
        wait_until("all gauges are zero", || self.io.stats().is_idle());
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}
