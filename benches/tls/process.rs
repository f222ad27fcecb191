//! The process of a server, and what the kernel says of it.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
};

use crate::server::{COMMAND, Kind};

/// Linux has 100 ticks in a second for programs, whatever its own are.
const TICK_NANOS: f64 = 10_000_000.0;

/// It is killed when this is dropped.
pub(crate) struct ServerProcess {
    child: Child,
    stdin: ChildStdin,
    addr: SocketAddr,
    certificate: String,
}

impl ServerProcess {
    pub(crate) fn start(kind: Kind) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args([COMMAND, kind.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut lines = stdout.lines().map(|line| line.expect("text"));
        let addr = lines.next().expect("an address").parse().expect("an address");
        let mut certificate = String::new();
        while !certificate.contains("-----END") {
            certificate += &lines.next().expect("a certificate");
            certificate.push('\n');
        }
        Self { child, stdin, addr, certificate }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate, as PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Lets the server emit one event to all clients.
    pub(crate) fn emit(&mut self) {
        self.stdin.write_all(b"\n").expect("the server reads");
    }

    pub(crate) fn resident_bytes(&self) -> f64 {
        let status = self.read("status");
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = kib.and_then(|rest| rest.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<f64>().ok()).expect("the resident memory") * 1024.0
    }

    /// The time that the server has had a CPU, which the kernel counts in ticks.
    pub(crate) fn cpu_nanos(&self) -> f64 {
        let stat = self.read("stat");
        // The name of the program has parentheses around it, and may have spaces.
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks = fields.split_ascii_whitespace().skip(11).take(2);
        ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() * TICK_NANOS
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the process runs")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It has ended already if this fails, and the measurement has said so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
