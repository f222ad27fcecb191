//! `health`: a question to a running broker, for images without a shell.

use std::{
    io::{self, BufRead, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    process::ExitCode,
    time::Duration,
};

use crate::{
    cli::HealthQuestion,
    config::{self, Sources},
};

/// The time for each step.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest first line of an answer that is read.
const MAX_LINE: u64 = 1_000;

pub(crate) fn health(question: HealthQuestion) -> ExitCode {
    let url = match question.url {
        Some(url) => url,
        None => {
            let variables = Sources::environment();
            let sources = Sources { file: question.config, variables, flags: Vec::new() };
            let loaded = config::load(&sources);
            let Some(settings) = loaded.settings else {
                for mistake in &loaded.mistakes {
                    eprintln!("{mistake}");
                }
                return ExitCode::FAILURE;
            };
            // The internal address has no TLS, and says the same on another path.
            let (address, path) = match (&settings.tls, &settings.internal_address) {
                (None, _) => (&settings.address, "healthz"),
                (Some(_), Some(internal)) => (internal, "readyz"),
                (Some(_), None) => {
                    eprintln!(
                        "actix-socketio: with [tls], `health` asks the internal_address: set one, \
                         such as \"127.0.0.1:9001\""
                    );
                    return ExitCode::FAILURE;
                }
            };
            // A resolved address has at least one.
            let addr = address.resolved.first().copied();
            format!("http://{}/{path}", addr.map_or_else(String::new, reachable))
        }
    };
    match ask(&url) {
        Ok(200) => {
            println!("{url}: ok");
            ExitCode::SUCCESS
        }
        Ok(status) => {
            eprintln!("{url}: status {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An address that listens on all interfaces is asked on loopback.
fn reachable(mut addr: SocketAddr) -> String {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => addr.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => addr.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    addr.to_string()
}

/// The status of the answer to a GET.
fn ask(url: &str) -> io::Result<u16> {
    let invalid = || io::Error::other("expected a URL such as http://127.0.0.1:9000/healthz");
    let rest = url.strip_prefix("http://").ok_or_else(invalid)?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if host.is_empty() || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(invalid());
    }
    let path = if path.is_empty() { "/healthz" } else { path };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if has_port { host.to_owned() } else { format!("{host}:80") };
    let mut last = io::Error::other("the host has no address");
    for addr in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, PATIENCE) {
            Ok(stream) => return get(stream, host, path),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn get(mut stream: TcpStream, host: &str, path: &str) -> io::Result<u16> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut line)?;
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| io::Error::other("the answer is not one of HTTP"))
}
