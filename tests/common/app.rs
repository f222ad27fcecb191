//! The application that the official clients are tested against, on a port of its own.
//!
//! It has the namespaces `/` and `/admin`, which behave alike and are independent of each other.
//!
//! **Connecting.** The handler first sends `welcome {id, auth}`, and then decides. `/` refuses an
//! `auth` with `{refuse: name}`, with the message `not today, <name>` and data. `/admin` refuses a
//! client without `{token: "let me in"}`, with the message `not an administrator`.
//!
//! **Channels.** `room-…` and `open-…` exist, and clients may publish to `open-…`. The server
//! refuses subscriptions to `room-vip…`, and publications with a member `forbidden`. Both refusals
//! have a reason and data. `kept-…` exists, too, and has a history. `hall-…` have presence, whose
//! members are the `name` in `auth`.
//!
//! **Ending.** All others in the namespace receive `finished {id, reason, life}`, where `life` is
//! the client's events in order: `connect`, `subscribe room-1`, `disconnect`, `unsubscribe room-1`,
//! `finish`.
//!
//! **Events** of clients:
//!
//! | event | arguments | reaction |
//! | --- | --- | --- |
//! | `message` | x | the message `{echo: x}` |
//! | `echo` | x | acknowledged with x |
//! | `add` | a, b | acknowledged with their sum |
//! | `silent` | | nothing at all |
//! | `ask` | x, ms | the client receives `question x`; acknowledged with `{answer}`, or `{error: "timeout"}` after as many ms, [`PATIENCE`] by itself |
//! | `whoami` | | acknowledged with `{id, namespace, channels, auth, query, header}` (`?who=`, `x-who`) |
//! | `join`, `part` | channel | the server subscribes or unsubscribes the client; acknowledged with whether that changed anything |
//! | `count` | n | remembered |
//! | `counted` | | acknowledged with all remembered numbers |
//! | `stream` | n | the client receives `numbered 0`, `numbered 1`, … n of them |
//! | `stream_channel` | channel, n | the same, published to a channel |
//! | `large` | n, size | the client receives n events `large {number, text}`, with that many bytes of text |
//! | `fence` | x | all clients in the namespace receive `fence x`, as a publication |
//! | `verb` | `{verb, data, channel, channels, except, id}` | `data` is sent as the verb says; acknowledged with null |
//! | `disconnect_me` | | the client receives `goodbye`, and the server disconnects the socket |
//! | `close_me` | | the client receives `goodbye`, and the server closes the connection |
//!
//! The verbs are those of `Socket` by their names, `to_except` (`socket.to(..).to(..).except(..)`),
//! and those of `SocketIo` with `io_` before their names.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix::prelude::*;
use actix_socketio::{
    AckError, HandlerError, HandlerResult, History, OnConnect, OnDisconnect, OnError, OnFinish,
    OnMessage, OnSubscribe, OnUnsubscribe, Presence, Route, Socket, SocketHandler, SocketId,
    SocketIo, channel,
};
use actix_web::web::ServiceConfig;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::running::RunningApp;

/// The limit for a client's acknowledgement, unless the client names another one.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts the application.
pub(crate) fn start() -> RunningApp {
    RunningApp::start(|| {
        let io = socket_io();
        (io.clone(), move |services: &mut ServiceConfig| io.mount()(services))
    })
}

fn socket_io() -> SocketIo {
    let later = Arc::<OnceLock<SocketIo>>::default();
    let main = Application { io: later.clone(), admit: not_today }.start();
    let admin = Application { io: later.clone(), admit: administrators }.start();
    let io = SocketIo::builder()
        // Often, because some clients notice their end only when a poll returns. A network that fails
        // between two polls shows after both, within the patience of the tests.
        .ping_interval(Duration::from_secs(2))
        .ping_timeout(Duration::from_secs(14))
        .to(&main)
        .route(rooms())
        .route(open())
        .route(kept())
        .route(halls())
        .namespace("/admin", |namespace| namespace.to(&admin).route(rooms()).route(open()))
        .build()
        .expect("the settings are valid");
    later.get_or_init(|| io).clone()
}

// ── admission ──────────────────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
struct Auth {
    refuse: Option<String>,
    token: Option<String>,
}

fn not_today(auth: &Auth) -> HandlerResult {
    match &auth.refuse {
        None => Ok(()),
        Some(name) => Err(HandlerError::reject(format!("not today, {name}"))
            .with_data(&json!({"why": "asked for", "code": 4001}))),
    }
}

