//! The program of the example, built and running.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
};

use super::SECRET;
use crate::{build_example::build_example, wait::PATIENCE};

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build_example("auth"))
}

/// The running example. It is killed when this is dropped.
pub(crate) struct ExampleServer {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl ExampleServer {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(program())
            .arg("127.0.0.1:0")
            .env("JWT_SECRET", SECRET)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (say, said) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            say.send(stdout.read_line(&mut line).map(|_| line))
        });
        let line =
            said.recv_timeout(PATIENCE).expect("the example prints its address").expect("text");
        let addr = line.trim_end().strip_prefix("open http://").and_then(|addr| addr.parse().ok());
        Self { child, addr: addr.unwrap_or_else(|| panic!("no address: {line:?}")) }
    }
}

impl Drop for ExampleServer {
    fn drop(&mut self) {
        // It may have ended by itself. A test has then failed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_a_secret_it_does_not_start() {
    for secret in [None, Some(""), Some("secret"), Some("one byte less than it should be")] {
        let mut command = Command::new(program());
        command.arg("127.0.0.1:0").env_remove("JWT_SECRET").stdin(Stdio::null());
        command.envs(secret.map(|secret| ("JWT_SECRET", secret)));
        let output = command.output().expect("it starts");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(2), &b""[..]),
            "{secret:?}: {said}"
        );
        assert!(said.starts_with("auth: JWT_SECRET ") && said.lines().count() == 1, "{said}");
        assert!(said.contains("32 bytes") && said.contains("openssl rand -hex 32"), "{said}");
        assert!(
            secret.is_none_or(|secret| secret.is_empty() || !said.contains(&format!("{secret:?}"))),
            "{said}"
        );
    }
}
