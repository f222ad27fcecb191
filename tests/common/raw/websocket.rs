//! A session on a WebSocket.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
};

use actix_socketio::SocketId;
use socket2::{Domain, Socket, Type};

use super::{
    frame::frame,
    http::{HttpConnection, UPGRADE, request},
    polling::{PollingSession, socket_id},
};

const QUERY: &str = "EIO=4&transport=websocket";

/// What a client receives over a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary(Vec<u8>),
    /// A pong of the WebSocket protocol.
    Pong(Vec<u8>),
    /// A Close frame with its code.
    Close(Option<u16>),
    /// The end of the TCP connection.
    End,
    /// The end of the TCP connection within a frame.
    Truncated,
}

/// A WebSocket whose frames are written byte by byte.
pub(crate) struct WebSocket {
    http: HttpConnection,
}

impl WebSocket {
    /// Opens an Engine.IO session on a WebSocket.
    #[track_caller]
    pub(crate) fn open(addr: SocketAddr) -> Self {
        let mut websocket = Self::handshake(HttpConnection::open(addr), QUERY);
        websocket.read_open_packet();
        websocket
    }

    /// The same with small buffers, so that little can be sent that the other side does not read.
    #[track_caller]
    pub(crate) fn open_with_small_buffers(addr: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.set_send_buffer_size(65536).expect("a small buffer");
        socket.connect(&addr.into()).expect("the server listens");
        let mut websocket = Self::handshake(HttpConnection::on(socket.into()), QUERY);
        websocket.read_open_packet();
        websocket
    }

    /// The same for a client that sends more before it reads the response to its handshake.
    #[track_caller]
    pub(crate) fn open_and_send(addr: SocketAddr, more: impl AsRef<[u8]> + Send + 'static) -> Self {
        let mut http = HttpConnection::open(addr);
        let mut writer = http.stream().try_clone().expect("a second handle");
        http.write(request("GET", QUERY, UPGRADE));
        thread::spawn(move || writer.write_all(more.as_ref()).expect("the server reads"));
        let mut websocket = Self::read_response(http);
        websocket.read_open_packet();
        websocket
    }

    #[track_caller]
    fn read_open_packet(&mut self) {
        let open = self.text();
        assert!(open.starts_with(r#"0{"sid":""#), "{open}");
    }

    /// Opens a WebSocket that is to take a session over from polling.
    #[track_caller]
    pub(crate) fn probe(session: &PollingSession) -> Self {
        Self::handshake(HttpConnection::open(session.addr), &format!("{QUERY}&sid={}", session.sid))
    }

    #[track_caller]
    fn handshake(mut http: HttpConnection, query: &str) -> Self {
        http.write(request("GET", query, UPGRADE));
        Self::read_response(http)
    }

    /// Reads the response to the handshake.
    #[track_caller]
    pub(crate) fn read_response(mut http: HttpConnection) -> Self {
        let response = http.head();
        assert_eq!(response.status, 101, "{response:?}");
        assert_eq!(
            response.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            "RFC 6455 §1.3"
        );
        assert_eq!(response.header("sec-websocket-extensions"), None, "the client offers none");
        Self { http }
    }

    /// A WebSocket whose handshake is done already.
    pub(crate) fn after_handshake(http: HttpConnection) -> Self {
        Self { http }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.http.stream()
    }

    /// Joins the main namespace. Returns the socket's id.
    #[track_caller]
    pub(crate) fn join(&mut self) -> SocketId {
        self.send("40");
        socket_id(&self.text())
    }

    /// Sends a text frame.
    #[track_caller]
    pub(crate) fn send(&mut self, text: &str) {
        self.http.write(frame(0x81, text.as_bytes()));
    }

    /// Sends any bytes.
    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.http.write(bytes);
    }

    /// Sends bytes that the server may have stopped reading.
    pub(crate) fn try_send_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.http.try_write(bytes);
    }

    /// A second handle, to write while another thread reads.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream().try_clone().expect("a second handle")
    }

    /// Receives the next frame or the end. A reset counts as the end.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> Received {
        let (first, data) = match self.frame() {
            Ok(frame) => frame,
            Err(end) => return end,
        };
        match first {
            0x81 => Received::Text(String::from_utf8(data).expect("UTF-8")),
            0x82 => Received::Binary(data),
            0x88 => Received::Close(data.first_chunk().map(|code| u16::from_be_bytes(*code))),
            0x8a => Received::Pong(data),
            other => panic!("a frame that starts with {other:#x}"),
        }
    }

    /// The first byte and the payload of the next frame, or [`Received::End`] or
    /// [`Received::Truncated`].
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Result<(u8, Vec<u8>), Received> {
        use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};

        let mut head = [0; 2];
        match self.http.reader().read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), UnexpectedEof | ConnectionReset) => {
                return Err(Received::End);
            }
            Err(error) => panic!("nothing arrives: {error}"),
        }
        assert_eq!(head[1] & 0x80, 0, "servers do not mask");
        let data = self.payload(head[1]).ok_or(Received::Truncated)?;
        Ok((head[0], data))
    }

    /// The payload of a frame. `None` if the connection ends within it.
    fn payload(&mut self, length: u8) -> Option<Vec<u8>> {
        let mut read = |count: usize| {
            let mut data = vec![0; count];
            self.http.reader().read_exact(&mut data).ok().map(|()| data)
        };
        // RFC 6455 §5.2: the length takes as few bytes as possible.
        let length = match length {
            126 => {
                let length = usize::from(u16::from_be_bytes(*read(2)?.first_chunk()?));
                assert!(length > 125, "a length of {length} in two bytes");
                length
            }
            127 => {
                let length = usize::try_from(u64::from_be_bytes(*read(8)?.first_chunk()?)).ok()?;
                assert!(length > 0xffff, "a length of {length} in eight bytes");
                length
            }
            short => usize::from(short),
        };
        read(length)
    }

    /// The next packet. Pings are answered and skipped.
    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        loop {
            match self.receive() {
                Received::Text(ping) if ping == "2" => self.send("3"),
                Received::Text(text) => return text,
                other => panic!("expected a packet, received {other:?}"),
            }
        }
    }

    /// Checks that the session works in both directions.
    #[track_caller]
    pub(crate) fn assert_works(&mut self) {
        self.send(r#"427["echo","still here"]"#);
        assert_eq!(self.text(), r#"437["still here"]"#);
    }

    /// Checks that the server closes the WebSocket with this code. The server ends the TCP
    /// connection when the client does, or after a second.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self, code: Option<u16>) {
        assert_eq!(self.receive(), Received::Close(code));
    }
}
