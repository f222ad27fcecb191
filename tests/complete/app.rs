//! The application that the clients of tests/clients/complete talk to, on a port of its own.
//!
//! The namespaces `/`, `/static`, `/tenant-<number>` and, for clients with `{invited: true}`,
//! `/party-…` behave alike and are independent of each other. Channels `room-…` exist, and clients
//! may publish to `open-…`. An `auth` with `{refuse: message, data}` is refused with these. All
//! others in a namespace receive `gone {id, reason}` when a client leaves.
//!
//! **Events** of clients:
//!
//! | event | arguments | reaction |
//! | --- | --- | --- |
//! | `echo` | any | acknowledged with the same |
//! | `back` | any | the client receives `back` with the same |
//! | `ask` | any | the client receives `question` with the same; acknowledged with `{answer}` or `{error}` |
//! | `file` | [`File`] | acknowledged with the same file, its bytes reversed |
//! | `mixed` | file, x, bytes, list of bytes | acknowledged with the sum of all bytes, and all bytes in one |
//! | `whoami` | | acknowledged with the result of [`look`] |
//! | `remember` | key, x | put into the client's context |
//! | `operate` | [`Order`] | carried out, and acknowledged with the result |
//! | `direct` | [`SocketEmitter`] | the same for messages to this client alone |
//! | `numbers` | | the client receives `many` with the arguments `1, "two", [3], {four: 4}`, then `none` without any |
//! | `behind` | | the client receives `first`, immediately after it a volatile `second`, then `third` |
//! | `channels` | | acknowledged with all channels, in order |
//! | `namespaces` | | acknowledged with all namespaces, in order |
//! | `listen` | n | the next n events to the client are reported to it in one event: `listened [[name, arguments], …]` |
//! | `forbidden` | | dropped before any handler, and reported as `failed {error}` |
//! | `wrong` | | a handler wants a number and a string; the failure is reported as `failed {error}` |
//! | `fence` | x | all clients in the namespace receive `fence x`, as a publication |
//! | `disconnect_me` | | the server disconnects the socket |
//! | `close_me` | | the server closes the connection |
//! | `shutdown` | | all connections end, and no new ones can be opened |
//!
//! A request for a channel with `forbidden` in its name is dropped, too, and its client receives
//! the reason. A client that upgrades to a WebSocket receives `upgraded <transport>`. `GET
//! /departures` lists `{id, reason}` of all disconnected clients, from any namespace.

use std::{
    collections::BTreeMap,
    fmt,
    future::ready,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use actix_socketio::{
    AckError, Args, BroadcastAcks, Builder, HandlerError, HandlerResult, Many, NamespaceBuilder,
    OnConnect, OnDisconnect, OnError, OnMessage, OnPacket, OnUpgrade, RemoteSocket, Socket,
    SocketIo, Target, channel,
};
use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value, json};

use crate::running::RunningApp;

/// Starts the application.
pub(crate) fn start(settings: Settings) -> RunningApp {
    RunningApp::start(move || {
        let shared = socket_io(settings);
        (shared.io().clone(), move |services: &mut ServiceConfig| {
            let departures = Arc::clone(&shared);
            let departures =
                web::get().to(move || ready(HttpResponse::Ok().json(&departures.departures)));
            services.configure(shared.io().mount()).route("/departures", departures);
        })
    })
}

/// The settings of a server that differ from the usual ones.
pub(crate) type Settings = fn(Builder) -> Builder;

/// The state that the handlers share.
#[derive(Default)]
struct Shared {
    /// The handle, which is set later because it is built with the handlers.
    io: OnceLock<SocketIo>,
    departures: Mutex<Vec<Value>>,
}

impl Shared {
    fn io(&self) -> &SocketIo {
        self.io.get().expect("set before any client comes")
    }
}

