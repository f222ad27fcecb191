//! The figures of Linux about a process.

use std::{fs, io, time::Duration};

use crate::Fallible;

/// `/proc/PID/stat` counts in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pid: u32,
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// The CPU time of its threads, user and system, in nanoseconds where the kernel counts them.
    pub(crate) fn cpu(self) -> Fallible<Duration> {
        let precise = self.scheduled().unwrap_or_default();
        if precise.is_zero() { self.ticks() } else { Ok(precise) }
    }

    /// The sum of the first numbers of `/proc/PID/task/*/schedstat`.
    fn scheduled(self) -> io::Result<Duration> {
        let mut sum = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanoseconds =
                schedstat.split_whitespace().next().and_then(|first| first.parse().ok());
            sum += Duration::from_nanos(nanoseconds.unwrap_or(0));
        }
        Ok(sum)
    }

    fn ticks(self) -> Fallible<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The fields follow the name of the program, which may contain spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: Vec<u32> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(TICK * ticks.iter().sum())
    }

    /// Its resident memory in KiB.
    pub(crate) fn rss_kib(self) -> Fallible<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS: it has ended")?;
        Ok(line.trim_end_matches("kB").trim().parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_tell_of_work() {
        let this = Process::new(std::process::id());
        let before = this.cpu().unwrap();
        while this.ticks().unwrap() < TICK * 3 {}
        assert!(this.cpu().unwrap() > before);
        assert!(this.rss_kib().unwrap() > 100);
    }
}
