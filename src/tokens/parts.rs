//! The parts of a token, before its signature is checked.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{TokenError, Tokens, algorithm::Algorithm, object::UniqueObject};

/// A token in its parts (RFC 7515 section 7.1).
pub(super) struct TokenParts<'a> {
    /// Header and claims, which are signed.
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
    header: &'a str,
    claims: &'a str,
}

/// The header of a token, without its algorithm.
pub(super) struct TokenHeader {
    pub(super) key_id: Option<String>,
}

impl<'a> TokenParts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > Tokens::MAX_LENGTH {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        // The library reads the signature less strictly than the rest is read here.
        if claims.contains('.') || BASE64_URL_SAFE_NO_PAD.decode(signature).is_err() {
            return Err(TokenError::Malformed);
        }
        Ok(Self { signed, signature, header, claims })
    }

    pub(super) fn header(&self, algorithm: Algorithm) -> Result<TokenHeader, TokenError> {
        let json = decode(self.header)?;
        let UniqueObject(mut header) =
            serde_json::from_slice(&json).map_err(|_| TokenError::Header)?;
        if header.contains_key("crit") {
            return Err(TokenError::Critical);
        }
        if header.get("alg").and_then(Value::as_str) != Some(algorithm.name()) {
            return Err(TokenError::Algorithm);
        }
        match header.remove("kid") {
            None => Ok(TokenHeader { key_id: None }),
            Some(Value::String(id)) => Ok(TokenHeader { key_id: Some(id) }),
            Some(_) => Err(TokenError::KeyId),
        }
    }

    pub(super) fn claims(&self) -> Result<UniqueObject, TokenError> {
        let json = decode(self.claims)?;
        serde_json::from_slice(&json).map_err(|_| TokenError::Claims)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}
