use rcgen::{CertifiedKey as Generated, KeyPair};

use super::*;

fn generated() -> (String, String) {
    let Generated { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

fn error_of(chain: &str, key: &str) -> CertificateError {
    Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect_err("it is not usable")
}

#[test]
fn each_mistake_has_an_error_of_its_own() {
    let (chain, key) = generated();
    assert!(matches!(error_of(&key, &key), CertificateError::NoCertificate { file: None }));
    assert!(matches!(error_of(&chain, &chain), CertificateError::NoKey { file: None }));
    assert!(matches!(error_of(&chain, &generated().1), CertificateError::KeyOfAnother));
    let cut = &chain[..chain.len() / 2];
    assert!(matches!(error_of(cut, &key), CertificateError::Invalid { file: None, .. }));
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(error_of(other, &key), CertificateError::Invalid { file: None, .. }));
    let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(error_of(&chain, other), CertificateError::UnusableKey { .. }));
}

#[test]
fn a_replacement_that_is_wrong_changes_nothing() {
    let (chain, key) = generated();
    let certificate = Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect("it fits");
    let before = Arc::clone(&certificate.0.current.read());
    let (_, other_key) = generated();
    certificate.replace_pem(chain.as_bytes(), other_key.as_bytes()).expect_err("it does not fit");
    assert!(Arc::ptr_eq(&before, &certificate.0.current.read()));
    let (chain, key) = generated();
    certificate.replace_pem(chain.as_bytes(), key.as_bytes()).expect("it fits");
    assert_ne!(before.cert, certificate.0.current.read().cert);
    assert!(matches!(certificate.reload(), Err(CertificateError::NoFiles)));
}

#[test]
fn debug_shows_no_key() {
    let key = KeyPair::generate().expect("a key");
    let parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let chain = parameters.self_signed(&key).expect("a certificate").pem();
    let pem = key.serialize_pem();
    let certificate = Certificate::from_pem(chain.as_bytes(), pem.as_bytes()).expect("it fits");
    let shown = format!("{certificate:?}");
    assert!(shown.starts_with("Certificate { files: None, expires: Some("), "{shown}");
    assert!(shown.len() < 150, "{shown}");
}
