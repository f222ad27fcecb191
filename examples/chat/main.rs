//! A chat with rooms, names from tokens, the last lines on joining, and private messages:
//! `cargo run --example chat`. [`docs/handlers.md`] shows it beside the same chat on Node.
//!
//! [`docs/handlers.md`]: ../../docs/handlers.md

use std::collections::HashMap;

use actix_socketio::prelude::*;
use jsonwebtoken::{DecodingKey, Validation, decode};
use parking_lot::Mutex;

type Lines = Vec<(String, String)>; // name and text
type Log = Mutex<HashMap<String, Lines>>; // by room

#[derive(serde::Deserialize)]
struct Token {
    token: String,
}

async fn enter(socket: Socket, Auth(Token { token }): Auth<Token>) -> HandlerResult {
    let secret = DecodingKey::from_secret(b"secret")?;
    let token = decode::<serde_json::Value>(token, &secret, &Validation::default()).ok();
    let name = token.and_then(|token| token.claims["sub"].as_str().map(str::to_owned));
    let name = name.ok_or_else(|| HandlerError::reject("log in first"))?;
    Ok(socket.context().insert("name", name)?)
}

async fn join(socket: Socket, log: Data<Log>, room: String) -> Result<Lines, HandlerError> {
    let log = log.lock(); // around both: no line is missed, and no line comes twice
    socket.subscribe(&room)?;
    Ok(log.get(&room).cloned().unwrap_or_default())
}

async fn chat(socket: Socket, log: Data<Log>, room: String, text: String) -> HandlerResult {
    if !socket.is_subscribed(&room) {
        return Err(HandlerError::reject("you are not in this room"));
    }
    let name: String = socket.context().get("name")?.unwrap_or_default();
    let mut log = log.lock();
    let said = log.entry(room.clone()).or_default();
    said.push((name.clone(), text.clone()));
    said.drain(..said.len().saturating_sub(50));
    Ok(socket.io().to(&room).emit("chat", &Many((room, name, text)))?)
}

async fn private(socket: Socket, to: SocketId, text: String) -> HandlerResult {
    let other = socket.io().socket(&to).ok_or_else(|| HandlerError::reject("gone"))?;
    Ok(other.emit("private", &Many((socket.id(), text)))?)
}

pub(crate) fn server() -> Result<SocketIo, BuildError> {
    let server = SocketIo::builder().data(Log::default()).on_connect(enter);
    server.on("join", join).on("chat", chat).on("private", private).build()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    server()?.serve("127.0.0.1:8080").await
}
