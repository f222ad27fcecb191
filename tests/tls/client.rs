//! A client that writes and reads the bytes of HTTP and of WebSockets in a TLS stream.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version,
};

use crate::{frame::frame, wait::PATIENCE};

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];

/// How the server has ended a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It has said so.
    Announced,
    /// It has refused what it received.
    Alert,
    /// The TCP connection has ended.
    Cut,
}

pub(crate) struct TlsClient {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

/// The settings of a client that trusts this certificate alone.
pub(crate) fn config(
    trusted: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(trusted.as_bytes()).expect("a certificate");
    roots.add(certificate).expect("a certificate that can be trusted");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A TCP connection whose reads end if nothing comes.
pub(crate) fn tcp(addr: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(addr).expect("the server listens");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    tcp
}

impl TlsClient {
    pub(crate) fn connect(addr: SocketAddr, trusted: &str) -> Self {
        Self::try_connect(addr, config(trusted, BOTH)).expect("a handshake")
    }

    /// Connects, and completes the handshake.
    pub(crate) fn try_connect(addr: SocketAddr, config: ClientConfig) -> io::Result<Self> {
        let mut tcp = tcp(addr);
        let name = ServerName::from(addr.ip());
        let mut tls = ClientConnection::new(Arc::new(config), name).expect("a client");
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(Self { stream: StreamOwned::new(tls, tcp) })
    }

    pub(crate) fn tls(&self) -> &ClientConnection {
        &self.stream.conn
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.stream.sock
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_write(bytes).expect("the server reads");
    }

    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("the server sends more");
        bytes
    }

    /// Sends a request, and returns the head of its answer and the body.
    pub(crate) fn ask(&mut self, method: &str, query: &str, more: &str) -> (String, String) {
        self.write(format!("{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nHost: test\r\n{more}"));
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            })
            .unwrap_or(0);
        let body = String::from_utf8(self.bytes(length)).expect("text");
        (head, body)
    }

    fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.bytes(1));
        }
        String::from_utf8(head).expect("text")
    }

    /// Opens a WebSocket, and sends these bytes in the same write as the request.
    pub(crate) fn upgrade(&mut self, query: &str, early: &[u8]) {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: test\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.write([request.as_bytes(), early].concat());
        let head = self.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }

    /// Opens a session on a WebSocket and joins the main namespace.
    pub(crate) fn join(addr: SocketAddr, trusted: &str) -> Self {
        let mut client = Self::connect(addr, trusted);
        client.upgrade("", b"");
        client.enter();
        client
    }

    /// Joins the main namespace on a WebSocket that is new.
    pub(crate) fn enter(&mut self) {
        assert!(self.text().starts_with(r#"0{"sid":""#));
        self.send("40");
        assert!(self.text().starts_with(r#"40{"sid":""#));
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.write(frame(0x81, text.as_bytes()));
    }

    /// The next frame, which is complete: its first byte and its content.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.bytes(2);
        let length = match head[1] {
            126 => self.bytes(2).iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)),
            127 => self.bytes(8).iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)),
            short => usize::from(short),
        };
        (head[0], self.bytes(length))
    }

    /// The next text, without the pings of Engine.IO.
    pub(crate) fn text(&mut self) -> String {
        loop {
            let (first, content) = self.frame();
            assert_eq!(first, 0x81, "a text");
            let text = String::from_utf8(content).expect("text");
            if text != "2" {
                return text;
            }
            self.send("3");
        }
    }

    /// Checks that the server answers.
    pub(crate) fn assert_works(&mut self) {
        self.send(r#"427["echo","works"]"#);
        assert_eq!(self.text(), r#"437["works"]"#);
    }

    /// Reads until the server has ended the stream.
    pub(crate) fn end(&mut self) -> End {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return End::Announced,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::InvalidData => return End::Alert,
                Err(error) => {
                    let kinds = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                    assert!(kinds.contains(&error.kind()), "{error}");
                    return End::Cut;
                }
            }
        }
    }
}
