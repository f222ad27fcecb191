//! Compares this crate with socketioxide on the same work in the same run. See `README.md` of this
//! package.
//!
//! ```text
//! cargo run --release --manifest-path benches/compare/Cargo.toml -- --out run.jsonl
//! cargo run --release --manifest-path benches/compare/Cargo.toml -- plot run.jsonl run.svg
//! cargo run --release --manifest-path benches/compare/Cargo.toml -- instructions
//! ```
//!
//! One program is everything: the driver with the load generator, and each server, which the driver
//! starts as a process of the same program.

#[cfg(not(target_os = "linux"))]
compile_error!("this benchmark reads /proc, polls with epoll and pins to CPUs: it needs Linux");

mod cells;
mod cpus;
mod descriptors;
mod instructions;
mod load;
mod net;
mod options;
mod plot;
mod process;
mod record;
mod run;
mod serve;
mod server;
mod table;

use std::{env, error::Error, process::ExitCode};

use crate::record::Record;

/// An error that ends the run, with its reason.
type Fallible<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<_> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve", order] => serve::run(order).map(|()| true),
        ["table", file] => Record::read_all(file).map(|records| {
            print!("{}", table::markdown(&records, &format!("from {file}")));
            true
        }),
        ["plot", records, svg] => plot::run(records, svg).map(|()| true),
        ["instructions"] => instructions::run().map(|()| true),
        ["help" | "--help" | "-h"] => {
            println!("{}", options::USAGE);
            Ok(true)
        }
        _ => run::run(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("compare: something failed: see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}
