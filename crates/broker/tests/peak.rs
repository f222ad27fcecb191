//! After a peak, the program gives its memory back to the system.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 300;
const PART: usize = 200_000;
const HANDSHAKE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// The program, which is killed when this is dropped.
struct Program {
    child: Child,
    addr: String,
}

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_actix-socketio"))
            .arg("127.0.0.1:0")
            .env_remove("MALLOC_MMAP_THRESHOLD_")
            .env_remove("MALLOC_TRIM_THRESHOLD_")
            .env("RUST_LOG", "info")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let addr = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening on: ")?.1.trim().to_owned()))
            .expect("it says where it listens");
        thread::spawn(move || log.for_each(drop));
        Self { child, addr }
    }

    /// The memory that it has now, in bytes.
    fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kilobytes.map(|kilobytes: usize| kilobytes << 10).expect("a number")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn memory_is_given_back_after_a_peak() {
    let program = Program::start();
    let before = program.memory();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(&program.addr).expect("it listens");
            stream.write_all(HANDSHAKE.as_bytes()).expect("it reads");
            stream.read_exact(&mut [0; 12]).expect("an answer");
            // A frame of 900,000 bytes, most of which never come.
            stream.write_all(b"\x81\xff\0\0\0\0\0\x0d\xbb\xa0\0\0\0\0").expect("it reads");
            stream.write_all(&vec![b'x'; PART]).expect("it reads");
            stream
        })
        .collect();
    wait_until("the messages are read", || program.memory() > before + CLIENTS * PART);
    drop(clients);
    // glibc by itself keeps 45 % of it and more.
    wait_until("the memory is given back", || program.memory() < before + CLIENTS * PART / 4);
}
