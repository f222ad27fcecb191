//! Mounting the API in an application.

use std::sync::Arc;

use actix_web::{
    HttpRequest,
    guard::{Any, Get, Head},
    web::{self, ServiceConfig},
};

use super::{
    Api, ApiMethod,
    answer::{answer, describe, refuse_http_method, refuse_path},
};
use crate::server::SocketIo;

impl SocketIo {
    /// Mounts an HTTP API in an app, by [`App::configure`](actix_web::App::configure): the feature
    /// `api`. [`Api`] has an example.
    ///
    /// The app may be another one than that of [`mount`](Self::mount), on a port that the internet
    /// does not reach.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> std::io::Result<()> {
    /// use actix_socketio::{Api, ApiKey};
    /// use actix_web::{App, HttpServer};
    ///
    /// let api = Api::new([ApiKey::new("backend", &std::fs::read_to_string("api-key")?)])?;
    /// let internal = HttpServer::new(move || App::new().configure(io.api(&api)))
    ///     .workers(1)
    ///     .bind(("127.0.0.1", 9001))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn api(&self, api: &Api) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let (io, api) = (self.main_namespace(), api.clone());
        move |services| {
            let path = api.inner.settings.path.clone();
            let description: Arc<str> = Api::openapi(&path).to_string().into();
            let mut scope = web::scope(&path);
            for method in ApiMethod::ALL {
                scope = scope.service(method_resource(&io, &api, method));
            }
            let (served, refused, other) = (io.clone(), io.clone(), io);
            let described =
                web::route().guard(Any(Get()).or(Head())).to(move |request: HttpRequest| {
                    let response = describe(&served, request.method(), &description);
                    async move { response }
                });
            let refuse = web::to(move |request: HttpRequest, body: web::Payload| {
                refuse_http_method(refused.clone(), "openapi", "GET, HEAD", request, body)
            });
            let description =
                web::resource("/openapi.json").route(described).default_service(refuse);
            services.service(scope.service(description).default_service(web::to(
                move |request: HttpRequest, body: web::Payload| {
                    refuse_path(other.clone(), request, body)
                },
            )));
        }
    }
}

/// The resource of one method.
fn method_resource(io: &SocketIo, api: &Api, method: ApiMethod) -> actix_web::Resource {
    let (io, api, refused) = (io.clone(), api.clone(), io.clone());
    let post = web::post().to(move |request: HttpRequest, body: web::Payload| {
        answer(io.clone(), api.clone(), method, request, body)
    });
    let refuse = web::to(move |request: HttpRequest, body: web::Payload| {
        refuse_http_method(refused.clone(), method.as_str(), "POST", request, body)
    });
    web::resource(format!("/{method}")).route(post).default_service(refuse)
}
