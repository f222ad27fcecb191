//! A server's process. It is this program, started by itself, and the same tiny application each
//! time:
//!
//! * `subscribe(channel)` lets the sender into a channel;
//! * `broadcast(channel, payload)` sends the event `message(payload)` to all in the channel;
//! * `echo(x)` is answered with the event `echo(x)`;
//! * `ack(x)` is acknowledged with `x`.
//!
//! It listens on a free port of 127.0.0.1, prints it, and ends when its standard input does: so it
//! never outlives who started it, however that ended.

mod floor;
mod ours;
mod socketioxide;

use std::{
    fmt,
    io::{self, Read, Write},
    net::SocketAddr,
    process, thread,
};

use serde::{Deserialize, Serialize};

use crate::{Fallible, cpus};

/// What may wait to be accepted, on the servers where that is a setting.
const BACKLOG: u16 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// This crate, with an async function for a handler.
    Ours,
    /// This crate, with an actor on a thread of its own for a handler.
    OursActor,
    Socketioxide,
    /// The least that any server has to do: see [`floor`].
    Floor,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "ours",
            Self::OursActor => "ours, by an actor",
            Self::Socketioxide => "socketioxide",
            Self::Floor => "floor",
        })
    }
}

/// What a server is told when it is started, in one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) workers: usize,
    pub(crate) cpus: Vec<usize>,
}

/// The process of a server, until its standard input ends.
pub(crate) fn run(order: &str) -> Fallible {
    let order: Order = serde_json::from_str(order)?;
    // Before there is another thread: all of them inherit it.
    cpus::pin(&order.cpus)?;
    thread::spawn(|| {
        // Nothing is ever written to it: this returns at the end.
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    match order.kind {
        Kind::Ours | Kind::OursActor => ours::run(order.workers, order.kind == Kind::OursActor),
        Kind::Socketioxide => socketioxide::run(order.workers),
        Kind::Floor => floor::run(),
    }
}

/// Tells where it listens.
fn announce(addr: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{}", addr.port())?;
    out.flush()
}
