use std::{error, fmt};

/// Why a token is not believed.
///
/// ```
/// use actix_socketio::TokenError;
///
/// assert_eq!(TokenError::Expired.to_string(), "the token has expired");
/// assert_eq!(TokenError::Expired.as_str(), "expired");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenError {
    /// There is no token, and one is required.
    Missing,
    /// It has more than [`Tokens::MAX_LENGTH`](crate::Tokens::MAX_LENGTH) bytes.
    TooLong,
    /// It does not have the three parts of a signed token, in base64url.
    Malformed,
    /// Its header is not a JSON object, or a name is in it twice.
    Header,
    /// Its header names another algorithm than this server's, or none.
    Algorithm,
    /// Its header asks for an extension by `crit`, and this server has none.
    Critical,
    /// Its header has a `kid` of no key here, or the time of that key is over.
    KeyId,
    /// It is not signed by a key of this server.
    Signature,
    /// Its claims are not a JSON object, or a name is in it twice.
    Claims,
    /// A claim has the wrong type: `exp` and `nbf` are numbers, `sub`, `iss` and `jti` strings,
    /// `aud` and `channels` strings or lists of them.
    ClaimType,
    /// It has no `exp`.
    NoExpiry,
    /// It has expired.
    Expired,
    /// It is not valid yet, by its `nbf`.
    NotYet,
    /// It names another issuer, or none.
    Issuer,
    /// It names another audience, or none.
    Audience,
    /// It names no user in `sub`, or one that is empty, too long or has control characters.
    User,
    /// It was revoked.
    Revoked,
    /// It is of another user than the connection.
    OtherUser,
    /// It is not for this channel.
    OtherChannel,
}

impl TokenError {
    pub(crate) const ALL: [Self; 19] = [
        Self::Missing,
        Self::TooLong,
        Self::Malformed,
        Self::Header,
        Self::Algorithm,
        Self::Critical,
        Self::KeyId,
        Self::Signature,
        Self::Claims,
        Self::ClaimType,
        Self::NoExpiry,
        Self::Expired,
        Self::NotYet,
        Self::Issuer,
        Self::Audience,
        Self::User,
        Self::Revoked,
        Self::OtherUser,
        Self::OtherChannel,
    ];

    /// Its short name, as in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Critical => "critical",
            Self::KeyId => "key_id",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::ClaimType => "claim_type",
            Self::NoExpiry => "no_expiry",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::User => "user",
            Self::Revoked => "revoked",
            Self::OtherUser => "other_user",
            Self::OtherChannel => "other_channel",
        }
    }

    /// The message for the client. It tells an honest client what to do, and a forger nothing.
    pub(crate) fn to_client(self) -> &'static str {
        match self {
            Self::Missing => "token required",
            Self::Expired => "token expired",
            Self::Revoked => "token revoked",
            _ => "invalid token",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no token",
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token does not have three parts in base64url",
            Self::Header => "the token's header is not a JSON object with unique names",
            Self::Algorithm => "the token's header names another algorithm",
            Self::Critical => "the token's header asks for an extension in \"crit\"",
            Self::KeyId => "the token's \"kid\" is not the id of a key",
            Self::Signature => "the token is not signed by a key of this server",
            Self::Claims => "the token's claims are not a JSON object with unique names",
            Self::ClaimType => "a claim of the token has the wrong type",
            Self::NoExpiry => "the token has no \"exp\"",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet, by its \"nbf\"",
            Self::Issuer => "the token's \"iss\" is not the issuer",
            Self::Audience => "the token's \"aud\" is not the audience",
            Self::User => "the token's \"sub\" is not the name of a user",
            Self::Revoked => "the token was revoked",
            Self::OtherUser => "the token is of another user",
            Self::OtherChannel => "the token is not for this channel",
        })
    }
}

impl error::Error for TokenError {}

/// Why keys can't be used.
///
/// ```
/// use actix_socketio::Tokens;
///
/// let error = Tokens::hs256(b"secret").unwrap_err();
/// let text = "the secret has 6 bytes, and HS256 needs 32 or more: try `openssl rand -hex 32`";
/// assert_eq!(error.to_string(), text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The secret of HS256 is too short.
    #[non_exhaustive]
    ShortSecret {
        /// Its bytes.
        length: usize,
        /// [`Tokens::MIN_SECRET_LENGTH`](crate::Tokens::MIN_SECRET_LENGTH).
        limit: usize,
    },
    /// The public key can't be read.
    #[non_exhaustive]
    InvalidKey {
        /// The algorithm that it is for.
        algorithm: &'static str,
        /// The mistake in it.
        reason: String,
    },
    /// The previous key is for another algorithm.
    #[non_exhaustive]
    OtherAlgorithm {
        /// That of the current key.
        current: &'static str,
        /// That of the previous key.
        previous: &'static str,
    },
    /// Both keys have the same id.
    #[non_exhaustive]
    SameKeyId {
        /// The id.
        id: String,
    },
    /// Tokens of this algorithm are made with a private key, which is not here.
    #[non_exhaustive]
    CannotSign {
        /// The algorithm.
        algorithm: &'static str,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret { length, limit } => write!(
                f,
                "the secret has {length} bytes, and HS256 needs {limit} or more: \
                 try `openssl rand -hex 32`"
            ),
            Self::InvalidKey { algorithm, reason } => {
                write!(f, "this is not a public key for {algorithm}, as PEM: {reason}")
            }
            Self::OtherAlgorithm { current, previous } => {
                write!(f, "the previous key is for {previous}, and the current one for {current}")
            }
            Self::SameKeyId { id } => write!(f, "both keys have the id {id:?}"),
            Self::CannotSign { algorithm } => {
                write!(f, "tokens with {algorithm} are made with the private key: only HS256 signs")
            }
        }
    }
}

impl error::Error for KeyError {}
