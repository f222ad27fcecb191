//! The application that the clients of tests/clients/recovery talk to, on a port of its own.
//!
//! Clients subscribe to `room-…`, which keeps what is published to it, and to `bare-…`, which keeps
//! nothing. A client may say who it is, by the `user` of its `auth`.
//!
//! **Events** of clients:
//!
//! | event | arguments | reaction |
//! | --- | --- | --- |
//! | `whoami` | | acknowledged with `{id, channels, recovered, context, auth}` |
//! | `remember` | key, x | put into the client's context |
//! | `collect` | x | kept for `collected` |
//! | `hi` | | the client receives `hi` |
//!
//! **Control.** `POST /control {verb, …}` does something, and answers with JSON:
//!
//! | verb | members | what it does |
//! | --- | --- | --- |
//! | `emit` | `channel`, `id` or neither; `event`, `args`, `volatile`, `binary`, `asks` | sends an event to a channel, one client or all; with bytes as one more argument; with a request for an acknowledgement |
//! | `flood` | `channel`, `event`, `count`, `bytes` | publishes so many events with that many bytes each |
//! | `leave` | `channel` | takes all clients out of the channel |
//! | `disconnect` | `channel` | disconnects the clients of the channel |
//! | `ban` | `user` | refuses the user from now on |
//! | `bar` | `user` | refuses the user's subscriptions from now on |
//! | `sockets` | | the connected clients, `{id, channels}` |
//! | `life` | | what happened to the clients, in order: `{id, what, recovered, auth, reason}` |
//! | `changes` | | what the server told the application of sessions: `{id, what}` |
//! | `collected` | | what clients have sent by `collect` |
//! | `kept` | | the bytes of all histories |
//! | `reasons` | | why clients were not recovered, sessions ended and histories were trimmed |

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use actix_socketio::{
    Builder, Change, Changes, HandlerError, HandlerResult, History, Many, OnConnect, OnDisconnect,
    OnMessage, OnSubscribe, Recovery, Route, Socket, SocketIo, Target, channel,
};
use actix_web::{
    HttpResponse,
    web::{self, Json, ServiceConfig},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::running::RunningApp;

/// What a channel keeps: more than a test publishes while a client is away.
const KEPT: History = History::last(1_000);

/// How a server differs from the others.
pub(crate) struct Settings {
    /// Without recovery, `room-…` and what goes to all are not kept, either.
    pub(crate) recovery: Option<Recovery>,
    pub(crate) configure: fn(Builder) -> Builder,
}

/// Starts the application.
pub(crate) fn start(settings: Settings) -> RunningApp {
    RunningApp::start(move || {
        let shared = socket_io(settings);
        (shared.io().clone(), move |services: &mut ServiceConfig| {
            let shared = Arc::clone(&shared);
            services.configure(shared.io().mount());
            let control = move |Json(order): Json<Order>| {
                let shared = Arc::clone(&shared);
                async move {
                    match order.run(&shared).await {
                        Ok(result) => HttpResponse::Ok().json(result),
                        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
                    }
                }
            };
            services.route("/control", web::post().to(control));
        })
    })
}

/// The state that handlers and control share.
#[derive(Default)]
struct Shared {
    /// The handle, which is set later because it is built with the handlers.
    io: OnceLock<SocketIo>,
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    banned: HashSet<String>,
    barred: HashSet<String>,
    life: Vec<Value>,
    changes: Vec<Value>,
    collected: Vec<Value>,
}

impl Shared {
    fn io(&self) -> &SocketIo {
        self.io.get().expect("set before any client comes")
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn socket_io(Settings { recovery, configure }: Settings) -> Arc<Shared> {
    let shared = Arc::<Shared>::default();
    let [admits, answers, records] = [(); 3].map(|()| Arc::clone(&shared));
    let builder = SocketIo::builder()
        .ping_interval(Duration::from_secs(1))
        .ping_timeout(Duration::from_secs(2))
        .route(if recovery.is_some() { room(&shared).history(KEPT) } else { room(&shared) })
        .route(channel("^bare-"))
        .namespace("/other", |namespace| namespace)
        .on_connect(async move |event: OnConnect| admit(&admits, &event))
        .on_message(async move |event: OnMessage| answer(&answers, &event))
        .on_disconnect(async move |OnDisconnect { socket, reason, .. }: OnDisconnect| {
            let line = json!({"id": socket.id(), "what": "disconnect", "reason": reason.as_str()});
            records.records().life.push(line);
            Ok(())
        });
    let builder = match recovery {
        Some(recovery) => builder.history(KEPT).recovery(recovery),
        None => builder,
    };
    let io = configure(builder).build().expect("the settings are valid");
    actix_web::rt::spawn(record_changes(io.changes(), Arc::clone(&shared)));
    shared.io.get_or_init(|| io);
    shared
}

async fn record_changes(mut changes: Changes, shared: Arc<Shared>) {
    while let Some(change) = changes.next().await {
        let (what, id) = match change {
            Change::Away { socket, .. } => ("away", socket),
            Change::Returned { socket, .. } => ("returned", socket),
            Change::Expired { socket, .. } => ("expired", socket),
            _ => continue,
        };
        shared.records().changes.push(json!({"id": id, "what": what}));
    }
}

fn room(shared: &Arc<Shared>) -> Route {
    let shared = Arc::clone(shared);
    channel("^room-").on_subscribe(async move |event: OnSubscribe| match user(&event.socket)? {
        Some(user) if shared.records().barred.contains(&user) => {
            Err(HandlerError::reject("barred"))
        }
        _ => Ok(()),
    })
}

// ── handlers ─────────────────────────────────────────────────────────────────────────────────────

fn user(socket: &Socket) -> Result<Option<String>, HandlerError> {
    let auth: Value = socket.handshake().auth()?;
    Ok(auth["user"].as_str().map(str::to_owned))
}

fn admit(shared: &Shared, OnConnect { socket, recovered, .. }: &OnConnect) -> HandlerResult {
    let auth: Value = socket.handshake().auth()?;
    let mut records = shared.records();
    let (id, what) = (socket.id(), "connect");
    records.life.push(json!({"id": id, "what": what, "recovered": recovered, "auth": auth}));
    match auth["user"].as_str() {
        Some(user) if records.banned.contains(user) => Err(HandlerError::reject("banned")),
        _ => Ok(()),
    }
}

fn answer(shared: &Shared, event: &OnMessage) -> HandlerResult {
    let socket = &event.socket;
    match event.event() {
        "whoami" => event.ack(&json!({
            "id": socket.id(),
            "channels": socket.channels(),
            "recovered": socket.recovered(),
            "context": socket.context().entries(),
            "auth": socket.handshake().auth::<Value>()?,
        }))?,
        "remember" => {
            socket.context().insert(event.json::<String>()?, event.arg::<Value>(1)?)?;
            event.ack(&())?;
        }
        "collect" => {
            shared.records().collected.push(event.json()?);
            event.ack(&())?;
        }
        "hi" => socket.emit("hi", &Many(()))?,
        other => return Err(HandlerError::reject(format!("no such event: {other}"))),
    }
    Ok(())
}

// ── control ──────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Order {
    verb: String,
    channel: Option<String>,
    id: Option<String>,
    event: String,
    args: Vec<Value>,
    volatile: bool,
    binary: bool,
    asks: bool,
    count: usize,
    bytes: usize,
    user: String,
}

impl Order {
    async fn run(self, shared: &Shared) -> Result<Value, HandlerError> {
        let io = shared.io();
        match &*self.verb {
            "emit" => self.emit(io)?,
            "flood" => {
                let text = "x".repeat(self.bytes);
                for number in 0..self.count {
                    io.to(self.channel()).emit(&self.event, &Many((number, &text)))?;
                }
            }
            "leave" => io.to(self.channel()).sockets_leave(self.channel()).await?,
            "disconnect" => io.to(self.channel()).disconnect_sockets(false).await?,
            "ban" => drop(shared.records().banned.insert(self.user)),
            "bar" => drop(shared.records().barred.insert(self.user)),
            "sockets" => {
                let sockets = io.everyone().fetch_sockets().await?;
                let sockets = sockets
                    .iter()
                    .map(|socket| json!({"id": socket.id(), "channels": socket.channels()}));
                return Ok(sockets.collect());
            }
            "life" => return Ok(json!(shared.records().life)),
            "changes" => return Ok(json!(shared.records().changes)),
            "collected" => return Ok(json!(shared.records().collected)),
            "kept" => return Ok(json!({"bytes": io.stats().history_bytes})),
            "reasons" => {
                let stats = io.stats();
                return Ok(json!({
                    "unrecovered": stats.unrecovered,
                    "sessions_ended": stats.sessions_ended,
                    "history_trimmed": stats.history_trimmed,
                }));
            }
            other => return Err(HandlerError::reject(format!("no such verb: {other}"))),
        }
        Ok(Value::Null)
    }

    fn channel(&self) -> &str {
        self.channel.as_deref().unwrap_or_default()
    }

    fn emit(&self, io: &SocketIo) -> HandlerResult {
        if let Some(id) = &self.id {
            return Ok(io
                .socket(&id.parse()?)
                .ok_or_else(|| HandlerError::reject("no such client"))?
                .emit(&self.event, &Many(&self.args))?);
        }
        let target = match &self.channel {
            Some(channel) => io.to(channel),
            None => io.everyone(),
        };
        let target = if self.volatile { target.volatile() } else { target };
        if self.asks {
            let (event, args) = (self.event.clone(), self.args.clone());
            // The acknowledgements do not matter.
            actix_web::rt::spawn(async move {
                let answers = target.timeout(Duration::from_secs(1));
                let _ = answers.emit_with_ack::<_, Value>(&event, &Many(args)).await;
            });
            return Ok(());
        }
        self.send(target)
    }

    fn send(&self, target: Target) -> HandlerResult {
        match &*self.args {
            [only] if self.binary => {
                target.emit(&self.event, &Many((only, Bytes::from_static(&[1, 2, 3]))))?;
            }
            args => target.emit(&self.event, &Many(args))?,
        }
        Ok(())
    }
}
