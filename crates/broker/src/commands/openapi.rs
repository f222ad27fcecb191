//! `openapi`: the description of the HTTP API.

use std::process::ExitCode;

use actix_socketio::Api;

pub(crate) fn openapi() -> ExitCode {
    // `{:#}` of a JSON value has a line for each of its parts.
    println!("{:#}", Api::openapi("/api"));
    ExitCode::SUCCESS
}
