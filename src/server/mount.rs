//! The HTTP resource: which request is a handshake, which one a poll, and which one is none.

use std::sync::Arc;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    http::{Method, header},
    middleware::Condition,
    web::{self, Query, ServiceConfig},
};
use serde::Deserialize;

use super::{Cors, SocketIo, client, io::Inner, refusal::Refusal};
use crate::{
    connection::Connection,
    model::{Extensions, HttpRequestParts, SessionId},
    outbox::Transport,
    transport::{Link, polling, websocket},
};

impl SocketIo {
    /// The endpoint, for [`App::configure`](actix_web::App::configure); it also registers the handle as
    /// `web::Data<SocketIo>`.
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
    /// A server for long-lived connections wants three settings that `HttpServer` does not have by itself:
    /// `.h1_allow_half_closed(false)`, without which nobody notices that a client has broken off a poll;
    /// `.on_connect(actix_socketio::on_connect)`, without which a client that stops reading keeps its descriptor; and
    /// `.shutdown_signal(io.shutdown_on_signal())`, without which a stop waits for open WebSockets.
    /// [`SocketIo::serve`] has them.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let io = self.clone();
        move |services| {
            let path = io.config().path.trim_end_matches('/').to_owned();
            let cors = io.inner.cors.clone();
            services.app_data(web::Data::new(io.clone()));
            if io.config().serve_client {
                services.route(&format!("{path}/socket.io.js"), web::get().to(client::socket_io_js));
            }
            // Engine.IO matches its path as a prefix.
            let paths = [path.clone(), format!("{path}/"), format!("{path}/{{rest:.*}}")];
            let resource = web::resource(paths)
                .app_data(web::Data::new(io))
                .route(web::route().to(endpoint))
                .wrap(Condition::new(cors.is_some(), cors.unwrap_or(Cors::any_origin()).middleware()));
            services.service(resource);
        }
    }
}

/// What a client says in the query. Other parameters are the application's.
#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

/// What a request wants.
enum Request {
    Handshake(Transport),
    Poll(Arc<Link>),
    Post(Arc<Link>),
    Upgrade(Arc<Link>),
    /// A method which polling does not know.
    Odd,
}

async fn endpoint(request: HttpRequest, body: web::Payload, io: web::Data<SocketIo>) -> Result<HttpResponse, Error> {
    let inner = &io.inner;
    match verify(inner, &request) {
        Ok(Request::Handshake(transport)) => handshake(inner, &request, body, transport).await,
        Ok(Request::Poll(link)) => Ok(polling::get(&link).await),
        Ok(Request::Post(link)) => Ok(polling::post(&link, &request, body).await),
        Ok(Request::Upgrade(link)) => websocket::probe(link, &request, body),
        Ok(Request::Odd) => Ok(HttpResponse::InternalServerError().finish()),
        Err(refusal) => Ok(refuse(&request, &refusal)),
    }
}

fn refuse(request: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    log::debug!("refuse a request from {:?}: {refusal:?}", request.peer_addr());
    refusal.response()
}

/// Engine.IO's checks, in its order.
fn verify(inner: &Inner, request: &HttpRequest) -> Result<Request, Refusal> {
    let config = &inner.shared.config;
    let parameters = Query::<Parameters>::from_query(request.query_string()).map_err(|_| Refusal::BadRequest)?;
    let Parameters { version, transport, sid } = parameters.into_inner();
    let transport = transport
        .and_then(|name| config.transports.iter().find(|known| known.as_str() == name).copied())
        .ok_or(Refusal::UnknownTransport)?;
    if request.headers().get(header::ORIGIN).is_some_and(|origin| origin.to_str().is_err()) {
        return Err(Refusal::BadRequest);
    }
    let is_upgrade = request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let Some(sid) = sid else {
        if request.method() != Method::GET {
            return Err(Refusal::BadMethod);
        }
        if (transport == Transport::WebSocket) != is_upgrade {
            return Err(Refusal::BadRequest);
        }
        return if version.as_deref() == Some("4") {
            Ok(Request::Handshake(transport))
        } else {
            Err(Refusal::UnsupportedVersion)
        };
    };
    let link = SessionId::parse(&sid).and_then(|id| inner.shared.sessions.link(&id)).ok_or(Refusal::UnknownSession)?;
    match transport {
        Transport::WebSocket if !is_upgrade || !config.allow_upgrades => Err(Refusal::BadRequest),
        Transport::WebSocket => Ok(Request::Upgrade(link)),
        Transport::Polling if is_upgrade || link.transport() != transport => Err(Refusal::BadRequest),
        Transport::Polling => Ok(match *request.method() {
            Method::GET => Request::Poll(link),
            Method::POST => Request::Post(link),
            _ => Request::Odd,
        }),
    }
}

async fn handshake(
    inner: &Inner,
    request: &HttpRequest,
    body: web::Payload,
    transport: Transport,
) -> Result<HttpResponse, Error> {
    let extensions = Extensions::default();
    for check in &inner.on_handshake {
        if let Err(error) = check(request, &extensions) {
            let refusal = Refusal::forbidden(&error);
            log::info!("refuse {:?} at the handshake: {error}", request.peer_addr());
            return Ok(refuse(request, &refusal));
        }
    }
    let open = || Connection::open(&inner.shared, HttpRequestParts::from(request), extensions, transport);
    match transport {
        Transport::WebSocket => websocket::open(open, request, body),
        // The first poll finds the open packet.
        Transport::Polling => Ok(polling::get(&open()).await),
    }
}
