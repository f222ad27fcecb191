//! An application that a test starts and stops.

use std::{
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix_socketio::{SocketIo, SocketIoServerExt as _};
use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web::ServiceConfig};

/// The running application. It stops when this is dropped.
pub(crate) struct RunningApp {
    url: String,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl RunningApp {
    /// Starts it in a thread of its own, with two workers. `build` runs in that thread.
    pub(crate) fn start<C>(build: impl FnOnce() -> (SocketIo, C) + Send + 'static) -> Self
    where
        C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let (started, running) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let (io, services) = build();
                let server = HttpServer::new(move || App::new().configure(services.clone()))
                    .workers(2)
                    .socketio(&io)
                    .disable_signals()
                    .shutdown_timeout(1)
                    .bind(("127.0.0.1", 0))
                    .expect("a port on loopback");
                let url = format!("http://{}", server.addrs()[0]);
                let server = server.run();
                started.send((url, server.handle())).expect("the test waits for this");
                server.await.expect("the server runs until it is stopped");
            });
        });
        let (url, server) = running.recv().expect("the server starts; its thread says why not");
        Self { url, server, thread: Some(thread) }
    }

    /// Its address: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        // The call sends the command. The future would only wait for the server's end, and joining
        // the thread does that, too.
        drop(self.server.stop(false));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || thread::panicking(), "the server's thread panicked");
    }
}
