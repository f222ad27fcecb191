//! Events with one answer each: the event `echo`, or an acknowledgement.

use std::{io::Write, time::Duration};

use super::{
    AFTERMATH, Figures, PATIENCE, WARM_UP,
    clients::{Clients, Listener},
    meter::Meter,
    payload::pad,
};
use crate::{Fallible, net::wire, server::Server};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking {
    pub(crate) how: How,
    pub(crate) clients: usize,
    /// Events of each client that wait for their answers.
    pub(crate) window: u32,
    /// The size of the payload in bytes.
    pub(crate) bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The event `echo`, which is sent back.
    Echo,
    /// The event `ack`, which is acknowledged.
    Ack,
}

impl Asking {
    pub(super) fn run(&self, server: &Server, length: Duration) -> Fallible<Figures> {
        let mut clients = Clients::connect(server.addr, self.clients)?;
        let none = vec![0; self.clients];
        let mut answers = Answers {
            asking: *self,
            asked: none.clone(),
            answered: none,
            total: 0,
            is_over: false,
            due: Vec::new(),
        };
        for client in 0..self.clients {
            let mut frames = Vec::new();
            (0..self.window).for_each(|_| answers.ask(client, &mut frames));
            clients.send_frames(client, &frames)?;
        }
        clients.listen(&mut answers, WARM_UP)?;
        let before = answers.total;
        let meter = Meter::start(server.process())?;
        clients.listen(&mut answers, length)?;
        let figures = meter.stop(answers.total - before)?;
        answers.is_over = true;
        if !clients.until(&mut answers, PATIENCE, |answers| answers.asked == answers.answered)? {
            return Err(format!("answers are missing after {PATIENCE:?}").into());
        }
        clients.listen(&mut answers, AFTERMATH)?;
        Ok(figures)
    }
}

impl How {
    pub(super) fn question(self, out: &mut Vec<u8>, number: u32, bytes: usize) {
        match self {
            Self::Echo => out.extend_from_slice(br#"42["echo",""#),
            // Writing to a vector cannot fail.
            Self::Ack => drop(write!(out, r#"42{number}["ack",""#)),
        }
        end(out, number, bytes);
    }

    pub(super) fn answer(self, out: &mut Vec<u8>, number: u32, bytes: usize) {
        match self {
            Self::Echo => out.extend_from_slice(br#"42["echo",""#),
            Self::Ack => drop(write!(out, r#"43{number}[""#)),
        }
        end(out, number, bytes);
    }
}

fn end(out: &mut Vec<u8>, number: u32, bytes: usize) {
    let payload = out.len();
    let _ = write!(out, "{number:08x}");
    pad(out, payload + bytes);
    out.extend_from_slice(br#""]"#);
}

struct Answers {
    asking: Asking,
    /// How many for each client.
    asked: Vec<u32>,
    answered: Vec<u32>,
    total: u64,
    is_over: bool,
    due: Vec<u8>,
}

impl Answers {
    fn ask(&mut self, client: usize, frames: &mut Vec<u8>) {
        self.asked[client] += 1;
        self.due.clear();
        self.asking.how.question(&mut self.due, self.asked[client], self.asking.bytes);
        wire::frame(frames, wire::From::Client, wire::TEXT, &self.due);
    }
}

impl Listener for Answers {
    /// Each event has one answer, in the order of the events, byte for byte.
    fn hear(&mut self, client: usize, packet: &[u8], reply: &mut Vec<u8>) -> Fallible {
        self.answered[client] += 1;
        self.due.clear();
        self.asking.how.answer(&mut self.due, self.answered[client], self.asking.bytes);
        if packet != self.due || self.answered[client] > self.asked[client] {
            let [due, heard] = [&self.due, packet].map(String::from_utf8_lossy);
            return Err(format!("heard {heard:?} where {due:?} was due").into());
        }
        self.total += 1;
        if !self.is_over {
            self.ask(client, reply);
        }
        Ok(())
    }
}
