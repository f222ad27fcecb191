//! The values of the process, as Linux tells them.

use std::{fmt, fs, io};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// The unit of times in `/proc`. It is 100 on all machines that Linux runs on, and asking the
/// system for it takes `unsafe` code.
const TICKS_PER_SECOND: f64 = 100.0;

/// The values of the process at one moment.
#[derive(Debug, PartialEq)]
pub(super) struct ProcessMetrics {
    resident_bytes: u64,
    open_descriptors: u64,
    cpu_seconds: f64,
    /// Since 1970.
    start_seconds: f64,
}

impl ProcessMetrics {
    /// `None`: the system does not tell them in this way.
    pub(super) fn read() -> Option<Self> {
        let read = |path| fs::read_to_string(path).ok();
        let (process, status) = (read("/proc/self/stat")?, read("/proc/self/status")?);
        let system = read("/proc/stat")?;
        Self::parse(&process, &status, &system, open_descriptors().ok()?)
    }

    fn parse(process: &str, status: &str, system: &str, open_descriptors: u64) -> Option<Self> {
        // The name of the program is in brackets, and may have spaces and brackets itself. The
        // state is behind it, which proc(5) has as the third value.
        let (_, values) = process.rsplit_once(") ")?;
        let value = |number: usize| values.split(' ').nth(number - 3)?.trim().parse::<f64>().ok();
        let line = |text: &str, name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            rest.split_whitespace().next()?.parse::<u64>().ok()
        };
        let boot_seconds = line(system, "btime ")? as f64;
        Some(Self {
            resident_bytes: line(status, "VmRSS:")? * 1024,
            open_descriptors,
            cpu_seconds: (value(14)? + value(15)?) / TICKS_PER_SECOND,
            start_seconds: boot_seconds + value(22)? / TICKS_PER_SECOND,
        })
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name, help, value: &dyn EncodeMetric| {
            value.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        let help = "Resident memory of the process";
        gauge("process_resident_memory_bytes", help, &ConstGauge::new(self.resident_bytes))?;
        let help = "Open file descriptors of the process";
        gauge("process_open_fds", help, &ConstGauge::new(self.open_descriptors))?;
        let help = "The start of the process, in seconds since 1970";
        gauge("process_start_time_seconds", help, &ConstGauge::new(self.start_seconds))?;
        let help = "Time of all processors that the process has used";
        // The encoder adds the end of the name itself.
        let name = "process_cpu_seconds";
        let encoder = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(self.cpu_seconds).encode(encoder)
    }
}

fn open_descriptors() -> io::Result<u64> {
    const FOLDER: &str = "/proc/self/fd";
    // Since Linux 6.2 it is the size of the folder. A hundred thousand entries take long to read.
    match fs::metadata(FOLDER)?.len() {
        // The folder is open while it is read.
        0 => Ok((fs::read_dir(FOLDER)?.count() as u64).saturating_sub(1)),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: &str =
        "7 (a) (b c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 4 0 12345 9 9\n";
    const STATUS: &str = "Name:\ta\nVmHWM:\t  9999 kB\nVmRSS:\t    2048 kB\nThreads:\t4\n";
    const SYSTEM: &str = "cpu  1 2 3\nbtime 1700000000\nprocesses 9\n";

    #[test]
    fn the_files_of_the_system_are_read() {
        let read = ProcessMetrics::parse(PROCESS, STATUS, SYSTEM, 17);
        let expected = ProcessMetrics {
            resident_bytes: 2 << 20,
            open_descriptors: 17,
            cpu_seconds: 3.0,
            start_seconds: 1_700_000_123.45,
        };
        assert_eq!(read, Some(expected));
        for (process, status, system) in
            [("7 (a", STATUS, SYSTEM), (PROCESS, "", SYSTEM), (PROCESS, STATUS, "btime x")]
        {
            assert_eq!(ProcessMetrics::parse(process, status, system, 17), None);
        }
    }

    #[cfg(target_os = "linux")]
    #[actix::test]
    async fn the_page_has_the_values_of_this_process_and_they_are_documented() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let io = super::super::SocketIo::builder().build().expect("a server");
        let text = io.metrics().with_process().to_text();
        let page = include_str!("../../docs/observability.md");
        let value = |name: &str| {
            assert!(page.contains(&format!("`{name}`")), "{name}");
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse::<f64>().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 1e6);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
        let age = now.as_secs_f64() - value("process_start_time_seconds");
        assert!((-2.0..86_400.0).contains(&age), "{age}");
        assert!(!io.metrics().to_text().contains("\nprocess_"));
    }
}
