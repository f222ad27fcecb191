//! JSON Web Tokens (RFC 7519): who a client is, by the word of the application's own log-in.
//!
//! Only the cryptography is of `jsonwebtoken`. Header and claims are read here, strictly: a token
//! that can't be read is refused.

mod algorithm;
mod claims;
mod error;
mod gate;
mod key;
mod object;
mod parts;
mod rsa;
#[cfg(test)]
mod tests;
mod verify;

use std::{fmt, sync::Arc, time::SystemTime};

use parking_lot::RwLock;

pub use claims::Claims;
pub use error::{KeyError, TokenError};
pub(crate) use gate::{TokenGate, TooManyRevoked};
use key::{Key, Keys};

/// The keys and rules by which tokens are believed.
///
/// It has exactly one algorithm, which you choose by the function that makes it. The algorithm in a
/// token's header is only compared with it. [`Builder::tokens`](crate::Builder::tokens) takes it. A
/// clone shares the keys, so that [`replace`](Self::replace) on one changes all of them.
///
/// A token must have `sub`, the user, and `exp`, and a token whose `nbf` is to come is refused.
/// There is no leeway: let the clocks of your servers agree. With [`issuer`](Self::issuer) and
/// [`audience`](Self::audience), tokens must have these, too. Set both, unless the keys are for
/// this server alone.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use actix_socketio::{Claims, Tokens};
///
/// let tokens = Tokens::hs256(b"32 bytes or more, of random data")?
///     .issuer("https://auth.example.com")
///     .audience("scores");
/// let token = tokens.sign(&Claims::new("ada", SystemTime::now() + Duration::from_secs(3600)))?;
/// assert_eq!(tokens.check(&token, SystemTime::now())?.user(), "ada");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Tokens {
    rules: Arc<RwLock<Arc<Rules>>>,
}

/// The keys, and what a token has to say.
#[derive(Clone)]
struct Rules {
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
}

impl Tokens {
    /// The longest token that is read, in bytes: 8 KiB.
    pub const MAX_LENGTH: usize = 8 * 1024;

    /// The longest name of a user, in bytes: 200.
    pub const MAX_USER_LENGTH: usize = 200;

    /// The smallest key of [`rs256`](Self::rs256), in bits: 2,048, as RFC 7518 requires.
    pub const MIN_RSA_BITS: usize = 2048;

    /// The shortest secret of [`hs256`](Self::hs256), in bytes: 32, as RFC 7518 requires.
    pub const MIN_SECRET_LENGTH: usize = 32;

