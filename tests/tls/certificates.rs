//! Certificates, made anew by each test.

use actix_socketio::Certificate;
use rcgen::CertifiedKey;

/// A certificate as PEM, which clients trust, and its key.
pub(crate) struct Pem {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Pem {
    pub(crate) fn new() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).expect("the names are valid");
        Self { chain: cert.pem(), key: signing_key.serialize_pem() }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        Certificate::from_pem(self.chain.as_bytes(), self.key.as_bytes()).expect("a certificate")
    }
}
