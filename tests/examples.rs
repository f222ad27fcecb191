//! Where the examples listen: each as a program, with its arguments and `$PORT`.

#[path = "common/build_example.rs"]
mod build_example;
#[path = "common/programs.rs"]
mod programs;

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::{Mutex, PoisonError},
};

use build_example::build_example;

/// The examples that take an address, with what they print before it.
const EXAMPLES: [(&str, &str); 4] = [
    ("embed", "listening at http://"),
    ("publish", "listening at http://"),
    ("auth", "open http://"),
    ("live_scores", "open http://"),
];

/// Builds one example at a time, since cargo locks its folder.
fn program(name: &str) -> PathBuf {
    static BUILD: Mutex<()> = Mutex::new(());
    let _turn = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    build_example(name)
}

fn command(program: &Path, arguments: &[&str], port: Option<&str>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_remove("PORT").stdin(Stdio::null());
    command.env("JWT_SECRET", "0123456789abcdef0123456789abcdef");
    command.envs(port.map(|port| ("PORT", port)));
    command
}

fn ended(program: &Path, arguments: &[&str], port: Option<&str>) -> Output {
    command(program, arguments, port).output().expect("the example starts")
}

/// A running example, which is killed when this is dropped. Its output stays open, since one that
/// prints more would fail otherwise.
struct Running(Child, Option<BufReader<ChildStdout>>);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself has failed its test already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an example, and returns the address that it prints first.
fn start(mut command: Command, expected: &str) -> (Running, SocketAddr) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the example starts");
    let stdout = child.stdout.take().expect("it is piped");
    let mut running = Running(child, None);
    let mut line = String::new();
    // A program that prints nothing ends this by its end.
    running.1.insert(BufReader::new(stdout)).read_line(&mut line).expect("text");
    let address = line.trim_end().strip_prefix(expected).and_then(|it| it.parse().ok());
    (running, address.unwrap_or_else(|| panic!("no address: {line:?}")))
}

/// A port that was free a moment ago.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    listener.local_addr().expect("it is bound").port().to_string()
}

#[test]
fn an_argument_or_else_the_environment_says_the_port() {
    for (name, expected) in EXAMPLES {
        let program = program(name);
        let port = free_port();
        let (_running, address) = start(command(&program, &[], Some(&port)), expected);
        assert_eq!(address.to_string(), format!("127.0.0.1:{port}"), "{name}");
        // What is announced is bound.
        TcpStream::connect(address).unwrap_or_else(|error| panic!("{name}: {error}"));
        for arguments in [["0"], ["127.0.0.1:0"], ["0.0.0.0:0"]] {
            let (_running, address) = start(command(&program, &arguments, Some("1")), expected);
            assert!(address.ip().is_loopback() && address.port() > 1, "{name}: {address}");
            TcpStream::connect(address).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn an_address_in_use_is_one_line_that_says_what_to_do() {
    for (name, _) in EXAMPLES {
        let program = program(name);
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = taken.local_addr().expect("it is bound").to_string();
        let output = ended(&program, &[&address], None);
        let said = String::from_utf8(output.stderr).expect("text");
        // Nothing is announced.
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let expected = format!("{address} is in use by another program; stop that one, or choose");
        assert!(said.contains(&expected) && said.contains("PORT="), "{said}");
    }
}

#[test]
fn an_address_that_cannot_be_read_is_refused() {
    for (name, _) in EXAMPLES {
        let program = program(name);
        for (arguments, port, named) in [
            (&["localhost"][..], None, "\"localhost\" is not an address to listen on"),
            (&["65536"], None, "\"65536\" is not an address to listen on"),
            (&[""], None, "\"\" is not an address to listen on"),
            (&[], Some("http"), "PORT is \"http\", and not a port"),
            (&[], Some(""), "PORT is \"\", and not a port"),
        ] {
            let output = ended(&program, arguments, port);
            let said = String::from_utf8(output.stderr).expect("text");
            assert!(!output.status.success() && output.stdout.is_empty(), "{name}: {said}");
            assert!(said.contains(named) && said.lines().count() == 1, "{name}: {said}");
        }
    }
}
