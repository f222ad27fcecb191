//! A client that keeps its secret and its position as the official JavaScript client does.

use std::time::Duration;

use actix_socketio::{
    Builder, HandlerResult, History, OnConnect, OnMessage, Recovery, SocketId, SocketIo, channel,
};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::{
    app::TestServer,
    client::{Client, Mode},
    wait::PATIENCE,
};

/// A builder whose handlers answer a fence by a publication that a history covers: a position
/// before it is not too old.
pub(crate) fn builder() -> Builder {
    SocketIo::builder()
        .recovery(Recovery::new().for_everyone())
        .route(channel("^fence-").history(History::last(1_000)))
        .on_connect(async |event: OnConnect| {
            event.socket.subscribe(format!("fence-{}", event.socket.id()))?;
            Ok(())
        })
        .on_message(fence)
}

pub(crate) async fn fence(event: OnMessage) -> HandlerResult {
    if event.event() == "fence" {
        let data: Value = event.json()?;
        let channel = format!("fence-{}", event.socket.id());
        event.socket.io().to(channel).publish("fence", &data).await?;
    }
    Ok(())
}

/// Waits for a condition. The client's own tasks run meanwhile.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let all = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(timeout(PATIENCE, all).await.is_ok(), "it did not happen: {what}");
}

/// The page of a client, which outlives its connections.
pub(crate) struct Page {
    mode: Mode,
    auth: Map<String, Value>,
    client: Option<Client>,
    pub(crate) sid: String,
    pub(crate) pid: Option<String>,
    pub(crate) offset: Option<String>,
    pub(crate) recovered: bool,
    fences: u32,
}

impl Page {
    pub(crate) fn new(mode: Mode) -> Self {
        let (auth, sid) = (Map::new(), String::new());
        Self { mode, auth, client: None, sid, pid: None, offset: None, recovered: false, fences: 0 }
    }

    pub(crate) fn with_auth(mode: Mode, auth: Value) -> Self {
        Self { auth: auth.as_object().expect("an object").clone(), ..Self::new(mode) }
    }

    pub(crate) async fn open(server: &TestServer, mode: Mode) -> Self {
        let mut page = Self::new(mode);
        page.connect(server).await;
        page
    }

    /// The CONNECT packet. What the application gives wins, as it does in the client.
    pub(crate) fn connect_packet(&self) -> String {
        let mut payload = Map::new();
        if let Some(pid) = &self.pid {
            payload.insert("pid".to_owned(), json!(pid));
            payload.extend(self.offset.as_ref().map(|at| ("offset".to_owned(), json!(at))));
        }
        payload.extend(self.auth.clone());
        format!("0{}", Value::from(payload))
    }

    /// Connects, and reads the answer.
    pub(crate) async fn connect(&mut self, server: &TestServer) {
        self.ask(server).await;
        self.admitted().await;
    }

    /// Sends CONNECT. The answer is still to be read.
    pub(crate) async fn ask(&mut self, server: &TestServer) {
        let connect = self.connect_packet();
        self.client = Some(Client::ask(&server.url, self.mode, "", &[], &connect).await);
    }

    /// Reads the answer to CONNECT.
    pub(crate) async fn admitted(&mut self) {
        let answer = self.client().recv().await;
        let payload = answer.strip_prefix('0').expect(&answer);
        let payload: Value = serde_json::from_str(payload).expect(&answer);
        let text = |name: &str| payload[name].as_str().map(str::to_owned);
        let pid = text("pid");
        self.recovered = pid.is_some() && pid == self.pid;
        (self.sid, self.pid) = (text("sid").expect(&answer), pid);
    }

    pub(crate) fn client(&mut self) -> &mut Client {
        self.client.as_mut().expect("it is connected")
    }

    pub(crate) fn id(&self) -> SocketId {
        self.sid.parse().expect("an id")
    }

    /// The events that have come, without their positions.
    pub(crate) async fn events(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        for packet in self.packets().await {
            events.extend(self.note(&packet));
        }
        events
    }

    /// The packets that have come, the answer to a fence included: its position counts, too.
    pub(crate) async fn packets(&mut self) -> Vec<String> {
        self.fences += 1;
        let fence = format!("{} of {}", self.fences, self.sid);
        self.client().emit("fence", json!([fence])).await;
        let answer = format!(r#"2["fence","{fence}","#);
        let mut packets = Vec::new();
        loop {
            packets.push(self.client().recv().await);
            if packets.last().is_some_and(|packet| packet.starts_with(&answer)) {
                return packets;
            }
        }
    }

    /// Notes the position of an event. Returns the event without it, unless it is a fence.
    pub(crate) fn note(&mut self, packet: &str) -> Option<String> {
        let mut event: Vec<Value> = serde_json::from_str(&packet[1..]).expect("an event");
        let Some(Value::String(position)) = event.pop() else { panic!("no position: {packet}") };
        self.offset = Some(position);
        (event[0] != "fence").then(|| Value::from(event).to_string())
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) {
        self.client().subscribe(channel).await;
    }

    /// Loses the connection. The server has noticed it when this returns.
    pub(crate) async fn lose(&mut self, server: &TestServer) {
        let away = server.io.stats().sessions_away;
        self.vanish().await;
        until("the session is put aside", || server.io.stats().sessions_away > away).await;
    }

    /// Breaks the connection off.
    pub(crate) async fn vanish(&mut self) {
        self.client.take().expect("it is connected").vanish().await;
    }

    /// Drops the connection, whatever state it is in.
    pub(crate) fn vanish_at_once(&mut self) {
        drop(self.client.take());
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    /// The events that came before the server ended the connection.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut client = self.client.take().expect("it is connected");
        client.closed().await;
        client.rest().iter().filter_map(|packet| self.note(packet)).collect()
    }

    /// Forgets the connection, which stays open: the server can't know.
    pub(crate) fn leave_half_open(&mut self) -> Client {
        let client = self.client.take().expect("it is connected");
        client.stop_answering_pings();
        client
    }
}
