//! A client that writes and reads the bytes of a WebSocket, with and without TLS.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

use crate::frame::frame;

/// A read that takes longer fails, so that a server that hangs ends the measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// The certificate that clients expect.
pub(crate) struct Trust(Arc<ClientConfig>);

impl Trust {
    pub(crate) fn new(pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        roots.add(certificate).expect("a certificate that can be trusted");
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

pub(crate) struct Client(Box<dyn Stream>);

impl Client {
    /// Opens a session on a WebSocket and joins the main namespace.
    pub(crate) fn join(addr: SocketAddr, trust: Option<&Trust>) -> Self {
        let tcp = TcpStream::connect(addr).expect("the server listens");
        tcp.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        let mut client = Self(match trust {
            None => Box::new(tcp),
            Some(Trust(config)) => {
                let name = ServerName::from(addr.ip());
                let tls = ClientConnection::new(Arc::clone(config), name).expect("a client");
                Box::new(StreamOwned::new(tls, tcp))
            }
        });
        client.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: bench\r\n\
              Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(client.read(1));
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        assert!(client.text().starts_with(r#"0{"sid":""#));
        client.send("40");
        assert!(client.text().starts_with(r#"40{"sid":""#));
        client
    }

    /// The next text, without the pings of Engine.IO.
    pub(crate) fn text(&mut self) -> String {
        loop {
            let head = self.read(2);
            assert_eq!(head[0], 0x81, "a text");
            let length = match head[1] {
                126 => self.read(2).iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)),
                127 => panic!("the server sends nothing of this length"),
                short => usize::from(short),
            };
            let text = String::from_utf8(self.read(length)).expect("text");
            if text != "2" {
                return text;
            }
            self.send("3");
        }
    }

    fn send(&mut self, text: &str) {
        self.write(&frame(0x81, text.as_bytes()));
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).and_then(|()| self.0.flush()).expect("the server reads");
    }

    fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("the server sends more");
        bytes
    }
}
