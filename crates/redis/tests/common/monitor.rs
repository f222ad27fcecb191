//! The commands that Redis receives, by `MONITOR`. No server counts it as a subscriber.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
};

use bytes::Bytes;

use super::{RedisServer, wait_until};

/// The commands since it was started, each as its words.
#[derive(Debug, Clone)]
pub(crate) struct Monitor(Arc<Mutex<Vec<Vec<Bytes>>>>);

impl Monitor {
    pub(crate) fn start(redis: &RedisServer) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).expect("Redis runs");
        stream.write_all(b"MONITOR\r\n").expect("Redis reads");
        let mut lines = BufReader::new(stream).lines();
        assert_eq!(lines.next().expect("an answer").expect("an answer"), "+OK");
        let commands = Self(Arc::default());
        let collected = commands.clone();
        // It ends with the connection, when Redis does.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                collected.0.lock().expect("no thread panics").push(words(&line));
            }
        });
        commands
    }

    /// All commands so far. Commands of before this call are there.
    pub(crate) fn commands(&self, redis: &RedisServer) -> Vec<Vec<Bytes>> {
        let mark = format!("mark {}", self.0.lock().expect("no thread panics").len());
        redis.command::<String>(&["ECHO", &mark]);
        wait_until("the monitor sees the last command", || {
            let commands = self.0.lock().expect("no thread panics");
            commands.iter().any(|words| words.last().is_some_and(|last| *last == mark))
        });
        self.0.lock().expect("no thread panics").clone()
    }
}

/// Reads a line such as `+1796000157.1 [0 127.0.0.1:1] "SET" "a\x00"`.
fn words(line: &str) -> Vec<Bytes> {
    let mut rest = line.split_once("] ").map_or("", |(_, words)| words).bytes();
    let (mut words, mut word) = (Vec::new(), None::<Vec<u8>>);
    while let Some(byte) = rest.next() {
        match (byte, &mut word) {
            (b'"', None) => word = Some(Vec::new()),
            (b'"', Some(done)) => {
                words.push(Bytes::from(std::mem::take(done)));
                word = None;
            }
            (_, None) => {}
            (b'\\', Some(word)) => word.push(match rest.next().expect("an escaped character") {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'a' => 7,
                b'b' => 8,
                b'x' => {
                    let digits = [rest.next(), rest.next()].map(|digit| {
                        char::from(digit.expect("two digits")).to_digit(16).expect("a digit")
                    });
                    (digits[0] * 16 + digits[1]) as u8
                }
                other => other,
            }),
            (byte, Some(word)) => word.push(byte),
        }
    }
    words
}
