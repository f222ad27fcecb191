//! `genconfig`: a small configuration to begin with.

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind, Write as _},
    path::Path,
    process::ExitCode,
};

use super::mistake;

const TEMPLATE: &str = include_str!("genconfig.toml");

pub(crate) fn genconfig(path: &Path) -> ExitCode {
    let name = path.display();
    match write_new(path) {
        Ok(()) => {
            println!("{name} was written. Next: actix-socketio serve -c {name}");
            ExitCode::SUCCESS
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            mistake(&format!("{name} is there already, and is left alone"))
        }
        Err(error) => {
            eprintln!("actix-socketio: {name} can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A key of 128 bits that no other file has.
fn fresh_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The template with fresh secrets.
fn fresh_file() -> String {
    // A secret for tokens has 64 characters, for HS256 wants 32 bytes or more.
    let secret = fresh_key() + &fresh_key();
    TEMPLATE.replace("FRESH_SECRET", &secret).replace("FRESH_KEY", &fresh_key())
}

/// The file is for its owner alone, because it is where secrets go.
fn write_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(fresh_file().as_bytes())
}
