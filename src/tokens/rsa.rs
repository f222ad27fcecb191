//! The size of RSA keys, which `jsonwebtoken` does not look at.

/// The bits of the modulus of a public key in DER: a SEQUENCE of the modulus and the exponent (RFC
/// 8017 appendix A.1.1). `None`: it is something else. A private key has more numbers.
pub(super) fn modulus_bits(der: &[u8]) -> Option<usize> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (numbers, _) = element(der, SEQUENCE)?;
    let (modulus, rest) = element(numbers, INTEGER)?;
    let (_exponent, rest) = element(rest, INTEGER)?;
    if !rest.is_empty() {
        return None;
    }
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let unused = modulus.get(zeros)?.leading_zeros() as usize;
    Some((modulus.len() - zeros) * 8 - unused)
}

/// The content of an element that has this tag, and what follows it (X.690 section 8.1). More than
/// 64 KiB are not a key.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey};

    use super::*;
    use crate::tokens::{Claims, KeyError, TokenError, Tokens};

    // These keys are of these tests alone, made by `openssl genrsa`. Generating one takes seconds.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCGW4uUbRs0Xfqq
koX+fBcR2JzRzfUl64PpaTSGaK81xolOr/e6rn0TMCI2bqX0ahuF9KQxQak2rsx3
7Mk54vgt9nzBF3qKw14e6/QSQ+KybH96PqBbYlU2OWDzTQtwLIkaWmcj9d6ScD7T
FcCLgxox9GpVoj7Ye1hDDsNR4Or1efHxo/LmTtqEFlP31vmtN+EvqngW+8G26OL/
K3fSmOkMVRngP5i/T/yt0CRgiPjXJxiCZx0QRWjqHSR1P13VpMTRl77zKHnWssyc
0eTIZC/uE0XVwsE3jk+qnhpjgdUvqDUF+wKiWmpwlK0Mj7SiNsiLjDJBlU1QS0tv
LjN9EXSBAgMBAAECggEAI5oidGQs70Vv5L8KzpJnMo1pkJa4vSGZRMJh7rPSqbdA
Lx+lz0vpTKpWhoHva8KqJGbdE0hI5HqRJ74Q3EvuY4+LI0dra1W1nQ/9DtH6QjlJ
1kS+DTkTR1kQ/aeOvlyuv9LwvbCrF7ayjxCWguFskYwomSRy7r5QdwR0cT/eQsl5
KYIWZyusiaq8F5iq6Zzn5jhHVPzHfWMNHvpIK5YMjKF0CzjjyfWsvWT3O5IeKwXw
q4YvzRo3vKdfJH102r0OWMSIvbftwV2JM2SBgw31L+m0tC7ITs7jFoHpLMUiZa25
eDNJjt5V7GStMVnLP76dt6seoF8FR0CrzZUzBZdbWQKBgQC9eETOmBgGTPpjfXY2
YbnDdCcOZZlMsfjB2XPAIuMGy0K0Q/h7KyaIK+9XuW5lWVYaCRGPNUcldSF2tRYs
0imohCgjci5lYmRpMfpa1T006JGCajOEseHP8CG/FLykg6NPlxAvcbw+APTu3ggA
c1Id1J44Zcf6PKl/wEchcP7xjwKBgQC1iSfzfib4sgEsJYPXC1ctKjgPqben2Gkt
w/2aw/3R8KwFuNzJCeyuOBY2k68k8Xnn9PkL9tqx24mr3aKNf6J71GVLsJyCSdx8
0WNGQ3i0HfbrV3WybiiI9y0kC/UcszYOiJXyf5qnR9AwfI6I99I37vbYlHVpZCaK
o+QGXDsQ7wKBgFKrTkJiJGFjZwDP9itGOppobL4gYGIRaTuTmKil0C7fsywaWCnN
qxNRMC4zj1KTRzk26b11fqR+VeqImrNVw61udGD66fl8k9k+YEEPt5QFQbAIjJAC
WUe0O9U2xBR4B2Krw/kfhAX9vuEWaaFgr9yqL5rl9fpeS4qdJ6wUtHhLAoGARs2k
6GJGnu8GaAqFvmTs7m+uB+Xg/LT6aOAtVKSmpbBh16V/b2XQiy7S8xxszlLkgiTY
0eLI71+59W9vTBMA850mmPvcPzDBr2kXeDsuo8mgGbA19o7ifnExiQKk6jm3lrmN
ClTco+vtdkvOZ/uIYUpxuo1EsgNeyOodMKHeY78CgYAShi1BgHopWYAiXJX0fRgg
3JHXX94maiuav5eN3x4iRL9YrMGLb4U7ITWaz9imZfbZTjzHZcLIyWRuWoivQ6bh
nsc3EoFKYmfQr/5OAZJ/ryFq/9j91xUx/n4HAdoMl2pAf+1ybl/RgqSs16KbYLIG
    rSiIqrXh5ZR2/B10M3aGrQ==
    -----END PRIVATE KEY-----
";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhluLlG0bNF36qpKF/nwX
Edic0c31JeuD6Wk0hmivNcaJTq/3uq59EzAiNm6l9GobhfSkMUGpNq7Md+zJOeL4
LfZ8wRd6isNeHuv0EkPismx/ej6gW2JVNjlg800LcCyJGlpnI/XeknA+0xXAi4Ma
MfRqVaI+2HtYQw7DUeDq9Xnx8aPy5k7ahBZT99b5rTfhL6p4FvvBtuji/yt30pjp
DFUZ4D+Yv0/8rdAkYIj41ycYgmcdEEVo6h0kdT9d1aTE0Ze+8yh51rLMnNHkyGQv
7hNF1cLBN45Pqp4aY4HVL6g1BfsColpqcJStDI+0ojbIi4wyQZVNUEtLby4zfRF0
gQIDAQAB
-----END PUBLIC KEY-----
";
    const OTHER: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAz+qxFTmCWS0yrKa5j6OQ
