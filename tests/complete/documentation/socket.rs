//! The Socket instance (server-side), and Middlewares.

use std::time::{Duration, UNIX_EPOCH};

use actix_socketio::{
    HandlerError, HandlerResult, Many, OnConnect, OnDisconnect, OnError, OnMessage, OnPacket,
    OnUpgrade, SocketIo,
};
use actix_web::rt::time::sleep;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{io, note, notes};

pub(super) async fn fetch_user(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    #[derive(Deserialize)]
    struct Auth {
        user: Option<String>,
    }
    match socket.handshake().auth()? {
        Auth { user: Some(user) } if user == "nobody" => Err(HandlerError::reject("unknown user")),
        Auth { user } => Ok(socket.context().insert("user", user)?),
    }
}

pub(super) async fn tell_about_itself(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    socket.emit("id", &socket.id())?;
    socket.emit("initial transport", socket.transport().as_str())?;
    let before = socket.channels();
    socket.subscribe("room1")?;
    socket.emit("rooms", &Many((before, socket.channels())))?;
    Ok(())
}

pub(super) async fn each_packet(OnPacket { socket, message, .. }: OnPacket) -> HandlerResult {
    if message.event() == "unauthorized event" {
        return Err(HandlerError::reject("unauthorized event"));
    }
    socket.emit("packet", &Many((message.event(), message.args())))?;
    Ok(())
}

pub(super) async fn disconnect_the_unauthorized(
    OnError { socket, error, .. }: OnError,
) -> HandlerResult {
    if error.to_client()["message"] == "unauthorized event" {
        socket.disconnect();
    }
    Ok(())
}

pub(super) async fn upgraded(OnUpgrade { socket, .. }: OnUpgrade) -> HandlerResult {
    socket.emit("upgraded transport", socket.transport().as_str())?;
    Ok(())
}

/// Both `disconnecting` and `disconnect`.
pub(super) async fn tell_its_rooms(
    OnDisconnect { socket, reason, .. }: OnDisconnect,
) -> HandlerResult {
    for room in socket.channels() {
        socket.to(room).emit("user has left", &Many((socket.id(), reason.as_str())))?;
    }
    Ok(())
}

pub(super) async fn server_socket_instance(event: OnMessage) -> HandlerResult {
    let (io, socket) = (io(&event.socket), &event.socket);
    match event.event() {
        "private message" => private_message(&io, &event)?,
        "handshake" => {
            let handshake = socket.handshake();
            let host = handshake.header("host");
            event.ack(&json!({
                "headers": {"host": host, "x-test": handshake.header("x-test")},
                "query": handshake.query::<Value>()?,
                "auth": handshake.auth::<Value>()?,
                "issued": handshake.time().duration_since(UNIX_EPOCH)?.as_millis() as u64,
                "url": handshake.uri().to_string(),
                "address": handshake.peer_addr().map(|peer| peer.ip()),
            }))?;
        }
        "set data" => socket.context().insert("username", "alice")?,
        "fetch data" => {
            let sockets = io.everyone().fetch_sockets().await?;
            let names = sockets.iter().filter_map(|socket| socket.data().get("username"));
            event.ack(&names.collect::<Vec<_>>())?;
        }
        "set username" => socket.context().insert("username", event.json::<String>()?)?,
        "attributes" => event.ack(&socket.context().entries())?,
        "emit disconnect" => {
            event.ack(&socket.emit("disconnect", &()).map_err(|error| error.to_string()))?;
        }
        _ => {}
    }
    Ok(())
}

/// A client is not in a channel of its own id, so this uses its handle.
pub(super) fn private_message(io: &SocketIo, event: &OnMessage) -> HandlerResult {
    if let Some(other) = io.socket(&event.json::<String>()?.parse()?) {
        other.emit("private message", &Many((event.socket.id(), event.arg::<String>(1)?)))?;
    }
    Ok(())
}

// ── Middlewares ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
struct Credentials {
    attempt: String,
    token: Option<String>,
}

pub(super) async fn first(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    let Credentials { attempt, token } = socket.handshake().auth()?;
    note(&attempt, "first");
    if token.as_deref() == Some("slow") {
        while socket.is_connected() {
            sleep(Duration::from_millis(5)).await;
        }
        note(&attempt, "the client has gone");
    }
    Ok(())
}

pub(super) async fn second(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    let Credentials { attempt, token } = socket.handshake().auth()?;
    note(&attempt, "second");
    match token.as_deref() {
        Some("abc" | "slow") => Ok(()),
        Some(_) => Err(HandlerError::reject("thou shall not pass")),
        None => Err(HandlerError::reject("not authorized")
            .with_data(&json!({"content": "Please retry later"}))),
    }
}

pub(super) async fn third(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    note(&socket.handshake().auth::<Credentials>()?.attempt, "third");
    Ok(())
}

pub(super) async fn left(OnDisconnect { socket, .. }: OnDisconnect) -> HandlerResult {
    note(&socket.handshake().auth::<Credentials>()?.attempt, "disconnect");
    Ok(())
}

pub(super) async fn middlewares(event: OnMessage) -> HandlerResult {
    match event.event() {
        "notes" => event.ack(&notes(&event.json::<String>()?))?,
        "token" => event.ack(&event.socket.handshake().auth::<Credentials>()?.token)?,
        _ => {}
    }
    Ok(())
}

/// Data that a middleware of actix-web attaches to a request, and that handlers read from its
/// connection.
#[derive(Clone)]
pub(super) struct User(pub(super) String);

pub(super) async fn authorized(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    match socket.extensions().get::<User>() {
        Some(_) => Ok(()),
        None => Err(HandlerError::reject("unauthorized")),
    }
}

pub(super) async fn user(event: OnMessage) -> HandlerResult {
    event.ack(&event.socket.extensions().get::<User>().map(|user| user.0.clone()))?;
    Ok(())
}
