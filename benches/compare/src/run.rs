//! A run has rounds, a round has all cells, and a cell has its servers one after another. Each
//! server is a new process.

use std::{
    fs::File,
    io::Write,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Fallible,
    cells::{Cell, Entrant},
    cpus::{self, Cpus},
    descriptors,
    options::Options,
    record::{Outcome, Record},
    serve::{Kind, Order},
    server::Server,
    table,
};

/// A pause, in which the kernel cleans up after the last server.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs all rounds. Returns whether everything could be measured.
pub(crate) fn run(args: &[String]) -> Fallible<bool> {
    let options = Options::parse(args)?;
    if let Some(cell) = options.cells.iter().max_by_key(|cell| cell.load.connections()) {
        descriptors::provide(cell.load.connections(), &cell.name)?;
    }
    let cpus = Cpus::allowed()?;
    let mut out = options.out.as_ref().map(File::create).transpose()?;
    warn(&options, &cpus);
    cpus::pin(&[cpus.load()])?;
    let (start, mut records) = (Instant::now(), Vec::new());
    for round in 1..=options.rounds {
        for cell in &options.cells {
            for entrant in entrants(cell, round) {
                let record = measure(cell, entrant, &options, &cpus, round);
                if let Some(out) = &mut out {
                    writeln!(out, "{}", serde_json::to_string(&record)?)?;
                }
                progress(&record, &options, start);
                records.push(record);
                thread::sleep(PAUSE);
            }
        }
    }
    print!("{}", table::markdown(&records, &format!("{cpus}; {:?} each", options.length)));
    Ok(!records.iter().any(Record::has_failed))
}

/// The servers in the order of measurement. Every second round reverses it, so that a machine that
/// slows down during a cell affects each server in turn.
fn entrants(cell: &Cell, round: usize) -> Vec<Entrant> {
    let floor = cell.has_floor.then_some(Entrant { kind: Kind::Floor, workers: Some(1) });
    let mut entrants: Vec<_> = [cell.ours, cell.theirs].into_iter().chain(floor).collect();
    if round.is_multiple_of(2) {
        entrants.reverse();
    }
    entrants
}

fn measure(cell: &Cell, entrant: Entrant, options: &Options, cpus: &Cpus, round: usize) -> Record {
    let workers = entrant.workers.unwrap_or(options.workers);
    let order = Order { kind: entrant.kind, workers, cpus: cpus.server(workers).to_vec() };
    let figures = Server::start(&order).and_then(|server| cell.load.run(&server, options.length));
    let outcome = match figures {
        Ok(figures) => Outcome::Figures(figures),
        Err(error) => Outcome::Fault(error.to_string()),
    };
    Record { cell: cell.name.clone(), server: entrant.kind, workers, round, outcome }
}

fn warn(options: &Options, cpus: &Cpus) {
    let most = options.cells.iter().flat_map(|cell| [cell.ours, cell.theirs]);
    let most = most.map(|entrant| entrant.workers.unwrap_or(options.workers)).max().unwrap_or(1);
    if !cpus.are_enough(1) {
        eprintln!(
            "!!! ONE CPU: the server and the load generator take it from each other. The figures are worth little."
        );
    } else if !cpus.are_enough(most) {
        eprintln!(
            "!!! TOO FEW CPUS for {most} workers: there, the load generator's is one of the server's."
        );
    }
}

fn progress(record: &Record, options: &Options, start: Instant) {
    let Record { cell, server, workers, round, outcome } = record;
    let what = match outcome {
        Outcome::Figures(figures) => {
            format!(
                "{:8.2} µs of CPU each, {:.0} in a second",
                figures.cpu_us,
                figures.per_second()
            )
        }
        Outcome::Fault(fault) => format!("FAILED: {fault}"),
    };
    let (seconds, rounds) = (start.elapsed().as_secs(), options.rounds);
    eprintln!(
        "{seconds:4} s  round {round} of {rounds}  {cell:14}  {server:17} × {workers}  {what}"
    );
}
