//! TLS handshakes: those that succeed, and how little the others cost.

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use rustls::{ProtocolVersion, version};

use crate::{
    app,
    certificates::Pem,
    client::{TlsClient, config, tcp},
    server::TestServer,
};

#[test]
fn clients_choose_between_tls_1_2_and_1_3() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let versions =
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)];
    for (offered, expected) in versions {
        let client = TlsClient::try_connect(server.addr, config(&pem.chain, &[offered]));
        let mut client = client.expect("a handshake");
        assert_eq!(client.tls().protocol_version(), Some(expected));
        client.upgrade("", b"");
        client.enter();
        client.assert_works();
    }
    assert_eq!(server.io.stats().tls_handshakes, 2);
    server.assert_all_freed();
}

#[test]
fn only_http_1_1_is_spoken() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let with = |protocols: &[&[u8]]| {
        let mut config = config(&pem.chain, &[&version::TLS13]);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        TlsClient::try_connect(server.addr, config)
    };
    let client = with(&[b"h2", b"http/1.1"]).expect("a handshake");
    assert_eq!(client.tls().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(with(&[b"h2"]).is_err(), "no protocol that both have");
    server.wait_for_failures("incompatible", 1);
}

#[test]
fn a_client_that_does_not_trust_the_certificate_is_counted() {
    let server = TestServer::start(app::builder(), &Pem::new().certificate());
    let other = config(&Pem::new().chain, &[&version::TLS13]);
    assert!(TlsClient::try_connect(server.addr, other).is_err());
    server.wait_for_failures("alert", 1);
}

#[test]
fn bytes_that_are_not_tls_close_the_connection() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let mut failures = 0;
    for bytes in [&b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"[..], &[0; 64], &[0xff; 20_000]] {
        let mut client = tcp(server.addr);
        // The server may have closed the connection before all is written.
        let _ = client.write_all(bytes);
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "an alert of TLS at most: {answer:?}");
        failures += 1;
        server.wait_for_failures("not_tls", failures);
    }
    TlsClient::join(server.addr, &pem.chain).assert_works();
}

#[test]
fn a_client_that_leaves_within_the_handshake_is_counted() {
    let server = TestServer::start(app::builder(), &Pem::new().certificate());
    let mut client = tcp(server.addr);
    // The head of a handshake's record, of which nothing follows.
    client.write_all(&[22, 3, 1, 2, 0]).expect("the server reads");
    drop(client);
    server.wait_for_failures("closed", 1);
}

#[test]
fn a_handshake_has_a_deadline() {
    let builder = app::builder().tls_handshake_timeout(Duration::from_millis(200));
    let server = TestServer::start(builder, &Pem::new().certificate());
    let mut silent = tcp(server.addr);
    let mut slow = tcp(server.addr);
    slow.write_all(&[22, 3, 1]).expect("the server reads");
    for client in [&mut silent, &mut slow] {
        let end = client.read(&mut [0; 64]);
        assert!(matches!(end, Ok(0)), "the end of the connection: {end:?}");
    }
    server.wait_for_failures("timeout", 2);
}

#[test]
fn clients_that_never_complete_their_handshake_keep_none_out() {
    let pem = Pem::new();
    let builder = app::builder().max_tls_handshakes(3);
    let server = TestServer::start(builder, &pem.certificate());
    let mut connected = TlsClient::join(server.addr, &pem.chain);
    let mut silent: Vec<_> = (0..10).map(|_| tcp(server.addr)).collect();
    server.wait_for_failures("max_tls_handshakes", 7);
    // The oldest have given way.
    for client in &mut silent[..7] {
        assert!(matches!(client.read(&mut [0; 64]), Ok(0)), "it is closed");
    }
    // One more client comes in, and those that are there notice nothing.
    TlsClient::join(server.addr, &pem.chain).assert_works();
    server.wait_for_failures("max_tls_handshakes", 8);
    connected.assert_works();
    assert_eq!(server.failures("timeout"), 0);
}