/// Registers the same handlers with the builder and those of its namespaces.
macro_rules! application {
    ($builder:expr, $shared:expr) => {{
        let (talks, counts) = (Arc::clone($shared), Arc::clone($shared));
        $builder
            .route(channel("^room-"))
            .route(channel("^open-").allow_publish())
            .on_packet(look_at)
            .on_connect(admit)
            .on_message(async move |event: OnMessage| {
                if event.channel.is_some() { Ok(()) } else { answer(&talks, &event).await }
            })
            .on_error(report)
            .on_upgrade(async |event: OnUpgrade| {
                event.socket.emit("upgraded", event.socket.transport().as_str())?;
                Ok(())
            })
            .on_disconnect(async move |OnDisconnect { socket, reason, .. }: OnDisconnect| {
                let departure = json!({"id": socket.id(), "reason": reason.as_str()});
                counts.departures.lock().expect("no thread panics while it holds the lock").push(departure.clone());
                socket.others().emit("gone", &departure)?;
                Ok(())
            })
    }};
}

fn socket_io(settings: Settings) -> Arc<Shared> {
    let shared = Arc::<Shared>::default();
    let namespace = |builder: NamespaceBuilder| application!(builder, &shared);
    let builder = application!(SocketIo::builder(), &shared)
        .namespace("/static", namespace)
        .namespaces_matching("^/tenant-[0-9]+$", namespace)
        .namespaces_if(
            |name, handshake| {
                let auth: Value = handshake.auth().unwrap_or_default();
                name.as_str().starts_with("/party-") && auth["invited"] == true
            },
            namespace,
        );
    let io = settings(builder).build().expect("the settings are valid");
    shared.io.get_or_init(|| io);
    shared
}

// ── handlers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
struct Auth {
    refuse: Option<String>,
    data: Option<Value>,
}

async fn admit(OnConnect { socket, .. }: OnConnect) -> HandlerResult {
    match socket.handshake().auth()? {
        Auth { refuse: None, .. } => Ok(()),
        Auth { refuse: Some(why), data: None } => Err(HandlerError::reject(why)),
        Auth { refuse: Some(why), data: Some(data) } => {
            Err(HandlerError::reject(why).with_data(&data))
        }
    }
}

async fn look_at(OnPacket { message, .. }: OnPacket) -> HandlerResult {
    let channel = matches!(message.event(), "subscribe" | "publish")
        .then(|| message.json::<String>())
        .transpose()?;
    if message.event() == "forbidden" || channel.is_some_and(|name| name.contains("forbidden")) {
        return Err(HandlerError::reject("dropped").with_data(&json!({"event": message.event()})));
    }
    Ok(())
}

async fn report(OnError { socket, error, .. }: OnError) -> HandlerResult {
    socket.emit("failed", &json!({"error": error.to_string()}))?;
    Ok(())
}

