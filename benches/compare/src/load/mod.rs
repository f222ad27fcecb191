//! The load generator: closed loops over raw sockets, in this process, on one thread.
//!
//! It checks each message. The first one that is lost, doubled, late or out of order is an error.

mod asking;
mod audience;
mod clients;
mod fanout;
mod http;
mod idle;
mod meter;
mod payload;
mod polling;
mod publishers;

use std::time::Duration;

pub(crate) use asking::{Asking, How};
pub(crate) use fanout::{Fanout, Pace};
pub(crate) use idle::Idle;
pub(crate) use meter::Figures;
pub(crate) use polling::Polling;

use crate::{Fallible, server::Server};

/// The warm-up before a measurement.
const WARM_UP: Duration = Duration::from_millis(300);
/// How long it waits for messages that should not come.
const AFTERMATH: Duration = Duration::from_millis(100);
/// The limit of every wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest wait for something to read. Deadlines are checked in between.
const TURN: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    Fanout(Fanout),
    Asking(Asking),
    Polling(Polling),
    Idle(Idle),
}

impl Load {
    /// Runs the load on a server for this time.
    pub(crate) fn run(&self, server: &Server, length: Duration) -> Fallible<Figures> {
        match self {
            Self::Fanout(fanout) => fanout.run(server, length),
            Self::Asking(asking) => asking.run(server, length),
            Self::Polling(polling) => polling.run(server, length),
            Self::Idle(idle) => idle.run(server),
        }
    }

    /// How many TCP connections the load needs.
    pub(crate) fn connections(&self) -> usize {
        match self {
            Self::Fanout(fanout) => fanout.connections(),
            Self::Asking(asking) => asking.clients,
            Self::Polling(polling) => 2 * polling.clients,
            // One of them came before.
            Self::Idle(idle) => idle.clients + 1,
        }
    }
}
