use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The length of the secret, and of a signature, in bytes.
pub(super) const LENGTH: usize = 32;

/// The secret that all servers of a cluster share. It appears neither in logs nor in `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Secret([u8; LENGTH]);

impl Secret {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The secret itself, for Redis.
    pub(super) fn reveal(&self) -> &[u8] {
        &self.0
    }

    fn hmac(&self, message: &[u8]) -> Option<Hmac<Sha256>> {
        // A key of any length is one of HMAC.
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        hmac.update(message);
        Some(hmac)
    }

    /// HMAC-SHA-256 of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Option<[u8; LENGTH]> {
        Some(self.hmac(message)?.finalize().into_bytes().into())
    }

    /// Whether this is the message's signature. It takes the same time for all that are wrong.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; LENGTH]) -> bool {
        self.hmac(message).is_some_and(|hmac| hmac.verify_slice(signature).is_ok())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_for_one_message_and_one_secret() {
        let (secret, other) = (Secret::random(), Secret::random());
        let signature = secret.sign(b"message").unwrap();
        assert!(secret.verifies(b"message", &signature));
        assert!(!secret.verifies(b"massage", &signature));
        assert!(!other.verifies(b"message", &signature));
        for at in 0..LENGTH {
            let mut wrong = signature;
            wrong[at] ^= 1;
            assert!(!secret.verifies(b"message", &wrong), "{at}");
        }
    }

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 2, has a shorter key, which HMAC fills up with zeros.
        let mut key = [0; LENGTH];
        key[..4].copy_from_slice(b"Jefe");
        let signature = Secret(key).sign(b"what do ya want for nothing?").unwrap();
        let hexadecimal: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hexadecimal, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn debug_does_not_reveal_it() {
        let secret = Secret::random();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(Secret::read(secret.reveal()), Some(secret));
        assert_eq!(Secret::read(b"short"), None);
    }
}
