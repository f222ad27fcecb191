use actix_socketio::{
    Auth, Builder, HandlerError, HandlerResult, Many, Socket, SocketId, SocketIo,
};

#[derive(serde::Deserialize)]
struct Login {
    user: String, // proven by a session or a token in your application
}

async fn enter(socket: Socket, Auth(login): Auth<Login>) -> HandlerResult {
    socket.subscribe(format!("user-{}", login.user))?; // every tab and device of the user
    socket.context().insert("user", login.user)?;
    Ok(())
}

/// To one connection: `socket.emit("whisper", id, text)`.
async fn whisper(socket: Socket, io: SocketIo, to: SocketId, text: String) -> HandlerResult {
    let other = io.socket(&to).ok_or_else(|| HandlerError::reject("this client is gone"))?;
    other.emit("whisper", &Many((socket.id(), text)))?;
    Ok(())
}

/// To a user: `socket.emit("private", "bob", text)`.
async fn private(socket: Socket, io: SocketIo, to: String, text: String) -> HandlerResult {
    let from: Option<String> = socket.context().get("user")?;
    let sent = io.to(format!("user-{to}")).publish("private", &Many((from, text))).await?;
    if sent.delivered == 0 {
        return Err(HandlerError::reject("this user is not here"));
    }
    Ok(())
}

pub fn builder() -> Builder {
    SocketIo::builder().on_connect(enter).on("whisper", whisper).on("private", private)
}
