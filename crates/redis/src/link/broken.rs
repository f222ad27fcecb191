use std::{borrow::Cow, fmt};

use redis::RedisError;

/// Why a connection is of no use any more. It shows no user and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken(Cow<'static, str>);

impl Broken {
    pub(super) fn new(reason: &'static str) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RedisError> for Broken {
    /// The code of what Redis says, and not its text: an old Redis repeats a command that it does
    /// not know, with the password that the command has.
    fn from(error: RedisError) -> Self {
        Self(match error.code() {
            Some(code) => format!("Redis answers {code}").into(),
            None if error.is_timeout() => "Redis does not answer in time".into(),
            None if error.is_io_error() => error.to_string().into(),
            None => error.category().to_owned().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, parse_redis_value};

    use super::*;

    #[test]
    fn the_text_of_redis_is_left_out() {
        let answer = b"-ERR unknown command `HELLO`, with args: `3` `AUTH` `alice` `secret`\r\n";
        let error = parse_redis_value(answer).and_then(redis::Value::extract_error);
        let broken = Broken::from(error.expect_err("an error"));
        assert!(!broken.to_string().contains("secret"), "{broken}");
        let error = RedisError::from((ErrorKind::AuthenticationFailed, "failed", "secret".into()));
        let broken = Broken::from(error);
        assert!(!broken.to_string().contains("secret"), "{broken}");
    }

    #[test]
    fn what_the_system_says_is_shown() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(Broken::from(RedisError::from(refused)).to_string().contains("refused"));
    }
}
