//! The report of a test that lacks something.

#[path = "unmet.rs"]
mod unmet;

use std::{env, io::Write};

/// Prints what a test lacks, each with the command that installs it. `hint` is the last line. The
/// last program of `cargo test` lists it once more.
///
/// # Panics
/// `CI` is set.
pub(crate) fn not_tested(test: &str, missing: &[(String, &str)], hint: &str) {
    let mut report = format!("\n!!! {test}: NOT TESTED, because these are missing:\n");
    for (name, install) in missing {
        unmet::record(test, name, install);
        report += &format!("!!!   {name}\n!!!     {install}\n");
    }
    report += hint;
    report.push('\n');
    // libtest captures the output of eprintln! and discards it.
    std::io::stderr().write_all(report.as_bytes()).expect("stderr accepts a few lines");
    assert!(env::var_os("CI").is_none(), "something is missing, and CI is set:\n{report}");
}
