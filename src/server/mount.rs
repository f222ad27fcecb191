//! Mounting the endpoint in an application.

use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};

use super::SocketIo;
use crate::http::mount;

impl SocketIo {
    /// Mounts the endpoint in an app, by [`App::configure`](actix_web::App::configure). Your
    /// request handlers get the handle as `web::Data<SocketIo>`.
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, SocketIoServerExt, channel};
    /// use actix_web::{App, HttpServer};
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = SocketIo::builder().route(channel("^match-")).build()?;
    ///     let app = io.clone();
    ///     HttpServer::new(move || App::new().configure(app.mount()))
    ///         .socketio(&io)
    ///         .bind(("127.0.0.1", 8080))?
    ///         .run()
    ///         .await
    /// }
    /// ```
    ///
    /// Also call [`socketio`](crate::SocketIoServerExt::socketio) on the `HttpServer`. It sets the
    /// options that a server for long-lived connections needs.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let io = self.clone();
        move |services| {
            if io.config().serve_client {
                let path = io.config().path.trim_end_matches('/');
                let compress = io.config().http_compression;
                let cors = io.state.endpoint.cors.as_ref();
                io.state.client_files.mount(path, compress, cors, services);
            }
            let endpoint = Arc::new(io.endpoint());
            mount(&endpoint, web::Data::new(io), services);
        }
    }
}
