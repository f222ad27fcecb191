//! The table of a run, in Markdown.

use std::fmt::{self, Display, Formatter, Write};

use crate::{
    cells::{self, Cell, Entrant},
    load::{Figures, Load},
    record::{Outcome, Record, Sample},
    serve::Kind,
};

/// A column of a cell: its name, and the figure that it shows.
type Shown = (&'static str, fn(&Figures) -> Option<f64>);

const NONE: &str = "–";

pub(crate) fn markdown(records: &[Record], how: &str) -> String {
    let rounds = records.iter().map(|record| record.round).max().unwrap_or(0);
    let [ours, theirs] = ["actix-socketio", "socketioxide"].map(version);
    let mut out = format!(
        "actix-socketio {ours} and socketioxide {theirs}; medians of {rounds} rounds; {how}\n"
    );
    let (workers, peers): (Vec<_>, Vec<_>) =
        cells::all().into_iter().partition(Cell::compares_workers);
    let (histories, peers): (Vec<_>, Vec<_>) = peers.into_iter().partition(Cell::compares_history);
    let heads = [
        "ours | socketioxide | ratio | spread | floor | ours ÷ floor |\n|---|---|---:|---:|---:|---:|---:|---:|",
        "ours, 2 workers | ours, 1 worker | ratio | spread |\n|---|---|---:|---:|---:|---:|",
        "ours, with history | without | ratio | spread |\n|---|---|---:|---:|---:|---:|",
    ];
    for (cells, head) in [peers, workers, histories].iter().zip(heads) {
        let rows: String = cells.iter().flat_map(|cell| rows(cell, records)).collect();
        if !rows.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\n| cell | figure | {head}\n{rows}");
        }
    }
    out
}

fn shown(cell: &Cell) -> Vec<Shown> {
    const PER_SECOND: Shown =
        ("deliveries in a second, thousands", |figures| Some(figures.per_second() / 1000.0));
    let cpu = |what| -> Shown { (what, |figures| Some(figures.cpu_us)) };
    match cell.load {
        Load::Fanout(_) if cell.compares_workers() || cell.compares_history() => {
            vec![cpu("CPU of a delivery, µs"), PER_SECOND]
        }
        Load::Fanout(_) if cell.name == "rate" => vec![
            ("latency, 50 %, ms", |figures| figures.p50_us.map(|us| us / 1000.0)),
            ("latency, 99 %, ms", |figures| figures.p99_us.map(|us| us / 1000.0)),
            cpu("CPU of a delivery, µs"),
        ],
        Load::Fanout(_) => vec![cpu("CPU of a delivery, µs")],
        Load::Asking(_) | Load::Polling(_) => vec![cpu("CPU of an answer, µs")],
        Load::Idle(_) => {
            vec![
                ("memory of a connection, KiB", |figures| figures.rss_kib),
                cpu("CPU of a handshake, µs"),
            ]
        }
    }
}

fn rows(cell: &Cell, records: &[Record]) -> Vec<String> {
    let of = |entrant: Entrant| -> Vec<&Record> {
        let of_entrant = |record: &&Record| {
            let is_it = record.cell == cell.name && record.server == entrant.kind;
            is_it && entrant.workers.is_none_or(|workers| record.workers == workers)
        };
        records.iter().filter(of_entrant).collect()
    };
    let [ours, theirs] = [cell.ours, cell.theirs].map(of);
    let floor = of(Entrant { kind: Kind::Floor, workers: None });
    if ours.is_empty() && theirs.is_empty() {
        return Vec::new();
    }
    let row = |(what, figure): Shown| {
        let [ours, theirs, floor] =
            [&ours, &theirs, &floor].map(|records| Column::new(records, figure));
        let spread = format!("{} / {}", ours.spread(), theirs.spread());
        let compared = format!(
            "| {} | {what} | {ours} | {theirs} | {} | {spread} |",
            cell.name,
            ours.ratio(&theirs)
        );
        match cell.compares_workers() || cell.compares_history() {
            true => compared + "\n",
            false => format!("{compared} {floor} | {} |\n", ours.ratio(&floor)),
        }
    };
    shown(cell).into_iter().map(row).collect()
}

/// One figure of one server.
enum Column {
    None,
    /// It failed in at least one round, so the figures of the others are not shown.
    Failed,
    Sample {
        sample: Sample,
        /// The reason, with the number of the round.
        values: Vec<(usize, f64)>,
    },
}

impl Column {
    fn new(records: &[&Record], figure: fn(&Figures) -> Option<f64>) -> Self {
        if records.iter().any(|record| record.has_failed()) {
            return Self::Failed;
        }
        let value = |record: &&Record| match &record.outcome {
            Outcome::Figures(figures) => Some((record.round, figure(figures)?)),
            Outcome::Fault(_) => None,
        };
        let values: Vec<_> = records.iter().filter_map(value).collect();
        let sample = Sample::of(values.iter().map(|(_, value)| *value));
        sample.map_or(Self::None, |sample| Self::Sample { sample, values })
    }

    /// The median of the rounds' ratios: a slow moment of the machine affects both servers of a
    /// round.
    fn ratio(&self, to: &Self) -> String {
        let (Self::Sample { values: these, .. }, Self::Sample { values: those, .. }) = (self, to)
        else {
            return NONE.to_owned();
        };
        let in_round = |(round, this): &(usize, f64)| {
            let (_, that) = those.iter().find(|(of, that)| of == round && *that > 0.0)?;
            Some(this / that)
        };
        let ratios = Sample::of(these.iter().filter_map(in_round));
        ratios.map_or_else(|| NONE.to_owned(), |ratios| format!("{:.2}", ratios.median))
    }

    fn spread(&self) -> String {
        match self {
            Self::Sample { sample: Sample { spread: Some(spread), .. }, .. } => {
                format!("{:.0} %", spread * 100.0)
            }
            _ => NONE.to_owned(),
        }
    }
}

impl Display for Column {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(NONE),
            Self::Failed => f.write_str("**failed**"),
            // Three significant digits: more would be noise.
            Self::Sample { sample: Sample { median, .. }, .. } => match *median {
                100.0.. => write!(f, "{median:.0}"),
                10.0..100.0 => write!(f, "{median:.1}"),
                _ => write!(f, "{median:.2}"),
            },
        }
    }
}

/// The version of a dependency of this program, from the lock file.
fn version(package: &str) -> &'static str {
    let mut packages = include_str!("../Cargo.lock").split("[[package]]");
    let is_it = |entry: &&str| entry.lines().any(|line| line == format!("name = \"{package}\""));
    let entry = packages.find(is_it).unwrap_or_default();
    let version = entry.lines().find_map(|line| line.strip_prefix("version = "));
    version.map_or("?", |version| version.trim_matches('"'))
}
