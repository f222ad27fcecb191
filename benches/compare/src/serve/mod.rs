//! The process of a server. This program starts itself again as the server, always with the same
//! small application:
//!
//! * `subscribe(channel)` subscribes the sender to a channel;
//! * `broadcast(channel, payload)` sends the event `message(payload)` to all in the channel;
//! * `echo(x)` is answered with the event `echo(x)`;
//! * `ack(x)` is acknowledged with `x`.
//!
//! It listens on a free port of 127.0.0.1, prints the port, and ends when its standard input ends.
//! So it never outlives the process that started it.

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

/// The backlog of connections, on the servers that have a setting for it.
const BACKLOG: u16 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// This crate, with an async function as the handler.
    Ours,
    /// This crate, with an actor on a thread of its own as the handler.
    OursActor,
    /// This crate, with a history for each channel.
    OursHistory,
    Socketioxide,
    /// The minimum of any server: see [`floor`].
    Floor,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "ours",
            Self::OursActor => "ours, by an actor",
            Self::OursHistory => "ours, with history",
            Self::Socketioxide => "socketioxide",
            Self::Floor => "floor",
        })
    }
}

/// The settings of a server, passed to it as one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) workers: usize,
    pub(crate) cpus: Vec<usize>,
}

/// Runs a server until its standard input ends.
pub(crate) fn run(order: &str) -> Fallible {
    let order: Order = serde_json::from_str(order)?;
    // Before the first thread starts: all threads inherit it.
    cpus::pin(&order.cpus)?;
    thread::spawn(|| {
        // Nothing is written to it, so this returns at its end.
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    match order.kind {
        Kind::Ours | Kind::OursActor | Kind::OursHistory => ours::run(order.workers, order.kind),
        Kind::Socketioxide => socketioxide::run(order.workers),
        Kind::Floor => floor::run(),
    }
}

/// Prints the port.
fn announce(addr: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{}", addr.port())?;
    out.flush()
}