async fn answer(shared: &Shared, event: &OnMessage) -> HandlerResult {
    let io = shared.io();
    let socket = &event.socket;
    let here = io.of(socket.namespace().as_str());
    match event.event() {
        "echo" => event.ack(&Many(all(event.args())?))?,
        "back" => socket.emit("back", &Many(all(event.args())?))?,
        "ask" => {
            event.ack(&asked(socket.emit_with_ack("question", &Many(all(event.args())?)).await))?;
        }
        "file" => {
            let mut file: File = event.json()?;
            file.data = file.data.iter().rev().copied().collect();
            event.ack(&file)?;
        }
        "mixed" => {
            let (file, word): (File, String) = (event.arg(0)?, event.arg(1)?);
            let mut data = [file.data, event.arg(2)?].concat();
            data.extend(event.arg::<Vec<Bytes>>(3)?.concat());
            let sum: u64 = data.iter().copied().map(u64::from).sum();
            event.ack(&Many((word, sum, Bytes::from(data))))?;
        }
        "whoami" => event.ack(&look(socket)?)?,
        "remember" => socket.context().insert(event.json::<String>()?, event.arg::<Value>(1)?)?,
        "operate" => event.ack(&event.json::<Order>()?.run(io, socket).await?)?,
        "direct" => event.ack(&event.json::<SocketEmitter>()?.run(socket).await?)?,
        "numbers" => {
            socket.emit("many", &Many((1, "two", [3], json!({"four": 4}))))?;
            socket.emit("none", &Many(()))?;
        }
        "behind" => {
            // This runs on the thread of the transport, which cannot send anything in between.
            socket.emit("first", &1)?;
            socket.volatile().emit("second", &2)?;
            socket.emit("third", &3)?;
        }
        "channels" => {
            let mut channels = here.channels().await;
            channels.sort();
            event.ack(&channels)?;
        }
        "namespaces" => {
            let mut names: Vec<_> = io.namespaces().iter().map(ToString::to_string).collect();
            names.sort();
            event.ack(&names)?;
        }
        "listen" => {
            let mut outgoing = socket.outgoing(64);
            let (socket, count): (_, usize) = (socket.clone(), event.json()?);
            actix_web::rt::spawn(async move {
                let mut events = Vec::new();
                while events.len() < count {
                    let Some(event) = outgoing.next().await else { return };
                    events.push((event.name, all(&event.args).expect("arguments of ours")));
                }
                drop(outgoing);
                socket.emit("listened", &events).expect("the client waits for it");
            });
            event.ack(&())?;
        }
        "wrong" => {
            event.json::<u32>()?;
            event.arg::<String>(1)?;
        }
        "fence" => here.emit("fence", &event.json::<Value>()?)?,
        "disconnect_me" => socket.disconnect(),
        "close_me" => socket.close(),
        "close_my_transport" => socket.close_transport(),
        "shutdown" => {
            let io = io.clone();
            actix_web::rt::spawn(async move {
                assert!(io.shutdown().await, "some connections are left");
            });
        }
        other => return Err(HandlerError::reject(format!("no such event: {other}"))),
    }
    Ok(())
}

/// Bytes beside other data, in a struct as an application would define it.
#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    data: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Bytes>,
}

fn look(socket: &Socket) -> Result<Value, HandlerError> {
    Ok(json!({
        "id": socket.id(),
        "namespace": socket.namespace().as_str(),
        "channels": socket.channels(),
        "context": socket.context().entries(),
        "auth": socket.handshake().auth::<Value>()?,
        "query": socket.handshake().query::<BTreeMap<String, String>>()?,
        "transport": socket.transport().as_str(),
    }))
}

/// The same of a client that may be on another server. Its transport is known on its own.
fn look_from_afar(io: &SocketIo, socket: &RemoteSocket) -> Result<Value, HandlerError> {
    let transport = io.socket(&socket.id()).map(|socket| socket.transport().as_str());
    Ok(json!({
        "id": socket.id(),
        "namespace": socket.namespace().as_str(),
        "channels": socket.channels(),
        "context": socket.data(),
        "auth": socket.handshake().auth::<Value>()?,
        "query": socket.handshake().query::<BTreeMap<String, String>>()?,
        "transport": transport,
    }))
}

/// The outcome of a question.
fn asked(answer: Result<Any, AckError>) -> BTreeMap<&'static str, Any> {
    match answer {
        Ok(answer) => BTreeMap::from([("answer", answer)]),
        Err(AckError::Timeout) => BTreeMap::from([("error", Any::Text("timeout".to_owned()))]),
        Err(error) => BTreeMap::from([("error", Any::Text(error.to_string()))]),
    }
}

/// An operation on the client alone.
#[derive(Deserialize)]
struct SocketEmitter {
    event: String,
    data: Vec<Any>,
    #[serde(default)]
    volatile: bool,
    timeout: Option<u64>,
}

impl SocketEmitter {
    async fn run(self, socket: &Socket) -> Result<Value, HandlerError> {
        let Self { event, data, volatile, timeout } = self;
        let data = Many(data);
        match timeout {
            None if volatile => socket.volatile().emit(&event, &data)?,
            None => socket.emit(&event, &data)?,
            Some(ms) => {
                let how = socket.timeout(Duration::from_millis(ms));
                let how = if volatile { how.volatile() } else { how };
                return Ok(serde_json::to_value(asked(how.emit_with_ack(&event, &data).await))?);
            }
        }
        Ok(Value::Null)
    }
}

