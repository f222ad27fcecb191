//! Runs clients that are written in JavaScript.

use std::process::Command;

use crate::{certificate, needs::clients, programs};

/// Runs a script of tests/clients/deployments to its end, with these variables in its environment.
/// Returns its output.
pub(crate) fn run(script: &str, variables: &[(&str, &str)]) -> String {
    programs::run(command(script, variables))
}

/// The command that runs the script. It trusts the certificate of this run.
pub(crate) fn command(script: &str, variables: &[(&str, &str)]) -> Command {
    let mut node = Command::new("node");
    node.arg(clients().join("deployments").join(script))
        .env("NODE_EXTRA_CA_CERTS", certificate::authority_file())
        .envs(variables.iter().copied());
    node
}
