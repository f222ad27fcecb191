//! Ordinary clients, in rooms of five: each says a number several times a second, and hears those
//! of the others.

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
    ws::{Heard, Ws},
};

const ROOM: usize = 5;
const PACE: Duration = Duration::from_millis(100);
/// What is said at the end, with how much was said before.
const LAST: &str = "last";

pub(crate) struct Chatter {
    stop: Rc<Cell<bool>>,
    talking: Vec<JoinHandle<Fallible<Talk>>>,
}

/// What one client has done and heard.
#[derive(Default)]
struct Talk {
    said: u64,
    heard: u64,
    /// Numbers that were not the next one.
    faults: u64,
    worst: Duration,
}

impl Chatter {
    /// When this returns, all are in their rooms, and talk.
    pub(crate) async fn start(server: SocketAddr, count: usize) -> Fallible<Self> {
        let (stop, ready) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
        let talk = |me| {
            let (stop, ready) = (Rc::clone(&stop), Rc::clone(&ready));
            rt::spawn(async move {
                let mut ws = Ws::connect(server).await?;
                ws.join().await?;
                let room = format!("room-{}", me / ROOM);
                ws.subscribe(&room).await?;
                ready.set(ready.get() + 1);
                until("all are there", PATIENCE, || ready.get() == count).await?;
                Talk::default().run(ws, me, &room, &stop).await
            })
        };
        let talking: Vec<_> = (0..count).map(talk).collect();
        until("all talk", PATIENCE, || {
            ready.get() == count || talking.iter().any(JoinHandle::is_finished)
        })
        .await?;
        Ok(Self { stop, talking })
    }

    /// Everybody says a last word, and hears those of the others.
    pub(crate) async fn end(self, report: &mut Report) -> Fallible {
        self.stop.set(true);
        let mut all = Talk::default();
        for talk in self.talking {
            let talk = timeout(PATIENCE, talk)
                .await
                .map_err(|_| "somebody waits for a last word")???;
            all.said += talk.said;
            all.heard += talk.heard;
            all.faults += talk.faults;
            all.worst = all.worst.max(talk.worst);
        }
        let due = all.said * (ROOM as u64 - 1);
        report.criterion(
            "heard by those who talk",
            format!("{} of {due}", all.heard),
            all.heard == due,
        );
        report.criterion("numbers that were missing, double or early", all.faults, all.faults == 0);
        report.note("their worst round trip", format!("{:.1?}", all.worst));
        Ok(())
    }
}

impl Talk {
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
                    let word = if has_ended { format!(r#","{LAST}""#) } else { String::new() };
                    let said = self.said;
                    asked.insert(said, Instant::now());
                    ws.send(&format!(r#"42{said}["publish","{room}",[{me},{said}{word}]]"#)).await?;
                    self.said += 1;
                }
                heard = ws.hear() => {
                    let Heard::Text(text) = heard? else { return Err("it was put out".into()) };
                    if let Some(rest) = text.strip_prefix("43") {
                        let id = rest.strip_suffix("[null]").and_then(|id| id.parse().ok());
                        let at = id.and_then(|id: u64| asked.remove(&id)).ok_or("an odd acknowledgement")?;
                        self.worst = self.worst.max(at.elapsed());
                    } else if let Some(message) = text.strip_prefix(r#"42["message",["#) {
                        let mut parts = message.trim_end_matches(']').split(',');
                        let mut number = || parts.next().and_then(|number| number.parse::<u64>().ok());
                        let (from, count) = number().zip(number()).ok_or("an odd message")?;
                        let due = next.entry(from as usize).or_default();
                        self.faults += u64::from(*due != count);
                        *due = count + 1;
                        self.heard += 1;
                        others -= usize::from(text.contains(LAST));
                    }
                }
            }
        }
        Ok(self)
    }
}
