//! `[tls]`: the certificate of the broker, over real sockets.
#![cfg(unix)]

mod common;

#[path = "../../../tests/tls/client.rs"]
#[allow(dead_code, reason = "the library's tests use all of it")]
mod client;
#[path = "../../../tests/common/raw/frame.rs"]
mod frame;
#[path = "../../../tests/common/wait.rs"]
#[allow(dead_code, reason = "the client uses a part of it")]
mod wait;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use client::{End, TlsClient, config};
use common::{RunningBroker, get, output, program};
use rcgen::CertifiedKey;
use rustls::version;
use tempfile::TempDir;

/// A certificate and its key, as PEM.
fn certified() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("the name is valid");
    (cert.pem(), signing_key.serialize_pem())
}

/// A configuration with a certificate, in a folder of its own.
struct Files {
    folder: TempDir,
    config: PathBuf,
}

impl Files {
    fn new((chain, key): &(String, String)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("broker.toml");
        let files = Self { folder, config };
        files.write("chain.pem", chain);
        files.write("key.pem", key);
        let path = |name| files.path(name).display().to_string();
        let text = format!(
            "address = '127.0.0.1:0'\ninternal_address = '127.0.0.1:0'\n\
             [tls]\ncertificate = '{}'\nkey = '{}'\n[[channels]]\npattern = '^news$'\n",
            path("chain.pem"),
            path("key.pem"),
        );
        files.write("broker.toml", &text);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it can be written");
    }
}

fn address(broker: &RunningBroker) -> SocketAddr {
    broker.address.parse().expect("an address")
}

fn assert_works(client: &mut TlsClient) {
    client.send(r#"420["subscribe","news"]"#);
    assert_eq!(client.text(), "430[null]");
}

#[test]
fn clients_connect_over_tls_and_a_reload_drops_none() {
    let (old, new) = (certified(), certified());
    let files = Files::new(&old);
    let broker = RunningBroker::serve_tls(&files.config);
    let addr = address(&broker);
    let mut before = TlsClient::join(addr, &old.0);
    assert_works(&mut before);
    let internal = broker.wait_for_address("health on http://");
    let metrics = get(&internal, "/metrics").1;
    assert!(metrics.contains("actix_socketio_tls_certificate_expires_seconds "), "{metrics}");
    assert!(metrics.contains("actix_socketio_tls_handshakes_total 1"), "{metrics}");

    // A mistake changes nothing: the key is that of the old certificate.
    files.write("chain.pem", &new.0);
    broker.signal("-HUP");
    broker.wait_for("the private key does not fit the first certificate");
    broker.wait_for("nothing was reloaded");
    TlsClient::join(addr, &old.0);

    files.write("key.pem", &new.1);
    broker.signal("-HUP");
    broker.wait_for("the TLS certificate was read again");
    assert_works(&mut TlsClient::join(addr, &new.0));
    assert!(TlsClient::try_connect(addr, config(&old.0, &[&version::TLS13])).is_err());
    assert_works(&mut before);
    let log = broker.log().join("\n");
    assert!(!log.contains("PRIVATE KEY") && !log.contains(new.1.lines().nth(1).expect("a key")));
}

#[test]
fn health_is_at_the_public_address_over_tls_and_internally_without() {
    let pem = certified();
    let files = Files::new(&pem);
    let broker = RunningBroker::serve_tls(&files.config);
    let internal = broker.wait_for_address("health on http://");
    let config = files.config.to_str().expect("a name in UTF-8");
    let mut command = program(&["health", "-c", config]);
    command.env("SOCKETIO_INTERNAL_ADDRESS", &internal);
    let told = output(command);
    assert!(told.status.success(), "{told:?}");
    assert_eq!(String::from_utf8_lossy(&told.stdout), format!("http://{internal}/readyz: ok\n"));
    let mut client = TlsClient::connect(address(&broker), &pem.0);
    client.write("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.bytes(15), b"HTTP/1.1 200 OK");
}

#[test]
fn a_stop_tells_the_clients() {
    let pem = certified();
    let files = Files::new(&pem);
    let mut broker = RunningBroker::serve_tls(&files.config);
    let mut client = TlsClient::join(address(&broker), &pem.0);
    broker.signal("-TERM");
    assert_eq!(client.end(), End::Announced);
    assert!(broker.wait().success());
}

#[test]
fn a_certificate_that_expires_soon_is_a_warning() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    parameters.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let chain = parameters.self_signed(&key).expect("a certificate").pem();
    let files = Files::new(&(chain, key.serialize_pem()));
    let broker = RunningBroker::serve_tls(&files.config);
    broker.wait_for("the TLS certificate has expired");
}

/// Each wrong `[tls]`, and what `checkconfig` says about it.
#[test]
fn every_mistake_is_told_with_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong_tls");
    for name in ["files", "no_key", "no_pem"] {
        let mut command = program(&["checkconfig", "--strict", "-c", &format!("{name}.toml")]);
        command.current_dir(&folder);
        let told = output(command);
        assert_eq!(told.status.code(), Some(2), "{name}");
        let expected = fs::read_to_string(folder.join(format!("{name}.txt"))).expect("its answer");
        assert_eq!(String::from_utf8(told.stderr).expect("text"), expected, "{name}");
    }
}
