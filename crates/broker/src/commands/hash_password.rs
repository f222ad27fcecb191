//! `hash-password`: the hash of a password for `[admin]`.

use std::{
    io::{self, IsTerminal as _, Read as _},
    process::ExitCode,
};

use actix_socketio::AdminUser;

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
    let password = rpassword::prompt_password("Password: ")?;
    let again = rpassword::prompt_password("The same password: ")?;
    Ok(if password == again { Ok(password) } else { Err("the two passwords differ") })
}
