//! The servers, in a process of their own.

use std::{io::stdin, net::SocketAddr, thread};

use actix_socketio::{Certificate, SocketIo, SocketIoServerExt, TlsServer};
use actix_web::{App, HttpServer, dev::Server, rt::System};
use rcgen::CertifiedKey;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// The first argument of a process that is a server.
pub(crate) const COMMAND: &str = "serve";
/// The data of each event.
pub(crate) const DATA: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Ours,
    ActixWeb,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Ours, Self::ActixWeb];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ours => "serve_tls",
            Self::ActixWeb => "bind_rustls_0_23",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.expect("the name of a server")
    }

    pub(crate) fn has_tls(self) -> bool {
        self != Self::Plain
    }
}

/// What each client receives of an event.
pub(crate) fn expected_packet() -> String {
    format!(r#"42["tick","{DATA}"]"#)
}

/// Prints its address and its certificate, and emits an event for each line that it reads.
pub(crate) fn run(kind: Kind) {
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(names).expect("the name is valid");
    let (chain, key) = (cert.pem(), signing_key.serialize_pem());
    System::new().block_on(async {
        let io = SocketIo::builder().build().expect("the settings are valid");
        let (addr, server) = server(kind, &io, &chain, &key);
        // The PEM ends with a line feed, and the reader goes after that.
        print!("{addr}\n{chain}");
        thread::spawn(move || {
            for line in stdin().lines() {
                line.expect("text");
                io.emit("tick", DATA).expect("an event");
            }
        });
        server.await.expect("the server runs until its process is killed");
    });
}

fn server(kind: Kind, io: &SocketIo, chain: &str, key: &str) -> (SocketAddr, Server) {
    let (chain, key) = (chain.as_bytes(), key.as_bytes());
    let app = io.clone();
    let app = move || App::new().configure(app.mount());
    let any = "127.0.0.1:0";
    if kind == Kind::Ours {
        let certificate = Certificate::from_pem(chain, key).expect("a certificate");
        let server = TlsServer::new(io, &certificate, app).workers(1);
        let server = server.bind(any).expect("a port on loopback");
        return (server.addrs()[0], server.run().expect("the server starts"));
    }
    let server = HttpServer::new(app).workers(1).socketio(io);
    let server = match kind {
        Kind::ActixWeb => server.bind_rustls_0_23(any, rustls_config(chain, key)),
        _ => server.bind(any),
    };
    let server = server.expect("a port on loopback");
    (server.addrs()[0], server.run())
}

/// The settings that an application of actix-web has by default.
fn rustls_config(chain: &[u8], key: &[u8]) -> ServerConfig {
    let chain = vec![CertificateDer::from_pem_slice(chain).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
    ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key fits")
}
