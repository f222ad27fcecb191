//! Prints criteria and measurements, and counts the criteria that were missed.

use std::{fmt::Display, process::ExitCode, time::Duration};

#[derive(Default)]
pub(crate) struct Report {
    passed: usize,
    missed: Vec<String>,
    experiment: &'static str,
}

impl Report {
    pub(crate) fn experiment(&mut self, name: &'static str, what: &str) {
        self.experiment = name;
        println!("\n== {name}: {what}");
    }

    pub(crate) fn round(&self, number: u64) {
        println!("  -- round {number}");
    }

    /// Prints a measurement that is not a criterion.
    pub(crate) fn note(&self, what: &str, measured: impl Display) {
        println!("       {what}: {measured}");
    }

    pub(crate) fn criterion(&mut self, what: &str, measured: impl Display, is_met: bool) {
        println!("  {} {what}: {measured}", if is_met { "ok  " } else { "FAIL" });
        if is_met {
            self.passed += 1;
        } else {
            self.missed.push(format!("{}: {what}: {measured}", self.experiment));
        }
    }

    pub(crate) fn verdict(&self) -> ExitCode {
        println!("\n{} criteria met, {} missed", self.passed, self.missed.len());
        for missed in &self.missed {
            println!("  FAIL {missed}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The least, the median, the 90th percentile and the greatest duration, as text.
pub(crate) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    if times.is_empty() {
        return "none".to_owned();
    }
    format!("first {:.2?}, half {:.2?}, 90 % {:.2?}, last {:.2?}", at(0), at(50), at(90), at(100))
}

/// Kibibytes, as text in MiB.
pub(crate) fn mib(kb: u64) -> String {
    format!("{:.1} MiB", kb as f64 / 1024.0)
}
