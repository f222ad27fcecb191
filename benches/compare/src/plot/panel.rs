//! One panel: a grid, lines with points, and the values at them.

use std::fmt::Write;

use super::{
    Series,
    axes::{Axes, grouped},
};

pub(super) fn panel(series: &[Series], axes: &Axes, title: &str) -> String {
    let mut out = grid(axes);
    let (middle, below) = ((axes.frame.left + axes.frame.right) / 2.0, axes.frame.bottom + 44.0);
    // Writing to a string cannot fail, here and below.
    let _ =
        writeln!(out, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{title}</text>");
    series.iter().for_each(|series| line(&mut out, series, axes));
    series.iter().for_each(|series| labels(&mut out, series, axes));
    out
}

fn grid(axes: &Axes) -> String {
    let mut out = String::new();
    let (left, right, bottom) = (axes.frame.left, axes.frame.right, axes.frame.bottom);
    for value in axes.values() {
        let y = axes.y(value);
        let (colour, text, at) =
            (if value > 0.0 { "#e4e5e7" } else { "#7d848e" }, y + 4.5, left - 8.0);
        let _ = writeln!(out, "<path d=\"M{left} {y:.1}H{right}\" stroke=\"{colour}\"/>");
        let value = format!("{value:.1}");
        let value = value.trim_end_matches(".0");
        let _ =
            writeln!(out, "<text x=\"{at}\" y=\"{text:.1}\" text-anchor=\"end\">{value}</text>");
    }
    for number in axes.tens() {
        let (x, end, text) = (axes.x(number), bottom + 5.0, bottom + 22.0);
        let _ = writeln!(out, "<path d=\"M{x:.1} {bottom}V{end}\" stroke=\"#7d848e\"/>");
        let number = grouped(number);
        let _ =
            writeln!(out, "<text x=\"{x:.1}\" y=\"{text}\" text-anchor=\"middle\">{number}</text>");
    }
    out
}

fn line(out: &mut String, series: &Series, axes: &Axes) {
    let (colour, dashes) = (series.style.colour, series.style.dashes);
    let places: Vec<_> = places(series, axes).map(|(x, y, _)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(
        out,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dashes}\"/>",
        places.join("L")
    );
}

fn labels(out: &mut String, series: &Series, axes: &Axes) {
    let Some(below) = series.style.labels else { return };
    let colour = series.style.colour;
    for (x, y, value) in places(series, axes) {
        out.push_str(&point(x, y, colour));
        // With a border in the background colour, so that lines pass behind the values.
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"12\" font-weight=\"600\" \
             fill=\"{colour}\" stroke=\"#fcfcfb\" stroke-width=\"3\" paint-order=\"stroke\">{value:.1}</text>",
            y + below
        );
    }
}

fn places(series: &Series, axes: &Axes) -> impl Iterator<Item = (f64, f64, f64)> {
    series.points.iter().map(|(number, value)| (axes.x(*number), axes.y(*value), *value))
}

pub(super) fn point(x: f64, y: f64, colour: &str) -> String {
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>\n")
}
