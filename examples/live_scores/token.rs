//! The token that a report of a goal needs. The program makes it at its start and prints it once.

use std::fmt;

/// Its `Debug` does not show the token, which must not get into a log.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn random() -> Self {
        // `rand::random` uses a cryptographic generator that the system seeds.
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// The token as text, to be printed at the start.
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
        // It compares all bytes, so the time does not show where they differ.
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
    fn a_bearer_header_with_the_token_is_admitted() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 32);
        assert!(token.admits(format!("Bearer {}", token.reveal()).as_bytes()));
        assert!(token.admits(format!("bearer {}", token.reveal()).as_bytes()));
    }

    #[test]
    fn other_headers_are_refused() {
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