xyVddHP1BX5EsyXYhXbRXJSfkO8bWWXEtgWZy3VImpkON7A+B+m/CGTxNv6npUv4
ZiuX/+/94H3tsy+waJBk78j4CjjtEiyUJD3EoTckIh6EJNzUU6+N8ZPf4uHCODPE
LLCltcRRtuewWDI/0HtBLmxqMSs8bYXMHOLDUSvk8asxdrERRonsaik3tEb8gxxy
LBKlnBbpvIhAm5hsfvM6Xx57oWHzG8O/ekP9y9BUWFI0Nb0sFyJaoyTm2dHHKyJc
SjbJEFz5sr0nho1zF2oEAkDgn0Lgk/Oyfa55Vw7lBvGHMEOkLjtH/v5l+XQbUrZ6
oQIDAQAB
-----END PUBLIC KEY-----
";
    const SMALL: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkA2cXxTnVLrsFVUIuNGvoAoX6
n5Gp5KUjiWwUmOwwfvGIXGh/pHuMxjRNn6ZPxJJdeVZWRXLgU2nESP7xkJQrMIL8
d9lKlG7Rg5yzEfLufftKCoY4xyGYK4F5Kwtnps5xIe4Qt6o4AkdzS8svYAVqYKvJ
wu0pbbu92nIAYW2vQwIDAQAB
-----END PUBLIC KEY-----
";

    /// A token of Ada's until second 100, with this header, signed by the private key.
    fn signed(header: &str, algorithm: Algorithm) -> String {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let text = format!("{}.{}", encode(header), encode(r#"{"sub":"ada","exp":100}"#));
        let key = EncodingKey::from_rsa_pem(PRIVATE.as_bytes()).unwrap();
        let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &key, algorithm).unwrap();
        format!("{text}.{signature}")
    }

    fn verdict(public: &str, token: &str) -> Result<Claims, TokenError> {
        let now = UNIX_EPOCH + Duration::from_secs(50);
        Tokens::rs256(public.as_bytes()).unwrap().check(token, now)
    }

    #[test]
    fn rs256_checks_what_the_private_key_signs() {
        let header = r#"{"alg":"RS256"}"#;
        let token = signed(header, Algorithm::RS256);
        assert_eq!(verdict(PUBLIC, &token).unwrap().user(), "ada");
        assert_eq!(verdict(OTHER, &token), Err(TokenError::Signature));
        // Other algorithms of the same key, with and without their names.
        for (name, algorithm) in
            [("RS384", Algorithm::RS384), ("RS512", Algorithm::RS512), ("PS256", Algorithm::PS256)]
        {
            let named = signed(&format!(r#"{{"alg":"{name}"}}"#), algorithm);
            assert_eq!(verdict(PUBLIC, &named), Err(TokenError::Algorithm), "{name}");
            let disguised = signed(header, algorithm);
            assert_eq!(verdict(PUBLIC, &disguised), Err(TokenError::Signature), "{name}");
        }
        // The public key as the secret of HS256, which all clients may know.
        let forger = Tokens::hs256(PUBLIC.as_bytes()).unwrap();
        let claims = Claims::new("ada", UNIX_EPOCH + Duration::from_secs(100));
        let forged = forger.sign(&claims).unwrap();
        assert_eq!(verdict(PUBLIC, &forged), Err(TokenError::Algorithm));
        let cannot = Tokens::rs256(PUBLIC.as_bytes()).unwrap().sign(&claims);
        assert!(matches!(cannot, Err(KeyError::CannotSign { .. })));
    }

    #[test]
    fn other_keys_than_public_ones_of_2048_bits_or_more_are_refused() {
        let refused = |pem: &str| Tokens::rs256(pem.as_bytes()).unwrap_err().to_string();
        let small = refused(SMALL);
        assert!(small.contains("1024 bits") && small.contains("2048"), "{small}");
        let private = refused(PRIVATE);
        assert!(private.starts_with("this is not a public key for RS256"), "{private}");
        assert!(!private.contains("MII"), "{private}");
    }

    #[test]
    fn the_bits_of_a_modulus_are_counted() {
        assert_eq!(modulus_bits(&[0x30, 6, 2, 1, 0x7F, 2, 1, 3]), Some(7));
        assert_eq!(modulus_bits(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 3]), Some(8));
        assert_eq!(modulus_bits(&[0x30, 0x81, 6, 2, 1, 1, 2, 1, 3]), Some(1));
        assert_eq!(modulus_bits(&[0x30, 0x82, 0, 6, 2, 1, 1, 2, 1, 3]), Some(1));
        for wrong in [
            &[][..],
            &[0x30],
            &[0x30, 0x82, 0],
            &[0x30, 0x83, 0, 0, 6, 2, 1, 1, 2, 1, 3],
            &[0x30, 7, 2, 1, 1, 2, 1, 3],
            &[0x31, 6, 2, 1, 1, 2, 1, 3],
            &[0x30, 6, 4, 1, 1, 2, 1, 3],
            &[0x30, 6, 2, 1, 0, 2, 1, 3],
            &[0x30, 5, 2, 0, 2, 1, 3],
            &[0x30, 3, 2, 1, 1],
            &[0x30, 9, 2, 1, 0, 2, 1, 7, 2, 1, 3],
        ] {
            assert_eq!(modulus_bits(wrong), None, "{wrong:?}");
        }
    }
}
