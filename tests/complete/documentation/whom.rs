//! Broadcasting events, Rooms, Emit cheatsheet, and The Server instance.

use std::time::Duration;

use actix_socketio::{
    AckError, BroadcastAcks, HandlerError, HandlerResult, Many, OnConnect, OnDisconnect, OnMessage,
    Target,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{io, notes, socket::private_message};

pub(super) async fn broadcasting_events(event: OnMessage) -> HandlerResult {
    let (io, socket) = (io(&event.socket), &event.socket);
    match event.event() {
        "to all connected clients" => io.emit("hello", "world")?,
        "except the sender" => socket.others().emit("hello", "world")?,
        "local" => io.everyone().local().emit("hello", "world")?,
        "with acknowledgements" => event.ack(&responses(io.everyone(), event.json()?).await?)?,
        "with acknowledgements, except the sender" => {
            event.ack(&responses(socket.others(), event.json()?).await?)?;
        }
        _ => {}
    }
    Ok(())
}

/// `(err, responses)`
async fn responses(target: Target, ms: u64) -> Result<Value, HandlerError> {
    let target = target.timeout(Duration::from_millis(ms));
    let BroadcastAcks { answers, missing, .. } =
        target.emit_with_ack::<_, String>("hello", "world").await?;
    let mut responses =
        answers.into_iter().map(|(_, answer)| answer).collect::<Result<Vec<_>, _>>()?;
    responses.sort();
    Ok(json!({"err": !missing.is_empty(), "responses": responses}))
}

// ── Rooms ────────────────────────────────────────────────────────────────────────────────────────────────────────────

pub(super) async fn join_its_rooms(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    #[derive(Deserialize)]
    struct Auth {
        user: Option<String>,
        #[serde(default)]
        projects: Vec<u32>,
    }
    let Auth { user, projects } = socket.handshake().auth()?;
    if let Some(user) = user {
        socket.subscribe(user)?;
    }
    for project in projects {
        socket.subscribe(format!("project:{project}"))?;
    }
    Ok(())
}

pub(super) async fn rooms(event: OnMessage) -> HandlerResult {
    let (io, socket) = (io(&event.socket), &event.socket);
    let nothing = Many(());
    match event.event() {
        "to a room" => io.to("some room").emit("some event", &nothing)?,
        "to several rooms" => {
            io.to("room1").to("room2").to("room3").emit("some event", &nothing)?;
        }
        "to a room from a socket" => socket.to("some room").emit("some event", &nothing)?,
        "private message" => private_message(&io, &event)?,
        "to each tab of a user" => io.to(event.json::<String>()?).emit("hi", &nothing)?,
        "about an entity" => io.to("project:4321").emit("project updated", &nothing)?,
        "who is in" => event.ack(&io.subscribers(event.json::<String>()?).await?)?,
        _ => {}
    }
    Ok(())
}

pub(super) async fn rooms_it_was_in(OnDisconnect { socket, .. }: OnDisconnect) -> HandlerResult {
    socket.others().emit("rooms it was in", &Many((socket.id(), socket.channels())))?;
    Ok(())
}

// ── Emit cheatsheet ──────────────────────────────────────────────────────────────────────────────────────────────────

pub(super) async fn emit_cheatsheet(event: OnMessage) -> HandlerResult {
    let (io, socket) = (io(&event.socket), &event.socket);
    let mark: Value = event.json()?;
    let world = Duration::from_secs(10);
    match event.event() {
        "socket.emit" => socket.emit("hello", &mark)?,
        "socket.broadcast.emit" => socket.others().emit("hello", &mark)?,
        r#"socket.to("room1").emit"# => socket.to("room1").emit("hello", &mark)?,
        r#"socket.to(["room1", "room2"]).emit"# => {
            socket.to("room1").to("room2").emit("hello", &mark)?;
        }
        r#"socket.except("room1").emit"# => socket.others().except("room1").emit("hello", &mark)?,
        r#"io.in("room1").emit"# => io.to("room1").emit("hello", &mark)?,
        r#"io.to(["room1", "room2"]).except("room3").emit"# => {
            io.to("room1").to("room2").except("room3").emit("hello", &mark)?;
        }
        r#"io.except("room1").emit"# => io.except("room1").emit("hello", &mark)?,
        r#"io.of("/my-namespace").emit"# => io.of("/my-namespace").emit("hello", &mark)?,
        r#"io.of("/my-namespace").to("room1").emit"# => {
            io.of("/my-namespace").to("room1").emit("hello", &mark)?;
        }
        "io.to(socketId).emit" => {
            let other = io.socket(&event.arg::<String>(1)?.parse()?);
            other.ok_or_else(|| HandlerError::reject("it has gone"))?.emit("hello", &mark)?;
        }
        "io.local.emit" => io.everyone().local().emit("hello", &mark)?,
        "io.emit" => io.emit("hello", &mark)?,
        "socket.compress(false).emit" => socket.compress(false).emit("hello", &mark)?,
        "socket.send" => socket.send(&mark)?,
        r#"socket.emit("question", answer)"# => {
            event.ack(&socket.emit_with_ack::<_, Value>("question", &mark).await?)?;
        }
        "socket.timeout(5000).emit" => {
            let answer = socket
                .timeout(Duration::from_millis(50))
                .emit_with_ack::<_, Value>("my-event", &mark)
                .await;
            event.ack(&matches!(answer, Err(AckError::Timeout)))?;
        }
        "io.timeout(5000).emit" => {
            let acks =
                io.everyone().timeout(world).emit_with_ack::<_, Value>("question", &mark).await?;
            let answers: Result<Vec<_>, _> =
                acks.answers.into_iter().map(|(_, answer)| answer).collect();
            event.ack(&Many((answers?, acks.missing)))?;
        }
        _ => {}
    }
    Ok(())
}

