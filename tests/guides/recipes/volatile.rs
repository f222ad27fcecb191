use actix_socketio::{Builder, Many, Socket, SocketIo};

pub fn builder() -> Builder {
    SocketIo::builder().on("move", async |socket: Socket, x: f64, y: f64| {
        socket.others().volatile().emit("moved", &Many((socket.id(), x, y)))?;
        Ok(())
    })
}
