//! The requests that the program itself answers, and the two HTTP servers.

use std::{io, net::SocketAddr};

use actix_socketio::{Api, SocketIo, SocketIoServerExt, close_unread_bodies};
use actix_web::{
    App, HttpResponse, HttpServer, Route,
    dev::{HttpServiceFactory, Server},
    http::header::CACHE_CONTROL,
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use serde_json::json;

use crate::{
    admin_files::admin_files,
    config::AdminSettings,
    health::{Health, Verdict},
};

/// The number of connections that may wait to be accepted. Many clients reconnect at the same time
/// after an outage.
const BACKLOG: u32 = 4096;
/// The seconds that unfinished requests may take after all sessions have ended.
pub(crate) const REQUEST_SHUTDOWN_TIMEOUT: u64 = 1;

/// Marks the requests and the connections of the internal address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InternalListener;

/// The server of clients: Socket.IO, and `/healthz` without details.
///
/// # Errors
/// That of the operating system, if the program can't listen there.
pub(crate) fn public(io: &SocketIo, health: &Health, addrs: &[SocketAddr]) -> io::Result<Server> {
    let app = public_services(io, health);
    let server = HttpServer::new(move || {
        App::new().configure(app.clone()).default_service(not_found())
    })
    .socketio(io)
    .disable_signals()
    // The program decides when it ends, after the clients have been told.
    .shutdown_signal(std::future::pending())
    .backlog(BACKLOG)
    .shutdown_timeout(REQUEST_SHUTDOWN_TIMEOUT)
    .bind(addrs)?;
    for addr in server.addrs() {
        log::info!("listening on http://{addr}{}", io.config().path);
    }
    Ok(server.run())
}

/// All that is at the public address.
pub(crate) fn public_services(
    io: &SocketIo,
    health: &Health,
) -> impl FnOnce(&mut ServiceConfig) + Clone + Send + use<> {
    let (io, health) = (io.clone(), health.clone());
    move |services| {
        services.service(probe("/healthz", move || healthz(&health.ready()))).configure(io.mount());
    }
}

/// The server of the operator.
///
/// # Errors
/// That of the operating system, if the program can't listen there.
pub(crate) fn internal(
    io: &SocketIo,
    health: &Health,
    api: Option<&Api>,
    admin: Option<&AdminSettings>,
    addrs: &[SocketAddr],
) -> io::Result<Server> {
    let (app, health, api) = (io.clone(), health.clone(), api.cloned());
    let has_api = api.is_some();
    let ui_dir = admin.and_then(|admin| admin.ui_dir.clone());
    let has_ui = ui_dir.is_some();
    let has_endpoint = admin.is_some_and(|admin| admin.is_internal);
    let server = HttpServer::new(move || {
        App::new()
            .configure(internal_services(&app, &health, api.as_ref()))
            .configure(|services| {
                if let Some(folder) = &ui_dir {
                    services.configure(admin_files(folder.clone()));
                }
                if has_endpoint {
                    services.app_data(InternalListener).configure(app.mount());
                }
            })
            .default_service(not_found())
    })
    .workers(1)
    .socketio(io)
    .disable_signals()
    .shutdown_signal(std::future::pending())
    .shutdown_timeout(REQUEST_SHUTDOWN_TIMEOUT)
    .bind(addrs)?;
    for addr in server.addrs() {
        log::info!("health on http://{addr}/readyz and /livez, metrics on /metrics");
        if has_api {
            log::info!("HTTP API on http://{addr}/api");
        }
        if has_ui {
            log::info!("Admin UI on http://{addr}/admin/");
        }
    }
    Ok(server.run())
}

/// All that is at the internal address.
fn internal_services(
    io: &SocketIo,
    health: &Health,
    api: Option<&Api>,
) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let (live, ready) = (health.clone(), health.clone());
    let metrics = io.metrics().with_process().mount("/metrics");
    let api = api.map(|api| io.api(api));
    move |services| {
        services.configure(metrics);
        if let Some(api) = api {
            services.configure(api);
        }
        services
            .service(probe("/livez", move || with_details(&live.live())))
            .service(probe("/readyz", move || with_details(&ready.ready())));
    }
}

fn probe(
    path: &str,
    answer: impl Fn() -> HttpResponse + Clone + 'static,
) -> impl HttpServiceFactory + 'static {
    let handler = move || {
        let answer = answer();
        async move { answer }
    };
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .wrap(from_fn(close_unread_bodies))
}

fn healthz(verdict: &Verdict) -> HttpResponse {
    respond(verdict, json!({ "status": status(verdict) }))
}

fn with_details(verdict: &Verdict) -> HttpResponse {
    respond(verdict, json!({ "status": status(verdict), "checks": verdict.checks }))
}

fn status(verdict: &Verdict) -> &'static str {
    if verdict.is_good { "ok" } else { "unavailable" }
}

fn respond(verdict: &Verdict, body: serde_json::Value) -> HttpResponse {
    let mut response =
        if verdict.is_good { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header((CACHE_CONTROL, "no-store")).json(body)
}

pub(crate) fn not_found() -> Route {
    web::route().to(HttpResponse::NotFound).wrap(from_fn(close_unread_bodies))
}
