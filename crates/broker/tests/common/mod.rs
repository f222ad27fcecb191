//! A running broker, and a client of it, over real sockets.
#![allow(dead_code, reason = "each test program has its own part of this")]

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The limit of every wait, also on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, without the variables of the tests themselves.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actix-socketio"));
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("SOCKETIO_") || name == "RUST_LOG") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn output(mut command: Command) -> Output {
    command.output().expect("the program runs")
}

/// The lines of a log so far, and whether it has ended.
#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

/// A running broker. Dropping it kills the process.
pub(crate) struct RunningBroker {
    child: Child,
    log: Arc<Log>,
    pub(crate) address: String,
}

impl RunningBroker {
    /// Runs `serve` with a file.
    pub(crate) fn serve(config: &Path) -> Self {
        Self::start(program(&["serve", "-c", config.to_str().expect("a name in UTF-8")]))
    }

    /// Waits until the broker listens at the address of clients.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_at(command, "listening on http://")
    }

    /// The same with TLS.
    pub(crate) fn serve_tls(config: &Path) -> Self {
        let command = program(&["serve", "-c", config.to_str().expect("a name in UTF-8")]);
        Self::start_at(command, "listening on https://")
    }

    fn start_at(mut command: Command, before_address: &str) -> Self {
        let mut child = command.spawn().expect("the program runs");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let log = Arc::<Log>::default();
        let writer = Arc::clone(&log);
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                writer.lines.lock().expect("no panic").0.push(line);
                writer.changed.notify_all();
            }
            writer.lines.lock().expect("no panic").1 = true;
            writer.changed.notify_all();
        });
        let mut broker = Self { child, log, address: String::new() };
        broker.address = broker.wait_for_address(before_address);
        broker
    }

    /// The address behind this text in the log.
    pub(crate) fn wait_for_address(&self, before: &str) -> String {
        let line = self.wait_for(before);
        let rest = line.split_once(before).expect("it is in the line").1;
        rest.split(['/', '"']).next().expect("an address").to_owned()
    }

    /// Waits for a line of the log that has this text.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().expect("no panic");
        loop {
            if let Some(line) = lines.0.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(!lines.1 && Instant::now() < deadline, "no {text:?} in {:#?}", lines.0);
            lines = self.log.changed.wait_timeout(lines, PATIENCE).expect("no panic").0;
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines.lock().expect("no panic").0.clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it was started")
    }
}

impl Drop for RunningBroker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and the body of an answer.
pub(crate) fn http(address: &str, request: &str, body: &str) -> (u16, String) {
    http_with(address, request, "Content-Type: text/plain;charset=UTF-8\r\n", body)
}

/// Posts JSON with a key of the API.
pub(crate) fn post_json(address: &str, path: &str, key: &str, body: &str) -> (u16, String) {
    let headers = format!("Content-Type: application/json\r\nX-API-Key: {key}\r\n");
    http_with(address, &format!("POST {path}"), &headers, body)
}

pub(crate) fn http_with(address: &str, request: &str, headers: &str, body: &str) -> (u16, String) {
    let (head, body) = exchange(address, request, headers, body);
    (head[9..12].parse().expect("a status"), body)
}

/// The head and the body of the answer to a request without a body.
pub(crate) fn answer(address: &str, request: &str) -> (String, String) {
    exchange(address, request, "", "")
}

fn exchange(address: &str, request: &str, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    http(address, &format!("GET {path}"), "")
}

/// Waits until the answer has this status.
pub(crate) fn wait_for_status(address: &str, path: &str, status: u16) -> String {
    wait_for_answer(address, path, |now, _| now == status)
}

/// Waits until the answer has a status and a body that are wanted.
pub(crate) fn wait_for_answer(
    address: &str,
    path: &str,
    is_wanted: impl Fn(u16, &str) -> bool,
) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, body) = get(address, path);
        if is_wanted(status, &body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{path} has {status}: {body}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A client by long-polling, in one namespace.
#[derive(Debug)]
pub(crate) struct Client {
    address: String,
    path: String,
    namespace: String,
    received: VecDeque<String>,
    asked: usize,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        Self::connect_to(address, "/")
    }

    pub(crate) fn connect_to(address: &str, namespace: &str) -> Self {
        Self::connect_as(address, namespace, "")
    }

    /// Connects to the main namespace with this `auth`.
    pub(crate) fn connect_with(address: &str, auth: &str) -> Self {
        Self::connect_as(address, "/", auth)
    }

    fn connect_as(address: &str, namespace: &str, auth: &str) -> Self {
        Self::try_connect(address, namespace, auth)
            .unwrap_or_else(|refusal| panic!("it is not refused: {refusal}"))
    }

    /// A client that shows this `auth`. An `Err` is the packet that refuses it.
    pub(crate) fn try_connect(address: &str, namespace: &str, auth: &str) -> Result<Self, String> {
        let path = "/socket.io/?EIO=4&transport=polling".to_owned();
        let (status, open) = get(address, &path);
        assert_eq!(status, 200, "{open}");
        let sid = open.split_once("\"sid\":\"").expect("a session").1;
        let sid = sid.split('"').next().expect("an id");
        let namespace = if namespace == "/" { String::new() } else { format!("{namespace},") };
        let mut client = Self {
            address: address.to_owned(),
            path: format!("{path}&sid={sid}"),
            namespace,
            received: VecDeque::new(),
            asked: 0,
        };
        client.send(&format!("40{}{auth}", client.namespace));
        let answer = client.next(|_| true);
        if answer.starts_with("40") { Ok(client) } else { Err(answer) }
    }

    fn send(&self, packet: &str) {
        let (status, body) = http(&self.address, &format!("POST {}", self.path), packet);
        assert_eq!((status, &*body), (200, "ok"));
    }

    /// The next packet that is wanted. Others are kept, and pings are answered.
    pub(crate) fn next(&mut self, is_wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "not received: it has {:?}", self.received);
            if let Some(at) = self.received.iter().position(|packet| is_wanted(packet)) {
                return self.received.remove(at).expect("it is there");
            }
            let (status, body) = get(&self.address, &self.path);
            assert_eq!(status, 200, "the session has ended: {body}");
            for packet in body.split('\x1e') {
                if packet == "2" {
                    self.send("3");
                } else {
                    self.received.push_back(packet.to_owned());
                }
            }
        }
    }

    /// Sends an event, and returns its acknowledgement: a list in JSON.
    pub(crate) fn ask(&mut self, event: &str) -> String {
        self.asked += 1;
        let (id, namespace) = (self.asked, self.namespace.clone());
        self.send(&format!("42{namespace}{id}{event}"));
        let ack = format!("43{namespace}{id}[");
        let answer = self.next(|packet| packet.starts_with(&ack));
        answer[ack.len() - 1..].to_owned()
    }

    pub(crate) fn subscribe(&mut self, channel: &str) -> String {
        self.ask(&format!(r#"["subscribe","{channel}"]"#))
    }

    pub(crate) fn publish(&mut self, channel: &str, data: &str) -> String {
        self.ask(&format!(r#"["publish","{channel}","{data}"]"#))
    }

    /// Waits for the event `message` with this data.
    pub(crate) fn message(&mut self, data: &str) {
        let packet = format!(r#"42{}["message","{data}"]"#, self.namespace);
        self.next(|received| received == packet);
    }
}
