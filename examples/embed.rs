//! The smallest actix-web app with channels: `cargo run --example embed`
//!
//! Any Socket.IO client may then subscribe to `match-…` at http://127.0.0.1:8080. An argument or
//! `$PORT` says another port.

mod listen;

use actix_socketio::{SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> Result<(), listen::Failure> {
    let io = SocketIo::builder().route(channel("^match-")).build()?;
    let app = io.clone();
    HttpServer::new(move || App::new().configure(app.mount()))
        .socketio(&io)
        .listen(listen::bind()?)?
        .run()
        .await?;
    Ok(())
}
