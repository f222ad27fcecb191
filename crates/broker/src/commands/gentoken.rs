//! `gentoken`: a token for trying things out.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime},
};

use actix_socketio::Claims;

use super::{mistake, tokens_of};
use crate::{
    cli::GenToken,
    config::{Node, Origin, time},
};

/// The longest time that a token is valid for: a year.
const MAX_TTL: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(crate) fn gentoken(args: GenToken) -> ExitCode {
    let tokens = match tokens_of(args.config) {
        Ok(tokens) => tokens,
        Err(code) => return code,
    };
    let ttl = match ttl(&args.ttl) {
        Ok(ttl) => ttl,
        Err(expected) => return mistake(&format!("--ttl is {:?}: expected {expected}", args.ttl)),
    };
    let now = SystemTime::now();
    let mut claims = Claims::new(args.user, now + ttl);
    if let Some(id) = args.id {
        claims = claims.id(id);
    }
    if !args.channels.is_empty() {
        claims = claims.channels(args.channels);
    }
    if let Some(channel) = args.channel {
        claims = claims.for_channel(channel);
    }
    if args.publish {
        claims = claims.and_publish();
    }
    let token = match tokens.sign(&claims) {
        Ok(token) => token,
        Err(error) => return mistake(&format!("jwt: {error}")),
    };
    // The name of the user may be one that the broker refuses.
    match tokens.check(&token, now) {
        Ok(_) => {
            println!("{token}");
            ExitCode::SUCCESS
        }
        Err(error) => mistake(&format!("a broker would refuse the token: {error}")),
    }
}

/// A number of seconds, or a time with a unit.
fn ttl(text: &str) -> Result<Duration, String> {
    let node = Node::text(text, Origin::Flag("--ttl"));
    let read = time(&node).or_else(|error| match node.as_json_text() {
        Some(number) => time(&number),
        None => Err(error),
    })?;
    let in_range = !read.is_zero() && read <= MAX_TTL;
    in_range
        .then_some(read)
        .ok_or_else(|| "a time that is longer than zero, and a year at most".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_seconds_or_has_a_unit() {
        assert_eq!(ttl("3600"), Ok(Duration::from_secs(3600)));
        assert_eq!(ttl("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "0", "0s", "-5", "soon", "366d", "31536001"] {
            assert!(ttl(wrong).is_err(), "{wrong}");
        }
    }
}
