//! Suites in other languages, run one at a time.

#![allow(dead_code, reason = "no test needs all of it")]

use std::{
    path::Path,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{needs::python, programs::run};

/// The clients for JavaScript that the same scenarios run with: Socket.IO's, and that of this crate.
/// tests/clients/client.mjs knows them by the variable `CLIENT`.
pub(crate) const JAVASCRIPT_CLIENTS: [&str; 2] = ["official", "ours"];

/// Waits until no other suite runs. Each keeps a small machine busy, and all have time limits.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a Python script of tests with these variables in its environment.
pub(crate) fn python_tests(script: &Path, variables: &[(&str, &str)]) {
    let mut command = Command::new(python());
    command.arg(script).envs(variables.iter().copied());
    let output = run(command);
    assert!(
        !output.contains("Ran 0 tests") && !output.contains("skipped="),
        "not all was tested:\n{output}"
    );
}
