//! The token with which a goal is reported: made at the start, printed once, known to nobody else.

use std::fmt;

/// Its `Debug` shows nothing, lest it end up in a log.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn random() -> Self {
        // `rand::random` draws from a generator that is fit for secrets and seeded by the system.
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// To be printed at the start, for whoever may report.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the value of an `Authorization` header that carries the token.
    pub(crate) fn admits(&self, authorization: &[u8]) -> bool {
        let given = match authorization.split_first_chunk::<7>() {
            Some((scheme, given)) if scheme.eq_ignore_ascii_case(b"Bearer ") => given,
            _ => return false,
        };
        let expected = self.0.as_bytes();
        // All bytes are looked at, so the time that it takes tells nothing of where they differ.
        let pairs = given.iter().zip(expected);
        let differing =
            pairs.fold(0, |differing, (given, expected)| differing | (given ^ expected));
        given.len() == expected.len() && differing == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_admits_who_has_it() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 32);
        assert!(token.admits(format!("Bearer {}", token.reveal()).as_bytes()));
        assert!(token.admits(format!("bearer {}", token.reveal()).as_bytes()));
    }

    #[test]
    fn and_nobody_else() {
        let token = Token::random();
        let secret = token.reveal();
        for header in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            secret.to_owned(),
            format!("Basic {secret}"),
            format!("Bearer {}", &secret[1..]),
            format!("Bearer {secret}0"),
            format!("Bearer {}", Token::random().reveal()),
        ] {
            assert!(!token.admits(header.as_bytes()), "{header}");
        }
        assert!(!token.admits(b"Bearer \xff\xfe"));
        assert!(!format!("{token:?}").contains(secret));
    }
}
