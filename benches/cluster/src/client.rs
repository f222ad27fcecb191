//! A client that is as small as it can be: WebSocket only, and no extension.

use std::{
    io::{self, BufReader, Read as _, Write as _},
    net::TcpStream,
};

/// A connection in the main namespace.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut client = Self { reader: BufReader::new(stream) };
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.reader.get_mut().write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.reader.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other("no WebSocket"));
        }
        client.frame()?;
        client.write(b"40")?;
        while !client.frame()?.starts_with(b"40") {}
        Ok(client)
    }

    /// The next packet, without its header.
    fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 2];
        self.reader.read_exact(&mut head)?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.reader.read_exact(&mut length)?;
                u16::from_be_bytes(length).into()
            }
            short @ ..126 => usize::from(short),
            _ => return Err(io::Error::other("a long or masked frame")),
        };
        let mut frame = vec![0; length];
        self.reader.read_exact(&mut frame)?;
        Ok(frame)
    }

    /// The number of the next event.
    pub(crate) fn event(&mut self) -> io::Result<u64> {
        loop {
            let frame = self.frame()?;
            if frame == b"2" {
                self.write(b"3")?;
            } else if let Some(args) = frame.strip_prefix(b"42[\"e\",") {
                let digits = args.iter().take_while(|byte| byte.is_ascii_digit());
                return Ok(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
            }
        }
    }

    pub(crate) fn send(&mut self, event: &str, number: u64) -> io::Result<()> {
        self.write(format!("42[\"{event}\",{number}]").as_bytes())
    }

    /// Writes a packet, masked with zeros.
    fn write(&mut self, packet: &[u8]) -> io::Result<()> {
        let length = u8::try_from(packet.len()).map_err(io::Error::other)?;
        let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(packet);
        self.reader.get_mut().write_all(&frame)
    }

    /// The same connection, to write to while another thread reads.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(self.reader.get_ref().try_clone()?) })
    }
}
