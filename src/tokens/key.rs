//! The keys that tokens are checked with.

use std::time::SystemTime;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::json;

use super::{Claims, KeyError, Tokens, algorithm::Algorithm, rsa::modulus_bits};

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) id: Option<String>,
    checks: DecodingKey,
    /// Of HS256 alone.
    signs: Option<EncodingKey>,
}

/// The current key, and one from before that still counts for a while.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) current: Key,
    previous: Option<(Key, SystemTime)>,
}

impl Keys {
    pub(super) fn new(current: Key) -> Self {
        Self { current, previous: None }
    }

    pub(super) fn add_previous(&mut self, key: Key, until: SystemTime) -> Result<(), KeyError> {
        if key.algorithm != self.current.algorithm {
            return Err(KeyError::OtherAlgorithm {
                current: self.current.algorithm.name(),
                previous: key.algorithm.name(),
            });
        }
        if key.id.is_some() && key.id == self.current.id {
            return Err(KeyError::SameKeyId { id: key.id.unwrap_or_default() });
        }
        self.previous = Some((key, until));
        Ok(())
    }

    /// The keys that a token may be of, by the `kid` of its header.
    pub(super) fn candidates(
        &self,
        id: Option<&str>,
        now: SystemTime,
    ) -> impl Iterator<Item = &Key> {
        let previous = self.previous.iter().filter(move |(_, until)| now < *until);
        let all = std::iter::once(&self.current).chain(previous.map(|(key, _)| key));
        all.filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

impl Key {
    pub(super) fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        let (length, limit) = (secret.len(), Tokens::MIN_SECRET_LENGTH);
        if length < limit {
            return Err(KeyError::ShortSecret { length, limit });
        }
        let invalid = |_| KeyError::ShortSecret { length, limit };
        Ok(Self {
            algorithm: Algorithm::Hs256,
            id: None,
            checks: DecodingKey::from_secret(secret).map_err(invalid)?,
            signs: Some(EncodingKey::from_secret(secret).map_err(invalid)?),
        })
    }

    pub(super) fn rs256(pem: &[u8]) -> Result<Self, KeyError> {
        let key = Self::public(Algorithm::Rs256, DecodingKey::from_rsa_pem(pem))?;
        let invalid = |reason| KeyError::InvalidKey { algorithm: key.algorithm.name(), reason };
        // The library takes keys of any size, and reads a private key as if it were a public one.
        let bits = key.checks.try_get_as_bytes().ok().and_then(modulus_bits);
        match bits.ok_or_else(|| invalid("it is another kind of key".to_owned()))? {
            Tokens::MIN_RSA_BITS.. => Ok(key),
            bits => {
                let limit = Tokens::MIN_RSA_BITS;
                Err(invalid(format!("it has {bits} bits, and {limit} are needed")))
            }
        }
    }

    pub(super) fn es256(pem: &[u8]) -> Result<Self, KeyError> {
        Self::public(Algorithm::Es256, DecodingKey::from_ec_pem(pem))
    }

    pub(super) fn eddsa(pem: &[u8]) -> Result<Self, KeyError> {
        Self::public(Algorithm::EdDsa, DecodingKey::from_ed_pem(pem))
    }

    fn public(
        algorithm: Algorithm,
        key: jsonwebtoken::errors::Result<DecodingKey>,
    ) -> Result<Self, KeyError> {
        let invalid = |reason: String| KeyError::InvalidKey { algorithm: algorithm.name(), reason };
        let checks = key.map_err(|error| invalid(error.to_string()))?;
        let key = Self { algorithm, id: None, checks, signs: None };
        // The library reads the key's numbers when it is used. Mistakes are found here, at once.
        let tried = jsonwebtoken::crypto::verify("AA", b"", &key.checks, algorithm.of_library());
        tried.map(|_| key).map_err(|error| invalid(error.to_string()))
    }

    /// Whether the signature is this key's.
    pub(super) fn verifies(&self, signed: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.of_library();
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.checks, algorithm)
            .unwrap_or(false)
    }

    pub(super) fn sign(
        &self,
        claims: &Claims,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Result<String, KeyError> {
        let cannot = || KeyError::CannotSign { algorithm: self.algorithm.name() };
        let key = self.signs.as_ref().ok_or_else(cannot)?;
        let mut header = json!({"alg": self.algorithm.name(), "typ": "JWT"});
        if let Some(id) = &self.id {
            header["kid"] = json!(id);
        }
        let encode = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let claims = claims.to_json(issuer, audience).to_string();
        let signed = format!("{}.{}", encode(&header.to_string()), encode(&claims));
        let algorithm = self.algorithm.of_library();
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm);
        Ok(format!("{signed}.{}", signature.map_err(|_| cannot())?))
    }
}
