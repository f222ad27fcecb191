use actix_socketio::{
    Auth, Builder, HandlerError, HandlerResult, Many, Socket, SocketIo, SocketIoServerExt,
};
use actix_web::{App, HttpServer};

#[derive(serde::Deserialize)]
struct Login {
    name: Option<String>,
}

async fn enter(socket: Socket, Auth(login): Auth<Login>) -> HandlerResult {
    let name = login.name.ok_or_else(|| HandlerError::reject("choose a name"))?;
    socket.context().insert("name", name)?;
    Ok(())
}

fn name(socket: &Socket) -> Result<Option<String>, HandlerError> {
    Ok(socket.context().get("name")?)
}

async fn join(socket: Socket, room: String) -> Result<usize, HandlerError> {
    socket.subscribe(&room)?;
    socket.to(&room).emit("joined", &Many((&room, name(&socket)?)))?;
    Ok(socket.channels().len())
}

async fn say(socket: Socket, io: SocketIo, room: String, text: String) -> HandlerResult {
    io.to(&room).emit("said", &Many((&room, name(&socket)?, text)))?;
    Ok(())
}

async fn leave(socket: Socket) -> HandlerResult {
    for room in socket.channels() {
        socket.to(&room).emit("left", &Many((room.as_str(), name(&socket)?)))?;
    }
    Ok(())
}

pub fn builder() -> Builder {
    SocketIo::builder().on_connect(enter).on("join", join).on("say", say).on_disconnect(leave)
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
