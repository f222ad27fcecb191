//! The commands of the program.

mod checkconfig;
mod checktoken;
mod genconfig;
mod gentoken;
mod hash_password;
mod health;
mod openapi;
mod serve;
mod serve_open;

pub(crate) use checkconfig::checkconfig;
pub(crate) use checktoken::checktoken;
pub(crate) use genconfig::genconfig;
pub(crate) use gentoken::gentoken;
pub(crate) use hash_password::hash_password;
pub(crate) use health::health;
pub(crate) use openapi::openapi;
pub(crate) use serve::serve;
pub(crate) use serve_open::serve_open;

use std::{error::Error, path::PathBuf, process::ExitCode};

use actix_socketio::Tokens;

use crate::{
    MISTAKE,
    config::{self, Loaded, Sources},
    run::{self, End, Plan},
    signals::Signals,
};

/// Runs the server that `plan` builds, with the signals taken before.
fn run_until_a_signal(plan: impl AsyncFnOnce() -> Result<Plan, Box<dyn Error>>) -> ExitCode {
    let run = async {
        let signals = Signals::take()?;
        run::run(plan().await?, signals).await
    };
    match actix_web::rt::System::new().block_on(run) {
        Ok(End::Clean) => ExitCode::SUCCESS,
        Ok(End::Cut) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("actix-socketio: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The keys for tokens of a configuration.
///
/// # Errors
/// The code to exit with, after the mistakes were printed.
fn tokens_of(file: Option<PathBuf>) -> Result<Tokens, ExitCode> {
    let sources = Sources { file, variables: Sources::environment(), flags: Vec::new() };
    let Loaded { settings, mistakes, .. } = config::load(&sources);
    for mistake in &mistakes {
        eprintln!("{mistake}");
    }
    let settings = settings.ok_or(ExitCode::from(MISTAKE))?;
    let missing = || mistake("there is no [jwt] in the configuration: `-c FILE` names its file");
    settings.jwt.map(|jwt| jwt.tokens).ok_or_else(missing)
}

/// Prints a mistake of the operator.
fn mistake(text: &str) -> ExitCode {
    eprintln!("actix-socketio: {text}");
    ExitCode::from(MISTAKE)
}
