//! The memory of the process: how much clients may take of it, and that it is given back.

use std::fs;

/// Half of the memory that the process may have: of its cgroup's limit, or else of the machine.
/// `None`: the system does not tell.
///
/// The other half is for connections themselves, for what the allocator can't use, and for the
/// kernel's buffers.
pub(crate) fn for_clients() -> Option<usize> {
    let limits = [
        read("/sys/fs/cgroup/memory.max").and_then(|text| cgroup_limit(&text)),
        read("/sys/fs/cgroup/memory/memory.limit_in_bytes").and_then(|text| cgroup_limit(&text)),
        read("/proc/meminfo").and_then(|text| total(&text)),
    ];
    limits.into_iter().flatten().min().map(|bytes| bytes / 2)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// A cgroup without a limit has `max`, which is not a number.
fn cgroup_limit(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}

/// The line `MemTotal:       16384 kB`.
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

/// Makes the allocator of glibc give memory back after a peak: it reads its thresholds from the
/// environment as a process starts, so the process starts once more with them.
///
/// By default, glibc raises the size from which it asks the system for each piece by itself. It
/// then keeps smaller pieces for as long as the process lives: 430 MiB of 580 with no client left,
/// after 2,000 messages of which the end never came. With these thresholds it is 50 of 245.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back_after_a_peak() {
    use std::{env, os::unix::process::CommandExt as _, process::Command};

    const THRESHOLDS: [(&str, &str); 2] =
        [("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

    // Set by the operator, or by this function.
    if THRESHOLDS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut args = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    // It returns only if it fails. The program then goes on with the allocator as it is.
    let error = command.args(args).envs(THRESHOLDS).exec();
    eprintln!("actix-socketio: the allocator keeps its thresholds: {error}");
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_after_a_peak() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_kernel_writes_them() {
        assert_eq!(cgroup_limit("536870912\n"), Some(536_870_912));
        assert_eq!(cgroup_limit("max\n"), None);
        assert_eq!(total("MemTotal:       16384 kB\nMemFree:  1 kB\n"), Some(16_384 << 10));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_machine_has_memory() {
        assert!(for_clients().is_some_and(|bytes| bytes > 1 << 20));
    }
}
