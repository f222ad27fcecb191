use std::{net::TcpListener, sync::Arc};

use actix_identity::{Identity, IdentityExt, IdentityMiddleware};
use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_socketio::{HandlerError, HandlerResult, Socket, SocketIo, SocketIoServerExt};
use actix_web::{
    App, HttpMessage, HttpRequest, HttpServer, Responder,
    cookie::Key,
    error::{ErrorInternalServerError, ErrorUnauthorized},
    post, web,
};

struct User(String);

pub fn server() -> std::io::Result<SocketIo> {
    let io = SocketIo::builder()
        .on_handshake(|request, extensions| {
            let user = request.get_identity().and_then(|identity| identity.id());
            extensions.insert(User(user.map_err(|_| ErrorUnauthorized("log in first"))?));
            Ok(())
        })
        .on_connect(enter)
        .on("whoami", async |socket: Socket| Ok(user(&socket)?.0.clone()))
        .build()?;
    Ok(io)
}

fn user(socket: &Socket) -> Result<Arc<User>, HandlerError> {
    socket.extensions().get().ok_or_else(|| HandlerError::reject("log in first"))
}

async fn enter(socket: Socket) -> HandlerResult {
    socket.subscribe(format!("user-{}", user(&socket)?.0))?; // for `logout`
    Ok(())
}

#[post("/login/{name}")]
async fn login(request: HttpRequest, name: web::Path<String>) -> actix_web::Result<impl Responder> {
    // Check a password here.
    Identity::login(&request.extensions(), name.into_inner())?;
    Ok("hello")
}

#[post("/logout")]
async fn logout(io: web::Data<SocketIo>, user: Identity) -> actix_web::Result<impl Responder> {
    let channel = format!("user-{}", user.id()?);
    user.logout();
    // The connections that are there.
    io.to(channel).disconnect_sockets(true).await.map_err(ErrorInternalServerError)?;
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
