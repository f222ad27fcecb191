//! The record of one cell on one server in one round: one line of JSON.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Fallible, load::Figures, serve::Kind};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) cell: String,
    pub(crate) server: Kind,
    pub(crate) workers: usize,
    pub(crate) round: usize,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Figures(Figures),
    /// Why there are no figures.
    Fault(String),
}

impl Record {
    pub(crate) fn read_all(path: impl AsRef<Path>) -> Fallible<Vec<Self>> {
        let path = path.as_ref();
        let lines =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Fault(_))
    }
}

/// The same figure of the same server in all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) median: f64,
    /// The difference of the greatest and the least, as a part of the median. `None` for one value.
    pub(crate) spread: Option<f64>,
}

impl Sample {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (least, greatest) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        let has_spread = values.len() > 1 && median > 0.0;
        Some(Self { median, spread: has_spread.then(|| (greatest - least) / median) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_its_median_and_spread() {
        assert_eq!(Sample::of([]), None);
        assert_eq!(Sample::of([5.0]), Some(Sample { median: 5.0, spread: None }));
        assert_eq!(Sample::of([5.0, 1.0, 4.0]), Some(Sample { median: 4.0, spread: Some(1.0) }));
        assert_eq!(Sample::of([5.0, 3.0]), Some(Sample { median: 4.0, spread: Some(0.5) }));
    }
}
