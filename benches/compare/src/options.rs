//! The command line of a run.

use std::{path::PathBuf, time::Duration};

use crate::{
    Fallible,
    cells::{self, Cell},
};

pub(crate) const USAGE: &str = "\
usage: compare [--rounds 3] [--seconds 1.5] [--workers 1] [--cells f1000,rooms,…] [--out FILE.jsonl]
       compare table FILE.jsonl
       compare plot FILE.jsonl OUT.svg
       compare instructions";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    /// The time of each measurement: one cell on one server in one round.
    pub(crate) length: Duration,
    pub(crate) workers: usize,
    pub(crate) cells: Vec<Cell>,
    pub(crate) out: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Fallible<Self> {
        let mut options = Self {
            rounds: 3,
            length: Duration::from_millis(1500),
            workers: 1,
            cells: cells::all(),
            out: None,
        };
        for pair in args.chunks(2) {
            let [name, value] = pair else { return Err(USAGE.into()) };
            match &**name {
                "--rounds" => options.rounds = number(value, 1..=100)?,
                "--workers" => options.workers = number(value, 1..=64)?,
                "--seconds" => options.length = seconds(value)?,
                "--cells" => options.cells = chosen(value)?,
                "--out" => options.out = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }
}

fn number(value: &str, range: std::ops::RangeInclusive<usize>) -> Fallible<usize> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("{value}: not a number in {range:?}").into())
}

fn seconds(value: &str) -> Fallible<Duration> {
    let seconds = value.parse().ok().filter(|seconds| (0.1..=60.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("{value}: not from 0.1 to 60 seconds").into())
}

/// The cells with these names, in the order of the table.
fn chosen(names: &str) -> Fallible<Vec<Cell>> {
    let mut cells = cells::all();
    let names: Vec<_> = names.split(',').collect();
    if let Some(unknown) =
        names.iter().find(|name| name.is_empty() || !cells.iter().any(|cell| cell.is(name)))
    {
        let known: Vec<_> = cells.iter().map(|cell| &*cell.name).collect();
        return Err(format!(
            "no cell {unknown:?}; there are {}, channels, two-workers and history",
            known.join(", ")
        )
        .into());
    }
    cells.retain(|cell| names.iter().any(|name| cell.is(name)));
    Ok(cells)
}
