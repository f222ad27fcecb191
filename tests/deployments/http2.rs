//! HTTP/2 without TLS, written by hand: requests whose answers are not read.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
};

use socket2::{Domain, Socket, Type};

use crate::wait::PATIENCE;

/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM_AND_HEADERS: u8 = 5;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// The window of a connection at its beginning.
const FIRST_WINDOW: u32 = 65_535;
/// RFC 9113 §6.9.1.
pub(crate) const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// A connection that asks and never reads.
pub(crate) struct UnreadConnection {
    stream: TcpStream,
    /// The id of the next stream.
    next: u32,
}

impl UnreadConnection {
    /// Opens it. The server may send this much on each stream, before the kernel's buffers are
    /// full. They are small.
    pub(crate) fn open(addr: SocketAddr, window: u32) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.connect(&addr.into()).expect("the server listens");
        let mut stream = TcpStream::from(socket);
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let setting = [&INITIAL_WINDOW_SIZE.to_be_bytes()[..], &window.to_be_bytes()].concat();
        let more = (LARGEST_WINDOW - FIRST_WINDOW).to_be_bytes();
        let beginning = [
            PREFACE,
            &frame(SETTINGS, 0, 0, &setting),
            // The server's settings are taken, whatever they are.
            &frame(SETTINGS, ACK, 0, &[]),
            &frame(WINDOW_UPDATE, 0, 0, &more),
        ];
        stream.write_all(&beginning.concat()).expect("the server reads");
        Self { stream, next: 1 }
    }

    /// Sends a GET. It fails if the server has ended the connection.
    pub(crate) fn get(&mut self, path: &str) -> std::io::Result<()> {
        // RFC 7541: GET and http are in the static table; names of the others are, too.
        let head = [&[0x82, 0x86][..], &literal(4, path), &literal(1, "test")].concat();
        let request = frame(HEADERS, END_STREAM_AND_HEADERS, self.next, &head);
        self.next += 2;
        self.stream.write_all(&request)
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header field that is not indexed. Its name is in the static table.
fn literal(name: u8, value: &str) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("a short value");
    assert!(length < 127, "the length has one byte");
    [&[name, length], value.as_bytes()].concat()
}
