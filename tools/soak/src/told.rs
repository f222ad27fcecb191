//! Clients that remember what they were told at last.

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
    ws::{Heard, Refused, Ws},
};

/// What a handler takes that is asked, in milliseconds.
const HANDLING: u64 = 300;

/// What a client was told at last, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// By a Close frame, or the packet `1`.
    Properly,
    /// It did not poll at that instant, and its next poll was answered that there is no such
    /// session, or not taken.
    WhenItAsked,
    /// The connection ended.
    Nothing,
}

pub(crate) type End = (Instant, Told);

/// What those who ask have asked, and what they were answered.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) events: Cell<u64>,
    pub(crate) acks: Cell<u64>,
}

/// Hears what is published, and asks, if so, whenever it was answered.
pub(crate) async fn listen(
    mut ws: Ws,
    first_end: Rc<Cell<Option<Instant>>>,
    asked: Option<Rc<Asked>>,
) -> End {
    let event = format!(r#"421["slow",{HANDLING}]"#);
    let mut may_ask = true;
    let told = loop {
        // If it can't be sent any more, there is something to hear.
        if let Some(asked) = asked.as_ref().filter(|_| may_ask)
            && ws.send(&event).await.is_ok()
        {
            asked.events.set(asked.events.get() + 1);
        }
        may_ask = false;
        match ws.hear().await {
            Ok(Heard::Text(text)) if text.starts_with("431[") => {
                if let Some(asked) = &asked {
                    asked.acks.set(asked.acks.get() + 1);
                }
                may_ask = true;
            }
            Ok(Heard::Text(_)) => {}
            Ok(Heard::Close(_)) => break Told::Properly,
            Ok(Heard::End) | Err(_) => break Told::Nothing,
        }
    };
    let at = Instant::now();
    first_end.set(first_end.get().or(Some(at)));
    // The server may have closed it meanwhile.
    let _ = ws.close().await;
    (at, told)
}

/// Polls, until there is no more to come.
pub(crate) async fn poll(poller: Polling) -> End {
    let told = loop {
        let answer = match poller.begin_get().await {
            Ok(stream) => answer(stream).await,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => break Told::WhenItAsked,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) if answer.status == 200 && answer.body == "1" => break Told::Properly,
            Ok(answer) if answer.status == 200 => {
                // Without its pong, it is put out, and that is told.
                let _ = poller.pong(&answer.body).await;
            }
            Ok(answer) if matches!(answer.status, 400 | 503) => break Told::WhenItAsked,
            Ok(_) | Err(_) => break Told::Nothing,
        }
    };
    (Instant::now(), told)
}

/// Tries to come in until nobody listens, and answers when it did, and what came of it.
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
