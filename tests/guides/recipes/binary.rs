use actix_socketio::{Builder, Many, Socket, SocketIo};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Picture {
    name: String,
    data: Bytes, // in the middle of an object
}

pub fn builder() -> Builder {
    SocketIo::builder()
        .on("upload", async |name: String, data: Bytes| Ok(format!("{name}: {}", data.len())))
        .on("picture", async |socket: Socket, picture: Picture| {
            socket.emit("thumbnail", &Many((&picture.name, picture.data.slice(..2))))?;
            Ok(picture)
        })
}
