//! `hash-password`: the hash of a password for `[admin]`.

#[cfg(unix)]
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
};
use std::{
    io::{self, IsTerminal as _, Read as _},
    process::ExitCode,
};

use actix_socketio::AdminUser;
#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::mistake;

/// More bytes than a password may have, so that a wrong file is not read to its end.
const MAX_INPUT: u64 = 1_000;

pub(crate) fn hash_password() -> ExitCode {
    let password = match read_password() {
        Ok(Ok(password)) => password,
        Ok(Err(text)) => return mistake(text),
        Err(error) => return mistake(&format!("the password can't be read: {error}")),
    };
    match AdminUser::hash_password(&password) {
        Ok(hash) => {
            println!("{hash}");
            ExitCode::SUCCESS
        }
        Err(error) => mistake(&error.to_string()),
    }
}

/// Asks twice at a terminal, which does not show what is typed. Otherwise the whole input is the
/// password, without the end of its line. The inner error is a mistake of the operator.
fn read_password() -> io::Result<Result<String, &'static str>> {
    if !io::stdin().is_terminal() {
        let mut text = String::new();
        io::stdin().take(MAX_INPUT).read_to_string(&mut text)?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        return Ok(Ok(text.strip_suffix('\r').unwrap_or(text).to_owned()));
    }
    let password = ask("Password: ")?;
    let again = ask("The same password: ")?;
    Ok(if password == again { Ok(password) } else { Err("the two passwords differ") })
}

/// Asks at the terminal. It shows nothing from before the prompt on, so that it does not show what
/// is typed at once either.
#[cfg(unix)]
fn ask(prompt: &str) -> io::Result<String> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
    let line = terminal.write_all(prompt.as_bytes()).and_then(|()| read_line(&terminal));
    tcsetattr(&terminal, OptionalActions::Now, &before)?;
    line
}

#[cfg(unix)]
fn read_line(terminal: &File) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(terminal.take(MAX_INPUT)).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(not(unix))]
fn ask(prompt: &str) -> io::Result<String> {
    rpassword::prompt_password(prompt)
}