fn administrators(auth: &Auth) -> HandlerResult {
    match auth.token.as_deref() {
        Some("let me in") => Ok(()),
        _ => Err(HandlerError::reject("not an administrator")),
    }
}

// ── the channels: functions as handlers ──────────────────────────────────────────────────────────────────────────────

fn rooms() -> Route {
    channel("^room-").on_subscribe(async |event: OnSubscribe| {
        if event.channel.starts_with("room-vip") {
            let data = json!({"channel": event.channel, "level": 3});
            return Err(HandlerError::reject("members only").with_data(&data));
        }
        lived(&event.socket, format!("subscribe {}", event.channel))
    })
}

fn open() -> Route {
    channel("^open-")
        .allow_publish()
        .on_subscribe(async |event: OnSubscribe| {
            lived(&event.socket, format!("subscribe {}", event.channel))
        })
        .on_message(async |event: OnMessage| {
            if event.channel.is_none() {
                return Ok(());
            }
            // Binary is no part of a JSON value, and has no words.
            match event.json::<Value>().unwrap_or_default().get("forbidden") {
                None => Ok(()),
                Some(word) => {
                    Err(HandlerError::reject("mind your language")
                        .with_data(&json!({"word": word})))
                }
            }
        })
}

fn kept() -> Route {
    channel("^kept-").history(History::last(1_000))
}

fn halls() -> Route {
    let name = |socket: &Socket| {
        let auth: Value = socket.handshake().auth().ok()?;
        auth["name"].as_str().map(str::to_owned)
    };
    let presence = Presence::by(name).info(|socket| json!({"at": socket.namespace().as_str()}));
    channel("^hall-").presence(presence.every(Duration::from_millis(20)))
}

/// Adds a line to the list of the client's events.
fn lived(socket: &Socket, what: impl Into<String>) -> HandlerResult {
    socket.context().update("life", |life: Option<Vec<String>>| {
        let mut life = life.unwrap_or_default();
        life.push(what.into());
        life
    })?;
    Ok(())
}

// ── everything else: an actor as the handler ─────────────────────────────────────────────────────────────────────────

struct Application {
    /// The handle, which is set later because it is built with this actor's address.
    io: Arc<OnceLock<SocketIo>>,
    admit: fn(&Auth) -> HandlerResult,
}

impl Actor for Application {
    type Context = Context<Self>;
}

impl SocketHandler for Application {
    type Events = (OnConnect, OnMessage, OnUnsubscribe, OnError, OnDisconnect, OnFinish);
}

impl Handler<OnConnect> for Application {
    type Result = HandlerResult;

    fn handle(
        &mut self,
        OnConnect { socket, .. }: OnConnect,
        _: &mut Self::Context,
    ) -> Self::Result {
        socket.emit(
            "welcome",
            &json!({"id": socket.id(), "auth": socket.handshake().auth::<Value>()?}),
        )?;
        (self.admit)(&socket.handshake().auth()?)?;
        lived(&socket, "connect")
    }
}

impl Handler<OnUnsubscribe> for Application {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnUnsubscribe, _: &mut Self::Context) -> Self::Result {
        lived(&event.socket, format!("unsubscribe {}", event.channel))
    }
}

impl Handler<OnError> for Application {
    type Result = HandlerResult;

    /// A client whose handler fails waits without a reason. This prints the reason.
    fn handle(&mut self, event: OnError, _: &mut Self::Context) -> Self::Result {
        eprintln!("{:?}: {}", event.socket, event.error);
        Ok(())
    }
}

impl Handler<OnDisconnect> for Application {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnDisconnect, _: &mut Self::Context) -> Self::Result {
        event.socket.context().insert("reason", event.reason.as_str())?;
        lived(&event.socket, "disconnect")
    }
}

impl Handler<OnFinish> for Application {
    type Result = HandlerResult;

    fn handle(&mut self, OnFinish { socket, .. }: OnFinish, _: &mut Self::Context) -> Self::Result {
        lived(&socket, "finish")?;
        let life: Option<Vec<String>> = socket.context().get("life")?;
        let reason: Option<String> = socket.context().get("reason")?;
        socket
            .others()
            .emit("finished", &json!({"id": socket.id(), "reason": reason, "life": life}))?;
        Ok(())
    }
}

impl Handler<OnMessage> for Application {
    type Result = ResponseFuture<HandlerResult>;

