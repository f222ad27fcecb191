//! The broker as a program: its arguments, its environment, its log and its exit codes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

/// The limit of every wait, also on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn broker(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_actix-socketio"));
    command
        .args(args)
        .env_remove("SOCKETIO_HOST")
        .env_remove("SOCKETIO_PORT")
        .env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(args: &[&str]) -> Output {
    broker(args).output().expect("the program runs")
}

/// A running broker. Dropping it kills the process.
struct RunningBroker {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl RunningBroker {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program runs");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).expect("a log"), 0, "it ends before it listens");
            if let Some((_, url)) = line.split_once("listening on http://") {
                break url.trim_end().strip_suffix("/socket.io").expect("the path").to_owned();
            }
        };
        Self { child, log, address }
    }

    fn handshake(&self) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\
            Host: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for RunningBroker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_help_explains_the_arguments_and_the_environment() {
    let help = output(&["--help"]);
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).expect("text");
    for word in ["HOST:PORT", "SOCKETIO_HOST", "127.0.0.1:9000", "RUST_LOG"] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn a_bad_address_is_an_error_and_exit_code_2() {
    for args in [&["nonsense"][..], &["127.0.0.1:http"], &["127.0.0.1:9000", "more"]] {
        let refused = output(args);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        let text = String::from_utf8(refused.stderr).expect("text");
        let named = args.last().expect("an argument");
        assert!(
            text.starts_with("actix-socketio: ") && text.contains(&format!("{named:?}")),
            "{text}"
        );
    }
}

#[test]
fn an_address_in_use_is_an_error() {
    let first = RunningBroker::start(broker(&["127.0.0.1:0"]));
    let second = output(&[&first.address]);
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8(second.stderr).expect("text");
    assert!(text.contains("cannot listen on") && text.contains(&first.address), "{text}");
}

#[test]
fn it_listens_on_the_address_of_the_environment() {
    let mut command = broker(&[]);
    command.env("SOCKETIO_HOST", "127.0.0.1").env("SOCKETIO_PORT", "0");
    let broker = RunningBroker::start(command);
    let answer = broker.handshake();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains(r#"0{"sid":""#),
        "{answer}"
    );
}

#[cfg(unix)]
#[test]
fn sigterm_closes_all_connections_and_exits_with_code_0() {
    let mut broker = RunningBroker::start(broker(&["127.0.0.1:0"]));
    broker.handshake();
    let id = broker.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    let mut log = String::new();
    broker.log.read_to_string(&mut log).expect("a log to its end");
    assert!(
        log.contains("shutting down 1 connections") && !log.contains("connections left"),
        "{log}"
    );
    assert!(broker.child.wait().expect("it was started").success());
}
