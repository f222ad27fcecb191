use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use actix_identity::{Identity, IdentityExt, IdentityMiddleware};
use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_socketio::{Data, HandlerError, HandlerResult, Socket, SocketIo, SocketIoServerExt};
use actix_web::{App, HttpMessage, HttpRequest, HttpServer, Responder, cookie::Key, post, web};

struct User(String);

/// When each user has logged out.
#[derive(Default)]
struct Logouts(Mutex<HashMap<String, SystemTime>>);

pub fn server() -> std::io::Result<SocketIo> {
    let io = SocketIo::builder()
        .on_handshake(|request, extensions| {
            if let Ok(user) = request.get_identity().and_then(|identity| identity.id()) {
                extensions.insert(User(user));
            }
            Ok(())
        })
        .data(Logouts::default())
        .on_connect(enter)
        .on("whoami", async |socket: Socket| Ok(user(&socket)?.0.clone()))
        .build()?;
    Ok(io)
}

fn user(socket: &Socket) -> Result<Arc<User>, HandlerError> {
    socket.extensions().get().ok_or_else(|| HandlerError::reject("log in first"))
}

async fn enter(socket: Socket, logouts: Data<Logouts>) -> HandlerResult {
    let name = &user(&socket)?.0;
    socket.subscribe(format!("user-{name}"))?; // first, so that `logout` finds it from here on
    let left = logouts.0.lock().unwrap().get(name).copied();
    match left.is_some_and(|left| left >= socket.handshake().time()) {
        true => Err(HandlerError::reject("log in first")), // it was between handshake and here
        false => Ok(()),
    }
}

#[post("/login/{name}")]
async fn login(request: HttpRequest, name: web::Path<String>) -> actix_web::Result<impl Responder> {
    // Check a password here.
    Identity::login(&request.extensions(), name.into_inner())?;
    Ok("hello")
}

#[post("/logout")]
async fn logout(io: web::Data<SocketIo>, user: Identity) -> actix_web::Result<impl Responder> {
    let name = user.id()?;
    user.logout();
    if let Some(logouts) = io.data::<Logouts>() {
        logouts.0.lock().unwrap().insert(name.clone(), SystemTime::now());
    }
    // The connections that are there.
    io.to(format!("user-{name}")).disconnect_sockets(true).await?;
    Ok("bye")
}

pub async fn run(io: SocketIo, key: Key, listener: TcpListener) -> std::io::Result<()> {
    let app = io.clone();
    HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .service(login)
            .service(logout)
            .wrap(IdentityMiddleware::default())
            .wrap(SessionMiddleware::new(CookieSessionStore::default(), key.clone()))
    })
    .socketio(&io)
    .listen(listener)?
    .run()
    .await
}
