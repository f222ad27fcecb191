//! Measures the CPU time and the memory of the server.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::{Fallible, process::Process};

/// The figures of one cell on one server. `None` is a figure that the cell does not measure.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Deliveries, answers, or connections.
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
    /// The server's CPU time for each operation, in µs.
    pub(crate) cpu_us: f64,
    /// The time from when a publication was due until it was read, in µs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p50_us: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p99_us: Option<f64>,
    /// The memory of the server for each connection, in KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rss_kib: Option<f64>,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.seconds
    }
}

/// Measures from its start to its stop.
pub(super) struct Meter {
    process: Process,
    cpu: Duration,
    start: Instant,
}

impl Meter {
    pub(super) fn start(process: Process) -> Fallible<Self> {
        Ok(Self { process, cpu: process.cpu()?, start: Instant::now() })
    }

    pub(super) fn stop(self, operations: u64) -> Fallible<Figures> {
        if operations == 0 {
            return Err("nothing was done that could be measured".into());
        }
        let cpu = self.process.cpu()?.saturating_sub(self.cpu);
        let cpu_us = cpu.as_secs_f64() * 1e6 / operations as f64;
        Ok(Figures {
            operations,
            seconds: self.start.elapsed().as_secs_f64(),
            cpu_us,
            ..Figures::default()
        })
    }
}
