//! The same application on this crate and on socketioxide: each client is in a room, and what one
//! publishes goes to the others in it. `server.mjs` is the one of Node.

use std::io;

use actix_socketio::{HandlerResult, OnConnect, OnMessage, SocketIo, SocketIoServerExt as _};
use actix_socketio_redis::Cluster;
use actix_web::{App, HttpServer};

use crate::Failure;

/// Serves until the process is killed, and prints its port.
pub(crate) fn serve(server: &str, adapter: &str, redis: &str) -> Result<(), Failure> {
    match server {
        "ours" => actix_web::rt::System::new().block_on(ours(adapter, redis)),
        "socketioxide" => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(socketioxide(redis)),
        _ => Err(io::Error::other("an unknown server").into()),
    }
}

async fn connect(event: OnConnect) -> HandlerResult {
    event.socket.subscribe("room")?;
    Ok(())
}

async fn ours(adapter: &str, redis: &str) -> Result<(), Failure> {
    let cluster = Cluster::redis(redis)?;
    let cluster = if adapter == "classic" { cluster.classic() } else { cluster };
    let io = SocketIo::builder().open_channels().cluster(cluster).on_connect(connect);
    let io = io
        .on_message(async |event: OnMessage| {
            let number: u64 = event.arg(0)?;
            match event.event() {
                "echo" => event.socket.emit("e", &number)?,
                _ => event.socket.to("room").emit("e", &number)?,
            }
            Ok(())
        })
        .build()?;
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount())).workers(1);
    let server = server.socketio(&io).bind(("127.0.0.1", 0))?;
    println!("port {}", server.addrs()[0].port());
    Ok(server.run().await?)
}

async fn socketioxide(redis: &str) -> Result<(), Failure> {
    use socketioxide::{
        SocketIo,
        adapter::Adapter,
        extract::{Data, SocketRef},
    };
    use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};

    async fn publish<A: Adapter>(socket: SocketRef<A>, Data(number): Data<u64>) {
        // A client that has gone is no matter here.
        let _ = socket.to("room").emit("e", &number).await;
    }
    async fn connect<A: Adapter>(socket: SocketRef<A>) {
        socket.join("room");
        socket.on("fan", publish);
    }
    let client = redis::Client::open(format!("{redis}?protocol=resp3"))?;
    let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
    let (layer, io) = SocketIo::builder()
        .with_adapter::<RedisAdapter<_>>(adapter)
        .max_buffer_size(4_096)
        .build_layer();
    io.ns("/", connect).await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("port {}", listener.local_addr()?.port());
    Ok(axum::serve(listener, axum::Router::new().layer(layer)).await?)
}
