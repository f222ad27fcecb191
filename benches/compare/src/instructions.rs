//! Counts the user-space instructions of a delivery with valgrind, which no noise of the machine
//! touches.

use std::{env, fs, process::Command};

use crate::{
    Fallible,
    load::{Fanout, Pace},
    serve::{Kind, Order},
    server::Server,
};

const SUBSCRIBERS: usize = 200;
/// The publications of the two runs, whose difference is counted: so the start of the server and
/// the handshakes do not count.
const PUBLICATIONS: [u64; 2] = [300, 1300];

/// What is counted: a server, and whether its clients ask for positions.
const ROWS: [(&str, Kind, bool); 3] = [
    ("without history", Kind::Ours, false),
    ("with history", Kind::OursHistory, false),
    ("with history, and all clients ask for positions", Kind::OursHistory, true),
];

/// Prints a table in Markdown.
pub(crate) fn run() -> Fallible {
    println!("| {SUBSCRIBERS} subscribers, 64 B | instructions of a delivery |\n| --- | ---: |");
    for (what, kind, asks_positions) in ROWS {
        let [few, many] = PUBLICATIONS.map(|count| count_instructions(kind, asks_positions, count));
        let deliveries = (PUBLICATIONS[1] - PUBLICATIONS[0]) * SUBSCRIBERS as u64;
        println!("| {what} | {:.1} |", (many? - few?) as f64 / deliveries as f64);
    }
    Ok(())
}

fn count_instructions(kind: Kind, asks_positions: bool, publications: u64) -> Fallible<i64> {
    let file = env::temp_dir().join(format!("compare-{}.callgrind", std::process::id()));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet"]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display())).arg(env::current_exe()?);
    let order = Order { kind, workers: 1, cpus: vec![0] };
    let server = Server::start_by(&mut valgrind, &order)?;
    let fanout = Fanout {
        channels: 1,
        subscribers: SUBSCRIBERS,
        publishers: 1,
        bytes: 64,
        pace: Pace::Window(1),
        asks_positions,
    };
    fanout.publish_times(&server, publications)?;
    server.end()?;
    let counted = fs::read_to_string(&file)?;
    // The file is of no use any more. If it stays, it does no harm.
    let _ = fs::remove_file(&file);
    let total = counted
        .lines()
        .find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")))
        .ok_or("callgrind has counted nothing")?;
    Ok(total.trim().parse()?)
}
