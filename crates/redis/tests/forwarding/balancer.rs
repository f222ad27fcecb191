//! A load balancer that sends each request to the next server.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tempfile::TempDir;

use crate::common::{free_port, wait_until};

/// A balancer of a few lines: one connection for each request, and a server in turn for each.
#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    addr: SocketAddr,
    turns: Arc<AtomicUsize>,
}

impl Balancer {
    pub(crate) fn start(servers: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port on loopback");
        let addr = listener.local_addr().expect("it is bound");
        let turns = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&turns);
        // The thread ends with the test's process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let turn = counter.fetch_add(1, Ordering::Relaxed);
                let servers = servers.clone();
                thread::spawn(move || {
                    let live = (0..servers.len())
                        .map(|tried| servers[(turn + tried) % servers.len()])
                        .find_map(|server| TcpStream::connect(server).ok());
                    // A client that goes away breaks its request off.
                    live.map(|server| pass(client, server).ok())
                });
            }
        });
        Self { addr, turns }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.turns.load(Ordering::Relaxed)
    }
}

/// Passes one request on, and its answer back.
fn pass(client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut is_upgrade) = (String::new(), false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        is_upgrade |= line.to_ascii_lowercase().starts_with("upgrade:");
        let is_connection = line.to_ascii_lowercase().starts_with("connection:");
        if !is_connection {
            head += &line;
        }
    }
    head += if is_upgrade { "connection: upgrade\r\n\r\n" } else { "connection: close\r\n\r\n" };
    server.write_all(head.as_bytes())?;
    let (mut to_client, mut from_server) = (client, server.try_clone()?);
    let answers = thread::spawn(move || {
        let copied = io::copy(&mut from_server, &mut to_client);
        // The client has the whole answer. Its connection is not used again.
        to_client.shutdown(Shutdown::Both).and(copied)
    });
    io::copy(&mut reader, &mut server)?;
    // A client that closes its connection breaks its request off.
    server.shutdown(Shutdown::Both)?;
    drop(answers.join());
    Ok(())
}

/// nginx, which sends each request to the next server.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    pub(crate) fn start(servers: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, self::config(servers, port)).expect("a file");
        let mut nginx = Command::new(program());
        nginx.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(config);
        let process = nginx.stdin(Stdio::null()).spawn().expect("nginx starts");
        wait_until("nginx listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, port, _folder: folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        crate::common::signal("TERM", self.process.id());
        self.process.wait().expect("it was started");
    }
}

/// Distributions put it where users other than root have no programs.
fn program() -> &'static Path {
    let usual = Path::new("/usr/sbin/nginx");
    if usual.is_file() { usual } else { Path::new("nginx") }
}

fn config(servers: &[SocketAddr], port: u16) -> String {
    let servers: String =
        servers.iter().map(|server| format!("server {server} max_fails=0;\n")).collect();
    format!(
        "daemon off;\nuser root root;\nworker_processes 1;\npid pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\nclient_body_temp_path body;\nproxy_temp_path proxy;\n\
         fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n\
         map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n\
         upstream app {{\n{servers}}}\n\
         server {{\nlisten 127.0.0.1:{port};\n\
         location / {{\nproxy_pass http://app;\nproxy_http_version 1.1;\n\
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
         proxy_set_header Host $host;\nproxy_set_header Upgrade $http_upgrade;\n\
         proxy_set_header Connection $connection_upgrade;\n}}\n}}\n}}\n"
    )
}
