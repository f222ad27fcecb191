//! The event `echo` over HTTP long-polling: each client has a connection on which it polls, and one
//! on which it posts, as a browser does. It posts the next event when the last one is answered.

use std::{
    collections::VecDeque,
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{Figures, How, PATIENCE, TURN, WARM_UP, http, meter::Meter};
use crate::{Fallible, net::Streams, server::Server};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Polling {
    pub(crate) clients: usize,
    /// The size of the payload in bytes.
    pub(crate) bytes: usize,
}

/// The numbers of streams: even ones poll, odd ones post.
const POST: usize = 1;

impl Polling {
    pub(super) fn run(&self, server: &Server, length: Duration) -> Fallible<Figures> {
        let mut crowd = Crowd::connect(self, server)?;
        let start = Instant::now();
        while crowd.asking < self.clients {
            crowd.turn()?;
            if start.elapsed() > PATIENCE {
                return Err(format!(
                    "after {PATIENCE:?}, {} of {} are connected",
                    crowd.asking, self.clients
                )
                .into());
            }
        }
        crowd.turn_for(WARM_UP)?;
        let before = crowd.answered;
        let meter = Meter::start(server.process())?;
        crowd.turn_for(length)?;
        let figures = meter.stop(crowd.answered - before)?;
        crowd.nobody_has_fallen_silent()?;
        Ok(figures)
    }
}

#[derive(Default)]
struct Client {
    sid: String,
    is_asking: bool,
    /// The number of the event that waits for its answer.
    number: u32,
    /// Whether a POST is in flight, and the body of the next one.
    is_posting: bool,
    posts: VecDeque<Vec<u8>>,
}

struct Crowd {
    streams: Streams,
    clients: Vec<Client>,
    bytes: usize,
    /// How many clients are in the main namespace.
    asking: usize,
    answered: u64,
    readable: Vec<usize>,
    buffer: Vec<u8>,
}

impl Crowd {
    fn connect(polling: &Polling, server: &Server) -> Fallible<Self> {
        let (mut streams, mut clients) = (Streams::new()?, Vec::new());
        for _ in 0..polling.clients {
            let poll = streams.add(TcpStream::connect_timeout(&server.addr, PATIENCE)?)?;
            streams.add(TcpStream::connect_timeout(&server.addr, PATIENCE)?)?;
            streams.send(poll, &http::get(""))?;
            clients.push(Client::default());
        }
        let (readable, buffer) = (Vec::new(), Streams::buffer());
        Ok(Self {
            streams,
            clients,
            bytes: polling.bytes,
            asking: 0,
            answered: 0,
            readable,
            buffer,
        })
    }

    fn turn_for(&mut self, time: Duration) -> Fallible {
        let start = Instant::now();
        while start.elapsed() < time {
            self.turn()?;
        }
        Ok(())
    }

    /// Waits for one more answer for each client. A client that has lost one sends no more events.
    fn nobody_has_fallen_silent(&mut self) -> Fallible {
        let numbers: Vec<_> = self.clients.iter().map(|client| client.number).collect();
        let start = Instant::now();
        loop {
            let silent = self
                .clients
                .iter()
                .zip(&numbers)
                .filter(|(client, number)| client.number == **number)
                .count();
            if silent == 0 {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!(
                    "{silent} clients have lost an answer: none has come for {PATIENCE:?}"
                )
                .into());
            }
            self.turn()?;
        }
    }

    fn turn(&mut self) -> Fallible {
        let (mut readable, mut buffer) =
            (std::mem::take(&mut self.readable), std::mem::take(&mut self.buffer));
        self.streams.wait(TURN, &mut readable)?;
        for &number in &readable {
            self.read(number, &mut buffer)
                .map_err(|error| format!("polling client {}: {error}", number / 2))?;
        }
        (self.readable, self.buffer) = (readable, buffer);
        Ok(())
    }

    fn read(&mut self, number: usize, buffer: &mut Vec<u8>) -> Fallible {
        self.streams.receive(number, buffer)?;
        let mut rest = &buffer[..];
        while let Some(answer) = http::answer(rest)? {
            rest = answer.rest;
            if number % 2 == POST {
                self.posted(number / 2)?;
            } else {
                self.polled(number / 2, &answer.body)?;
            }
        }
        Ok(self.streams.keep(number, rest)?)
    }

    /// Handles the answer to a POST: the next may go.
    fn posted(&mut self, number: usize) -> Fallible {
        self.clients[number].is_posting = false;
        match self.clients[number].posts.pop_front() {
            Some(packet) => self.post(number, packet),
            None => Ok(()),
        }
    }

    /// Handles the answer to a poll. The next poll goes before the answer is read.
    fn polled(&mut self, number: usize, body: &[u8]) -> Fallible {
        let client = &mut self.clients[number];
        if client.sid.is_empty() {
            let body = str::from_utf8(body)?;
            let sid = body.split_once(r#""sid":""#).and_then(|(_, rest)| rest.split('"').next());
            client.sid = sid.ok_or_else(|| format!("no session: {body}"))?.to_owned();
            self.post(number, b"40".to_vec())?;
        }
        self.streams.send(2 * number, &http::get(&self.clients[number].sid))?;
        for packet in body.split(|byte| *byte == 0x1e) {
            self.packet(number, packet)?;
        }
        Ok(())
    }

    fn packet(&mut self, number: usize, packet: &[u8]) -> Fallible {
        let client = &mut self.clients[number];
        let mut due = Vec::new();
        match packet {
            [b'0', ..] if !client.is_asking => return Ok(()),
            b"2" => return self.post(number, b"3".to_vec()),
            [b'4', b'0', ..] if !client.is_asking => {
                client.is_asking = true;
                self.asking += 1;
            }
            _ => {
                How::Echo.answer(&mut due, client.number, self.bytes);
                if packet != due {
                    let [due, heard] = [&due, packet].map(String::from_utf8_lossy);
                    return Err(format!("heard {heard:?} where {due:?} was due").into());
                }
                self.answered += 1;
            }
        }
        client.number += 1;
        due.clear();
        How::Echo.question(&mut due, client.number, self.bytes);
        self.post(number, due)
    }

    fn post(&mut self, number: usize, packet: Vec<u8>) -> Fallible {
        let client = &mut self.clients[number];
        if client.is_posting {
            client.posts.push_back(packet);
            return Ok(());
        }
        client.is_posting = true;
        Ok(self.streams.send(2 * number + POST, &http::post(&client.sid, &packet))?)
    }
}
