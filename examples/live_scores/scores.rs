//! The actor between the scoreboard and the sockets. Only this actor publishes, so a snapshot never
//! arrives after a message that it does not contain.

use std::time::{Duration, Instant};

use actix::prelude::*;
use actix_socketio::prelude::*;

use crate::{
    publish,
    report::{RefusedReport, Report},
    schedule::Clock,
    scoreboard::Scoreboard,
    wire::{self, Publication},
};

/// How often the actor reads the clock: more often than a minute changes at the default speed.
const TICK: Duration = Duration::from_millis(500);

pub(crate) struct Scores {
    board: Scoreboard,
    clock: Clock,
    started: Instant,
    io: Option<SocketIo>,
}

/// Starts the clock, with the handle to publish by.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Start(pub(crate) SocketIo);

/// A reported goal. The answer is the publication.
#[derive(Message)]
#[rtype(result = "Result<Publication, RefusedReport>")]
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

    fn publish(&self, publication: &Publication) {
        if let Some(io) = &self.io {
            publish::publish(io, publication);
        }
    }

    /// Publishes how many watch the matches, where that has changed. Once in a tick and not for
    /// each watcher, since a thousand may subscribe in a second.
    fn publish_watchers(&mut self, watchers: Vec<(String, usize)>) {
        for (id, watchers) in watchers {
            if let Some(publication) = self.board.set_watchers(&id, watchers) {
                self.publish(&publication);
            }
        }
    }
}

/// Asks presence how many watch each match.
async fn watchers(io: SocketIo, ids: Vec<String>) -> Result<Vec<(String, usize)>, ChannelError> {
    let mut watchers = Vec::with_capacity(ids.len());
    for id in ids {
        let stats = io.presence_stats(wire::channel(&id)).await?;
        watchers.push((id, stats.users));
    }
    Ok(watchers)
}

impl Actor for Scores {
    type Context = Context<Self>;
}

impl Handler<Start> for Scores {
    type Result = ();

    fn handle(&mut self, Start(io): Start, ctx: &mut Self::Context) {
        self.io = Some(io.clone());
        ctx.run_interval(TICK, move |scores, ctx| {
            scores.tick();
            let ids = scores.board.ids().map(str::to_owned).collect();
            let counted = watchers(io.clone(), ids).into_actor(scores);
            ctx.spawn(counted.map(|counted, scores, _| match counted {
                Ok(watchers) => scores.publish_watchers(watchers),
                Err(error) => log::error!("the watchers were not counted: {error}"),
            }));
        });
    }
}

impl Handler<Goal> for Scores {
    type Result = Result<Publication, RefusedReport>;

    fn handle(&mut self, Goal { id, report }: Goal, _: &mut Self::Context) -> Self::Result {
        // The events until now come first.
        self.tick();
        let publication = self.board.report(&id, &report)?;
        self.publish(&publication);
        Ok(publication)
    }
}

impl SocketHandler for Scores {
    type Events = (OnSubscribe,);
}

impl Handler<OnSubscribe> for Scores {
    type Result = HandlerResult;

    fn handle(&mut self, event: OnSubscribe, _: &mut Self::Context) -> HandlerResult {
        let OnSubscribe { socket, channel, recovered, .. } = event;
        if recovered {
            // The client has its state still, and receives all that it missed.
            return Ok(());
        }
        let Some(id) = wire::match_id(&channel) else {
            socket.subscribe(&channel)?;
            socket.emit("matches", &self.board.all())?;
            return Ok(());
        };
        let Some(now) = self.board.one(id) else {
            return Err(HandlerError::reject("unknown match"));
        };
        // The subscription comes first, so that no goal is lost between it and the snapshot.
        socket.subscribe(&channel)?;
        socket.emit("match", &now)?;
        Ok(())
    }
}
