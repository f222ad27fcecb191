//! A model of clients that come and go at random. The oracle is the order of positions.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    time::Duration,
};

use actix_socketio::{History, Position, Recovery, channel};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::page::{Page, builder};
use crate::{
    app::TestServer,
    client::{Client, Mode},
};

const CLIENTS: usize = 1_000;
/// Clients that connect at the same time.
const BATCH: usize = 100;
/// How often something happens, unless [`ROUNDS_WANTED`] says it.
const ROUNDS: u64 = 8_000;
/// For a longer run: the number of rounds, in the environment.
const ROUNDS_WANTED: &str = "RECOVERY_MODEL_ROUNDS";
const CHANNELS: u64 = 6;

/// Reproducible numbers (the upper half of Knuth's generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn channel(&mut self) -> String {
        format!("room-{}", self.below(CHANNELS))
    }
}

/// A client, and what it has to receive.
struct Walker {
    page: Page,
    /// The channels that it is in, by what the application did.
    channels: BTreeSet<String>,
    /// The numbers that it has to receive and has not yet, in order.
    wanted: Vec<u64>,
    /// A connection that the server takes for a living one.
    half_open: Vec<Client>,
    is_here: bool,
    told: u64,
    newest: Option<Position>,
}

impl Walker {
    async fn open(server: &TestServer, mode: Mode) -> Self {
        Self {
            page: Page::open(server, mode).await,
            channels: BTreeSet::new(),
            wanted: Vec::new(),
            half_open: Vec::new(),
            is_here: true,
            told: 0,
            newest: None,
        }
    }

    /// Takes an event of the server. It is the next one that is wanted.
    fn take(&mut self, packet: &str) {
        let Some(event) = self.page.note(packet) else { return };
        let event: Value = serde_json::from_str(&event).expect("an event");
        let position: Position =
            self.page.offset.as_deref().expect("a position").parse().expect("ours");
        assert!(
            self.newest.is_none_or(|newest| newest.to_string() < position.to_string()),
            "{event} at {position} comes behind {:?}",
            self.newest
        );
        self.newest = Some(position);
        if event[0] == "goal" {
            let number = event[1].as_u64().expect("a number");
            assert_eq!(self.wanted.first(), Some(&number), "not {event}: {:?}", self.wanted);
            self.wanted.remove(0);
        }
    }

    /// Reads everything that has come.
    async fn read(&mut self) {
        for packet in self.page.packets().await {
            self.take(&packet);
        }
        assert_eq!(self.wanted, [0; 0], "something is lost");
    }

    async fn cut(&mut self, is_half_open: bool) {
        if is_half_open {
            let client = self.page.leave_half_open();
            self.half_open.push(client);
        } else {
            self.page.vanish().await;
        }
        self.is_here = false;
    }

    /// Comes back. The connection may break in the middle of what it missed.
    async fn come_back(&mut self, server: &TestServer, breaks_behind: Option<usize>) {
        self.page.connect(server).await;
        self.is_here = true;
        if !self.page.recovered {
            // It knows that it has to begin anew.
            self.told += 1;
            self.wanted.clear();
            self.channels.clear();
        }
        if let Some(count) = breaks_behind {
            for _ in 0..count.min(self.wanted.len()) {
                let packet = self.page.client().recv().await;
                self.take(&packet);
            }
            self.cut(false).await;
        }
    }
}

