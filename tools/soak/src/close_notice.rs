//! Clients that record how the server notified them of its end.

use std::{
    cell::Cell,
    io::ErrorKind,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    net::PATIENCE,
    polling::{Polling, answer},
    ws::{Received, Refused, Ws},
};

/// How long the handler of an event `slow` takes, in milliseconds.
const HANDLING: u64 = 300;

/// How a client learnt that its connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseNotice {
    /// By a Close frame, or the packet `1`.
    Sent,
    /// It had no poll waiting. Its next poll was refused, or answered that the session is unknown.
    OnNextPoll,
    /// The connection ended without a notice.
    Missing,
}

pub(crate) type End = (Instant, CloseNotice);

/// Events `slow` that the clients have sent, and acknowledgements that they have received.
#[derive(Default)]
pub(crate) struct AskCounts {
    pub(crate) events: Cell<u64>,
    pub(crate) acks: Cell<u64>,
}

/// Receives publications until the end. With `asked`, it also sends an event `slow` whenever the
/// last one was acknowledged.
pub(crate) async fn listen(
    mut ws: Ws,
    first_end: Rc<Cell<Option<Instant>>>,
    asked: Option<Rc<AskCounts>>,
) -> End {
    let event = format!(r#"421["slow",{HANDLING}]"#);
    let mut may_ask = true;
    let notice = loop {
        // If the send fails, the reason is there to be received.
        if let Some(asked) = asked.as_ref().filter(|_| may_ask)
            && ws.send(&event).await.is_ok()
        {
            asked.events.set(asked.events.get() + 1);
        }
        may_ask = false;
        match ws.receive().await {
            Ok(Received::Text(text)) if text.starts_with("431[") => {
                if let Some(asked) = &asked {
                    asked.acks.set(asked.acks.get() + 1);
                }
                may_ask = true;
            }
            Ok(Received::Text(_)) => {}
            Ok(Received::Close(_)) => break CloseNotice::Sent,
            Ok(Received::End) | Err(_) => break CloseNotice::Missing,
        }
    };
    let at = Instant::now();
    first_end.set(first_end.get().or(Some(at)));
    // The server may have closed the connection already.
    let _ = ws.close().await;
    (at, notice)
}

/// Polls until the session ends.
pub(crate) async fn poll(poller: Polling) -> End {
    let notice = loop {
        let answer = match poller.begin_get().await {
            Ok(stream) => answer(stream).await,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                break CloseNotice::OnNextPoll;
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) if answer.status == 200 && answer.body == "1" => break CloseNotice::Sent,
            Ok(answer) if answer.status == 200 => {
                // Without its pong the client is disconnected, which the next poll shows.
                let _ = poller.pong(&answer.body).await;
            }
            Ok(answer) if matches!(answer.status, 400 | 503) => break CloseNotice::OnNextPoll,
            Ok(_) | Err(_) => break CloseNotice::Missing,
        }
    };
    (Instant::now(), notice)
}

/// Tries to connect until the port is closed, and returns the time and the outcome of each try.
pub(crate) async fn probe(server: SocketAddr) -> Vec<(Instant, &'static str)> {
    let mut probes = Vec::new();
    let mut inside = Vec::new();
    let start = Instant::now();
    loop {
        let at = Instant::now();
        let answer = match Ws::connect(server).await {
            Ok(ws) => {
                inside.push(ws);
                "101"
            }
            Err(Refused::Http(..)) => "503",
            Err(Refused::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => "refused",
            Err(Refused::Io(_)) => "broken off",
        };
        probes.push((at, answer));
        if answer == "refused" || start.elapsed() > PATIENCE {
            return probes;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
