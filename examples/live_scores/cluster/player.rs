//! The server that plays the matches: the only one that publishes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix::prelude::*;
use actix_socketio::prelude::*;
use serde_json::{Value, json};

use crate::{
    matches::Match,
    publish,
    report::Report,
    schedule::Clock,
    scoreboard::Scoreboard,
    source::{ReportAnswer, Snapshot},
    wire::{self, Publication},
};

/// How often the actor reads the clock: more often than a minute changes.
const TICK: Duration = Duration::from_millis(500);

pub(crate) struct Player {
    board: Scoreboard,
    clock: Clock,
    started: Instant,
    io: Option<SocketIo>,
}

/// Starts the clock, with the handle to publish by.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Start(pub(crate) SocketIo);

/// Asks for the first message to a new subscriber of a channel. `None`: there is no such match.
#[derive(Message)]
#[rtype(result = "Option<Snapshot>")]
pub(crate) struct GetSnapshot(pub(crate) String);

/// A report as it came by HTTP.
#[derive(Message)]
#[rtype(result = "ReportAnswer")]
pub(crate) struct Goal {
    pub(crate) id: String,
    pub(crate) body: String,
}

impl Player {
    pub(crate) fn new(matches: Vec<Match>) -> Self {
        // A system clock before 1970 counts as 1970.
        let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let clock = Clock { started: day, speed: 1.0 };
        let board = Scoreboard::new(matches, clock.at(Duration::ZERO), clock.speed);
        Self { board, clock, started: Instant::now(), io: None }
    }

    fn tick(&mut self) {
        for publication in self.board.tick(self.clock.at(self.started.elapsed())) {
            self.publish(&publication);
        }
    }

    fn publish(&self, publication: &Publication) {
        if let Some(io) = &self.io {
            publish::publish(io, publication);
        }
    }
}

impl Actor for Player {
    type Context = Context<Self>;
}

impl Handler<Start> for Player {
    type Result = ();

    fn handle(&mut self, Start(io): Start, ctx: &mut Self::Context) {
        self.io = Some(io);
        ctx.run_interval(TICK, |player, _| player.tick());
    }
}

impl Handler<GetSnapshot> for Player {
    type Result = Option<Snapshot>;

    fn handle(&mut self, GetSnapshot(channel): GetSnapshot, _: &mut Self::Context) -> Self::Result {
        let (event, data) = match wire::match_id(&channel) {
            None => ("matches", serde_json::to_value(self.board.all())),
            Some(id) => ("match", serde_json::to_value(self.board.one(id)?)),
        };
        Some(Snapshot { event: event.to_owned(), data: data.ok()? })
    }
}

impl Handler<Goal> for Player {
    type Result = MessageResult<Goal>;

    fn handle(&mut self, Goal { id, body }: Goal, _: &mut Self::Context) -> Self::Result {
        // The events until now come first.
        self.tick();
        let published =
            Report::parse(body.as_bytes()).and_then(|report| self.board.report(&id, &report));
        MessageResult(match published {
            Ok(publication) => {
                self.publish(&publication);
                ReportAnswer { status: 201, body: json!(publication.data) }
            }
            Err(refused) => {
                let reason = Value::from(refused.to_string());
                ReportAnswer { status: refused.status(), body: reason }
            }
        })
    }
}
