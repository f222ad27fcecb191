//! Mounting the endpoint in an application.

use std::{future::ready, sync::Arc};

use actix_web::{
    HttpRequest, guard,
    web::{self, Payload, ServiceConfig},
};

use super::SocketIo;
use crate::http::{browser_client, close_if_asked_to_upgrade, keep_unread, mount};

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
                let path = io.config().path.trim_end_matches('/').to_owned();
                let compress = io.config().http_compression;
                let serve = move |request: HttpRequest, body: Payload| {
                    let file = browser_client::socket_io_js(&request, compress);
                    let mut file = keep_unread(&request, body.into_inner(), file);
                    close_if_asked_to_upgrade(&request, file.head_mut());
                    ready(file)
                };
                let get = guard::Any(guard::Get()).or(guard::Head());
                let path = format!("{path}/socket.io.js");
                services.route(&path, web::route().guard(get).to(serve));
            }
            let endpoint = Arc::new(io.endpoint());
            mount(&endpoint, web::Data::new(io), services);
        }
    }
}
