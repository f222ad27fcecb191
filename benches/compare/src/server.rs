//! A server's process, from outside.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{Fallible, process::Process, serve::Order};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);

/// Ends with its value; and, since its standard input is ours, with this process.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    child: Child,
}

impl Server {
    pub(crate) fn start(order: &Order) -> Fallible<Self> {
        let child = Command::new(env::current_exe()?)
            .args(["serve", &serde_json::to_string(order)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // From here on it ends, whatever else fails.
        let mut server = Self { addr: SocketAddr::from(([127, 0, 0, 1], 0)), child };
        let stdout = server.child.stdout.take().ok_or("no standard output")?;
        let (sender, line) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            // Nobody listens any more when this took too long.
            let _ = sender.send(BufReader::new(stdout).read_line(&mut line).map(|_| line));
        });
        let line = line.recv_timeout(START).map_err(|_| "the server does not start")??;
        let port = line.trim().parse().map_err(|_| "the server has ended at its start")?;
        server.addr.set_port(port);
        Ok(server)
    }

    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has exited already, or it is of no more use.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