/// An operation on many clients.
#[derive(Deserialize)]
struct Order {
    /// `emit` (the default), `publish`, `ack`, `fetch`, `join`, `leave` or `disconnect`.
    #[serde(default)]
    action: String,
    /// The start of the target: `io` (the default), or `socket`, which excludes this client.
    #[serde(default)]
    from: String,
    /// A namespace other than the client's, for `io` only.
    of: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    except_socket: Option<String>,
    including: Option<String>,
    #[serde(default)]
    volatile: bool,
    #[serde(default)]
    local: bool,
    timeout: Option<u64>,
    #[serde(default)]
    event: String,
    #[serde(default)]
    data: Vec<Any>,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    close: bool,
}

impl Order {
    async fn run(self, io: &SocketIo, socket: &Socket) -> Result<Value, HandlerError> {
        let io = io.of(self.of.as_deref().unwrap_or(socket.namespace().as_str()));
        let target = self.target(&io, socket)?;
        let Self { action, event, data, channel, close, .. } = self;
        let data = Many(data);
        Ok(match action.as_str() {
            "" | "emit" => {
                target.emit(&event, &data)?;
                Value::Null
            }
            "publish" => json!(target.publish(&event, &data).await?.delivered),
            "ack" => {
                let BroadcastAcks { answers, missing, .. } =
                    target.emit_with_ack::<_, Value>(&event, &data).await?;
                let answers: BTreeMap<_, _> = answers
                    .into_iter()
                    .map(|(id, answer)| {
                        (id.to_string(), answer.unwrap_or_else(|error| json!(error.to_string())))
                    })
                    .collect();
                json!({"answers": answers, "missing": missing})
            }
            "fetch" => {
                let sockets = target.fetch_sockets().await?;
                sockets
                    .iter()
                    .map(|socket| look_from_afar(&io, socket))
                    .collect::<Result<_, _>>()?
            }
            "join" => json!(target.sockets_join(channel).await?),
            "leave" => json!(target.sockets_leave(channel).await?),
            "disconnect" => json!(target.disconnect_sockets(close).await?),
            other => return Err(HandlerError::reject(format!("no such action: {other}"))),
        })
    }

    fn target(&self, io: &SocketIo, socket: &Socket) -> Result<Target, HandlerError> {
        let mut target = if self.from == "socket" { socket.others() } else { io.everyone() };
        target = self.to.iter().fold(target, Target::to);
        target = self.except.iter().fold(target, Target::except);
        if let Some(id) = &self.except_socket {
            target = target.except_socket(id.parse()?);
        }
        if let Some(id) = &self.including {
            let other =
                io.socket(&id.parse()?).ok_or_else(|| HandlerError::reject("unknown client"))?;
            target = target.including(&other);
        }
        if self.volatile {
            target = target.volatile();
        }
        if self.local {
            target = target.local();
        }
        Ok(match self.timeout {
            Some(ms) => target.timeout(Duration::from_millis(ms)),
            None => target,
        })
    }
}

// ── values of any shape, bytes among them ────────────────────────────────────────────────────────────────────────────

/// All arguments, of any type.
fn all(args: &Args) -> Result<Vec<Any>, HandlerError> {
    Ok((0..args.len()).map(|index| args.get(index)).collect::<Result<_, _>>()?)
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Any {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Data(Bytes),
    List(Vec<Any>),
    Object(BTreeMap<String, Any>),
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whatever;

        impl<'de> Visitor<'de> for Whatever {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any::Number(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Any, E> {
                Number::from_f64(value).map(Any::Number).ok_or_else(|| E::custom("no number"))
            }

            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any::Text(value.to_owned()))
            }

            fn visit_bytes<E>(self, value: &[u8]) -> Result<Any, E> {
                Ok(Any::Data(Bytes::copy_from_slice(value)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Any, A::Error> {
                let mut list = Vec::new();
                while let Some(value) = values.next_element()? {
                    list.push(value);
                }
                Ok(Any::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Any, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((key, value)) = entries.next_entry()? {
                    object.insert(key, value);
                }
                Ok(Any::Object(object))
            }
        }

        deserializer.deserialize_any(Whatever)
    }
}
