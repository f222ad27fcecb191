//! A Socket.IO broker without an application around it: the program `actix-socketio`.
//!
//! Without a command, clients subscribe to channels of any name. `serve` has a configuration, with
//! rules for channels. docs/broker.md is its manual.

mod admin_files;
mod certificate;
mod cli;
mod commands;
mod config;
mod descriptors;
mod endpoints;
mod health;
mod logging;
mod memory;
mod origins;
mod reload;
mod rules;
mod run;
mod server;
mod signals;
mod systemd;

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};

use cli::{Cli, Command};

/// The exit code for a mistake of the operator.
const MISTAKE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command {
        None => commands::serve_open(cli.address.as_deref(), &cli.extra),
        Some(Command::Serve(serve)) => commands::serve(serve),
        Some(Command::Genconfig(args)) => commands::genconfig(&args.config),
        Some(Command::Checkconfig(args)) => commands::checkconfig(args),
        Some(Command::Gentoken(args)) => commands::gentoken(args),
        Some(Command::Checktoken(args)) => commands::checktoken(args),
        Some(Command::Openapi) => commands::openapi(),
        Some(Command::HashPassword) => commands::hash_password(),
        Some(Command::Health(question)) => commands::health(question),
    }
}

/// The help, or an error in the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        print!("{error}");
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    eprint!("actix-socketio: {}", text.strip_prefix("error: ").unwrap_or(&text));
    ExitCode::from(MISTAKE)
}
