use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use regex::RegexBuilder;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{TokenError, Tokens};

/// The last second of the year 9999. Later dates are typing errors, and overflow somewhere.
const LAST_SECOND: u64 = 253_402_300_799;

/// The memory of a compiled pattern, in bytes. The issuer writes patterns, and may be wrong.
const MAX_PATTERN: usize = 64 * 1024;

/// The claims of a token.
///
/// [`Socket::claims`](crate::Socket::claims) has those of a client. For [`Tokens::sign`], make them
/// with [`Claims::new`].
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use actix_socketio::Claims;
/// use serde_json::json;
///
/// let claims = Claims::new("ada", SystemTime::now() + Duration::from_secs(3600))
///     .channels(["team-1"])
///     .info(json!({"name": "Ada"}))
///     .with("role", json!("referee"));
/// assert_eq!(claims.get::<String>("role").as_deref(), Some("referee"));
/// ```
#[derive(Clone, PartialEq)]
pub struct Claims {
    user: String,
    expires: SystemTime,
    id: Option<String>,
    channels: Vec<String>,
    /// All of them, but for `iss` and `aud`.
    all: Map<String, Value>,
}

impl Claims {
    /// The claims of a user, until a date, of which whole seconds count.
    pub fn new(user: impl Into<String>, expires: SystemTime) -> Self {
        let user = user.into();
        let seconds = expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut all = Map::new();
        all.insert("sub".to_owned(), json!(user));
        all.insert("exp".to_owned(), json!(seconds));
        let expires = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
        Self { user, expires, id: None, channels: Vec::new(), all }
    }

    /// The id of the token, `jti`, by which it can be revoked.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        self.all.insert("jti".to_owned(), json!(id));
        self.id = Some(id);
        self
    }

    /// The channels that the server subscribes the client to when it connects.
    pub fn channels<C: Into<String>>(mut self, channels: impl IntoIterator<Item = C>) -> Self {
        self.channels = channels.into_iter().map(Into::into).collect();
        self.all.insert("channels".to_owned(), json!(self.channels));
        self
    }

    /// The part of the user that others see: [`Presence::by_user`](crate::Presence::by_user).
    pub fn info(self, info: Value) -> Self {
        self.with("info", info)
    }

    /// Makes it a token for one channel, as [`Route::with_token`](crate::Route::with_token) wants
    /// it.
    pub fn for_channel(self, channel: impl Into<String>) -> Self {
        self.with("channel", Value::String(channel.into()))
    }

    /// Makes it a token for the channels whose whole name matches a regular expression.
    pub fn for_channels_matching(self, pattern: impl Into<String>) -> Self {
        self.with("pattern", Value::String(pattern.into()))
    }

    /// Lets the client publish to the channel of a token for one:
    /// [`Route::publish_with_token`](crate::Route::publish_with_token).
    pub fn and_publish(self) -> Self {
        self.with("publish", Value::Bool(true))
    }

    /// Any other claim. Those with a method of their own are set by it.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.all.insert(name.to_owned(), value);
        self
    }

    /// The user, `sub`.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// When the token ends, `exp`.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// The id of the token, `jti`.
    pub fn token_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The channels that the server subscribes the client to.
    pub fn own_channels(&self) -> &[String] {
        &self.channels
    }

    /// A claim as a value of a type. `None` if it is not there, or is of another type.
    ///
    /// ```
    /// # use std::time::SystemTime;
    /// # use actix_socketio::Claims;
    /// # let claims = Claims::new("ada", SystemTime::now());
    /// assert_eq!(claims.get::<bool>("admin"), None);
    /// ```
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.all.get(name)?).ok()
    }

    /// Whether it is a token for this channel. A pattern that is not a regular expression, or a
    /// large one, is for none.
    pub(crate) fn is_for_channel(&self, channel: &str) -> bool {
        if let Some(Value::String(name)) = self.all.get("channel") {
            return name == channel;
        }
        let Some(Value::String(pattern)) = self.all.get("pattern") else { return false };
        let whole = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(MAX_PATTERN).build();
        whole.is_ok_and(|whole| whole.is_match(channel))
    }

    /// Reads the claims of a token that is believed.
    pub(super) fn read(all: Map<String, Value>) -> Result<Self, TokenError> {
        let text = |name: &str| match all.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TokenError::ClaimType),
        };
        let user = text("sub")?.filter(|user| is_user(user)).ok_or(TokenError::User)?;
        let expires = date(all.get("exp").ok_or(TokenError::NoExpiry)?)?;
        let id = text("jti")?;
        for name in ["channel", "pattern"] {
            text(name)?;
        }
        let channels = match all.get("channels") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one.clone()],
            Some(list) => {
                serde_json::from_value(list.clone()).map_err(|_| TokenError::ClaimType)?
            }
        };
        Ok(Self { user, expires, id, channels, all })
    }

    pub(super) fn to_json(&self, issuer: Option<&str>, audience: Option<&str>) -> Value {
        let mut all = self.all.clone();
        for (name, value) in [("iss", issuer), ("aud", audience)] {
            if let Some(value) = value {
                all.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(all)
    }
}

/// Shows the user alone: other claims may be private.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("user", &self.user)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Whether this can be the name of a user.
fn is_user(user: &str) -> bool {
    !user.is_empty() && user.len() <= Tokens::MAX_USER_LENGTH && !user.chars().any(char::is_control)
}

/// A `NumericDate` (RFC 7519 section 2), whose fraction of a second is cut off, so that a token
/// never lasts longer than it says.
pub(super) fn date(value: &Value) -> Result<SystemTime, TokenError> {
    date_by(value, f64::floor)
}

/// A `NumericDate` from which on a token is valid, so that it is never valid too early.
pub(super) fn date_of_begin(value: &Value) -> Result<SystemTime, TokenError> {
    date_by(value, f64::ceil)
}

fn date_by(value: &Value, round: fn(f64) -> f64) -> Result<SystemTime, TokenError> {
    let seconds = match value.as_u64() {
        Some(seconds) => seconds,
        None => {
            let seconds = value.as_f64().ok_or(TokenError::ClaimType)?;
            // A cast of what is not finite, or of what is too large, would be another date.
            if !(0.0..=LAST_SECOND as f64).contains(&seconds) {
                return Err(TokenError::ClaimType);
            }
            round(seconds) as u64
        }
    };
    if seconds > LAST_SECOND {
        return Err(TokenError::ClaimType);
    }
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}
