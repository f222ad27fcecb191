//! Tokens, valid and invalid.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, get_current_timestamp};
use serde_json::{Value, json};

use super::SECRET;

/// Valid claims.
pub(crate) fn claims(user: &str) -> Value {
    json!({
        "iss": "actix-socketio-example",
        "aud": "actix-socketio-example-sockets",
        "sub": user,
        "exp": get_current_timestamp() + 600,
        "editor": user == "ada",
        "teams": ["red"],
    })
}

/// Signs any header and any claims by HS256, with any secret.
pub(crate) fn signed(header: &Value, claims: &Value, secret: &[u8]) -> String {
    signed_by(Algorithm::HS256, header, claims, secret)
}

pub(crate) fn signed_by(
    algorithm: Algorithm,
    header: &Value,
    claims: &Value,
    secret: &[u8],
) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    // HMAC fills a key up with zeros, and the library refuses one that is empty.
    let key = EncodingKey::from_secret(if secret.is_empty() { &[0] } else { secret });
    let key = key.expect("a key");
    let signature =
        jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm).expect("a signature");
    format!("{text}.{signature}")
}

pub(crate) fn token_of(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET.as_bytes())
}

pub(crate) fn token(user: &str) -> String {
    token_of(&claims(user))
}

/// A token with Ada's claims and one change. `null` removes the claim.
pub(crate) fn ada_but(name: &str, value: Value) -> String {
    let mut claims = claims("ada");
    match value {
        Value::Null => claims.as_object_mut().expect("an object").remove(name),
        value => claims.as_object_mut().expect("an object").insert(name.to_owned(), value),
    };
    token_of(&claims)
}

/// Invalid tokens, with the fault of each. They contain only characters that a header or a cookie
/// may have.
pub(crate) fn bad_tokens() -> Vec<(&'static str, String)> {
    let now = get_current_timestamp();
    let ada = claims("ada");
    let good = token("ada");
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let none = part(&json!({"alg": "none", "typ": "JWT"}));
    let bobs = part(&claims("bob"));
    let with_alg = |alg: &str| signed(&json!({"alg": alg, "typ": "JWT"}), &ada, SECRET.as_bytes());
    let mut last = signature.as_bytes().to_vec();
    last[0] = if last[0] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(last).expect("ASCII");
    vec![
        ("nothing", String::new()),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("not base64", "!.!.!".to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("another signature", format!("{header}.{payload}.{altered}")),
        ("the signature of another's", format!("{header}.{bobs}.{signature}")),
        (
            "another secret",
            signed(&json!({"alg": "HS256"}), &ada, b"another secret, which is long enough, too"),
        ),
        ("an empty secret", signed(&json!({"alg": "HS256"}), &ada, b"")),
        ("alg none, unsigned", format!("{none}.{payload}.")),
        ("alg none, signed", format!("{none}.{payload}.{signature}")),
        ("alg None", format!("{}.{payload}.", part(&json!({"alg": "None"})))),
        ("RS256 by the secret", with_alg("RS256")),
        ("ES256 by the secret", with_alg("ES256")),
        ("HS512 in the header", with_alg("HS512")),
        (
            "HS512, signed by it",
            signed_by(Algorithm::HS512, &json!({"alg": "HS512"}), &ada, SECRET.as_bytes()),
        ),
        ("no alg", signed(&json!({"typ": "JWT"}), &ada, SECRET.as_bytes())),
        ("expired", ada_but("exp", json!(now - 1))),
        ("expiring now", ada_but("exp", json!(now))),
        ("an expiry that is text", ada_but("exp", json!("2100-01-01"))),
        ("a negative expiry", ada_but("exp", json!(-1))),
        ("no expiry", ada_but("exp", Value::Null)),
        ("not yet valid", ada_but("nbf", json!(now + 600))),
        ("for another audience", ada_but("aud", json!("another-service"))),
        ("without an audience", ada_but("aud", Value::Null)),
        ("by another issuer", ada_but("iss", json!("another-issuer"))),
        ("without an issuer", ada_but("iss", Value::Null)),
        ("without a subject", ada_but("sub", Value::Null)),
        ("claims of other types", ada_but("teams", json!("red"))),
        ("no claims", signed(&json!({"alg": "HS256"}), &json!([]), SECRET.as_bytes())),
    ]
}
