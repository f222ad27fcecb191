//! The process is stopped for longer than any deadline of its clients, as when a machine is
//! suspended. What the clients have sent by then waits in the sockets, and is in time.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use actix_socketio::SocketIo;

use crate::{
    fixture::{Journal, journaling},
    raw::{HttpConnection, PollingSession, Received, WebSocket, request},
    serving::serve,
};

const ITSELF: &str = "suspended::time_in_which_the_process_is_stopped_is_no_fault_of_its_clients";
/// Set in the process that is stopped.
const IS_SERVER: &str = "ACTIX_SOCKETIO_SUSPENDED_SERVER";
const ADDRESS: &str = "listening at ";
const INTERVAL: Duration = Duration::from_millis(300);
/// Each deadline of a client. Long enough for all clients to come to where they wait.
const TIME: Duration = Duration::from_secs(2);
const STOPPED: Duration = Duration::from_secs(5);
/// Of each kind.
const CLIENTS: usize = 25;

#[test]
fn time_in_which_the_process_is_stopped_is_no_fault_of_its_clients() {
    if env::var_os(IS_SERVER).is_some() {
        return run_server();
    }
    let server = ServerProcess::start();
    let mut websockets: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut websocket = WebSocket::open(server.addr);
            websocket.join();
            websocket
        })
        .collect();
    let polling: Vec<_> = (0..CLIENTS).map(|_| PollingSession::join(server.addr).0).collect();
    // They receive a ping, and do not answer it.
    for websocket in &mut websockets {
        assert_eq!(websocket.receive(), Received::Text("2".to_owned()));
    }
    polling.iter().for_each(|session| session.get().assert_poll(&["2"]));
    let mut late = LateClients::open(server.addr);

    server.signal("-STOP");
    let stopped = Instant::now();
    websockets.iter_mut().for_each(|websocket| websocket.send("3"));
    let waiting: Vec<_> = polling.iter().map(send_pong_and_poll).collect();
    late.send();
    // This is the time that the test is about.
    thread::sleep(STOPPED.saturating_sub(stopped.elapsed()));
    server.signal("-CONT");

    for (mut post, mut poll) in waiting {
        post.response().assert_ok();
        // The next ping, or what came before it.
        assert_eq!(poll.response().status, 200);
    }
    for session in &polling {
        session.post(r#"3"#).assert_ok();
        session.post(r#"427["echo","back"]"#).assert_ok();
        let answered = (0..10).any(|_| {
            let body = session.get().body;
            if body.contains('2') {
                session.post("3").assert_ok();
            }
            body.contains(r#"437["back"]"#)
        });
        assert!(answered, "the session goes on");
    }
    websockets.iter_mut().for_each(WebSocket::assert_works);
    late.assert_in_time();
}

/// On new connections: actix-http closes one that is idle for five seconds, also with a request in
/// its socket.
fn send_pong_and_poll(session: &PollingSession) -> (HttpConnection, HttpConnection) {
    let [mut poll, mut post] = [(); 2].map(|()| HttpConnection::open(session.addr));
    poll.write(request("GET", &session.query(), ""));
    post.write(request("POST", &session.query(), "Content-Length: 1\r\n") + "3");
    (post, poll)
}

/// Clients for which other deadlines run while the process is stopped.
struct LateClients {
    connecting: WebSocket,
    upgrading: WebSocket,
    probed: PollingSession,
    posting: HttpConnection,
    posted: PollingSession,
    asked: WebSocket,
    /// The answer of `asked`.
    answer: String,
}

impl LateClients {
    fn open(addr: SocketAddr) -> Self {
        let (probed, _) = PollingSession::join(addr);
        let mut upgrading = WebSocket::probe(&probed);
        upgrading.send("2probe");
        assert_eq!(upgrading.text(), "3probe");
        let (posted, _) = PollingSession::join(addr);
        let posting = posted.begin_post("Content-Length: 15\r\n");
        let mut asked = WebSocket::open(addr);
        asked.join();
        asked.send(r#"42["ask me"]"#);
        let question = asked.text();
        let id =
            question.strip_prefix("42").and_then(|rest| rest.strip_suffix(r#"["question",1]"#));
        let answer = format!("43{}[2]", id.expect("an event that asks for an answer"));
        Self {
            connecting: WebSocket::open(addr),
            upgrading,
            probed,
            posting,
            posted,
            asked,
            answer,
        }
    }

    fn send(&mut self) {
        self.connecting.send("40");
        self.upgrading.send("5");
        self.posting.write(r#"427["echo","x"]"#);
        self.asked.send(&self.answer);
    }

    fn assert_in_time(mut self) {
        assert!(self.connecting.text().starts_with("40{"), "connect_timeout");
        self.connecting.assert_works();
        self.posting.response().assert_ok();
        assert_eq!(self.posted.get().status, 200, "body_timeout");
        self.upgrading.assert_works();
        let session = self.probed.get();
        assert_eq!(session.status, 400, "upgrade_timeout: polling is over");
        assert_eq!(self.asked.text(), r#"42["answered",2]"#, "ack_timeout");
    }
}

/// This test as a program of its own, which serves until its input ends.
struct ServerProcess {
    process: Child,
    addr: SocketAddr,
}

impl ServerProcess {
    fn start() -> Self {
        let mut process = Command::new(env::current_exe().expect("a program"))
            .args(["--exact", ITSELF, "--nocapture"])
            .env(IS_SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let addr = output
            .lines()
            .find_map(|line| {
                let line = line.expect("text");
                let (_, addr) = line.split_once(ADDRESS)?;
                Some(addr.parse().expect("an address"))
            })
            .expect("the server starts");
        Self { process, addr }
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        let status = kill.args([signal, &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // A stopped process ends, too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run_server() {
    let builder = journaling(&Journal::default())
        .ping_interval(INTERVAL)
        .ping_timeout(TIME)
        .connect_timeout(TIME)
        .upgrade_timeout(TIME)
        .body_timeout(TIME)
        .ack_timeout(TIME)
        .on_message(async |event: actix_socketio::OnMessage| {
            if event.event() == "ask me" {
                let socket = event.socket;
                actix_web::rt::spawn(async move {
                    if let Ok(answer) = socket.emit_with_ack::<_, u8>("question", &1).await {
                        socket.emit("answered", &answer).expect("the client waits for it");
                    }
                });
            }
            Ok(())
        });
    let (io, addrs): (SocketIo, _) = serve(builder, None);
    println!("{ADDRESS}{}", addrs[0]);
    std::io::stdout().flush().expect("the test reads this");
    // Until the test ends.
    let _ = std::io::stdin().lock().lines().count();
    drop(io);
}