    fn handle(&mut self, event: OnMessage, _: &mut Self::Context) -> Self::Result {
        let io = self
            .io
            .get()
            .expect("set before any client comes")
            .of(event.socket.namespace().as_str());
        Box::pin(async move {
            // The route handles publications to its channel.
            if event.channel.is_some() { Ok(()) } else { answer(&io, &event).await }
        })
    }
}

async fn answer(io: &SocketIo, event: &OnMessage) -> HandlerResult {
    let socket = &event.socket;
    match event.event() {
        "message" => socket.send(&json!({"echo": event.json::<Value>()?}))?,
        "echo" => event.ack(&event.json::<Value>()?)?,
        "add" => event.ack(&(event.arg::<i64>(0)? + event.arg::<i64>(1)?))?,
        "silent" => {}
        "ask" => {
            let limit = event.arg::<Option<u64>>(1)?.map_or(PATIENCE, Duration::from_millis);
            let question = socket.timeout(limit);
            match question.emit_with_ack::<_, Value>("question", &event.json::<Value>()?).await {
                Ok(answer) => event.ack(&json!({"answer": answer}))?,
                Err(AckError::Timeout) => event.ack(&json!({"error": "timeout"}))?,
                Err(error) => return Err(error.into()),
            }
        }
        "whoami" => event.ack(&whoami(socket)?)?,
        "join" => event.ack(&socket.subscribe(event.json::<String>()?)?)?,
        "part" => event.ack(&socket.unsubscribe(event.json::<String>()?))?,
        "count" => {
            let number: u32 = event.json()?;
            socket.context().update("counted", |counted: Option<Vec<u32>>| {
                let mut counted = counted.unwrap_or_default();
                counted.push(number);
                counted
            })?;
        }
        "counted" => event.ack(&socket.context().get::<Value>("counted")?)?,
        "stream" => {
            for number in 0..event.json::<u32>()? {
                socket.emit("numbered", &number)?;
            }
        }
        "stream_channel" => {
            let channel: String = event.json()?;
            for number in 0..event.arg::<u32>(1)? {
                io.to(&channel).emit("numbered", &number)?;
            }
        }
        "large" => {
            let text = "x".repeat(event.arg(1)?);
            for number in 0..event.json::<u32>()? {
                socket.emit("large", &json!({"number": number, "text": text}))?;
            }
        }
        "fence" => io.emit("fence", &event.json::<Value>()?)?,
        "verb" => {
            verb(io, socket, &event.json()?)?;
            event.ack(&())?;
        }
        "disconnect_me" => {
            socket.emit("goodbye", &())?;
            socket.disconnect();
        }
        "close_me" => {
            socket.emit("goodbye", &())?;
            socket.close();
        }
        other => return Err(HandlerError::reject(format!("no such event: {other}"))),
    }
    Ok(())
}

fn whoami(socket: &Socket) -> Result<Value, HandlerError> {
    let mut channels = socket.channels();
    channels.sort();
    let query: Value = socket.handshake().query()?;
    Ok(json!({
        "id": socket.id(),
        "namespace": socket.namespace().as_str(),
        "channels": channels,
        "auth": socket.handshake().auth::<Value>()?,
        "query": query["who"],
        "header": socket.handshake().header("x-who"),
    }))
}

#[derive(Deserialize)]
struct Verb {
    verb: String,
    data: Value,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    except: String,
    #[serde(default)]
    id: String,
}

fn verb(io: &SocketIo, socket: &Socket, order: &Verb) -> HandlerResult {
    let Verb { verb, data, channel, channels, except, id } = order;
    match verb.as_str() {
        "send" => socket.send(data)?,
        "broadcast" => socket.broadcast(data)?,
        "send_and_broadcast" => socket.send_and_broadcast(data)?,
        "broadcast_channel" => socket.broadcast_channel(channel, data)?,
        "send_and_broadcast_channel" => socket.send_and_broadcast_channel(channel, data)?,
        "broadcast_channels" => socket.broadcast_channels(data)?,
        "to_except" => {
            channels
                .iter()
                .fold(socket.others(), actix_socketio::Target::to)
                .except(except)
                .emit("message", data)?;
        }
        "io_broadcast" => io.broadcast(data)?,
        "io_broadcast_channel" => io.broadcast_channel(channel, data)?,
        "io_send" => io.send(&id.parse::<SocketId>()?, data)?,
        "io_except" => io.except(except).emit("message", data)?,
        other => return Err(HandlerError::reject(format!("no such verb: {other}"))),
    }
    Ok(())
}
