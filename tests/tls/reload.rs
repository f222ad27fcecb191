//! Certificates that come from files, and that change while clients are connected.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use actix_socketio::{Certificate, CertificateError};
use rustls::version;

use crate::{
    app,
    certificates::Pem,
    client::{TlsClient, config},
    folder::Folder,
    server::TestServer,
};

#[test]
fn a_reload_is_for_new_handshakes_and_drops_none() {
    let folder = Folder::new("tls-reload");
    let (old, new) = (Pem::new(), Pem::new());
    let chain = folder.write("chain.pem", &old.chain);
    let key = folder.write("key.pem", &old.key);
    let certificate = Certificate::from_pem_files(&chain, &key).expect("a certificate");
    let server = TestServer::start(app::builder(), &certificate);
    let mut before = TlsClient::join(server.addr, &old.chain);

    // A mistake: the key is still that of the old certificate.
    fs::write(&chain, &new.chain).expect("a file");
    let error = certificate.reload().expect_err("the key does not fit");
    assert!(matches!(error, CertificateError::KeyOfAnother), "{error}");
    TlsClient::join(server.addr, &old.chain).assert_works();

    fs::write(&key, &new.key).expect("a file");
    certificate.reload().expect("both are new");
    let mut after = TlsClient::join(server.addr, &new.chain);
    let refused = TlsClient::try_connect(server.addr, config(&old.chain, &[&version::TLS13]));
    assert!(refused.is_err(), "the old certificate is not shown any more");
    before.assert_works();
    after.assert_works();
}

#[test]
fn errors_name_the_file_and_the_cause() {
    let folder = Folder::new("tls-files");
    let pem = Pem::new();
    let chain = folder.write("chain.pem", &pem.chain);
    let key = folder.write("key.pem", &pem.key);
    let other_key = folder.write("other.pem", &Pem::new().key);
    let empty = folder.write("empty.pem", "");
    let missing = folder.path().join("missing.pem");
    let text = |chain, key| {
        let error = Certificate::from_pem_files(chain, key).expect_err("it is not usable");
        error.to_string()
    };
    let starts_with = |text: String, file: &std::path::Path, cause: &str| {
        assert!(text.starts_with(&format!("{}: {cause}", file.display())), "{text}");
    };
    starts_with(text(&missing, &key), &missing, "No such file");
    starts_with(text(&chain, &missing), &missing, "No such file");
    starts_with(text(&empty, &key), &empty, "there is no CERTIFICATE in this PEM");
    starts_with(text(&key, &key), &key, "there is no CERTIFICATE in this PEM");
    starts_with(text(&chain, &empty), &empty, "there is no PRIVATE KEY in this PEM");
    let unfit = text(&chain, &other_key);
    assert!(unfit.starts_with("the private key does not fit the first certificate"), "{unfit}");
}

#[test]
fn one_file_may_have_both() {
    let folder = Folder::new("tls-one-file");
    let pem = Pem::new();
    let file = folder.write("both.pem", &(pem.key.clone() + &pem.chain));
    let certificate = Certificate::from_pem_files(&file, &file).expect("a certificate");
    let server = TestServer::start(app::builder(), &certificate);
    TlsClient::join(server.addr, &pem.chain).assert_works();
}

#[test]
fn the_end_of_the_certificate_is_in_the_stats_and_follows_a_reload() {
    let with_end = |year| {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters =
            rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Pem { chain: certificate.pem(), key: key.serialize_pem() }
    };
    let certificate = with_end(2070).certificate();
    let server = TestServer::start(app::builder(), &certificate);
    assert_eq!(server.io.stats().tls_certificate_expires, Some(3_155_760_000));
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(3_155_760_000);
    assert_eq!(certificate.expires(), Some(end));
    let next = with_end(2071);
    certificate.replace_pem(next.chain.as_bytes(), next.key.as_bytes()).expect("a certificate");
    assert_eq!(server.io.stats().tls_certificate_expires, Some(3_187_296_000));
    // One that has expired is a warning, and clients decide.
    with_end(2001).certificate();
}
