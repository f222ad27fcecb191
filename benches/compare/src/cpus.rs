//! Pins processes to CPUs: the server to one, the load generator to another. So neither takes time
//! from the other, and neither moves during a measurement.

use std::fmt;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Fallible;

/// The CPUs that this process may use, as they are given out.
#[derive(Debug, Clone)]
pub(crate) struct Cpus {
    all: Vec<usize>,
}

impl Cpus {
    pub(crate) fn allowed() -> Fallible<Self> {
        let set = sched_getaffinity(None)?;
        let all: Vec<_> = (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect();
        if all.is_empty() { Err("no CPU to run on".into()) } else { Ok(Self { all }) }
    }

    /// The last CPU. Where threads of one core have numbers of their own, it is the farthest from
    /// the first.
    pub(crate) fn load(&self) -> usize {
        self.all[self.all.len() - 1]
    }

    /// The first CPUs, including the one of the load generator if there are no others.
    pub(crate) fn server(&self, workers: usize) -> &[usize] {
        &self.all[..workers.min(self.all.len())]
    }

    /// Whether the server has each of its CPUs for itself.
    pub(crate) fn are_enough(&self, workers: usize) -> bool {
        workers < self.all.len()
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server on CPU {}, load generator on CPU {}", self.all[0], self.load())
    }
}

/// Pins this thread and the threads that it starts to these CPUs.
pub(crate) fn pin(cpus: &[usize]) -> Fallible {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(*cpu));
    sched_setaffinity(None, &set)
        .map_err(|error| format!("can not run on CPU {cpus:?}: {error}"))?;
    Ok(())
}
