//! The certificate of the servers with TLS, made anew by each run.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{LazyLock, OnceLock},
};

use rcgen::{CertifiedKey, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use crate::folder::Folder;

/// It names the addresses that tests connect to.
static CERTIFIED: LazyLock<CertifiedKey<KeyPair>> = LazyLock::new(|| {
    rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
        .expect("the names are valid")
});

/// The certificate, for clients that trust it.
pub(crate) fn authority() -> String {
    CERTIFIED.cert.pem()
}

/// The certificate of a proxy at an address of its own: the file that clients are told to trust,
/// and the certificate with its key.
pub(crate) struct ProxyCertificate {
    pub(crate) authority: PathBuf,
    pub(crate) with_key: PathBuf,
}

impl ProxyCertificate {
    pub(crate) fn new(ip: IpAddr, folder: &Folder) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([ip.to_string()]).expect("the address is valid");
        Self {
            authority: folder.write("authority.pem", &cert.pem()),
            with_key: folder.write("key.pem", &(cert.pem() + &signing_key.serialize_pem())),
        }
    }
}

/// The certificate and its key, in the order that nginx and HAProxy read from one file.
pub(crate) fn with_key() -> String {
    CERTIFIED.cert.pem() + &CERTIFIED.signing_key.serialize_pem()
}

/// The settings of a server. actix-web adds the protocols that it offers: HTTP/2 and HTTP/1.1.
pub(crate) fn server_config() -> ServerConfig {
    let key = PrivateKeyDer::try_from(CERTIFIED.signing_key.serialize_der()).expect("a key");
    let chain: Vec<CertificateDer<'static>> = vec![CERTIFIED.cert.der().clone()];
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is that of the certificate")
}

/// The path of a file with the certificate, for programs that are told to trust it.
pub(crate) fn authority_file() -> &'static str {
    static FILE: OnceLock<String> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = Folder::new("certificate");
        let path = folder.write("authority.pem", &authority());
        // The process uses it to its end.
        std::mem::forget(folder);
        path.to_str().expect("a path of text").to_owned()
    })
}
