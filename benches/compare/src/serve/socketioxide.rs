//! The application on socketioxide, as its examples have it: a layer of an axum app.

use std::net::SocketAddr;

use axum::serve::ListenerExt;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
};
use tokio::{net::TcpSocket, runtime};

use super::{BACKLOG, announce};
use crate::Fallible;

/// The packets that may wait for one client. The default of 128 is less than the cell `burst` has in
/// flight, and socketioxide drops what exceeds it.
const BUFFER: usize = 4096;

pub(super) fn run(workers: usize) -> Fallible {
    // For one thread, the current-thread runtime is the fastest.
    let runtime = match workers {
        1 => runtime::Builder::new_current_thread().enable_all().build()?,
        _ => runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?,
    };
    runtime.block_on(serve())
}

async fn serve() -> Fallible {
    let (layer, io) = SocketIo::builder().max_buffer_size(BUFFER).build_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("subscribe", async |socket: SocketRef, Data(channel): Data<String>| {
            socket.join(channel);
        });
        socket.on(
            "broadcast",
            async |io: SocketIo, Data((channel, payload)): Data<(String, String)>| {
                io.to(channel).emit("message", &payload).await.ok();
            },
        );
        socket.on("echo", async |socket: SocketRef, Data(payload): Data<String>| {
            socket.emit("echo", &payload).ok();
        });
        socket.on("ack", async |ack: AckSender, Data(payload): Data<String>| {
            ack.send(&payload).ok();
        });
    });
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(BACKLOG.into())?;
    announce(listener.local_addr()?)?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    Ok(axum::serve(listener, axum::Router::new().layer(layer)).await?)
}
