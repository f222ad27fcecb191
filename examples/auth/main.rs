//! Who may come in, and what they may do: a server that asks for JSON Web Tokens.
//!
//! `JWT_SECRET=$(openssl rand -hex 32) cargo run --example auth`, then open http://127.0.0.1:8080.
//! Users and passwords are in `users.rs`. From a program:
//!
//! ```sh
//! curl -H 'content-type: application/json' -d '{"user":"ada","password":"difference engine"}' 127.0.0.1:8080/login
//! ```
//!
//! * A client that can set headers shows its token at the handshake: `Authorization: Bearer …`, or
//!   the cookie `token`.
//! * A browser can't, for a WebSocket: it shows the token when it joins, `io({ auth: { token } })`.
//!
//! `docs/security.md` is the guide to all of this.

mod access;
mod gate;
mod token;
mod users;

use std::{env, io, process::ExitCode, sync::Arc};

use actix::prelude::*;
use actix_socketio::{Channel, Cors, SocketIo, prelude::*};
use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    error::{ErrorBadRequest, ErrorUnauthorized},
    http::header,
    web,
};
use gate::{Gate, NO_TOKEN, NOT_ALLOWED};
use serde::Deserialize;
use serde_json::{Value, json};
use token::{Claims, LIFETIME, Tokens};

/// Pages of these origins may connect, and those of the server's own. Without such a list, a page
/// of *any* origin may open a WebSocket, and the browser adds its visitor's cookies to it.
const ORIGINS: [&str; 1] = ["https://app.example.com"];

/// Bytes of a request body: nobody needs more to log in.
const LONGEST_BODY: usize = 4096;

fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    // No default: a secret that stands in a source file is none.
    let secret = env::var("JWT_SECRET").unwrap_or_default();
    let tokens = match Tokens::new(secret.as_bytes()) {
        Ok(tokens) => Arc::new(tokens),
        Err(error) => {
            eprintln!(
                "auth: JWT_SECRET is not set to a secret: {error}. One is made by `openssl rand -hex 32`."
            );
            return ExitCode::from(2);
        }
    };
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    match actix_web::rt::System::new().block_on(serve(&address, tokens)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("auth: can't serve at {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, tokens: Arc<Tokens>) -> io::Result<()> {
    let io = socket_io(&tokens)?;
    let app = io.clone();
    let tokens = web::Data::from(tokens);
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .app_data(tokens.clone())
            .app_data(
                web::JsonConfig::default()
                    .limit(LONGEST_BODY)
                    .error_handler(|_, _| ErrorBadRequest("bad JSON\n")),
            )
            .route("/", web::get().to(page))
            .route("/login", web::post().to(login))
            .route("/users/{id}/messages", web::post().to(tell))
    })
    .socketio(&io)
    .bind(address)?;
    for addr in server.addrs() {
        println!("open http://{addr}");
    }
    server.run().await
}

fn socket_io(tokens: &Arc<Tokens>) -> io::Result<SocketIo> {
    let gate = Gate::new(Arc::clone(tokens)).start();
    let tokens = Arc::clone(tokens);
    let io = SocketIo::builder()
        .cors(Cors::origins(ORIGINS))
        // Who has no token yet may show one when it joins.
        .on_handshake(move |request, extensions| {
            if let Some(token) = shown(request) {
                extensions.insert(believed(&tokens, &token)?);
            }
            Ok(())
        })
        // Whoever is not let in does not stay.
        .connect_timeout(std::time::Duration::from_secs(10))
        .to(&gate)
        .namespace(access::EDITORS, |editors| editors.to(&gate))
        // A pattern says which channels there are. `^` is understood; without `$`, `news` would be
        // `newsroom`, too.
        .route(channel("^news$").on_subscribe(subscribing).allow_publish().on_message(publishing))
        .route(channel("^team-[a-z]+$").on_subscribe(subscribing).allow_publish().on_message(publishing))
        .route(channel("^user-[a-z]+$").on_subscribe(subscribing))
        .build()?;
    Ok(io)
}

// ── at the handshake ─────────────────────────────────────────────────────────────────────────────────────────────────

/// The token of a request. In a URL it would end up in the logs of every proxy.
fn shown(request: &HttpRequest) -> Option<String> {
    if let Some(token) = bearer(request) {
        return Some(token.to_owned());
    }
    // A cookie comes by itself, also from the pages of others: it is safe because `Cors::origins`
    // is set. Whoever sets it says `HttpOnly; Secure; SameSite=Strict`.
    request.cookie("token").map(|cookie| cookie.value().to_owned())
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// What a token says. Why it is not believed, the log says, and nobody else.
fn believed(tokens: &Tokens, token: &str) -> Result<Claims, Error> {
    tokens.check(token).map_err(|error| {
        log::info!("token refused: {}", error.to_string().escape_debug());
        ErrorUnauthorized(NO_TOKEN)
    })
}

// ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────

async fn subscribing(event: OnSubscribe) -> HandlerResult {
    allowed(&event.socket, &event.channel, access::may_subscribe)
}

async fn publishing(event: OnMessage) -> HandlerResult {
    // A client's other events come here as well, and are published nowhere.
    let Some(channel) = &event.channel else { return Ok(()) };
    allowed(&event.socket, channel, access::may_publish)
}

fn allowed(socket: &Socket, channel: &Channel, rule: fn(&Claims, &str) -> bool) -> HandlerResult {
    match socket.extensions().get::<Claims>() {
        Some(claims) if rule(&claims, channel) => Ok(()),
        _ => Err(HandlerError::reject(NOT_ALLOWED)),
    }
}

// ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// `POST /login`. As JSON, which a form on somebody else's page can't send.
async fn login(tokens: web::Data<Tokens>, login: web::Json<Login>) -> HttpResponse {
    let Some(user) = users::log_in(&login.user, &login.password) else {
        return HttpResponse::Unauthorized().json(json!({"message": "wrong user or password"}));
    };
    match tokens.issue(&Claims::of(user)) {
        Ok(token) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(json!({"token": token, "expires_in": LIFETIME})),
        Err(error) => {
            log::error!("no token can be made: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// `POST /users/{id}/messages`: editors tell one user something, wherever that is logged in.
async fn tell(
    request: HttpRequest,
    id: web::Path<String>,
    message: web::Json<Value>,
    tokens: web::Data<Tokens>,
    io: web::Data<SocketIo>,
) -> actix_web::Result<HttpResponse> {
    let token = bearer(&request).ok_or_else(|| ErrorUnauthorized(NO_TOKEN))?;
    if !believed(&tokens, token)?.editor {
        return Ok(HttpResponse::Forbidden().json(json!({"message": NOT_ALLOWED})));
    }
    io.broadcast_channel(format!("user-{id}"), &*message)?;
    Ok(HttpResponse::Accepted().finish())
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(include_str!("index.html"))
}
