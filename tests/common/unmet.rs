//! What tests of this run of `cargo test` lacked. The test programs record it in a file, and the
//! last one, `tools/unmet_needs`, reads the file.
//!
//! The file's name says the run: it has the process id of cargo, which starts the test programs, and
//! the time at which cargo started. So what an earlier run recorded is not read.

#![allow(dead_code, reason = "each test program either records or reads")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// Files of runs that have not read them, as with `cargo test --test faults`, are removed later.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One test, and one thing that it lacked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) test: String,
    pub(crate) need: String,
    /// How to get it.
    pub(crate) install: String,
}

/// Adds an entry. Test programs and their threads may do so at the same time.
pub(crate) fn record(test: &str, need: &str, install: &str) {
    record_in(&file(), test, need, install);
}

pub(crate) fn record_in(file: &Path, test: &str, need: &str, install: &str) {
    let folder = file.parent().expect("the file is in a folder");
    fs::create_dir_all(folder).expect("cargo's folder for tests can be written to");
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("a new file");
    // One write, so that entries do not mix.
    file.write_all(format!("{test}\t{need}\t{install}\n").as_bytes()).expect("room for a line");
}

/// The entries of this run. They are removed, with the files of runs long ago.
pub(crate) fn take() -> Vec<Entry> {
    take_from(&file())
}

pub(crate) fn take_from(file: &Path) -> Vec<Entry> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => panic!("{}: {error}", file.display()),
    };
    let files = file.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in files.into_iter().flatten().flatten() {
        let age =
            entry.metadata().and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
        if entry.path() == file || age.is_some_and(|age| age > KEPT) {
            // Another run may have removed it.
            let _ = fs::remove_file(entry.path());
        }
    }
    text.lines().map(entry).collect()
}

/// Each need once, with the tests that lack it.
pub(crate) fn summary(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "\nNo test of this run lacked anything.\n\n".to_owned();
    }
    let mut needs = BTreeMap::<_, Vec<&str>>::new();
    for entry in entries {
        needs.entry((&entry.need, &entry.install)).or_default().push(&entry.test);
    }
    let mut tests: Vec<_> = entries.iter().map(|entry| &entry.test).collect();
    tests.sort();
    tests.dedup();
    let are = if tests.len() == 1 { "test" } else { "tests" };
    let mut text = format!("\nNOT TESTED: {} {are} did nothing.\n", tests.len());
    for ((need, install), mut tests) in needs {
        tests.sort_unstable();
        tests.dedup();
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {need} is missing\n    {install}\n");
        for test in tests {
            let _ = writeln!(text, "      {test}");
        }
    }
    text + "\n  .ci/install installs everything that the tests use.\n\n"
}

fn entry(line: &str) -> Entry {
    let mut fields = line.split('\t').map(str::to_owned);
    let mut field = || fields.next().unwrap_or_else(|| panic!("not an entry: {line:?}"));
    Entry { test: field(), need: field(), install: field() }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("unmet_needs").join(run())
}

#[cfg(unix)]
fn run() -> String {
    let cargo = std::os::unix::process::parent_id();
    // Elsewhere than on Linux, the id alone has to do.
    let stat = fs::read_to_string(format!("/proc/{cargo}/stat")).unwrap_or_default();
    format!("{cargo}-{}", started(&stat).unwrap_or("0"))
}

#[cfg(not(unix))]
fn run() -> String {
    "run".to_owned()
}

/// The 22nd field of `/proc/…/stat`. The second is in parentheses, and may have any character.
fn started(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)
}