// ── The Server instance ──────────────────────────────────────────────────────────────────────────────────────────────

pub(super) async fn server_instance(event: OnMessage) -> HandlerResult {
    let io = io(&event.socket);
    let admin = io.of("/admin");
    let the_socket = || match event.json::<String>()?.parse() {
        Ok(id) => io.socket(&id).ok_or_else(|| HandlerError::reject("it has gone")),
        Err(error) => Err(HandlerError::from(error)),
    };
    let done = match event.event() {
        "clientsCount" => json!([io.connections(), io.everyone().fetch_sockets().await?.len()]),
        "connection_error" => json!(notes("connection_error")),

        r#"io.socketsJoin("room1")"# => json!(io.everyone().sockets_join("room1").await?),
        r#"io.in("room1").socketsJoin(["room2", "room3"])"# => {
            io.to("room1").sockets_join("room2").await?;
            json!(io.to("room1").sockets_join("room3").await?)
        }
        r#"io.of("/admin").in("room1").socketsJoin("room2")"# => {
            json!(admin.to("room1").sockets_join("room2").await?)
        }
        r#"io.in(theSocketId).socketsJoin("room1")"# => json!(the_socket()?.subscribe("room1")?),

        r#"io.socketsLeave("room1")"# => json!(io.everyone().sockets_leave("room1").await?),
        r#"io.in("room1").socketsLeave(["room2", "room3"])"# => {
            io.to("room1").sockets_leave("room2").await?;
            json!(io.to("room1").sockets_leave("room3").await?)
        }
        r#"io.of("/admin").in("room1").socketsLeave("room2")"# => {
            json!(admin.to("room1").sockets_leave("room2").await?)
        }
        r#"io.in(theSocketId).socketsLeave("room1")"# => json!(the_socket()?.unsubscribe("room1")),

        "io.fetchSockets()" => seen(io.everyone()).await?,
        r#"io.in("room1").fetchSockets()"# => seen(io.to("room1")).await?,
        r#"io.of("/admin").in("room1").fetchSockets()"# => seen(admin.to("room1")).await?,

        "io.disconnectSockets()" => json!(io.everyone().disconnect_sockets(false).await?),
        r#"io.in("room1").disconnectSockets(true)"# => {
            json!(io.to("room1").disconnect_sockets(true).await?)
        }
        r#"io.of("/admin").in("room1").except("room2").local.disconnectSockets()"# => {
            json!(admin.to("room1").except("room2").local().disconnect_sockets(false).await?)
        }
        r#"io.of("/admin").in(theSocketId).disconnectSockets()"# => {
            let other = admin.socket(&event.json::<String>()?.parse()?);
            other.ok_or_else(|| HandlerError::reject("it has gone"))?.disconnect();
            json!(null)
        }
        _ => return Ok(()),
    };
    event.ack(&done)?;
    Ok(())
}

async fn seen(sockets: Target) -> Result<Value, HandlerError> {
    let sockets = sockets.fetch_sockets().await?;
    let seen = sockets.iter().map(|socket| {
        let handshake = socket.handshake().auth::<Value>()?;
        Ok(json!({"id": socket.id(), "auth": handshake, "rooms": socket.channels()}))
    });
    seen.collect::<Result<Value, HandlerError>>()
}
