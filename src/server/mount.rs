//! How an application gets the endpoint.

use std::{future::ready, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpRequest,
    dev::{
        AppService, Extensions, HttpServiceFactory, ResourceDef, ResourceMap, ServiceFactory,
        ServiceRequest, ServiceResponse, fn_service,
    },
    web::{self, ServiceConfig},
};

use super::{SocketIo, io::ServerInner};
use crate::http::{browser_client, endpoint};

impl SocketIo {
    /// The endpoint, for [`App::configure`](actix_web::App::configure); it also registers the
    /// handle as `web::Data<SocketIo>`.
    ///
    /// ```no_run
    /// use actix_socketio::{SocketIo, channel};
    /// use actix_web::{App, HttpServer};
    ///
    /// #[actix_web::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = SocketIo::builder().route(channel("^match-")).build()?;
    ///     HttpServer::new(move || App::new().configure(io.mount()))
    ///         .bind(("127.0.0.1", 8080))?
    ///         .run()
    ///         .await
    /// }
    /// ```
    ///
    /// A server for long-lived connections wants three settings that `HttpServer` does not have by
    /// itself: `.h1_allow_half_closed(false)`, without which nobody notices that a client has
    /// broken off a poll; `.on_connect(actix_socketio::on_connect)`, without which a WebSocket
    /// costs more and a client that stops reading keeps its descriptor; and
    /// `.shutdown_signal(io.shutdown_on_signal())`, without which a stop waits for open WebSockets.
    /// [`SocketIo::serve`] has them.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let io = self.clone();
        move |services| {
            let path = io.config().path.trim_end_matches('/').to_owned();
            let cors = io.inner.cors.clone();
            let data = web::Data::new(io.clone());
            services.app_data(data.clone());
            if io.config().serve_client {
                let compress = io.config().http_compression;
                let serve = move |request: HttpRequest| {
                    ready(browser_client::socket_io_js(&request, compress))
                };
                services.route(&format!("{path}/socket.io.js"), web::get().to(serve));
            }
            let mut extensions = Extensions::new();
            extensions.insert(data);
            let endpoint =
                Endpoint { path, inner: Arc::clone(&io.inner), data: Rc::new(extensions) };
            match cors {
                Some(cors) => {
                    let scope = web::scope(&endpoint.path).wrap(cors.middleware());
                    services.service(scope.default_service(endpoint.service()))
                }
                None => services.service(endpoint),
            };
        }
    }
}

/// What actix-web asks for whatever is below the path, which Engine.IO matches as a prefix.
///
/// A service by itself, as a poll's way is short: a scope with a route has two futures more on the
/// heap for each request, and a resource with several paths is a regular expression.
struct Endpoint {
    path: String,
    inner: Arc<ServerInner>,
    data: Rc<Extensions>,
}

impl Endpoint {
    fn service(
        &self,
    ) -> impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    > + use<> {
        let Self { inner, data, .. } = self;
        let (inner, data) = (Arc::clone(inner), Rc::clone(data));
        fn_service(move |mut request: ServiceRequest| {
            // What the application asks of its requests has the handle, too: where several servers
            // are mounted, that of the application is the last one's.
            request.add_data_container(Rc::clone(&data));
            endpoint::answer(Arc::clone(&inner), request)
        })
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, services: &mut AppService) {
        let path = ResourceDef::root_prefix(&self.path);
        // As a scope says it, which it is with CORS: no request is for a resource of its own.
        let resources = Rc::new(ResourceMap::new(path.clone()));
        services.register_service(path, None, self.service(), Some(resources));
    }
}
