//! The actor between the scoreboard and the sockets. It alone publishes, so that a snapshot never
//! comes after a message which it does not contain.

use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_socketio::{Target, prelude::*};

use crate::{
    programme::Clock,
    report::{Refused, Report},
    scoreboard::Scoreboard,
    wire::{self, Publication},
};

/// How often the clock is looked at: more often than the page's minutes change at the usual speed.
const TICK: Duration = Duration::from_millis(500);

pub(crate) struct Scores {
    board: Scoreboard,
    clock: Clock,
    started: Instant,
    io: Option<SocketIo>,
}

/// The server is there: the clock may run.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Begin(pub(crate) SocketIo);

/// Somebody has seen a goal. Answered with what the pages were told.
#[derive(Message)]
#[rtype(result = "Result<Publication, Refused>")]
pub(crate) struct Goal {
    pub(crate) id: String,
    pub(crate) report: Report,
}

impl Scores {
    pub(crate) fn new(board: Scoreboard, clock: Clock, started: Instant) -> Self {
        Self { board, clock, started, io: None }
    }

    fn tick(&mut self) {
        for publication in self.board.tick(self.clock.at(self.started.elapsed())) {
            self.publish(&publication);
        }
    }

    /// Once to each client, whichever of the channels it is in.
    fn publish(&self, publication: &Publication) {
        let Some(io) = &self.io else { return };
        let Some((first, others)) = publication.channels.split_first() else { return };
        let target = others.iter().fold(io.to(first), Target::to);
        if let Err(error) = target.emit(publication.event, &publication.data) {
            log::error!("{} was not published: {error}", publication.event);
        }
    }
}

impl Actor for Scores {
    type Context = Context<Self>;
}

impl Handler<Begin> for Scores {
    type Result = ();

    fn handle(&mut self, Begin(io): Begin, ctx: &mut Self::Context) {
        self.io = Some(io);
        ctx.run_interval(TICK, |scores, _| scores.tick());
    }
}

impl Handler<Goal> for Scores {
    type Result = Result<Publication, Refused>;

    fn handle(&mut self, Goal { id, report }: Goal, _: &mut Self::Context) -> Self::Result {
        // What has happened by now comes first.
        self.tick();
        let publication = self.board.report(&id, &report)?;
        self.publish(&publication);
        Ok(publication)
    }
}

impl SocketHandler for Scores {
    type Events = (OnSubscribe, OnUnsubscribe);
}

impl Handler<OnSubscribe> for Scores {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
        let OnSubscribe { socket, channel, .. } = event;
        let Some(id) = wire::match_id(&channel) else {
            socket.subscribe(&channel)?;
            socket.emit("matches", &self.board.all())?;
            return Ok(());
        };
        let Some(now) = self.board.one(id) else {
            return Err(HandlerError::reject("there is no such match"));
        };
        // The subscription first, and the snapshot after it: no goal falls in between.
        socket.subscribe(&channel)?;
        socket.emit("match", &now)?;
        self.board.watch(id, socket.id().as_str());
        Ok(())
    }
}

impl Handler<OnUnsubscribe> for Scores {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnUnsubscribe, _: &mut Self::Context) -> HandlerResult {
        if let Some(id) = wire::match_id(&event.channel) {
            self.board.unwatch(id, event.socket.id().as_str());
        }
        Ok(())
    }
}
