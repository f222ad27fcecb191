use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

/// A `redis-server` on a free port, with a folder of its own. It ends with this value.
pub(super) struct RedisServer {
    process: Option<Child>,
    folder: TempDir,
    port: u16,
    /// A file with its configuration.
    file: Option<String>,
    options: Vec<&'static str>,
}

impl RedisServer {
    /// It forgets everything when it is killed.
    pub(super) fn start() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// It has on its disk what it has confirmed.
    pub(super) fn start_durable() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(super) fn start_with(options: &[&'static str]) -> Self {
        Self::start_by_file(None, options)
    }

    /// With a file for its configuration.
    pub(super) fn start_by(file: &str, options: &[&'static str]) -> Self {
        Self::start_by_file(Some(file.to_owned()), options)
    }

    fn start_by_file(file: Option<String>, options: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut server = Self { process: None, folder, port, file, options: options.to_vec() };
        server.launch();
        server
    }

    /// Starts it again, on the same port and with the same folder.
    pub(super) fn launch(&mut self) {
        let process = Command::new("redis-server")
            .args(&self.file)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path())
            .args(&self.options)
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server is installed"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not start");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it was there");
            process.wait().expect("it was there");
        }
    }

    /// `STOP` or `CONT`.
    pub(super) fn signal(&self, signal: &str) {
        let id = self.process.as_ref().expect("it is there").id().to_string();
        let status = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(status.expect("kill is there").success());
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) fn connect(&self) -> Connection {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match Client::open(self.url()).and_then(|client| client.get_connection()) {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < deadline, "no connection: {error}"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs one command, of words with spaces between them.
    pub(super) fn run<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut command = redis::cmd(words.next().expect("a command"));
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.connect()).expect("an answer")
    }

    /// The fields `data` of all entries of the stream `s`.
    pub(super) fn stream(&self) -> Vec<String> {
        let entries: Vec<(String, Vec<(String, String)>)> = self.run("XRANGE s - +");
        let data = entries.into_iter().flat_map(|(_, fields)| fields);
        data.filter(|(name, _)| name == "data").map(|(_, data)| data).collect()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}