/// Random cuts, half-open links, cuts in the middle of a replay, joins, leaves, departures by the
/// server, volatile events with texts, events for one client, quiet times.
#[actix_web::test]
async fn clients_that_come_and_go_lose_nothing_untold() {
    let rounds = env::var(ROUNDS_WANTED).map(|rounds| rounds.parse().expect("a number"));
    // A client is away for as long as the others take: nothing ends meanwhile.
    let recovery = Recovery::new().for_everyone().keep_direct(100_000);
    let recovery = recovery.window(Duration::from_secs(24 * 3600));
    let server = TestServer::start(
        builder()
            .recovery(recovery)
            .max_recovered(1_000_000)
            .max_outbox(64 << 20)
            .history(History::last(10_000))
            .max_channels(10_000)
            .route(channel("^room-").history(History::last(10_000))),
    );
    let mut dice = Dice(20_261_130);
    let mut walkers = Vec::new();
    for first in (0..CLIENTS).step_by(BATCH) {
        let opened = (first..first + BATCH).map(|number| {
            let mode = if number % 10 == 0 { Mode::Polling } else { Mode::WebSocket };
            Walker::open(&server, mode)
        });
        walkers.extend(join_all(opened).await);
    }
    let (mut next, mut done) = (0, BTreeMap::<&str, u32>::new());
    for _ in 0..rounds.unwrap_or(ROUNDS) {
        let at = dice.below(CLIENTS as u64) as usize;
        let room = dice.channel();
        let did = match dice.below(20) {
            0..=5 => {
                // A publication, to one or two channels or to all.
                next += 1;
                let (other, is_for_all) = (dice.channel(), dice.below(6) == 0);
                let target = match is_for_all {
                    true => server.io.everyone(),
                    false => server.io.to(&room).to(&other),
                };
                target.publish("goal", &next).await.expect("the registry is alive");
                for walker in &mut walkers {
                    let is_in = |name: &String| walker.channels.contains(name);
                    if is_for_all || is_in(&room) || is_in(&other) {
                        walker.wanted.push(next);
                    }
                }
                "publish"
            }
            6..=7 => {
                let _ = server.io.to(&room).volatile().emit("tick", "some text");
                "volatile"
            }
            8..=9 if walkers[at].is_here => {
                walkers[at].page.subscribe(&room).await;
                walkers[at].channels.insert(room);
                "join"
            }
            10 if walkers[at].is_here => {
                walkers[at].read().await;
                let left = json!([room]);
                walkers[at].page.client().emit_with_ack("unsubscribe", left).await;
                walkers[at].channels.remove(&room);
                "leave"
            }
            11 => {
                // Those who are away leave, too. What came before is still theirs.
                let target = server.io.to(&room).to("nobody");
                target.sockets_leave(&*room).await.expect("a name");
                for walker in &mut walkers {
                    walker.channels.remove(&room);
                }
                "departure"
            }
            12 => match server.io.socket(&walkers[at].page.id()) {
                Some(socket) if walkers[at].is_here => {
                    next += 1;
                    walkers[at].read().await;
                    socket.emit("goal", &next).expect("it is connected");
                    walkers[at].wanted.push(next);
                    "direct"
                }
                _ => "nothing",
            },
            13..=14 if walkers[at].is_here => {
                walkers[at].cut(false).await;
                "cut"
            }
            15 if walkers[at].is_here => {
                walkers[at].cut(true).await;
                "half-open"
            }
            16..=17 if !walkers[at].is_here => {
                walkers[at].come_back(&server, None).await;
                "return"
            }
            18 if !walkers[at].is_here => {
                let behind = dice.below(4) as usize;
                walkers[at].come_back(&server, Some(behind)).await;
                "cut in a replay"
            }
            _ if walkers[at].is_here => {
                walkers[at].read().await;
                "read"
            }
            _ => "nothing",
        };
        *done.entry(did).or_default() += 1;
    }
    for walker in &mut walkers {
        if !walker.is_here {
            walker.come_back(&server, None).await;
        }
        walker.read().await;
    }
    assert!(done.len() == 12 && done.values().all(|count| *count > 5), "{done:?}");
    let told: u64 = walkers.iter().map(|walker| walker.told).sum();
    let stats = server.io.stats();
    assert_eq!(told, stats.unrecovered.values().sum::<u64>(), "{:?}", stats.unrecovered);
    assert!(stats.recovered > 20 * told.max(5), "{} and {told}", stats.recovered);
}
