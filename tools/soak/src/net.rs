//! TCP connections, and HTTP heads on them.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::{Duration, Instant},
};

use socket2::SockRef;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

use crate::Fallible;

/// The limit of every wait. It ends what has failed, and is not a criterion.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `is_so` returns true, and returns how long that took.
pub(crate) async fn until(
    what: &str,
    limit: Duration,
    mut is_so: impl FnMut() -> bool,
) -> Fallible<Duration> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > limit {
            return Err(format!("timed out: {what}").into());
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(start.elapsed())
}

/// A connection, and the bytes that were read and not used yet.
pub(crate) struct Stream {
    tcp: TcpStream,
    pub(crate) unread: Vec<u8>,
}

/// The head of an HTTP answer, in lower case.
pub(crate) struct Head {
    pub(crate) status: u16,
    headers: String,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(header, _)| *header == name).map(|(_, value)| value)
    }
}

impl Stream {
    pub(crate) async fn connect(server: SocketAddr) -> io::Result<Self> {
        Self::connect_with(server, |_| Ok(())).await
    }

    /// Connects with a small receive buffer, so that TCP keeps little data that the client does not
    /// read.
    pub(crate) async fn connect_narrow(server: SocketAddr) -> io::Result<Self> {
        Self::connect_with(server, |socket| socket.set_recv_buffer_size(4096)).await
    }

    async fn connect_with(
        server: SocketAddr,
        set: impl FnOnce(&TcpSocket) -> io::Result<()>,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        set(&socket)?;
        let tcp =
            timeout(PATIENCE, socket.connect(server)).await.map_err(|_| ErrorKind::TimedOut)??;
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, unread: Vec::new() })
    }

    pub(crate) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.tcp.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.tcp.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads more; `false` at the end. A reset counts as one.
    pub(crate) async fn more(&mut self) -> io::Result<bool> {
        loop {
            self.tcp.readable().await?;
            // Not across an await: it would be part of each of 10,000 tasks.
            let mut chunk = [0; 16_384];
            match self.tcp.try_read(&mut chunk) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.unread.extend_from_slice(&chunk[..read]);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the head of an answer.
    pub(crate) async fn head(&mut self) -> io::Result<Head> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !timeout(PATIENCE, self.more()).await.map_err(|_| ErrorKind::TimedOut)?? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        };
        let headers = String::from_utf8_lossy(&self.unread[..end]).to_ascii_lowercase();
        self.unread.drain(..end);
        let status = headers.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        Ok(Head { status: status.ok_or(ErrorKind::InvalidData)?, headers })
    }

    /// Reads a body of this length, and drops it.
    pub(crate) async fn skip_body(&mut self, length: usize) -> io::Result<()> {
        while self.unread.len() < length {
            if !timeout(PATIENCE, self.more()).await.map_err(|_| ErrorKind::TimedOut)?? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        self.unread.drain(..length);
        Ok(())
    }

    /// Ends it with a RST instead of a FIN.
    pub(crate) fn reset(self) {
        // If the system refuses that, the connection ends with a FIN.
        let _ = SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO));
    }
}
