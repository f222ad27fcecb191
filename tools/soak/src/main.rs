//! Long experiments with faults: crowds that come back at once, handshakes that come to nothing, a
//! stop under load, a client that does not read, and a mixture of everything for as long as you
//! like.
//!
//! ```text
//! ulimit -n 20000                                     # for the three with 10,000 clients
//! cargo run --release -p soak -- all                  # each of them: about four minutes on two cores
//! cargo run --release -p soak -- handshakes           # one of them
//! cargo run --release -p soak -- handshakes 10        # in ten rounds
//! cargo run --release -p soak -- soak 3600            # the mixture, for an hour
//! ```
//!
//! The server is a process of its own, which this program starts from itself: [`SocketIo::serve`]
//! on a port of 127.0.0.1, with a line of control on its standard input. The clients are tasks of
//! this process, with frames written by hand. It needs Linux, for `/proc`. Each criterion is
//! printed with what was measured, and the exit code is 1 if any was missed.
//!
//! | experiment | what happens | criteria of its own |
//! | --- | --- | --- |
//! | `reconnect` | 10,000 subscribers are cut at once, half by RST, half by FIN, and come back at once | all are back; a publication reaches each exactly once |
//! | `shed` | the same with `max_connections` 8,000 | never more are let in; the others get 503 with `Retry-After`, and come in when there is room; the server's counters are those of the clients |
//! | `handshakes` | 20,000 polling handshakes and no more, beside 50 clients that talk | each session is gone at `connect_timeout`, none before; nobody who talks misses anything, or hears it out of order |
//! | `sigterm` | SIGTERM with 10,000 clients, 200 of them polling, a publisher, and 100 events in their handlers | each client is told; each event in a handler is acknowledged; each connect has its finish; nobody new is let in; exit code 0 in `shutdown_timeout` + 2 s |
//! | `stall` | one of 100 subscribers stops reading | it ends as a slow consumer, its descriptor is closed within 2 s; the others miss nothing |
//! | `soak` | 2,000 clients of all kinds come and go for a minute, or as many seconds as are given | nobody is let down without a reason; memory at the end is at most 110 % of that after the first tenth |
//!
//! After each: all gauges of [`SocketIo::stats`] are zero, the descriptors are as many as before
//! (after `sigterm` there is no process left to ask), nothing has panicked, and SIGTERM ends the
//! server with code 0.
//!
//! `reconnect`, `shed`, `handshakes` and `stall` have five rounds, or as many as are given, on one
//! server. Four of them warm up, since the allocator keeps what it had, and some more from round to
//! round until that is enough; memory after the fifth, and each one more, is at most 110 % of that
//! after the fourth. Whether memory that grows has leaked, or only was not given back, ten rounds
//! tell: the one goes on, the other comes to an end.
//!
//! [`SocketIo::serve`]: actix_socketio::SocketIo::serve
//! [`SocketIo::stats`]: actix_socketio::SocketIo::stats

mod aftermath;
mod chatter;
mod churn;
mod crowd;
mod dice;
mod handshakes;
mod life;
mod net;
mod polling;
mod reconnect;
mod report;
mod serve;
mod server;
mod shed;
mod sigterm;
mod stall;
mod told;
mod ws;

use std::{env, error::Error, process::ExitCode, time::Duration};

use tokio::time::timeout;

use crate::report::Report;

/// What an experiment answers that could not go on.
type Fallible<T = ()> = Result<T, Box<dyn Error>>;

const EXPERIMENTS: [&str; 6] = ["reconnect", "shed", "handshakes", "sigterm", "stall", "soak"];

/// How often most experiments are done.
const ROUNDS: u64 = aftermath::WARM_UP + 1;
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
                "usage: soak all | soak soak [SECONDS] | soak {} [ROUNDS]",
                EXPERIMENTS[..5].join("|")
            );
            ExitCode::from(2)
        }
    }
}

fn experiments(names: &[&str], number: Option<u64>) -> ExitCode {
    let mut report = Report::default();
    actix_web::rt::System::new().block_on(async {
        for name in names {
            // Each wait has a deadline; this is for what nobody thought of.
            let limit = Duration::from_secs(300 + 60 * number.unwrap_or(1));
            match timeout(limit, experiment(name, number, &mut report)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => report.criterion("the experiment comes to its end", error, false),
                Err(_) => report.criterion(
                    "the experiment comes to its end",
                    format!("not in {limit:?}"),
                    false,
                ),
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
        _ => churn::run(report, Duration::from_secs(number.unwrap_or(SECONDS))).await,
    }
}
