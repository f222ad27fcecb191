//! Ordinary clients in rooms of five: each publishes a number ten times a second, and receives the
//! numbers of the others.

use std::{
    cell::Cell,
    collections::HashMap,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    Fallible,
    net::{PATIENCE, until},
    report::Report,
    ws::{Received, Ws},
};

const ROOM: usize = 5;
const PACE: Duration = Duration::from_millis(100);
/// Marks the last message of a client.
const LAST: &str = "last";

pub(crate) struct Chatter {
    stop: Rc<Cell<bool>>,
    clients: Vec<JoinHandle<Fallible<ChatCounts>>>,
}

/// Counts the messages that one client has published and received.
#[derive(Default)]
struct ChatCounts {
    published: u64,
    received: u64,
    /// Numbers that were not the next one of their sender.
    faults: u64,
    worst_round_trip: Duration,
}

impl Chatter {
    /// Returns when all clients are in their rooms and publish.
    pub(crate) async fn start(server: SocketAddr, count: usize) -> Fallible<Self> {
        let (stop, ready) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let client = |me| {
            let (stop, ready) = (Rc::clone(&stop), Rc::clone(&ready));
            rt::spawn(async move {
                let mut ws = Ws::connect(server).await?;
                ws.join().await?;
                let room = format!("room-{}", me / ROOM);
                ws.subscribe(&room).await?;
                ready.set(ready.get() + 1);
                until("all are in their rooms", PATIENCE, || ready.get() == count).await?;
                ChatCounts::default().run(ws, me, &room, &stop).await
            })
        };
        let clients: Vec<_> = (0..count).map(client).collect();
        until("all publish", PATIENCE, || {
            ready.get() == count || clients.iter().any(JoinHandle::is_finished)
        })
        .await?;
        Ok(Self { stop, clients })
    }

    /// Each client publishes a last message, and receives those of the others.
    pub(crate) async fn end(self, report: &mut Report) -> Fallible {
        self.stop.set(true);
        let mut all = ChatCounts::default();
        for client in self.clients {
            let counts = timeout(PATIENCE, client)
                .await
                .map_err(|_| "a client waits for a last message")???;
            all.published += counts.published;
            all.received += counts.received;
            all.faults += counts.faults;
            all.worst_round_trip = all.worst_round_trip.max(counts.worst_round_trip);
        }
        let due = all.published * (ROOM as u64 - 1);
        report.criterion(
            "messages received by the ordinary clients",
            format!("{} of {due}", all.received),
            all.received == due,
        );
        report.criterion("messages missing, doubled or out of order", all.faults, all.faults == 0);
        report.note("their worst round trip", format!("{:.1?}", all.worst_round_trip));
        Ok(())
    }
}

impl ChatCounts {
    async fn run(mut self, mut ws: Ws, me: usize, room: &str, stop: &Cell<bool>) -> Fallible<Self> {
        let mut clock = interval(PACE);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asked: HashMap<u64, Instant> = HashMap::new();
        let mut next: HashMap<usize, u64> = HashMap::new();
        let (mut others, mut has_ended) = (ROOM - 1, false);
        while !has_ended || others > 0 || !asked.is_empty() {
            tokio::select! {
                _ = clock.tick(), if !has_ended => {
                    has_ended = stop.get();
                    let mark = if has_ended { format!(r#","{LAST}""#) } else { String::new() };
                    let number = self.published;
                    asked.insert(number, Instant::now());
                    ws.send(&format!(r#"42{number}["publish","{room}",[{me},{number}{mark}]]"#)).await?;
                    self.published += 1;
                }
                received = ws.receive() => {
                    let Received::Text(text) = received? else { return Err("the server disconnected it".into()) };
                    if let Some(rest) = text.strip_prefix("43") {
                        let id = rest.strip_suffix("[null]").and_then(|id| id.parse().ok());
                        let at = id.and_then(|id: u64| asked.remove(&id)).ok_or("an unknown acknowledgement")?;
                        self.worst_round_trip = self.worst_round_trip.max(at.elapsed());
                    } else if let Some(message) = text.strip_prefix(r#"42["message",["#) {
                        let mut parts = message.trim_end_matches(']').split(',');
                        let mut number = || parts.next().and_then(|number| number.parse::<u64>().ok());
                        let (from, count) = number().zip(number()).ok_or("an unknown message")?;
                        let due = next.entry(from as usize).or_default();
                        self.faults += u64::from(*due != count);
                        *due = count + 1;
                        self.received += 1;
                        others -= usize::from(text.contains(LAST));
                    }
                }
            }
        }
        Ok(self)
    }
}
