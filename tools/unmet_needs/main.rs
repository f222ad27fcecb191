//! The last program of `cargo test`. It lists the tests of this run that did nothing, by what they
//! lacked, with the command that installs it.
//!
//! It fails if there are any and the environment variable `CI` is set.

#[path = "../../tests/common/unmet.rs"]
mod unmet;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    // A test runner may ask for the names of the tests.
    if env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let entries = unmet::take();
    print!("{}", unmet::summary(&entries));
    if !entries.is_empty() && env::var_os("CI").is_some() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
