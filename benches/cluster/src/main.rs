//! Clusters over Redis, measured: README.md beside Cargo.toml.

mod client;
mod fan_out;
mod latency;
mod process;
mod serve;

use std::{env, process::ExitCode, time::Duration};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Each server with each adapter that it has.
const CELLS: [(&str, &str); 5] = [
    ("ours", "streams"),
    ("node", "streams"),
    ("ours", "classic"),
    ("node", "classic"),
    ("socketioxide", "own"),
];

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["serve", server, adapter, redis] => serve::serve(server, adapter, redis),
        [] => run(3, 2.0),
        [rounds, seconds] => match (rounds.parse(), seconds.parse()) {
            (Ok(rounds), Ok(seconds)) => run(rounds, seconds),
            _ => Err("use: compare-cluster [ROUNDS SECONDS]".into()),
        },
        _ => Err("use: compare-cluster [ROUNDS SECONDS]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(rounds: usize, seconds: f64) -> Result<(), Failure> {
    let time = Duration::from_secs_f64(seconds);
    let mut figures: Vec<Vec<f64>> = vec![Vec::new(); CELLS.len()];
    let mut of_redis = figures.clone();
    for round in 0..rounds {
        let mut order: Vec<_> = (0..CELLS.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for cell in order {
            let (server, adapter) = CELLS[cell];
            let measured = fan_out::measure(server, adapter, 1_000, time)?;
            eprintln!(
                "{server} {adapter}: {:.0} ns a delivery, {} publications",
                measured.servers, measured.publications
            );
            figures[cell].push(measured.servers);
            of_redis[cell].push(measured.redis);
        }
    }
    println!(
        "| server | adapter | µs of CPU a delivery | rounds | of Node | µs of Redis a publication |"
    );
    println!("| --- | --- | ---: | --- | ---: | ---: |");
    for (cell, (server, adapter)) in CELLS.into_iter().enumerate() {
        let peer = if adapter == "streams" { 1 } else { 3 };
        let ratios = figures[cell].iter().zip(&figures[peer]).map(|(own, node)| own / node);
        let least = figures[cell].iter().copied().fold(f64::INFINITY, f64::min);
        let most = figures[cell].iter().copied().fold(0.0, f64::max);
        println!(
            "| {server} | {adapter} | {:.2} | {:.2}–{:.2} | {:.2} | {:.0} |",
            median(figures[cell].clone()) / 1e3,
            least / 1e3,
            most / 1e3,
            median(ratios.collect()),
            median(of_redis[cell].clone()) / 1e3,
        );
    }
    println!(
        "\n| events a second | client to client p50, p99 µs | client and server p50 | XADD p50, p99 | (first − second) ÷ XADD |"
    );
    println!("| ---: | --- | ---: | --- | ---: |");
    for rate in [1_000, 5_000] {
        let latency::Latencies { published, echo, xadd } = latency::measure("ours", rate, time)?;
        println!(
            "| {rate} | {:.0}, {:.0} | {:.0} | {:.0}, {:.0} | {:.2} |",
            published.p50,
            published.p99,
            echo.p50,
            xadd.p50,
            xadd.p99,
            (published.p50 - echo.p50) / xadd.p50
        );
    }
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
