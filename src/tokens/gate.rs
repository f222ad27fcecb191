//! The tokens of a server at work: keys, and tokens that were revoked.

use std::{collections::HashMap, time::SystemTime};

use parking_lot::Mutex;

use super::{Claims, TokenError, Tokens};

/// Decides whether a client's token is believed.
#[derive(Debug)]
pub(crate) struct TokenGate {
    tokens: Tokens,
    revoked: Mutex<RevokedTokens>,
}

/// The tokens that were revoked, by their `jti`, until they end.
#[derive(Debug)]
struct RevokedTokens {
    until: HashMap<String, SystemTime>,
    limit: usize,
}

/// There is no room for another token that is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyRevoked;

impl TokenGate {
    pub(crate) fn new(tokens: Tokens, max_revoked: usize) -> Self {
        let revoked = RevokedTokens { until: HashMap::new(), limit: max_revoked };
        Self { tokens, revoked: Mutex::new(revoked) }
    }

    /// Whether the token of this id was revoked and has not ended.
    pub(crate) fn is_revoked(&self, id: &str, now: SystemTime) -> bool {
        self.revoked.lock().has(id, now)
    }

    /// Reads a token, and returns what it says if it is believed.
    pub(crate) fn check(&self, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
        let claims = self.tokens.check(token, now)?;
        match claims.token_id() {
            Some(id) if self.is_revoked(id, now) => Err(TokenError::Revoked),
            _ => Ok(claims),
        }
    }

    /// Believes the token of this id no more. It is remembered until the token ends.
    pub(crate) fn revoke(
        &self,
        id: &str,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<(), TooManyRevoked> {
        self.revoked.lock().add(id, until, now)
    }
}

impl RevokedTokens {
    fn has(&self, id: &str, now: SystemTime) -> bool {
        self.until.get(id).is_some_and(|until| now < *until)
    }

    fn add(&mut self, id: &str, until: SystemTime, now: SystemTime) -> Result<(), TooManyRevoked> {
        if self.until.len() >= self.limit && !self.until.contains_key(id) {
            self.until.retain(|_, until| now < *until);
            if self.until.len() >= self.limit {
                return Err(TooManyRevoked);
            }
        }
        let known = self.until.entry(id.to_owned()).or_insert(until);
        *known = until.max(*known);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_revoked_token_is_remembered_until_it_ends() {
        let tokens = Tokens::hs256(&[7; 32]).unwrap();
        let token = |id| tokens.sign(&Claims::new("ada", at(100)).id(id)).unwrap();
        let gate = TokenGate::new(tokens.clone(), 2);
        assert!(gate.check(&token("a"), at(1)).is_ok());
        gate.revoke("a", at(100), at(1)).unwrap();
        assert_eq!(gate.check(&token("a"), at(99)), Err(TokenError::Revoked));
        assert!(gate.check(&token("b"), at(99)).is_ok());
        gate.revoke("b", at(50), at(1)).unwrap();
        assert_eq!(gate.revoke("c", at(100), at(49)), Err(TooManyRevoked));
        // The same again needs no room, and does not end earlier.
        gate.revoke("a", at(60), at(49)).unwrap();
        assert_eq!(gate.check(&token("a"), at(99)), Err(TokenError::Revoked));
        // One that has ended makes room.
        gate.revoke("c", at(100), at(50)).unwrap();
        assert_eq!(gate.check(&token("c"), at(51)), Err(TokenError::Revoked));
    }
}
