//! The minimum of any server: for each publication one frame, encoded once, and one `send` of it to
//! each subscriber. It has one thread, epoll, no heartbeat and no bounds, and only does what the
//! fan-out cells need.

use std::{collections::HashMap, io, net::TcpListener, time::Duration};

use serde_json::Value;

use super::announce;
use crate::{
    Fallible,
    net::{Streams, wire},
};

/// The answer to every handshake: all clients use the key of RFC 6455.
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const OPEN: &str = r#"0{"sid":"floor","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
const CONNECTED: &str = r#"40{"sid":"floor"}"#;

/// The number of the listener, which no connection reaches.
const LISTENER: usize = usize::MAX;

struct Floor {
    streams: Streams,
    /// The connections whose handshake is answered.
    is_open: Vec<bool>,
    channels: HashMap<String, Vec<usize>>,
}

pub(super) fn run() -> Fallible {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let mut floor =
        Floor { streams: Streams::new()?, is_open: Vec::new(), channels: HashMap::new() };
    floor.streams.watch(&listener, LISTENER)?;
    announce(listener.local_addr()?)?;
    let (mut readable, mut buffer) = (Vec::new(), Streams::buffer());
    loop {
        floor.streams.wait(Duration::from_secs(1), &mut readable)?;
        for &number in &readable {
            if number == LISTENER {
                floor.accept(&listener)?;
            } else if floor.hear(number, &mut buffer).is_err() {
                // All clients leave together at the end of a cell.
                floor.streams.close(number);
                floor
                    .channels
                    .values_mut()
                    .for_each(|members| members.retain(|member| *member != number));
            }
        }
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        while let Ok((tcp, _)) = listener.accept() {
            self.streams.add(tcp)?;
            self.is_open.push(false);
        }
        Ok(())
    }

    fn hear(&mut self, number: usize, buffer: &mut Vec<u8>) -> Fallible {
        self.streams.receive(number, buffer)?;
        let mut rest = &buffer[..];
        if !self.is_open[number] {
            let Some((_, after)) = wire::head(rest) else {
                return Ok(self.streams.keep(number, rest)?);
            };
            rest = after;
            self.is_open[number] = true;
            self.streams.send(number, &[SWITCH, &text(OPEN)].concat())?;
        }
        while let Some(frame) = wire::next(rest)? {
            rest = frame.rest;
            self.packet(number, str::from_utf8(frame.data)?)?;
        }
        Ok(self.streams.keep(number, rest)?)
    }

    fn packet(&mut self, number: usize, packet: &str) -> Fallible {
        if packet == "40" {
            return Ok(self.streams.send(number, &text(CONNECTED))?);
        }
        let event: Vec<Value> = serde_json::from_str(packet.strip_prefix("42").ok_or("no event")?)?;
        let strings: Vec<_> = event.iter().filter_map(Value::as_str).collect();
        match strings[..] {
            ["subscribe", channel] => {
                self.channels.entry(channel.to_owned()).or_default().push(number);
            }
            ["broadcast", channel, payload] => {
                let frame = text(&format!(r#"42["message","{payload}"]"#));
                for &member in self.channels.get(channel).into_iter().flatten() {
                    self.streams.send(member, &frame)?;
                }
            }
            _ => return Err("no event of ours".into()),
        }
        Ok(())
    }
}

fn text(packet: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    wire::frame(&mut frame, wire::From::Server, wire::TEXT, packet.as_bytes());
    frame
}
