//! Authentication and access rules: a server that asks its clients for JSON Web Tokens.
//!
//! `JWT_SECRET=$(openssl rand -hex 32) cargo run --example auth`, then open http://127.0.0.1:8080.
//! Users and passwords are in `users.rs`. From a program:
//!
//! ```sh
//! curl 127.0.0.1:8080/login -H 'content-type: application/json' \
//!   -d '{"user":"ada","password":"difference engine"}'
//! ```
//!
//! * A client that can set headers sends its token with the handshake: `Authorization: Bearer …`,
//!   or the cookie `token`.
//! * A browser cannot set headers for a WebSocket. It sends the token when it connects to the
//!   namespace: `io({ auth: { token } })`.
//!
//! `docs/security.md` is the guide to this example.

mod access;
mod gate;
#[path = "../listen.rs"]
mod listen;
mod token;
mod users;

use std::{env, io, process::ExitCode, sync::Arc};

use actix::prelude::*;
use actix_socketio::{Channel, Cors, Route, SocketIo, prelude::*};
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

/// Pages of these origins may connect, and pages of the server itself. Without such a list, a page
/// of *any* origin may open a WebSocket, and the browser sends its visitor's cookies with it.
const ORIGINS: [&str; 1] = ["https://app.example.com"];

/// The longest request body in bytes. A login needs less.
const LONGEST_BODY: usize = 4096;

fn main() -> ExitCode {
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    // There is no default, since a secret in a source file is not secret.
    let secret = env::var("JWT_SECRET").unwrap_or_default();
    let tokens = match Tokens::new(secret.as_bytes()) {
        Ok(tokens) => Arc::new(tokens),
        Err(error) => {
            eprintln!(
                "auth: JWT_SECRET is not a valid secret: {error}. Make one by `openssl rand -hex 32`."
            );
            return ExitCode::from(2);
        }
    };
    let address = match listen::address(env::args_os().nth(1), env::var_os("PORT")) {
        Ok(address) => address,
        Err(error) => {
            eprintln!("auth: {error}");
            return ExitCode::from(2);
        }
    };
    match actix_web::rt::System::new().block_on(serve(&address, tokens)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("auth: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, tokens: Arc<Tokens>) -> Result<(), listen::Failure> {
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
            .route("/users/{id}/messages", web::post().to(message_user))
    })
    .socketio(&io)
    .bind(address)
    .map_err(|error| listen::Failure::binding(address, &error))?;
    for addr in server.addrs() {
        println!("open {}", listen::url(addr));
    }
    server.run().await?;
    Ok(())
}

fn socket_io(tokens: &Arc<Tokens>) -> io::Result<SocketIo> {
    let gate = Gate::new(Arc::clone(tokens)).start();
    let tokens = Arc::clone(tokens);
    let io = SocketIo::builder()
        .cors(Cors::origins(ORIGINS))
        // A client without a token here may send one when it connects to a namespace.
        .on_handshake(move |request, extensions| {
            if let Some(token) = token_of(request) {
                extensions.insert(verified(&tokens, &token)?);
            }
            Ok(())
        })
        // Closes the connection of a client that is not admitted.
        .connect_timeout(std::time::Duration::from_secs(10))
        .to(&gate)
        .namespace(access::EDITORS, |editors| editors.to(&gate))
        // A pattern defines which channels exist. It matches from the start of a name. Without `$`,
        // `news` would also match `newsroom`.
        .route(open_to_publishers("^news$"))
        .route(open_to_publishers("^team-[a-z]+$"))
        .route(channel("^user-[a-z]+$").on_subscribe(check_subscribe))
        .build()?;
    Ok(io)
}

// ── at the handshake ─────────────────────────────────────────────────────────────────────────────

/// The token of a request. It is not read from the URL, which every proxy logs.
fn token_of(request: &HttpRequest) -> Option<String> {
    if let Some(token) = bearer(request) {
        return Some(token.to_owned());
    }
    // The browser also sends a cookie from pages of other sites. `Cors::origins` makes that safe.
    // Set the cookie with `HttpOnly; Secure; SameSite=Strict`.
    request.cookie("token").map(|cookie| cookie.value().to_owned())
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// The claims of a valid token. Only the log has the reason why a token is not valid.
fn verified(tokens: &Tokens, token: &str) -> Result<Claims, Error> {
    tokens.check(token).map_err(|error| {
        log::info!("token refused: {}", gate::log_text(&error));
        ErrorUnauthorized(NO_TOKEN)
    })
}

// ── channels ─────────────────────────────────────────────────────────────────────────────────────

/// Channels that clients may publish to, if the rules allow it.
fn open_to_publishers(pattern: &str) -> Route {
    channel(pattern).on_subscribe(check_subscribe).allow_publish().on_message(check_publish)
}

async fn check_subscribe(event: OnSubscribe) -> HandlerResult {
    check(&event.socket, &event.channel, access::may_subscribe)
}

async fn check_publish(event: OnMessage) -> HandlerResult {
    // Other events of a client come here as well. They are not published.
    let Some(channel) = &event.channel else { return Ok(()) };
    check(&event.socket, channel, access::may_publish)
}

fn check(socket: &Socket, channel: &Channel, rule: fn(&Claims, &str) -> bool) -> HandlerResult {
    match socket.extensions().get::<Claims>() {
        Some(claims) if rule(&claims, channel) => Ok(()),
        _ => Err(HandlerError::reject(NOT_ALLOWED)),
    }
}

// ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// `POST /login`, with JSON, which a form on a page of another site cannot send.
async fn login(tokens: web::Data<Tokens>, login: web::Json<Login>) -> HttpResponse {
    let Some(user) = users::log_in(&login.user, &login.password) else {
        return HttpResponse::Unauthorized().json(json!({"message": "wrong user or password"}));
    };
    match tokens.issue(&Claims::of(user)) {
        Ok(token) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(json!({"token": token, "expires_in": LIFETIME})),
        Err(error) => {
            log::error!("cannot issue a token: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// `POST /users/{id}/messages`: an editor sends a message to one user, on all devices of that user.
async fn message_user(
    request: HttpRequest,
    id: web::Path<String>,
    message: web::Json<Value>,
    tokens: web::Data<Tokens>,
    io: web::Data<SocketIo>,
) -> actix_web::Result<HttpResponse> {
    let token = bearer(&request).ok_or_else(|| ErrorUnauthorized(NO_TOKEN))?;
    if !verified(&tokens, token)?.editor {
        return Ok(HttpResponse::Forbidden().json(json!({"message": NOT_ALLOWED})));
    }
    io.broadcast_channel(format!("user-{id}"), &*message)?;
    Ok(HttpResponse::Accepted().finish())
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(include_str!("index.html"))
}
