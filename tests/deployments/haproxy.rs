//! HAProxy, which speaks HTTP/1.1 or HTTP/2 with the server.

use std::{net::SocketAddr, path::Path, process::Command};

use crate::{
    folder::Folder,
    needs::system_program,
    proxy::{Proxy, free_addr},
};

/// Speaks HTTP/1.1 with the server.
pub(crate) fn before(server: SocketAddr) -> Proxy {
    start(&server.to_string())
}

/// Speaks HTTP/2 with the server, and HTTP/1.1 for WebSockets.
pub(crate) fn before_h2c(server: SocketAddr) -> Proxy {
    start(&format!("{server} proto h2 ws h1"))
}

/// The same, over TLS.
pub(crate) fn before_tls(server: SocketAddr) -> Proxy {
    start(&format!("{server} ssl verify none alpn h2,http/1.1 ws h1"))
}

/// Speaks HTTP/1.1 with the server at a Unix socket.
pub(crate) fn before_unix(socket: &Path) -> Proxy {
    start(&format!("unix@{}", socket.display()))
}

fn start(server: &str) -> Proxy {
    let folder = Folder::new("haproxy");
    let addr = free_addr();
    let config = folder.write(
        "haproxy.cfg",
        &format!(
            "global\n  maxconn 2048\n  log stdout format raw daemon notice\n\
             defaults\n  mode http\n  log global\n  option forwardfor\n  timeout connect 5s\n  \
             timeout client 60s\n  timeout server 60s\n  timeout tunnel 1h\n\
             frontend clients\n  bind {addr}\n  default_backend app\n\
             backend app\n  server app {server}\n"
        ),
    );
    let mut haproxy = Command::new(system_program("haproxy"));
    haproxy.args(["-db", "-f"]).arg(config);
    Proxy::start(haproxy, addr, folder)
}
