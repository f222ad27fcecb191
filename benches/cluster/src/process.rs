//! The processes that are measured.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A process that is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    /// A Redis that keeps nothing.
    pub(crate) fn redis() -> io::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]).stdout(Stdio::null());
        let process = Self { child: command.spawn()?, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(process)
    }

    /// One server of a cluster: `ours`, `node` or `socketioxide`.
    pub(crate) fn server(server: &str, adapter: &str, redis: u16) -> io::Result<Self> {
        let redis = format!("redis://127.0.0.1:{redis}");
        let mut command = match server {
            "node" => {
                let mut node = Command::new("node");
                node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/server.mjs"));
                node
            }
            _ => {
                let mut own = Command::new(env::current_exe()?);
                own.args(["serve", server]);
                own
            }
        };
        let mut child = command.args([adapter, &redis]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or(io::Error::other("no output"))?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().strip_prefix("port ").and_then(|port| port.parse().ok());
        let port = port.ok_or(io::Error::other(format!("{server} prints {line:?}")))?;
        Ok(Self { child, port })
    }

    /// Its CPU time, user and system, in nanoseconds.
    pub(crate) fn cpu(&self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end meanwhile.
            let Ok(times) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let on_cpu = times.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
            sum += on_cpu.ok_or(io::Error::other("an unknown schedstat"))?;
        }
        Ok(sum)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = io::stdout().flush();
    }
}
