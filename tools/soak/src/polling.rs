//! A client on long-polling; each request has a connection of its own.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

use tokio::time::timeout;

use crate::{
    Fallible,
    net::{PATIENCE, Stream},
    ws::Refused,
};

pub(crate) struct Polling {
    server: SocketAddr,
    sid: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: String,
}

/// Sends a request, and returns the connection to read the answer from.
async fn begin(server: SocketAddr, method: &str, sid: &str, body: &str) -> io::Result<Stream> {
    let stream = Stream::connect(server).await?;
    let request = format!(
        "{method} /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write(request.as_bytes()).await?;
    Ok(stream)
}

/// Reads the answer. There is no limit until its first byte, since a poll waits for messages.
pub(crate) async fn answer(mut stream: Stream) -> io::Result<Answer> {
    if stream.unread.is_empty() && !stream.more().await? {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let head = stream.head().await?;
    let length = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while stream.unread.len() < length {
        if !timeout(PATIENCE, stream.more()).await.map_err(|_| ErrorKind::TimedOut)?? {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    let retry_after = head.header("retry-after").and_then(|wait| wait.parse().ok());
    Ok(Answer {
        status: head.status,
        retry_after,
        body: String::from_utf8_lossy(&stream.unread).into_owned(),
    })
}

impl Polling {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self, Refused> {
        let Answer { status, retry_after, body } =
            answer(begin(server, "GET", "", "").await?).await?;
        if status != 200 {
            return Err(Refused::Http(status, retry_after));
        }
        let sid = body.strip_prefix(r#"0{"sid":""#).and_then(|rest| rest.split('"').next());
        let sid = sid.ok_or(ErrorKind::InvalidData).map_err(io::Error::from)?;
        Ok(Self { server, sid: format!("&sid={sid}") })
    }

    /// Connects to the main namespace, and subscribes to a channel.
    pub(crate) async fn join(&self, channel: &str) -> Fallible {
        self.post(&format!("40\x1e421[\"subscribe\",\"{channel}\"]")).await?;
        let mut received = String::new();
        while !received.contains("431[null]") {
            let Answer { status, body, .. } = self.get().await?;
            if status != 200 || body == "1" {
                return Err(format!("{status} {body:?} instead of an acknowledgement").into());
            }
            received.push_str(&body);
            self.pong(&body).await?;
        }
        Ok(())
    }

    pub(crate) async fn post(&self, body: &str) -> Fallible {
        match answer(begin(self.server, "POST", &self.sid, body).await?).await? {
            Answer { status: 200, .. } => Ok(()),
            other => Err(format!("a POST is answered {} {:?}", other.status, other.body).into()),
        }
    }

    /// Answers the ping, if the body has one.
    pub(crate) async fn pong(&self, body: &str) -> Fallible {
        if body.split('\x1e').any(|packet| packet == "2") { self.post("3").await } else { Ok(()) }
    }

    /// Polls, and returns the answer, which must come within [`PATIENCE`].
    pub(crate) async fn get(&self) -> io::Result<Answer> {
        timeout(PATIENCE, answer(self.begin_get().await?)).await.map_err(|_| ErrorKind::TimedOut)?
    }

    /// Sends a poll, and returns the connection without reading the answer.
    pub(crate) async fn begin_get(&self) -> io::Result<Stream> {
        begin(self.server, "GET", &self.sid, "").await
    }
}
