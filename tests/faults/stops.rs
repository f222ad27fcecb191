//! The program of the README ends soon after SIGTERM, whatever its clients leave open.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use actix_socketio::{SocketIo, SocketIoServerExt, channel};
use actix_web::{App, HttpServer, rt::System};

use crate::raw::{HttpConnection, PollingSession, WebSocket};

/// Set for the process that is the server.
const SERVER: &str = "STOPS_SERVER";
/// A stop takes less than half of it. By itself, actix-web needs 30 s.
const LIMIT: Duration = Duration::from_secs(20);

/// The README's server, in a process of its own: the test program with one test, which serves.
struct Program {
    child: Child,
    /// Kept open, for what the test program prints at its end.
    _output: BufReader<ChildStdout>,
    addr: SocketAddr,
}

impl Program {
    /// Runs the test `name` again, as the server.
    fn start(name: &str) -> Self {
        let mut child = Command::new(env::current_exe().expect("the test program"))
            .args(["--exact", "--nocapture", name])
            .env(SERVER, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let addr = output
            .by_ref()
            .lines()
            .find_map(|line| line.expect("text").split_once("serving ")?.1.parse().ok())
            .expect("it serves");
        Self { child, addr, _output: output }
    }

    /// Sends SIGTERM, and waits for the end.
    fn assert_stops(mut self) {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().expect("it runs");
        assert!(killed.success());
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || sender.send(self.child.wait()));
        let outcome = ended.recv_timeout(LIMIT);
        if outcome.is_err() {
            // It would go on after the test.
            Command::new("kill").args(["-KILL", &id]).status().expect("it runs");
        }
        let status = outcome.expect("it ends in time").expect("it was started");
        assert!(status.success(), "{status}");
    }
}

/// Serves if this process is the server.
fn serve_if_server() -> bool {
    if env::var_os(SERVER).is_none() {
        return false;
    }
    let served: io::Result<()> = System::new().block_on(async {
        let io = SocketIo::builder().route(channel("^match-")).build()?;
        let app = io.clone();
        let server = HttpServer::new(move || App::new().configure(app.mount()))
            .socketio(&io)
            .bind_auto_h2c(("127.0.0.1", 0))?;
        println!("\nserving {}", server.addrs()[0]);
        server.run().await
    });
    served.expect("it serves");
    true
}

#[test]
fn a_stop_does_not_wait_for_bodies_that_stall() {
    if serve_if_server() {
        return;
    }
    let program = Program::start("stops::a_stop_does_not_wait_for_bodies_that_stall");
    let addr = program.addr;
    let sessions = [PollingSession::open(addr), PollingSession::open(addr)];
    let paths = [0, 1].map(|at| format!("/socket.io/?{}", sessions[at].query()));
    let stalled = [
        half_sent(addr, &paths[0], "Content-Length: 100\r\n"),
        half_sent(addr, &paths[1], "Transfer-Encoding: chunked\r\n"),
        half_sent(addr, "/nowhere", "Content-Length: 100\r\n"),
        half_sent(addr, "/nowhere", "Transfer-Encoding: chunked\r\n"),
    ];
    program.assert_stops();
    drop(stalled);
}

#[test]
fn a_stop_does_not_wait_for_idle_connections() {
    if serve_if_server() {
        return;
    }
    let program = Program::start("stops::a_stop_does_not_wait_for_idle_connections");
    let addr = program.addr;
    let mut http2 = TcpStream::connect(addr).expect("it listens");
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("it reads");
    let mut settings = [0; 9];
    http2.read_exact(&mut settings).expect("its settings");
    assert_eq!(settings[3], 4, "a SETTINGS frame: {settings:?}");
    let silent = TcpStream::connect(addr).expect("it listens");
    let mut websocket = WebSocket::open(addr);
    websocket.join();
    program.assert_stops();
    drop((http2, silent));
}

/// A request whose body does not come. The server has read its head when this returns.
fn half_sent(addr: SocketAddr, path: &str, length: &str) -> HttpConnection {
    let mut http = HttpConnection::open(addr);
    http.write(format!("POST {path} HTTP/1.1\r\nHost: x\r\n{length}Expect: 100-continue\r\n\r\n"));
    let status = http.line();
    assert!(status.starts_with("HTTP/1.1 100") || path == "/nowhere", "{status}");
    http
}
