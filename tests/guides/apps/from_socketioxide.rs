use std::sync::atomic::{AtomicU64, Ordering};

use actix_socketio::{
    Builder, Data, DisconnectReason, HandlerError, HandlerResult, Many, Socket, SocketIo,
    SocketIoServerExt,
};
use actix_web::{App, HttpServer};

#[derive(Default)]
struct Said(AtomicU64);

async fn join(socket: Socket, room: String) -> Result<&'static str, HandlerError> {
    socket.subscribe(&room)?;
    socket.to(&room).emit("joined", &Many((room, socket.id())))?;
    Ok("welcome")
}

async fn say(io: SocketIo, said: Data<Said>, room: String, text: String) -> HandlerResult {
    let number = said.0.fetch_add(1, Ordering::Relaxed);
    io.to(&room).emit("said", &Many((&room, text, number)))?;
    Ok(())
}

pub fn builder() -> Builder {
    SocketIo::builder().data(Said::default()).on("join", join).on("say", say).on_disconnect(
        async |socket: Socket, reason: DisconnectReason| {
            println!("{} is gone: {reason}", socket.id());
            Ok(())
        },
    )
}

#[actix_web::main]
pub async fn main() -> std::io::Result<()> {
    let io = builder().build()?;
    let app = io.clone();
    HttpServer::new(move || App::new().configure(app.mount()))
        .socketio(&io)
        .bind(("127.0.0.1", 3000))?
        .run()
        .await
}
