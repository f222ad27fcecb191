//! A server of Redis that a test starts, breaks and restarts.

use std::{
    process::{Child, Command, Stdio},
    time::Instant,
};

use tempfile::{NamedTempFile, TempDir};

use super::{PATIENCE, free_port, signal};

/// A redis-server on a free port. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct RedisServer {
    port: u16,
    /// The path of a file with its configuration.
    configuration: Option<String>,
    /// That file, if it is to end with the server.
    file: Option<NamedTempFile>,
    options: Vec<String>,
    folder: TempDir,
    /// `None`: it is killed.
    process: Option<Child>,
}

impl RedisServer {
    /// Keeps nothing over a restart.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--appendonly", "no"])
    }

    /// Has each command on the disk before it is answered, so that nothing is lost by a kill.
    pub(crate) fn start_durable() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// A sentinel for a master on a port, which it names `mymaster`.
    pub(crate) fn sentinel(master: u16) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = format!(
            "sentinel monitor mymaster 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds mymaster 500\n\
             sentinel failover-timeout mymaster 3000\n"
        );
        std::fs::write(file.path(), text).expect("it is written");
        let path = file.path().to_str().expect("text").to_owned();
        let mut sentinel = Self::start_by(Some(path), &["--sentinel"]);
        sentinel.file = Some(file);
        sentinel
    }

    /// With further options, as on the command line.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        Self::start_by(None, options)
    }

    fn start_by(configuration: Option<String>, options: &[&str]) -> Self {
        let mut server = Self {
            port: 0,
            configuration,
            file: None,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            folder: tempfile::tempdir().expect("a folder"),
            process: None,
        };
        // Another process may take the port before Redis has it.
        for _ in 0..10 {
            server.port = free_port();
            if server.try_run() {
                return server;
            }
        }
        panic!("redis-server does not start: {:?}", server.options)
    }

    /// Runs the process, and waits until it answers. `false`: it has ended.
    fn try_run(&mut self) -> bool {
        let save: &[&str] = if self.configuration.is_some() { &[] } else { &["--save", ""] };
        let mut process = Command::new("redis-server")
            .args(&self.configuration)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(save)
            .args(["--dir".as_ref(), self.folder.path().as_os_str()])
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server starts");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if process.try_wait().expect("it was started").is_some() {
                return false;
            }
            if self.try_connection().is_ok_and(|mut redis| {
                redis::cmd("PING").query::<String>(&mut redis).is_ok_and(|answer| answer == "PONG")
            }) {
                break;
            }
            assert!(Instant::now() < deadline, "redis-server does not answer");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        self.process = Some(process);
        true
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:…`
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn try_connection(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url())?.get_connection()
    }

    /// A blocking connection.
    #[track_caller]
    pub(crate) fn connection(&self) -> redis::Connection {
        self.try_connection().expect("Redis runs")
    }

    /// Runs one command: `server.command(&["CLIENT", "LIST"])`.
    #[track_caller]
    pub(crate) fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query(&mut self.connection()).expect("Redis accepts the command")
    }

    /// Answers no client for a while.
    pub(crate) fn pause_clients(&self, milliseconds: u32) {
        self.command::<()>(&["CLIENT", "PAUSE", &milliseconds.to_string(), "ALL"]);
    }

    fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// SIGSTOP: connections stay, and nothing answers.
    pub(crate) fn freeze(&self) {
        signal("STOP", self.id());
    }

    /// SIGCONT, after [`freeze`](Self::freeze).
    pub(crate) fn thaw(&self) {
        signal("CONT", self.id());
    }

    /// SIGKILL, as in a crash.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it was started");
            process.wait().expect("it was started");
        }
    }

    /// Starts it again on the same port, with the data that its options keep.
    pub(crate) fn restart(&mut self) {
        self.kill();
        // A connection of before may hold the port for a moment.
        super::wait_until("redis-server starts again", || self.try_run());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A frozen process is killed, too.
        self.kill();
    }
}