    /// Tokens with HMAC-SHA-256: who checks them can also make them.
    ///
    /// ```
    /// use actix_socketio::{KeyError, Tokens};
    ///
    /// assert!(Tokens::hs256(b"32 bytes or more, of random data").is_ok());
    /// let short = Tokens::hs256(b"secret").unwrap_err();
    /// assert!(matches!(short, KeyError::ShortSecret { length: 6, limit: 32, .. }));
    /// ```
    ///
    /// # Errors
    /// [`KeyError::ShortSecret`].
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Key::hs256(secret).map(Self::new)
    }

    /// Tokens with RSA and SHA-256. It takes the public key as PEM, of
    /// [`MIN_RSA_BITS`](Self::MIN_RSA_BITS) or more.
    ///
    /// # Errors
    /// [`KeyError::InvalidKey`], also for a smaller key.
    pub fn rs256(public_key: &[u8]) -> Result<Self, KeyError> {
        Key::rs256(public_key).map(Self::new)
    }

    /// Tokens with ECDSA on the curve P-256. It takes the public key as PEM.
    ///
    /// # Errors
    /// [`KeyError::InvalidKey`].
    pub fn es256(public_key: &[u8]) -> Result<Self, KeyError> {
        Key::es256(public_key).map(Self::new)
    }

    /// Tokens with Ed25519. It takes the public key as PEM.
    ///
    /// # Errors
    /// [`KeyError::InvalidKey`].
    pub fn eddsa(public_key: &[u8]) -> Result<Self, KeyError> {
        Key::eddsa(public_key).map(Self::new)
    }

    fn new(key: Key) -> Self {
        let rules = Rules { keys: Keys::new(key), issuer: None, audience: None };
        Self { rules: Arc::new(RwLock::new(Arc::new(rules))) }
    }

    fn with(self, change: impl FnOnce(&mut Rules)) -> Self {
        let mut rules = (*self.rules()).clone();
        change(&mut rules);
        Self { rules: Arc::new(RwLock::new(Arc::new(rules))) }
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read())
    }

    /// The issuer that tokens must name in `iss`. Without it, `iss` is not looked at.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.with(|rules| rules.issuer = Some(issuer.into()))
    }

    /// The audience that tokens must name in `aud`, alone or in a list. Without it, `aud` is not
    /// looked at.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.with(|rules| rules.audience = Some(audience.into()))
    }

    /// The id of the key. A token whose header has a `kid` is checked by the key of this id alone,
    /// and refused if no key has it. A token without a `kid` is checked by the current key, and
    /// then by the previous one.
    ///
    /// ```
    /// # use actix_socketio::Tokens;
    /// let tokens = Tokens::hs256(b"32 bytes or more, of random data")?.key_id("2026-11");
    /// # Ok::<(), actix_socketio::KeyError>(())
    /// ```
    pub fn key_id(self, id: impl Into<String>) -> Self {
        self.with(|rules| rules.keys.current.id = Some(id.into()))
    }

    /// Also believes tokens of the key of `previous`, until a date. So keys can change while
    /// clients have tokens of the old one.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use actix_socketio::Tokens;
    ///
    /// let previous = Tokens::hs256(b"the secret of the month before..")?.key_id("2026-10");
    /// let tokens = Tokens::hs256(b"32 bytes or more, of random data")?
    ///     .key_id("2026-11")
    ///     .previous(&previous, SystemTime::now() + Duration::from_secs(3600))?;
    /// # Ok::<(), actix_socketio::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`KeyError::OtherAlgorithm`] if the two have different algorithms, and
    /// [`KeyError::SameKeyId`] if they have the same id.
    pub fn previous(self, previous: &Self, until: SystemTime) -> Result<Self, KeyError> {
        let mut rules = (*self.rules()).clone();
        rules.keys.add_previous(previous.rules().keys.current.clone(), until)?;
        Ok(Self { rules: Arc::new(RwLock::new(Arc::new(rules))) })
    }

    /// Takes the keys and rules of `others` from now on. Clients that are connected stay until
    /// their token ends.
    ///
    /// ```
    /// # use actix_socketio::Tokens;
    /// let tokens = Tokens::hs256(b"32 bytes or more, of random data")?;
    /// // `tokens.clone()` is with the server. Later:
    /// tokens.replace(&Tokens::hs256(b"another secret of at least 32 bytes")?);
    /// # Ok::<(), actix_socketio::KeyError>(())
    /// ```
    pub fn replace(&self, others: &Self) {
        let rules = others.rules();
        *self.rules.write() = rules;
    }

    /// Reads a token, and returns what it says if it is believed at this time.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use actix_socketio::{TokenError, Tokens};
    ///
    /// let tokens = Tokens::hs256(b"32 bytes or more, of random data")?;
    /// assert_eq!(tokens.check("a.b", SystemTime::now()), Err(TokenError::Malformed));
    /// # Ok::<(), actix_socketio::KeyError>(())
    /// ```
    ///
    /// # Errors
    /// [`TokenError`]: the first reason not to believe it.
    pub fn check(&self, token: &str, now: SystemTime) -> Result<Claims, TokenError> {
        verify::check(token, &self.rules(), now)
    }

    /// Makes a token, with the `iss`, `aud` and `kid` that this server wants. For tests, and for
    /// applications that log their users in themselves.
    ///
    /// # Errors
    /// [`KeyError::CannotSign`] with another algorithm than HS256: only the one who logs users in
    /// has the private key.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        let rules = self.rules();
        rules.keys.current.sign(claims, rules.issuer.as_deref(), rules.audience.as_deref())
    }
}

/// Shows no key.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules();
        f.debug_struct("Tokens")
            .field("algorithm", &rules.keys.current.algorithm)
            .field("issuer", &rules.issuer)
            .field("audience", &rules.audience)
            .finish_non_exhaustive()
    }
}
