//! A client on a WebSocket.

use std::{fmt, io, net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::time::timeout;

use crate::{
    Fallible,
    net::{PATIENCE, Stream},
};

const HANDSHAKE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: soak\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A message that a client receives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    /// A Close frame with its code.
    Close(Option<u16>),
    /// The end of the TCP connection.
    End,
}

/// Why a client was not admitted.
#[derive(Debug)]
pub(crate) enum Refused {
    /// By an HTTP answer: its status, and the seconds of `Retry-After`.
    Http(u16, Option<u64>),
    /// By TCP.
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status, _) => write!(f, "HTTP {status}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

pub(crate) struct Ws {
    stream: Stream,
    /// The id of the last event that asked for an acknowledgement.
    id: u64,
}

impl Ws {
    pub(crate) async fn connect(server: SocketAddr) -> Result<Self, Refused> {
        Self::on(Stream::connect(server).await?).await
    }

    pub(crate) async fn on(mut stream: Stream) -> Result<Self, Refused> {
        stream.write(HANDSHAKE).await?;
        let head = stream.head().await?;
        if head.status != 101 {
            return Err(Refused::Http(
                head.status,
                head.header("retry-after").and_then(|wait| wait.parse().ok()),
            ));
        }
        Ok(Self { stream, id: 0 })
    }

    /// Connects to the main namespace.
    pub(crate) async fn join(&mut self) -> Fallible {
        self.send("40").await?;
        for packet in ["0{", "40{"] {
            let text = self.text().await?;
            if !text.starts_with(packet) {
                return Err(format!("{text:?} instead of {packet:?}").into());
            }
        }
        Ok(())
    }

    /// The same with `auth`, a JSON object. Returns the answer's data.
    pub(crate) async fn join_with(&mut self, auth: &str) -> Fallible<Value> {
        self.send(&format!("40{auth}")).await?;
        let open = self.text().await?;
        let connected = self.text().await?;
        match connected.strip_prefix("40") {
            Some(data) if open.starts_with("0{") => Ok(serde_json::from_str(data)?),
            _ => Err(format!("{open:?} and {connected:?} instead of a connection").into()),
        }
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) -> Fallible {
        match &*self.ask(&format!(r#"["subscribe","{channel}"]"#)).await? {
            "[null]" => Ok(()),
            refusal => Err(format!("no subscription: {refusal}").into()),
        }
    }

    /// Sends an event and waits for its acknowledgement. It drops what comes before that.
    pub(crate) async fn ask(&mut self, event: &str) -> Fallible<String> {
        self.id += 1;
        self.send(&format!("42{}{event}", self.id)).await?;
        let start = format!("43{}[", self.id);
        loop {
            let text = self.text().await?;
            if text.starts_with(&start) {
                return Ok(text[start.len() - 1..].to_owned());
            }
        }
    }

    pub(crate) async fn send(&self, text: &str) -> io::Result<()> {
        self.stream.write(&frame(0x81, text.as_bytes())).await
    }

    /// Sends any bytes, also such that are not a valid frame.
    pub(crate) async fn send_raw(&self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write(bytes).await
    }

    /// Answers a Close frame.
    pub(crate) async fn close(&self) -> io::Result<()> {
        self.stream.write(&frame(0x88, &[])).await
    }

    /// The next text, which must come within [`PATIENCE`].
    pub(crate) async fn text(&mut self) -> Fallible<String> {
        match timeout(PATIENCE, self.receive()).await.map_err(|_| "nothing comes")?? {
            Received::Text(text) => Ok(text),
            other => Err(format!("{other:?} instead of text").into()),
        }
    }

    /// Receives the next text, Close frame or end, without a limit. It answers pings itself.
    pub(crate) async fn receive(&mut self) -> io::Result<Received> {
        loop {
            let Some((first, data)) = self.take() else {
                if self.stream.more().await? {
                    continue;
                }
                return Ok(Received::End);
            };
            match first & 0x0f {
                1 if data == b"2" => self.send("3").await?,
                1 => return Ok(Received::Text(String::from_utf8_lossy(&data).into_owned())),
                8 => {
                    return Ok(Received::Close(
                        data.first_chunk().map(|code| u16::from_be_bytes(*code)),
                    ));
                }
                _ => {}
            }
        }
    }

    /// Receives more, and passes on each text of it, pings too. `false` at the end. For many texts:
    /// they are not copied.
    pub(crate) async fn receive_texts(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut rest = &self.stream.unread[..];
        while let Some((first, start, end)) = frame_at(rest) {
            if first & 0x0f == 1 {
                take(&rest[start..end]);
            }
            rest = &rest[end..];
        }
        let used = self.stream.unread.len() - rest.len();
        self.stream.unread.drain(..used);
        if used > 0 { Ok(true) } else { self.stream.more().await }
    }

    /// Reads until the server ends the TCP connection. Returns whether that was within `limit`.
    pub(crate) async fn is_ended(&mut self, limit: Duration) -> bool {
        let end = async { while !matches!(self.receive().await, Ok(Received::End) | Err(_)) {} };
        timeout(limit, end).await.is_ok()
    }

    pub(crate) fn reset(self) {
        self.stream.reset();
    }

    /// Takes the next frame from the bytes read, if it is complete.
    fn take(&mut self) -> Option<(u8, Vec<u8>)> {
        let unread = &mut self.stream.unread;
        let (first, start, end) = frame_at(unread)?;
        let data = unread[start..end].to_vec();
        unread.drain(..end);
        Some((first, data))
    }
}

/// The first byte of the frame at the start of these bytes, and where its data starts and ends, if
/// it is complete.
fn frame_at(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into()),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?),
        short => (2, short.into()),
    };
    let end = start + length;
    (bytes.len() >= end).then_some((bytes[0], start, end))
}

/// A masked frame.
pub(crate) fn frame(first: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match data.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        middle @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(data.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
