//! `[jwt]`: the tokens by which clients say who they are.

use std::fs;

use actix_socketio::{KeyError, Tokens};

use super::{
    date::date,
    reader::Reader,
    secret::Secret,
    tree::Node,
    values::{self, Choice, choice},
};

choice! {
    /// How tokens are signed. There is exactly one way.
    TokenAlgorithm {
        #[default]
        Hs256 = HS256,
        Rs256 = RS256,
        Es256 = ES256,
        EdDsa = EdDSA,
    }
}

/// The keys and rules for tokens. No `Debug` shows a key.
#[derive(Debug, Clone)]
pub(crate) struct JwtSettings {
    pub(crate) tokens: Tokens,
}

/// A secret, or the text of a public key, under the name of its setting.
type KeyText = (&'static str, Vec<u8>);

const ALGORITHM: &str = "\"HS256\" or \"RS256\" or \"ES256\" or \"EdDSA\"";
const DATE: &str = "a date with a time and an offset, such as \"2026-12-31T00:00:00Z\"";

pub(super) fn read(section: &mut Reader<'_>) -> Option<JwtSettings> {
    let algorithm = section.required("algorithm", ALGORITHM, TokenAlgorithm::read);
    // Keys are read where the algorithm is wrong, too, so that they are known.
    let uses = algorithm.unwrap_or_default();
    let current = key(section, uses, "secret", "public_key_file");
    if algorithm.is_some() && current.is_none() {
        let (name, expected) = wanted(uses, "secret", "public_key_file");
        if !section.has(name) {
            section.missing(name, expected);
        }
    }
    let previous = key(section, uses, "previous_secret", "previous_public_key_file");
    let ids = ["key_id", "previous_key_id"].map(|name| section.value(name, values::text));
    let until = section.value("previous_until", date);
    let issuer = section.value("issuer", values::text);
    let audience = section.value("audience", values::text);
    let has_previous = section.has("previous_secret") || section.has("previous_public_key_file");
    for name in ["previous_until", "previous_key_id"] {
        if !has_previous && section.has(name) {
            section.rule(name, "it must not be there without a previous key");
        }
    }
    if has_previous && !section.has("previous_until") {
        section.missing("previous_until", DATE);
    }

    let [id, previous_id] = ids;
    let (algorithm, (current_name, current)) = (algorithm?, current?);
    let mut tokens = tokens_of(section, algorithm, current_name, &current, id)?;
    if let Some((name, key)) = previous {
        let previous = tokens_of(section, algorithm, name, &key, previous_id)?;
        match tokens.previous(&previous, until?) {
            Ok(both) => tokens = both,
            Err(error) => {
                section.rule_of(name, "\"…\"", &format!("it must be another key: {error}"));
                return None;
            }
        }
    } else if has_previous {
        // The reason has been told.
        return None;
    }
    if let Some(issuer) = issuer {
        tokens = tokens.issuer(issuer);
    }
    if let Some(audience) = audience {
        tokens = tokens.audience(audience);
    }
    Some(JwtSettings { tokens })
}

/// The key that an algorithm has, and what is expected of it.
fn wanted(
    algorithm: TokenAlgorithm,
    secret: &'static str,
    file: &'static str,
) -> (&'static str, &'static str) {
    match algorithm {
        TokenAlgorithm::Hs256 => (secret, "a secret of 32 bytes or more: `openssl rand -hex 32`"),
        _ => (file, "the path of a file with the public key, as PEM"),
    }
}

/// The key of an algorithm. `None`: it is not there, or it can't be read, which is told.
fn key(
    section: &mut Reader<'_>,
    algorithm: TokenAlgorithm,
    secret: &'static str,
    file: &'static str,
) -> Option<KeyText> {
    let text = section.secret(secret, |node| values::text(node).map(Secret::new));
    let pem = section.value(file, read_file);
    let is_secret = algorithm == TokenAlgorithm::Hs256;
    if is_secret && section.has(file) {
        section.rule(file, "it must not be there with HS256, which has a secret");
    }
    if !is_secret && section.has(secret) {
        section.rule_of(secret, "\"…\"", "it must not be there: HS256 alone has a secret");
    }
    if is_secret {
        text.map(|text| (secret, text.reveal().as_bytes().to_vec()))
    } else {
        pem.map(|pem| (file, pem))
    }
}

fn read_file(node: &Node) -> Result<Vec<u8>, String> {
    let path = values::text(node)?;
    fs::read(&path).map_err(|error| format!("the path of a file that can be read: {error}"))
}

fn tokens_of(
    section: &Reader<'_>,
    algorithm: TokenAlgorithm,
    name: &str,
    key: &[u8],
    id: Option<String>,
) -> Option<Tokens> {
    let tokens = match algorithm {
        TokenAlgorithm::Hs256 => Tokens::hs256(key),
        TokenAlgorithm::Rs256 => Tokens::rs256(key),
        TokenAlgorithm::Es256 => Tokens::es256(key),
        TokenAlgorithm::EdDsa => Tokens::eddsa(key),
    };
    let tokens = tokens.map_err(|error| match error {
        KeyError::ShortSecret { length, limit, .. } => section.rule_of(
            name,
            "\"…\"",
            &format!(
                "it has {length} bytes, and it must have {limit} or more: `openssl rand -hex 32`"
            ),
        ),
        KeyError::InvalidKey { algorithm, reason, .. } => section
            .rule(name, &format!("it must have a public key for {algorithm}, as PEM: {reason}")),
        error => section.rule(name, &format!("it must be a key: {error}")),
    });
    let tokens = tokens.ok()?;
    Some(match id {
        Some(id) => tokens.key_id(id),
        None => tokens,
    })
}
