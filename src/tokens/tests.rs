use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Claims, KeyError, TokenError, Tokens};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const OTHER: &[u8] = b"0123456789abcdef0123456789abcdeF";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn tokens() -> Tokens {
    Tokens::hs256(SECRET).unwrap().issuer("me").audience("you")
}

/// A token of this header and these claims, as text, signed by a secret.
fn signed(header: &str, claims: &str, secret: &[u8]) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let text = format!("{}.{}", encode(header), encode(claims));
    let key = jsonwebtoken::EncodingKey::from_secret(secret).unwrap();
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm).unwrap();
    format!("{text}.{signature}")
}

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// The verdict at second 50 on a token with these claims changed. `null` takes one out.
fn verdict(changes: Value) -> Result<Claims, TokenError> {
    let mut claims = json!({"sub": "ada", "exp": 100, "iss": "me", "aud": "you"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    tokens().check(&signed(HEADER, &claims.to_string(), SECRET), at(50))
}

#[test]
fn a_token_is_believed_until_the_second_in_which_it_expires() {
    let claims = Claims::new("ada", at(100)).id("t1").channels(["a", "b"]).info(json!({"n": 1}));
    let token = tokens().sign(&claims).unwrap();
    let read = tokens().check(&token, at(99)).unwrap();
    assert_eq!((read.user(), read.expires(), read.token_id()), ("ada", at(100), Some("t1")));
    assert_eq!(read.own_channels(), ["a", "b"]);
    assert_eq!(read.get::<Value>("info"), Some(json!({"n": 1})));
    assert_eq!(tokens().check(&token, at(100)), Err(TokenError::Expired));
}

#[test]
fn each_claim_is_checked() {
    for (changes, error) in [
        (json!({"exp": null}), TokenError::NoExpiry),
        (json!({"exp": 50}), TokenError::Expired),
        (json!({"exp": 50.9}), TokenError::Expired),
        (json!({"exp": "100"}), TokenError::ClaimType),
        (json!({"exp": -1}), TokenError::ClaimType),
        (json!({"exp": 1e300}), TokenError::ClaimType),
        (json!({"exp": u64::MAX}), TokenError::ClaimType),
        (json!({"nbf": 51}), TokenError::NotYet),
        (json!({"nbf": 50.1}), TokenError::NotYet),
        (json!({"nbf": true}), TokenError::ClaimType),
        (json!({"iss": null}), TokenError::Issuer),
        (json!({"iss": "Me"}), TokenError::Issuer),
        (json!({"iss": ["me"]}), TokenError::ClaimType),
        (json!({"aud": null}), TokenError::Audience),
        (json!({"aud": []}), TokenError::Audience),
        (json!({"aud": ["You"]}), TokenError::Audience),
        (json!({"aud": ["you", 1]}), TokenError::ClaimType),
        (json!({"aud": {}}), TokenError::ClaimType),
        (json!({"sub": null}), TokenError::User),
        (json!({"sub": ""}), TokenError::User),
        (json!({"sub": "a\u{0}b"}), TokenError::User),
        (json!({"sub": "x".repeat(201)}), TokenError::User),
        (json!({"sub": 5}), TokenError::ClaimType),
        (json!({"jti": 5}), TokenError::ClaimType),
        (json!({"channel": 5}), TokenError::ClaimType),
        (json!({"pattern": []}), TokenError::ClaimType),
        (json!({"channels": [1]}), TokenError::ClaimType),
        (json!({"channels": {}}), TokenError::ClaimType),
    ] {
        assert_eq!(verdict(changes.clone()).unwrap_err(), error, "{changes}");
    }
    for changes in [
        json!({}),
        json!({"exp": 51}),
        json!({"exp": 51.5}),
        json!({"nbf": 50}),
        json!({"aud": ["other", "you"]}),
        json!({"sub": "x".repeat(200)}),
        json!({"channels": "one"}),
        json!({"anything": [{}]}),
    ] {
        assert!(verdict(changes.clone()).is_ok(), "{changes}");
    }
}

#[test]
fn a_header_must_name_our_algorithm_and_nothing_that_we_do_not_know() {
    let claims = r#"{"sub":"ada","exp":100,"iss":"me","aud":"you"}"#;
    let long = "x".repeat(Tokens::MAX_LENGTH);
    for (header, error) in [
        (r#"{"alg":"none"}"#, TokenError::Algorithm),
        (r#"{"alg":"hs256"}"#, TokenError::Algorithm),
        (r#"{"alg":"RS256"}"#, TokenError::Algorithm),
        (r#"{"alg":5}"#, TokenError::Algorithm),
        (r#"{}"#, TokenError::Algorithm),
        (r#"[]"#, TokenError::Header),
        (r#"{"alg":"none","alg":"HS256"}"#, TokenError::Header),
        (r#"{"alg":"HS256"} "x""#, TokenError::Header),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, TokenError::Critical),
        (r#"{"alg":"HS256","kid":"x"}"#, TokenError::KeyId),
        (r#"{"alg":"HS256","kid":1}"#, TokenError::KeyId),
        (&long, TokenError::TooLong),
    ] {
        let token = signed(header, claims, SECRET);
        assert_eq!(tokens().check(&token, at(50)).unwrap_err(), error, "{header}");
    }
    let twice = r#"{"sub":"ada","sub":"eve","exp":100,"iss":"me","aud":"you"}"#;
    let twice = tokens().check(&signed(HEADER, twice, SECRET), at(50));
    assert_eq!(twice, Err(TokenError::Claims));
    let other = tokens().check(&signed(HEADER, claims, OTHER), at(50));
    assert_eq!(other, Err(TokenError::Signature));
}

#[test]
fn the_parts_are_base64url_without_padding() {
    let good = tokens().sign(&Claims::new("ada", at(100))).unwrap();
    let without = good.rsplit_once('.').unwrap().0;
    for bad in [
        String::new(),
        "a.b".to_owned(),
        "..".to_owned(),
        format!("{good}="),
        format!("{good}.x"),
        format!("{good}\n"),
        format!(" {good}"),
        format!("Bearer {good}"),
        format!("{without}.+/"),
    ] {
        let error = tokens().check(&bad, at(50)).unwrap_err();
        assert!(matches!(error, TokenError::Malformed | TokenError::Header), "{bad}: {error:?}");
    }
    let unsigned = tokens().check(&format!("{without}."), at(50));
    assert_eq!(unsigned, Err(TokenError::Signature));
}

#[test]
fn a_key_id_chooses_the_key_and_the_previous_one_has_its_time() {
    let old = Tokens::hs256(OTHER).unwrap().key_id("old");
    let new = Tokens::hs256(SECRET).unwrap().key_id("new").previous(&old, at(60)).unwrap();
    let by_old = old.sign(&Claims::new("ada", at(100))).unwrap();
    assert!(new.check(&by_old, at(59)).is_ok());
    assert_eq!(new.check(&by_old, at(60)), Err(TokenError::KeyId));
    // Without an id, the current one is tried first, and then the previous one.
    let nameless = Tokens::hs256(OTHER).unwrap().sign(&Claims::new("ada", at(100))).unwrap();
    assert!(new.check(&nameless, at(59)).is_ok());
    assert_eq!(new.check(&nameless, at(60)), Err(TokenError::Signature));
    // With the id of a key, no other one is tried.
    let lying = Tokens::hs256(OTHER).unwrap().key_id("new");
    let lying = lying.sign(&Claims::new("ada", at(100))).unwrap();
    assert_eq!(new.check(&lying, at(50)), Err(TokenError::Signature));
    let same = Tokens::hs256(OTHER).unwrap().key_id("new").previous(&new, at(9));
    assert_eq!(same.unwrap_err(), KeyError::SameKeyId { id: "new".to_owned() });
}

#[test]
fn keys_are_replaced_for_all_clones() {
    let tokens = Tokens::hs256(OTHER).unwrap();
    let shared = tokens.clone();
    let token = Tokens::hs256(SECRET).unwrap().sign(&Claims::new("ada", at(100))).unwrap();
    assert_eq!(shared.check(&token, at(1)), Err(TokenError::Signature));
    tokens.replace(&Tokens::hs256(SECRET).unwrap());
    assert!(shared.check(&token, at(1)).is_ok());
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    assert!(matches!(Tokens::hs256(&SECRET[1..]), Err(KeyError::ShortSecret { length: 31, .. })));
    for made in [Tokens::rs256, Tokens::es256, Tokens::eddsa] {
        for pem in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            assert!(matches!(made(pem.as_bytes()), Err(KeyError::InvalidKey { .. })), "{pem}");
        }
    }
}

#[test]
fn nothing_secret_is_shown() {
    let secret = "a secret that is not in any log at all";
    let tokens = Tokens::hs256(secret.as_bytes()).unwrap();
    let claims = Claims::new("ada", at(1)).with("salary", json!(4711)).id("t1");
    let shown = format!("{tokens:?} {claims:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("4711") && !shown.contains("t1"),
        "{shown}"
    );
}

/// A key pair of an algorithm: the public key as PEM, and how it signs.
fn pair(algorithm: &'static rcgen::SignatureAlgorithm) -> (String, rcgen::KeyPair) {
    let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
    (pair.public_key_pem(), pair)
}

#[test]
fn public_keys_check_what_their_private_keys_sign() {
    let claims = r#"{"sub":"ada","exp":100}"#;
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    for (name, algorithm, make) in [
        (
            "ES256",
            &rcgen::PKCS_ECDSA_P256_SHA256,
            Tokens::es256 as fn(&[u8]) -> Result<Tokens, KeyError>,
        ),
        ("EdDSA", &rcgen::PKCS_ED25519, Tokens::eddsa),
    ] {
        let (public, private) = pair(algorithm);
        let tokens = make(public.as_bytes()).unwrap();
        let text = format!("{}.{}", encode(&json!({"alg": name}).to_string()), encode(claims));
        let pem = private.serialize_pem();
        let (key, library) = match name {
            "ES256" => (
                jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()),
                jsonwebtoken::Algorithm::ES256,
            ),
            _ => (
                jsonwebtoken::EncodingKey::from_ed_pem(pem.as_bytes()),
                jsonwebtoken::Algorithm::EdDSA,
            ),
        };
        let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key.unwrap(), library);
        let token = format!("{text}.{}", signature.unwrap());
        assert_eq!(tokens.check(&token, at(50)).unwrap().user(), "ada", "{name}");
        let (other, _) = pair(algorithm);
        let other = make(other.as_bytes()).unwrap();
        assert_eq!(other.check(&token, at(50)), Err(TokenError::Signature), "{name}");
        // The public key as the secret of HS256, which every server knows.
        let forged = signed(HEADER, claims, public.as_bytes());
        assert_eq!(tokens.check(&forged, at(50)), Err(TokenError::Algorithm), "{name}");
        let claims = Claims::new("ada", at(100));
        assert!(matches!(tokens.sign(&claims), Err(KeyError::CannotSign { .. })), "{name}");
    }
}

proptest! {
    #[test]
    fn no_changed_token_is_believed(at_byte in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let good = tokens().sign(&Claims::new("ada", at(100))).unwrap();
        let mut bytes = good.into_bytes();
        let place = at_byte.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(tokens().check(&changed, at(50)).is_err(), "{}", changed);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", now in any::<u32>()) {
        prop_assert!(tokens().check(&text, at(now.into())).is_err());
    }
}
