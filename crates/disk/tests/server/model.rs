//! A model of clients that come and go while their server is stopped, crashes and is started again.
//! The oracle is the order in which the server has published.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::Path,
    time::Duration,
};

use actix_socketio::{
    HandlerResult, History, OnMessage, Recovery, SocketIo, channel, test::TestServer,
};
use actix_socketio_disk::DiskStore;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{folder, polling_client::PollingClient};

const CLIENTS: usize = 1_000;
const CHANNELS: u32 = 20;
/// How often something happens, unless [`ROUNDS_WANTED`] says it.
const ROUNDS: u32 = 24_000;
/// For a longer run: the number of rounds, in the environment.
const ROUNDS_WANTED: &str = "RECOVERY_MODEL_ROUNDS";
/// The server is stopped, or crashes, by turns, once in this number of rounds.
const RUN: u32 = 2_000;
/// For this number of rounds, the same few clients do most: otherwise hardly a
/// client would come back before the next restart.
const FOCUS: u32 = 300;
const FOCUSED: usize = 25;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comeback {
    /// By its private id, as the official JavaScript client does.
    Recovery,
    /// By its position, as any other client can.
    Since,
}

/// A client, and what it has to receive.
struct Walker {
    comeback: Comeback,
    client: Option<PollingClient>,
    /// Connections that it has forgotten.
    half_open: Vec<PollingClient>,
    pid: Value,
    /// Its position.
    offset: Value,
    channels: BTreeSet<String>,
    /// The numbers that it has to receive and has not yet, in order.
    wanted: Vec<u32>,
    /// It was told that something is missing: some of `wanted` may not come.
    is_told: bool,
    told: BTreeMap<String, u32>,
    whole: u32,
}

impl Walker {
    fn new(comeback: Comeback) -> Self {
        let (half_open, channels, wanted, told) = Default::default();
        let (pid, offset) = (Value::Null, Value::Null);
        Self {
            comeback,
            client: None,
            half_open,
            pid,
            offset,
            channels,
            wanted,
            is_told: false,
            told,
            whole: 0,
        }
    }

    /// Asks the server, and takes what comes before its answer.
    async fn ask(&mut self, server: &TestServer, event: Value) -> Value {
        let mut client = self.client.take().expect("it is connected");
        let answer = client.ask(server, event, |event| self.take(&event)).await;
        self.client = Some(client);
        answer
    }

    /// Takes an event. It is the next one that is wanted.
    fn take(&mut self, event: &Value) {
        let [name, first, .., position] = event.as_array().expect("an event").as_slice() else {
            panic!("no position: {event}");
        };
        let is_later = self.offset.as_str() < position.as_str();
        assert!(is_later, "{event} comes behind {}", self.offset);
        self.offset = position.clone();
        if name == "goal" {
            let number = first.as_u64().expect("a number") as u32;
            let at = self.wanted.iter().position(|wanted| *wanted == number);
            let at = at.unwrap_or_else(|| panic!("{number} is not wanted: {:?}", self.wanted));
            assert!(at == 0 || self.is_told, "{number} comes before {:?}", self.wanted);
            self.wanted.drain(..=at);
        }
    }

    /// Reads everything that has come.
    async fn read(&mut self, server: &TestServer) {
        self.ask(server, json!(["fence"])).await;
        assert!(self.wanted.is_empty() || self.is_told, "lost: {:?}", self.wanted);
        self.wanted.clear();
        self.is_told = false;
    }

    async fn join(&mut self, server: &TestServer, channel: String) {
        let answer = self.ask(server, json!(["subscribe", channel, {"since": null}])).await;
        assert!(answer[0].is_null(), "{answer}");
        if !self.channels.insert(channel) {
            return;
        }
        let position = &answer[1]["position"];
        assert!(self.offset.as_str() <= position.as_str());
        self.offset = position.clone();
    }

    async fn come_back(&mut self, server: &TestServer) {
        let mut auth = json!({"offsets": true});
        if self.comeback == Comeback::Recovery && !self.pid.is_null() {
            auth["pid"] = self.pid.clone();
            if !self.offset.is_null() {
                auth["offset"] = self.offset.clone();
            }
        }
        let (client, connected) = PollingClient::connect(server, &auth).await;
        self.client = Some(client);
        let is_recovered = self.pid == connected["pid"];
        let is_first = self.pid.is_null();
        self.pid = connected["pid"].clone();
        if self.comeback == Comeback::Recovery {
            if is_recovered {
                self.whole += 1;
            } else if !is_first {
                self.begin_anew("a new socket");
            }
        } else if !self.channels.is_empty() {
            self.subscribe_again(server).await;
        }
        self.read(server).await;
    }

    fn begin_anew(&mut self, reason: &str) {
        *self.told.entry(reason.to_owned()).or_default() += 1;
        self.channels.clear();
        self.wanted.clear();
    }

    /// Subscribes to all its channels at once. The answer comes before what it has missed.
    async fn subscribe_again(&mut self, server: &TestServer) {
        let request = json!(["subscribe", self.channels, {"since": self.offset}]);
        let answer = self.ask(server, request).await;
        assert!(answer[0].is_null(), "{answer}");
        if answer[1]["recovered"] == true {
            self.whole += 1;
            return;
        }
        let reason = answer[1]["reason"].as_str().expect("a reason");
        assert!(["crash", "no position"].contains(&reason), "{answer}");
        *self.told.entry(reason.to_owned()).or_default() += 1;
        self.is_told = true;
    }
}

