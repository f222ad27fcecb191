//! Publishing from a request handler: `cargo run --example publish`, then
//!
//! `curl -d '{"home":1,"away":0}' -H 'content-type: application/json'
//! http://127.0.0.1:8080/matches/42/score`

use actix_socketio::{SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpResponse, HttpServer, Responder, post, web};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Score {
    home: u8,
    away: u8,
}

/// Tells everybody who follows the match, and does not wait.
#[post("/matches/{id}/score")]
async fn report(
    io: web::Data<SocketIo>,
    id: web::Path<u32>,
    score: web::Json<Score>,
) -> actix_web::Result<impl Responder> {
    io.broadcast_channel(format!("match-{id}"), &*score)?;
    Ok(HttpResponse::NoContent())
}

/// The same under a name of its own, no faster than it can be served, and with the number of those
/// who get it.
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
async fn main() -> std::io::Result<()> {
    let io = SocketIo::builder().route(channel("^match-")).build()?;
    let app = io.clone();
    HttpServer::new(move || App::new().configure(app.mount()).service(report).service(announce))
        .socketio(&io)
        .bind(("127.0.0.1", 8080))?
        .run()
        .await
}
