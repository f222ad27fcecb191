//! The latency from a client of one server to a client of the other, through the stream.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::{Failure, client::Client, process::Process};

/// The median and the 99th percentile, in microseconds.
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Latency {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

/// From client to client, a round trip of a client to one server, and one of XADD.
pub(crate) struct Latencies {
    pub(crate) published: Latency,
    pub(crate) echo: Latency,
    pub(crate) xadd: Latency,
}

pub(crate) fn measure(server: &str, rate: u32, time: Duration) -> Result<Latencies, Failure> {
    let redis = Process::redis()?;
    let from = Process::server(server, "streams", redis.port)?;
    let to = Process::server(server, "streams", redis.port)?;
    let (mut publisher, mut subscriber) = (Client::connect(from.port)?, Client::connect(to.port)?);
    // Answers pings.
    let mut own = publisher.try_clone()?;
    let count = (f64::from(rate) * time.as_secs_f64()) as u64;
    let xadd = xadd(redis.port, rate, count)?;
    thread::spawn(move || while own.event().is_ok() {});
    let published = paced(
        rate,
        count,
        move |number| Ok(publisher.send("fan", number)?),
        move || Ok(subscriber.event()?),
    )?;
    drop((from, to));
    let alone = Process::server(server, "streams", redis.port)?;
    let mut reader = Client::connect(alone.port)?;
    let mut writer = reader.try_clone()?;
    let echo = paced(
        rate,
        count,
        move |number| Ok(writer.send("echo", number)?),
        move || Ok(reader.event()?),
    )?;
    Ok(Latencies { published, echo, xadd })
}

/// To a stream that no server reads.
fn xadd(port: u16, rate: u32, count: u64) -> Result<Latency, Failure> {
    let mut writer = TcpStream::connect(("127.0.0.1", port))?;
    writer.set_nodelay(true)?;
    let mut reader = BufReader::new(writer.try_clone()?);
    let payload = "x".repeat(100);
    let mut answered = 0;
    paced(
        rate,
        count,
        move |_| {
            let words = ["XADD", "alone", "MAXLEN", "~", "10000", "*", "data", &payload];
            let mut command = format!("*{}\r\n", words.len());
            for word in words {
                command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
            }
            Ok(writer.write_all(command.as_bytes())?)
        },
        move || {
            // A bulk string: its length, and the id of the entry.
            let mut line = String::new();
            reader.read_line(&mut line)?;
            reader.read_line(&mut line)?;
            answered += 1;
            Ok(answered)
        },
    )
}

/// Sends numbers from 1 on at a rate, while another thread receives them.
fn paced(
    rate: u32,
    count: u64,
    mut send: impl FnMut(u64) -> Result<(), Failure> + Send + 'static,
    mut receive: impl FnMut() -> Result<u64, Failure> + Send + 'static,
) -> Result<Latency, Failure> {
    let sender = thread::spawn(move || {
        let (start, mut sent) = (Instant::now(), Vec::new());
        for number in 1..=count {
            let due = start + Duration::from_secs_f64(number as f64 / f64::from(rate));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            sent.push(Instant::now());
            send(number).map_err(|error| error.to_string())?;
        }
        Ok::<_, String>(sent)
    });
    let mut received = Vec::new();
    for expected in 1..=count {
        let number = receive()?;
        received.push(Instant::now());
        if number != expected {
            return Err(format!("{number} in place of {expected}").into());
        }
    }
    let sent = sender.join().map_err(|_| "the sender panicked")??;
    // The first tenth warms up.
    let both = received.into_iter().zip(sent).skip(count as usize / 10);
    Ok(Latency::of(both.map(|(received, sent)| received - sent).collect()))
}
