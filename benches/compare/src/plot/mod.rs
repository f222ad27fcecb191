//! A chart of a run: the cost of a delivery with more subscribers, and with more channels.

mod axes;
mod panel;

use std::fs;

use self::{
    axes::{Axes, Frame},
    panel::panel,
};
use crate::{
    Fallible,
    record::{Outcome, Record, Sample},
    serve::Kind,
};

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 440.0;
const FRAMES: [Frame; 2] = [
    Frame { left: 52.0, right: 392.0, top: 96.0, bottom: 376.0 },
    Frame { left: 448.0, right: 788.0, top: 96.0, bottom: 376.0 },
];
/// The names of the cells of each panel, without the number.
const CELLS: [&str; 2] = ["f", "channels-"];
const TITLES: [&str; 2] =
    ["subscribers of one channel", "channels, with 10,000 subscriptions in all"];

/// How the chart shows a server.
pub(super) struct Style {
    kind: Kind,
    name: &'static str,
    colour: &'static str,
    dashes: &'static str,
    /// How far below its points the values are. `None` shows neither points nor values.
    labels: Option<f64>,
}

const STYLES: [Style; 3] = [
    Style { kind: Kind::Floor, name: "floor", colour: "#8a919b", dashes: "5 4", labels: None },
    Style {
        kind: Kind::Socketioxide,
        name: "socketioxide",
        colour: "#b5541c",
        dashes: "none",
        labels: Some(-10.0),
    },
    Style {
        kind: Kind::Ours,
        name: "actix-socketio",
        colour: "#0f6a9c",
        dashes: "none",
        labels: Some(19.0),
    },
];

/// The medians of one server in one panel, from the least number of subscribers or channels.
pub(super) struct Series {
    style: &'static Style,
    points: Vec<(f64, f64)>,
}

pub(crate) fn run(records: &str, svg: &str) -> Fallible {
    let records = Record::read_all(records)?;
    fs::write(svg, draw(&records)?).map_err(|error| format!("{svg}: {error}"))?;
    Ok(())
}

fn draw(records: &[Record]) -> Fallible<String> {
    let panels = CELLS.map(|cells| series(records, cells));
    let all = || panels.iter().flatten().flat_map(|series| &series.points);
    // Both panels have one scale, so that they can be compared.
    let most = all().map(|(_, value)| *value).max_by(f64::total_cmp);
    let most = most.ok_or("the run has no cell of f10 … f10000, nor of channels")?;
    let panels =
        panels.iter().zip(FRAMES).zip(TITLES).filter(|((series, _), _)| !series.is_empty());
    let panels: String = panels
        .map(|((series, frame), title)| {
            let numbers =
                || series.iter().flat_map(|series| &series.points).map(|(number, _)| *number);
            panel(series, &Axes::new(frame, numbers(), most), title)
        })
        .collect();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#2b3038\">\n\
         <title>CPU time of the server for one delivery</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fcfcfb\"/>\n\
         <text x=\"20\" y=\"32\" font-size=\"18\" font-weight=\"600\">CPU time of the server for one delivery, µs</text>\n\
         {}{panels}</svg>\n",
        legend()
    ))
}

fn series(records: &[Record], cells: &str) -> Vec<Series> {
    let of = |style: &'static Style| {
        let mut numbers: Vec<u32> =
            records.iter().filter_map(|record| number(record, cells)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let point = |number: u32| {
            let here = records.iter().filter(|record| number_is(record, cells, number, style.kind));
            // No figure if the cell has failed in one round.
            let values: Option<Vec<_>> = here
                .map(|record| match &record.outcome {
                    Outcome::Figures(figures) => Some(figures.cpu_us),
                    Outcome::Fault(_) => None,
                })
                .collect();
            Some((f64::from(number), Sample::of(values?)?.median))
        };
        Series { style, points: numbers.into_iter().filter_map(point).collect() }
    };
    STYLES.iter().map(of).filter(|series| !series.points.is_empty()).collect()
}

/// The rest of the cell's name, if it is a number.
fn number(record: &Record, cells: &str) -> Option<u32> {
    record.cell.strip_prefix(cells)?.parse().ok()
}

fn number_is(record: &Record, cells: &str, wanted: u32, kind: Kind) -> bool {
    record.server == kind && number(record, cells) == Some(wanted)
}

fn legend() -> String {
    let entry = |(at, style): (usize, &Style)| {
        let Style { name, colour, dashes, .. } = style;
        let x = 20.0 + 150.0 * at as f64;
        let (end, middle, text) = (x + 28.0, x + 14.0, x + 36.0);
        let point = style.labels.map_or_else(String::new, |_| panel::point(middle, 56.0, colour));
        format!(
            "<path d=\"M{x} 56H{end}\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\"/>\n\
             {point}<text x=\"{text}\" y=\"60.5\">{name}</text>\n"
        )
    };
    STYLES.iter().rev().enumerate().map(entry).collect()
}
