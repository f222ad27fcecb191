//! The commands of the program.

mod checkconfig;
mod genconfig;
mod hash_password;
mod health;
mod openapi;
mod serve;
mod serve_open;

pub(crate) use checkconfig::checkconfig;
pub(crate) use genconfig::genconfig;
pub(crate) use hash_password::hash_password;
pub(crate) use health::health;
pub(crate) use openapi::openapi;
pub(crate) use serve::serve;
pub(crate) use serve_open::serve_open;

use std::{error::Error, process::ExitCode};

use crate::{
    MISTAKE,
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

/// Prints a mistake of the operator.
fn mistake(text: &str) -> ExitCode {
    eprintln!("actix-socketio: {text}");
    ExitCode::from(MISTAKE)
}
