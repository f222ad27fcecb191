//! Whether a token is believed.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{
    Claims, Rules, TokenError,
    claims::{date, date_of_begin},
    parts::TokenParts,
};

/// Reads and checks a token. Its claims are looked at after its signature.
pub(super) fn check(token: &str, rules: &Rules, now: SystemTime) -> Result<Claims, TokenError> {
    let parts = TokenParts::of(token)?;
    let header = parts.header(rules.keys.current.algorithm)?;
    let mut candidates = rules.keys.candidates(header.key_id.as_deref(), now).peekable();
    if candidates.peek().is_none() {
        return Err(TokenError::KeyId);
    }
    if !candidates.any(|key| key.verifies(parts.signed, parts.signature)) {
        return Err(TokenError::Signature);
    }
    let claims = parts.claims()?.0;
    check_times(&claims, now)?;
    check_parties(&claims, rules)?;
    Claims::read(claims)
}

/// `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5), without leeway.
fn check_times(claims: &Map<String, Value>, now: SystemTime) -> Result<(), TokenError> {
    let expires = claims.get("exp").ok_or(TokenError::NoExpiry)?;
    if now >= date(expires)? {
        return Err(TokenError::Expired);
    }
    match claims.get("nbf") {
        Some(begins) if now < date_of_begin(begins)? => Err(TokenError::NotYet),
        _ => Ok(()),
    }
}

/// `iss` and `aud` (RFC 7519 sections 4.1.1 and 4.1.3).
fn check_parties(claims: &Map<String, Value>, rules: &Rules) -> Result<(), TokenError> {
    if let Some(issuer) = &rules.issuer {
        match claims.get("iss") {
            Some(Value::String(named)) if named == issuer => {}
            None | Some(Value::String(_)) => return Err(TokenError::Issuer),
            Some(_) => return Err(TokenError::ClaimType),
        }
    }
    if let Some(audience) = &rules.audience {
        let named = match claims.get("aud") {
            None => return Err(TokenError::Audience),
            Some(Value::String(named)) => named == audience,
            Some(Value::Array(named)) if named.iter().all(Value::is_string) => {
                named.iter().any(|named| named == audience)
            }
            Some(_) => return Err(TokenError::ClaimType),
        };
        if !named {
            return Err(TokenError::Audience);
        }
    }
    Ok(())
}
