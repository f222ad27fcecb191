//! A client that keeps what it needs to come back, and checks what it gets.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::{
    Fallible,
    net::PATIENCE,
    storm::{CHANNELS, CHANNELS_EACH, MISSED},
    ws::{Refused, Ws},
};

/// How long a client waits before it tries again.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// How clients come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comeback {
    /// They connect and subscribe again, and get nothing of what they missed.
    Anew,
    /// They get their sockets back.
    Recovered,
    /// They connect, and subscribe with their position.
    Since,
}

impl Comeback {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anew => "without recovery: they connect and subscribe again",
            Self::Recovered => "with recovery",
            Self::Since => "by their positions: they connect, and subscribe with `since`",
        }
    }
}

pub(crate) struct ReturningClient {
    number: usize,
    ws: Option<Ws>,
    pid: Option<String>,
    /// The position of its subscriptions.
    position: Option<String>,
    /// The next number that it expects of each of its channels.
    next: [usize; CHANNELS_EACH],
    took: Duration,
}

impl ReturningClient {
    /// Connects, and subscribes to the channels of its number.
    pub(crate) async fn connect(server: SocketAddr, number: usize) -> Fallible<Self> {
        let mut client = Self {
            number,
            ws: None,
            pid: None,
            position: None,
            next: [0; CHANNELS_EACH],
            took: Duration::ZERO,
        };
        let mut ws = Ws::connect(server).await?;
        let connected = ws.join_with(r#"{"offsets":true}"#).await?;
        client.pid = connected["pid"].as_str().map(str::to_owned);
        client.subscribe(&mut ws, Value::Null).await?;
        client.ws = Some(ws);
        Ok(client)
    }

    fn channels(&self) -> Vec<String> {
        let first = self.number * CHANNELS_EACH;
        (first..first + CHANNELS_EACH).map(|at| format!("storm-{}", at % CHANNELS)).collect()
    }

    /// Subscribes with one request, and keeps the position of the answer.
    async fn subscribe(&mut self, ws: &mut Ws, since: Value) -> Fallible {
        let channels = serde_json::to_string(&self.channels())?;
        let answer = ws.ask(&format!(r#"["subscribe",{channels},{{"since":{since}}}]"#)).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        if !answer[0].is_null() {
            return Err(format!("no subscription: {answer}").into());
        }
        if !since.is_null() && answer[1]["recovered"] != true {
            return Err(format!("something is lost: {answer}").into());
        }
        self.position = answer[1]["position"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Every second client by RST, the others by FIN.
    pub(crate) fn cut(&mut self) {
        if let Some(ws) = self.ws.take()
            && self.number.is_multiple_of(2)
        {
            ws.reset();
        }
    }

    pub(crate) async fn come_back(&mut self, server: SocketAddr, comeback: Comeback) -> Fallible {
        let start = Instant::now();
        let mut ws = loop {
            match Ws::connect(server).await {
                Ok(ws) => break ws,
                Err(Refused::Http(408 | 503, _) | Refused::Io(_)) => sleep(RETRY_DELAY).await,
                Err(refused) => return Err(refused.into()),
            }
        };
        match comeback {
            Comeback::Anew => {
                ws.join_with(r#"{"offsets":true}"#).await?;
                self.subscribe(&mut ws, Value::Null).await?;
            }
            Comeback::Since => {
                ws.join_with(r#"{"offsets":true}"#).await?;
                let position = self.position.clone().ok_or("it has no position")?;
                self.subscribe(&mut ws, position.into()).await?;
                timeout(PATIENCE, self.receive_missed(&mut ws)).await??;
            }
            Comeback::Recovered => {
                let pid = self.pid.clone().ok_or("it has no private id")?;
                let connected =
                    ws.join_with(&format!(r#"{{"pid":"{pid}","offsets":true}}"#)).await?;
                if connected["pid"] != *pid {
                    return Err("it has a new socket".into());
                }
                timeout(PATIENCE, self.receive_missed(&mut ws)).await??;
            }
        }
        self.took = start.elapsed();
        self.ws = Some(ws);
        Ok(())
    }

    /// From the start of its return until it had everything.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    async fn receive_missed(&mut self, ws: &mut Ws) -> Fallible {
        let (mut missing, mut fault) = (CHANNELS_EACH * MISSED, None);
        while missing > 0 {
            let is_open = ws
                .receive_texts(|text| {
                    if text != b"2" {
                        fault = fault.take().or_else(|| self.take(text).err());
                        missing = missing.saturating_sub(1);
                    }
                })
                .await?;
            if let Some(fault) = fault {
                return Err(fault);
            }
            if !is_open {
                return Err(format!("the end, with {missing} missing").into());
            }
        }
        Ok(())
    }

    /// Takes `42["storm",channel,number,"x…","position"]`.
    fn take(&mut self, text: &[u8]) -> Fallible {
        let text = std::str::from_utf8(text)?;
        let numbers = text.strip_prefix(r#"42["storm","#).ok_or_else(|| format!("not {text}"))?;
        let mut numbers = numbers.split(',').map(str::parse::<usize>);
        let (Some(Ok(channel)), Some(Ok(number))) = (numbers.next(), numbers.next()) else {
            return Err(format!("not {text}").into());
        };
        let first = self.number * CHANNELS_EACH % CHANNELS;
        let next = channel.checked_sub(first).and_then(|at| self.next.get_mut(at));
        let next = next.ok_or_else(|| format!("of another channel: {text}"))?;
        if *next != number {
            return Err(
                format!("{number} in place of {next}: lost, doubled or out of order").into()
            );
        }
        *next += 1;
        Ok(())
    }
}
