//! The smallest actix-web app with channels: `cargo run --example embed`
//!
//! Any Socket.IO client may then subscribe to `match-…` at http://127.0.0.1:8080.

use actix_socketio::{SocketIo, channel};
use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = SocketIo::builder().route(channel("^match-")).build()?;
    let stop = io.shutdown_on_signal();
    HttpServer::new(move || App::new().configure(io.mount()))
        .h1_allow_half_closed(false)
        .on_connect(actix_socketio::on_connect)
        .shutdown_signal(stop)
        .bind(("127.0.0.1", 8080))?
        .run()
        .await
}
