//! `checktoken`: the content of a token, whether the broker believes it, and if not why.

use std::{
    io::{self, Read as _},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use actix_socketio::{Claims, Tokens};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::tokens_of;
use crate::cli::CheckToken;

/// The word for the standard input, which is in no history of a shell.
const STDIN: &str = "-";

pub(crate) fn checktoken(args: CheckToken) -> ExitCode {
    let tokens = match tokens_of(args.config) {
        Ok(tokens) => tokens,
        Err(code) => return code,
    };
    let token = match token_of(args.token) {
        Ok(token) => token,
        Err(error) => {
            eprintln!("actix-socketio: the token can't be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let token = token.trim();
    let now = SystemTime::now();
    for (name, part) in ["header", "claims"].into_iter().zip(token.split('.')) {
        if let Some(json) = decoded(token, part) {
            println!("{name}: {}", visible(&format!("{json:#}")));
        }
    }
    match tokens.check(token, now) {
        Ok(claims) => {
            println!("believed: {}", meaning(&claims, now));
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("not believed ({}): {error}", error.as_str());
            ExitCode::FAILURE
        }
    }
}

fn token_of(arg: String) -> io::Result<String> {
    if arg != STDIN {
        return Ok(arg);
    }
    // One byte more than the longest token and its line feed, so that a longer one is seen as such.
    let mut text = String::new();
    io::stdin().take(Tokens::MAX_LENGTH as u64 + 3).read_to_string(&mut text)?;
    Ok(text)
}

/// The JSON in a part of a token, whether or not it is believed.
fn decoded(token: &str, part: &str) -> Option<Value> {
    if token.len() > Tokens::MAX_LENGTH {
        return None;
    }
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Text of a token may have characters that a terminal obeys.
fn visible(text: &str) -> String {
    let escape = |c: char| {
        let is_shown = c == '\n' || !c.is_control();
        if is_shown { c.to_string() } else { c.escape_default().to_string() }
    };
    text.chars().map(escape).collect()
}

fn meaning(claims: &Claims, now: SystemTime) -> String {
    let left = claims.expires().duration_since(now).unwrap_or_default();
    let left = Duration::from_secs(left.as_secs());
    let user = format!("{:?}, for {left:?}", claims.user());
    let of_channel = |name| claims.get::<String>(name);
    let channel = match (of_channel("channel"), of_channel("pattern")) {
        (Some(name), _) => format!("the channel {name:?}"),
        (None, Some(pattern)) => format!("the channels that match {pattern:?}"),
        (None, None) => return format!("the user {user}"),
    };
    let publish = claims.get::<bool>("publish") == Some(true);
    let publish = if publish { ", also to publish" } else { "" };
    format!("a token for {channel} and the user {user}{publish}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(visible("a\u{1b}[2J\n\u{9b}b ä"), "a\\u{1b}[2J\n\\u{9b}b ä");
    }
}
