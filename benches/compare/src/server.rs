//! A server's process, as the load generator sees it.

use std::{
    env,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{Fallible, process::Process, serve::Order};

/// How long a server may take to start, or to end. Under valgrind it takes some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process ends when this is dropped, and also when the load generator ends, since that closes
/// its standard input.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    child: Child,
}

impl Server {
    pub(crate) fn start(order: &Order) -> Fallible<Self> {
        Self::start_by(&mut Command::new(env::current_exe()?), order)
    }

    /// Starts it by a command that runs this program with more arguments.
    pub(crate) fn start_by(command: &mut Command, order: &Order) -> Fallible<Self> {
        let child = command
            .args(["serve", &serde_json::to_string(order)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // From here on dropping it ends the process, whatever else fails.
        let mut server = Self { addr: SocketAddr::from(([127, 0, 0, 1], 0)), child };
        let stdout = server.child.stdout.take().ok_or("no standard output")?;
        let (sender, line) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            // After a timeout nothing receives it any more.
            let _ = sender.send(BufReader::new(stdout).read_line(&mut line).map(|_| line));
        });
        let line = line.recv_timeout(PATIENCE).map_err(|_| "the server does not start")??;
        let port = line.trim().parse().map_err(|_| "the server has ended at its start")?;
        server.addr.set_port(port);
        Ok(server)
    }

    /// Lets the server end by itself, which an instrument needs to write what it has counted.
    pub(crate) fn end(mut self) -> Fallible {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                return Err("the server does not end".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has exited already, or it is not needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
