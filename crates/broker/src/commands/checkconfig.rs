//! `checkconfig`: all mistakes of a configuration.

use std::process::ExitCode;

use crate::{
    MISTAKE,
    cli::CheckConfig,
    config::{self, Loaded, Sources},
    server,
};

pub(crate) fn checkconfig(args: CheckConfig) -> ExitCode {
    let CheckConfig { config: file, strict } = args;
    let name =
        file.as_ref().map_or_else(|| "the environment".into(), |file| file.display().to_string());
    let sources = Sources { file, variables: Sources::environment(), flags: Vec::new() };
    let Loaded { settings, mistakes, warnings, .. } = config::load(&sources);
    for mistake in &mistakes {
        eprintln!("{mistake}");
    }
    for warning in &warnings {
        eprintln!("{}{warning}", if strict { "" } else { "warning: " });
    }
    let Some(mut settings) = settings else { return ExitCode::from(MISTAKE) };
    if strict && !warnings.is_empty() {
        return ExitCode::from(MISTAKE);
    }
    // The library has the last word. No file is opened, and nothing is connected to.
    (settings.store, settings.cluster) = (None, None);
    let built = actix_web::rt::System::new().block_on(async { server::server_of(&settings) });
    if let Err(error) = built {
        eprintln!("{name}: {error}");
        return ExitCode::from(MISTAKE);
    }
    println!("{name}: ok");
    ExitCode::SUCCESS
}