async fn start(folder: &Path) -> (SocketIo, TestServer) {
    let options = DiskStore::options().group_interval(Duration::from_millis(1));
    // The last connections of the server before it may still end.
    let store = loop {
        match options.clone().open(folder.join("history.redb")) {
            Ok(store) => break store,
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    };
    let io = SocketIo::builder()
        .store(store)
        .recovery(Recovery::new().window(Duration::from_secs(24 * 3600)))
        .shutdown_window(Duration::ZERO)
        .shutdown_timeout(Duration::from_secs(1))
        .max_recovered(1_000_000)
        .max_outbox(64 << 20)
        .route(channel("^room-").history(History::last(100_000)))
        .on_message(async |event: OnMessage| -> HandlerResult { Ok(event.ack(&())?) })
        .build()
        .expect("a server");
    let server = TestServer::new(&io).await;
    (io, server)
}

/// Ends the server: as SIGTERM does, or so that the store can't write what it has not yet.
async fn end(io: SocketIo, server: TestServer, walkers: &mut [Walker], is_clean: bool) {
    if is_clean {
        assert!(io.shutdown().await);
    }
    for walker in walkers {
        walker.half_open.extend(walker.client.take());
        for client in walker.half_open.drain(..) {
            if !is_clean {
                client.close(&server).await;
            }
        }
    }
    while io.connections() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop((io, server));
}

#[test]
fn clients_lose_nothing_untold_over_restarts_and_crashes() {
    actix::System::new().block_on(async {
        let rounds = env::var(ROUNDS_WANTED).map(|rounds| rounds.parse().expect("a number"));
        let folder = folder();
        let (mut io, mut server) = start(folder.path()).await;
        let mut dice = StdRng::seed_from_u64(20_261_130);
        let comeback = |number| if number % 2 == 0 { Comeback::Recovery } else { Comeback::Since };
        let mut walkers: Vec<_> = (0..CLIENTS).map(|at| Walker::new(comeback(at))).collect();
        let (mut number, mut done) = (0, BTreeMap::<&str, u32>::new());
        for round in 1..=rounds.unwrap_or(ROUNDS) {
            let room = format!("room-{}", dice.random_range(0..CHANNELS));
            let first = (round / FOCUS) as usize * FOCUSED % CLIENTS;
            let at = match dice.random_bool(0.3) {
                true => dice.random_range(0..CLIENTS),
                false => first + dice.random_range(0..FOCUSED),
            };
            let walker = &mut walkers[at];
            let did = match dice.random_range(0..20) {
                _ if round % RUN == 0 => {
                    let is_clean = (round / RUN).is_multiple_of(2);
                    end(io, server, &mut walkers, is_clean).await;
                    (io, server) = start(folder.path()).await;
                    if is_clean { "stop" } else { "crash" }
                }
                0..=4 => {
                    number += 1;
                    io.to(&room).publish("goal", &number).await.expect("it is published");
                    let subscribed = walkers.iter_mut().filter(|one| one.channels.contains(&room));
                    subscribed.for_each(|walker| walker.wanted.push(number));
                    "publish"
                }
                5 => {
                    io.to(&room).volatile().emit("tick", "some text").expect("it is published");
                    "volatile"
                }
                6..=7 if walker.client.is_some() => {
                    walker.join(&server, room).await;
                    "join"
                }
                8 if walker.client.is_some() => {
                    walker.read(&server).await;
                    walker.ask(&server, json!(["unsubscribe", room])).await;
                    walker.channels.remove(&room);
                    "leave"
                }
                9 if walker.client.is_some() => {
                    walker.client.take().expect("it is there").close(&server).await;
                    "cut"
                }
                10 if walker.client.is_some() => {
                    let client = walker.client.take();
                    walker.half_open.extend(client);
                    "half-open"
                }
                _ if walker.client.is_none() => {
                    walker.come_back(&server).await;
                    "return"
                }
                _ => {
                    walker.read(&server).await;
                    "read"
                }
            };
            *done.entry(did).or_default() += 1;
        }
        for walker in &mut walkers {
            match walker.client {
                None => walker.come_back(&server).await,
                Some(_) => walker.read(&server).await,
            }
        }
        assert!(done.len() == 10 && done.values().all(|count| *count > 5), "{done:?}");
        check_sums(&walkers);
    });
}

/// Clients were recovered, and were told, in both ways.
fn check_sums(walkers: &[Walker]) {
    let mut told = BTreeMap::<(&str, bool), u32>::new();
    let mut whole = BTreeMap::<bool, u32>::new();
    for walker in walkers {
        let by_since = walker.comeback == Comeback::Since;
        *whole.entry(by_since).or_default() += walker.whole;
        for (reason, count) in &walker.told {
            *told.entry((reason, by_since)).or_default() += count;
        }
    }
    println!("whole {whole:?}, told {told:?}");
    assert!(whole.len() == 2 && whole.values().all(|count| *count > 100), "{whole:?} {told:?}");
    for case in [("a new socket", false), ("crash", true)] {
        assert!(told.get(&case).is_some_and(|count| *count > 100), "{whole:?} {told:?}");
    }
    // Not one that has a position lacks it.
    assert!(told.keys().all(|(reason, _)| *reason != "no position"), "{told:?}");
}
