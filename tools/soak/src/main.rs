//! Long experiments with faults: crowds that reconnect at the same time, handshakes that are never
//! used, a stop under load, a client that does not read, and a mixture of everything for as long as
//! you like.
//!
//! ```text
//! ulimit -n 20000                                     # for the four with 10,000 clients
//! cargo run --release -p soak -- all                  # all: about four minutes on two cores
//! cargo run --release -p soak -- handshakes           # one of them
//! cargo run --release -p soak -- handshakes 10        # in ten rounds
//! cargo run --release -p soak -- soak 3600            # the mixture, for an hour
//! ```
//!
//! The server is another process of this program: [`SocketIo::serve`] on a port of 127.0.0.1, which
//! takes commands on its standard input. The clients are tasks of the first process, and write
//! their frames by hand. The program needs Linux, for `/proc`. It prints each criterion with what
//! was measured, and exits with code 1 if a criterion was missed.
//!
//! | experiment | what happens | criteria of its own |
//! | --- | --- | --- |
//! | `reconnect` | 10,000 subscribers are cut at the same time, half by RST, half by FIN, and reconnect at the same time | all are back; a publication reaches each exactly once |
//! | `shed` | the same with `max_connections` 8,000 | never more are admitted; the others get 503 with `Retry-After`, and are admitted when others leave; the server counts what the clients count |
//! | `handshakes` | 20,000 polling handshakes and nothing after them, beside 50 ordinary clients | each session ends at `connect_timeout`, none before; no ordinary client misses a message, or receives it out of order |
//! | `sigterm` | SIGTERM with 10,000 clients, 200 of them polling, a publisher, and 100 events in their handlers | each client is notified; each event in a handler is acknowledged; each connect has its finish; no new client is admitted; exit code 0 in `shutdown_timeout` + 2 s |
//! | `stall` | one of 100 subscribers stops reading | it is disconnected as a slow consumer, and its descriptor is closed within 2 s; the others miss nothing |
//! | `storm` | 10,000 clients in five channels each are cut, miss 100 events in each, and come back at the same time: without recovery, with it, and with `since` | each has all that it missed, once and in order; ten ordinary clients miss nothing meanwhile |
//! | `api` | 1,000 subscribers of a channel that the HTTP API publishes to; then 1,000 requests a second for 10 s, beside 20,000 deliveries a second | each client receives everything; server, API and live traffic together take less than one core |
//! | `soak` | 2,000 clients of all kinds connect and leave for a minute, or as many seconds as are given | no client fails without a reason; memory at the end is at most 110 % of that after the first tenth |
//!
//! After each but `storm` and `api`: all gauges of [`SocketIo::stats`] are zero, the descriptors
//! are as many as before (after `sigterm` there is no process left to ask), nothing has panicked,
//! and SIGTERM ends the server with code 0.
//!
//! `reconnect`, `shed`, `handshakes` and `stall` have five rounds, or as many as are given, on one
//! server. The first four are the warm-up: the allocator keeps what it had, and takes a little more
//! in each round until that is enough. Memory after the fifth round, and after each later one, is
//! at most 110 % of that after the fourth. Ten rounds show whether memory leaks or is only kept:
//! leaked memory keeps growing, kept memory stops growing.
//!
//! [`SocketIo::serve`]: actix_socketio::SocketIo::serve
//! [`SocketIo::stats`]: actix_socketio::SocketIo::stats

mod api;
mod chatter;
mod churn;
mod close_notice;
mod crowd;
mod handshakes;
mod leak_check;
mod net;
mod polling;
mod random;
mod random_client;
mod reconnect;
mod report;
mod returning_client;
mod serve;
mod server;
mod shed;
mod sigterm;
mod stall;
mod storm;
mod ws;

use std::{env, error::Error, process::ExitCode, time::Duration};

use tokio::time::timeout;

use crate::report::Report;

/// The result of an experiment: an error means that it could not go on.
type Fallible<T = ()> = Result<T, Box<dyn Error>>;

const EXPERIMENTS: [&str; 8] =
    ["reconnect", "shed", "handshakes", "stall", "sigterm", "storm", "api", "soak"];

/// How many rounds most experiments have.
const ROUNDS: u64 = leak_check::WARM_UP + 1;
/// How long the mixture takes.
const SECONDS: u64 = 60;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let name = args.first().map_or("", String::as_str);
    if name == "serve" {
        return serve::run(&args[1..]);
    }
    let number = args.get(1).map(|number| number.parse()).transpose();
    let number = number.map(|number| number.filter(|number| *number > 0));
    match (EXPERIMENTS.iter().find(|known| **known == name), number) {
        (Some(name), Ok(number)) => experiments(&[name], number),
        (None, Ok(None)) if name == "all" => experiments(&EXPERIMENTS, None),
        _ => {
            eprintln!(
                "usage: soak all | soak soak [SECONDS] | soak {} [ROUNDS] | soak sigterm|storm|api",
                EXPERIMENTS[..4].join("|")
            );
            ExitCode::from(2)
        }
    }
}

fn experiments(names: &[&str], number: Option<u64>) -> ExitCode {
    let mut report = Report::default();
    actix_web::rt::System::new().block_on(async {
        for name in names {
            // Each wait has a deadline of its own. This one is for waits that lack theirs.
            let limit = Duration::from_secs(300 + 60 * number.unwrap_or(1));
            match timeout(limit, experiment(name, number, &mut report)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => report.criterion("the experiment ends", error, false),
                Err(_) => {
                    report.criterion("the experiment ends", format!("not in {limit:?}"), false);
                }
            }
        }
    });
    report.verdict()
}

async fn experiment(name: &str, number: Option<u64>, report: &mut Report) -> Fallible {
    let rounds = number.unwrap_or(ROUNDS);
    match name {
        "reconnect" => reconnect::run(report, rounds).await,
        "shed" => shed::run(report, rounds).await,
        "handshakes" => handshakes::run(report, rounds).await,
        "sigterm" => sigterm::run(report).await,
        "stall" => stall::run(report, rounds).await,
        "storm" => storm::run(report).await,
        "api" => api::run(report).await,
        _ => churn::run(report, Duration::from_secs(number.unwrap_or(SECONDS))).await,
    }
}
