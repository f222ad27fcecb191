//! The token: its claims, how it is issued, and how it is checked. This module has no sockets.

use std::fmt;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::Error, get_current_timestamp,
};
use serde::{Deserialize, Serialize};

use crate::users::User;

/// The issuer and the audience of the tokens. A token that was made with the same secret for
/// another purpose is not valid here.
const ISSUER: &str = "actix-socketio-example";
const AUDIENCE: &str = "actix-socketio-example-sockets";

/// In seconds. A token cannot be revoked, so its life is short, and a client asks for the next one
/// in time.
pub(crate) const LIFETIME: u64 = 15 * 60;

/// In bytes. HS256 is as strong as its secret, and the owner of a token can try secrets offline.
/// RFC 7518 requires as many bytes as the hash has.
const SHORTEST_SECRET: usize = 32;

/// The claims of a valid token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The name of the user.
    pub(crate) sub: String,
    /// When the token expires, in seconds since 1970.
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

/// The secret is too short.
#[derive(Debug)]
pub(crate) struct WeakSecret;

impl fmt::Display for WeakSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it must have at least {SHORTEST_SECRET} bytes of random data")
    }
}

/// Issues tokens and checks them.
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
        // The server chooses the algorithm, not the header of a token. It refuses all but HS256,
        // such as `none`, or RS256 with the secret as a public key.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        // By default the crate requires only `exp`, and accepts a token without an audience.
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_nbf = true;
        // Tokens are issued and checked by the same clock. With two servers, allow for the
        // difference of their clocks.
        rules.leeway = 0;
        // RFC 7519 refuses a token "on or after" its end. By default the crate accepts it in that
        // last second.
        rules.reject_tokens_expiring_in_less_than = 1;
        Ok(Self {
            signs: EncodingKey::from_secret(secret).map_err(|_| WeakSecret)?,
            checks: DecodingKey::from_secret(secret).map_err(|_| WeakSecret)?,
            rules,
        })
    }

    pub(crate) fn issue(&self, claims: &Claims) -> Result<String, Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signs)
    }

    /// The claims of the token, if it is valid. The error is for the log only, so that an attacker
    /// does not learn the reason.
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
        let key = EncodingKey::from_secret(SECRET).unwrap();
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
        tokens().check(&token).map_err(|error| error.kind().clone())
    }

    #[test]
    fn an_issued_token_is_valid_until_it_expires() {
        let claims = Claims::of(&USERS[0]);
        assert_eq!(tokens().check(&tokens().issue(&claims).unwrap()).unwrap(), claims);
        assert!(!claims.is_expired());
        assert!(Claims { exp: get_current_timestamp(), ..claims }.is_expired());
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Tokens::new(&SECRET[1..]).is_err());
        assert!(Tokens::new(b"").is_err());
    }

    #[test]
    fn a_token_of_another_secret_is_refused() {
        let others = Tokens::new(b"0123456789abcdef0123456789abcdeF").unwrap();
        let error = tokens().check(&others.issue(&Claims::of(&USERS[0])).unwrap()).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidSignature);
    }

    #[test]
    fn a_token_is_valid_between_nbf_and_exp() {
        let now = get_current_timestamp();
        assert_eq!(check_with(json!({"exp": now - 1})), Err(ErrorKind::ExpiredSignature));
        assert!(check_with(json!({"exp": now})).is_err());
        assert_eq!(check_with(json!({"nbf": now + 60})), Err(ErrorKind::ImmatureSignature));
        assert!(check_with(json!({"nbf": now - 60})).is_ok());
        for invalid in [json!("never"), json!(-1), json!({}), json!(0)] {
            assert!(check_with(json!({"exp": invalid})).is_err(), "{invalid}");
        }
    }

    #[test]
    fn a_token_without_a_required_claim_is_refused() {
        for name in ["exp", "iss", "aud", "sub"] {
            assert!(check_with(json!({name: null})).is_err(), "{name}");
        }
        assert_eq!(check_with(json!({"aud": "others"})), Err(ErrorKind::InvalidAudience));
        assert_eq!(check_with(json!({"iss": "others"})), Err(ErrorKind::InvalidIssuer));
        // A missing optional claim grants nothing.
        let claims = check_with(json!({"editor": null, "teams": null})).unwrap();
        assert!(!claims.editor && claims.teams.is_empty());
    }
}
