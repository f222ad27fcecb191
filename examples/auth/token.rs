//! The token: what it says, how it is made, and when it is believed. It knows nothing of sockets.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::Error, get_current_timestamp,
};
use serde::{Deserialize, Serialize};

use crate::users::User;

/// Who makes the tokens, and for whom: one that was made with the same secret for something else is
/// none here.
const ISSUER: &str = "actix-socketio-example";
const AUDIENCE: &str = "actix-socketio-example-sockets";

/// Seconds. A token can't be called back, so it is short-lived; a client gets the next one in time.
pub(crate) const LIFETIME: u64 = 15 * 60;

/// Bytes. HS256 is as strong as its secret, which anybody who has a token can guess at, offline:
/// RFC 7518 wants as many bytes as the hash has.
const SHORTEST_SECRET: usize = 32;

/// What a token says, and is believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// Whose it is.
    pub(crate) sub: String,
    /// Until when, in seconds since 1970.
    pub(crate) exp: u64,
    #[serde(default)]
    pub(crate) editor: bool,
    #[serde(default)]
    pub(crate) teams: Vec<String>,
}

impl Claims {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.name.to_owned(),
            exp: get_current_timestamp() + LIFETIME,
            editor: user.editor,
            teams: user.teams.iter().map(|&team| team.to_owned()).collect(),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.exp <= get_current_timestamp()
    }
}

/// The secret is too short to be one.
#[derive(Debug)]
pub(crate) struct WeakSecret;

impl fmt::Display for WeakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it needs {SHORTEST_SECRET} bytes, at random")
    }
}

/// Makes tokens and checks them.
pub(crate) struct Tokens {
    signs: EncodingKey,
    checks: DecodingKey,
    rules: Validation,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8]) -> Result<Self, WeakSecret> {
        if secret.len() < SHORTEST_SECRET {
            return Err(WeakSecret);
        }
        // The algorithm is ours to choose. A token's header may say what it likes, `none` or RS256
        // with the secret as a public key: anything but HS256 is refused.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        // By itself the crate asks for `exp` alone, and lets a token in that has no audience at
        // all.
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_nbf = true;
        // The clock is the one that the tokens were made by. Where it is another server's, allow
        // for what they differ.
        rules.leeway = 0;
        // "On or after" its end a token is none (RFC 7519); the crate takes it for that last
        // second.
        rules.reject_tokens_expiring_in_less_than = 1;
        Ok(Self {
            signs: EncodingKey::from_secret(secret),
            checks: DecodingKey::from_secret(secret),
            rules,
        })
    }

    pub(crate) fn issue(&self, claims: &Claims) -> Result<String, Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signs)
    }

    /// What the token says, if it is to be believed. The error is for the log: who tries tokens
    /// learns nothing from "no".
    pub(crate) fn check(&self, token: &str) -> Result<Claims, Error> {
        jsonwebtoken::decode::<Claims>(token, &self.checks, &self.rules).map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::errors::ErrorKind;
    use serde_json::{Value, json};

    use super::*;
    use crate::users::USERS;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn tokens() -> Tokens {
        Tokens::new(SECRET).unwrap()
    }

    /// The outcome for a token with these claims changed; `null` takes one out.
    fn check_with(changes: Value) -> Result<Claims, ErrorKind> {
        let mut claims = serde_json::to_value(Claims::of(&USERS[0])).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        let token =
            jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET))
                .unwrap();
        tokens().check(&token).map_err(|error| error.kind().clone())
    }

    #[test]
    fn it_says_who_it_is_for() {
        let claims = Claims::of(&USERS[0]);
        assert_eq!(tokens().check(&tokens().issue(&claims).unwrap()).unwrap(), claims);
        assert!(!claims.is_expired());
        assert!(Claims { exp: get_current_timestamp(), ..claims }.is_expired());
    }

    #[test]
    fn a_secret_is_long() {
        assert!(Tokens::new(&SECRET[1..]).is_err());
        assert!(Tokens::new(b"").is_err());
    }

    #[test]
    fn another_secret_makes_no_token() {
        let others = Tokens::new(b"0123456789abcdef0123456789abcdeF").unwrap();
        let error = tokens().check(&others.issue(&Claims::of(&USERS[0])).unwrap()).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidSignature);
    }

    #[test]
    fn it_has_its_time() {
        let now = get_current_timestamp();
        assert_eq!(check_with(json!({"exp": now - 1})), Err(ErrorKind::ExpiredSignature));
        assert!(check_with(json!({"exp": now})).is_err());
        assert_eq!(check_with(json!({"nbf": now + 60})), Err(ErrorKind::ImmatureSignature));
        assert!(check_with(json!({"nbf": now - 60})).is_ok());
        for none in [json!("never"), json!(-1), json!({}), json!(0)] {
            assert!(check_with(json!({"exp": none})).is_err(), "{none}");
        }
    }

    #[test]
    fn nothing_that_it_must_say_is_missing() {
        for name in ["exp", "iss", "aud", "sub"] {
            assert!(check_with(json!({name: null})).is_err(), "{name}");
        }
        assert_eq!(check_with(json!({"aud": "others"})), Err(ErrorKind::InvalidAudience));
        assert_eq!(check_with(json!({"iss": "others"})), Err(ErrorKind::InvalidIssuer));
        // What it does not say, it does not grant.
        let claims = check_with(json!({"editor": null, "teams": null})).unwrap();
        assert!(!claims.editor && claims.teams.is_empty());
    }
}
