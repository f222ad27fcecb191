//! Publishing from a request handler: `cargo run --example publish`, then
//!
//! ```sh
//! curl http://127.0.0.1:8080/matches/42/score -H 'content-type: application/json' \
//!   -d '{"home":1,"away":0}'
//! ```
//!
//! An argument or `$PORT` says another port.

mod listen;

use actix_socketio::{SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpResponse, HttpServer, Responder, post, web};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Score {
    home: u8,
    away: u8,
}

/// Publishes the score to the subscribers of the match, and does not wait.
#[post("/matches/{id}/score")]
async fn report(
    io: web::Data<SocketIo>,
    id: web::Path<u32>,
    score: web::Json<Score>,
) -> actix_web::Result<impl Responder> {
    io.broadcast_channel(format!("match-{id}"), &*score)?;
    Ok(HttpResponse::NoContent())
}

/// Publishes an event `goal`, waits until it is queued for each receiver, and answers with their
/// number.
#[post("/matches/{id}/goal")]
async fn announce(
    io: web::Data<SocketIo>,
    id: web::Path<u32>,
    score: web::Json<Score>,
) -> actix_web::Result<impl Responder> {
    let receipt = io.to(format!("match-{id}")).publish("goal", &*score).await?;
    Ok(format!("{} clients\n", receipt.delivered))
}

#[actix_web::main]
async fn main() -> Result<(), listen::Failure> {
    let io = SocketIo::builder().route(channel("^match-")).build()?;
    let app = io.clone();
    HttpServer::new(move || App::new().configure(app.mount()).service(report).service(announce))
        .socketio(&io)
        .listen(listen::bind()?)?
        .run()
        .await?;
    Ok(())
}
