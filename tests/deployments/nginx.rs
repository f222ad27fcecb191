//! nginx, with the configurations that are common in front of Socket.IO.

use std::{net::SocketAddr, path::Path, process::Command};

use crate::{
    certificate,
    folder::Folder,
    needs::system_program,
    proxy::{Proxy, free_addr},
};

/// As Socket.IO documents it.
pub(crate) const DOCUMENTED: &str = r#"
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_http_version 1.1;
"#;

/// What nginx puts in front of the server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Nginx<'a> {
    /// The lines of `location /`, without `proxy_pass`.
    pub(crate) location: &'a str,
    /// Connections to the server that are kept. By itself, nginx closes each.
    pub(crate) keepalive: Option<u32>,
    /// Whether clients use TLS, and HTTP/2 if they can.
    pub(crate) tls: bool,
}

impl Nginx<'_> {
    pub(crate) fn before(self, server: SocketAddr) -> Proxy {
        self.start(&server.to_string())
    }

    pub(crate) fn before_unix(self, socket: &Path) -> Proxy {
        self.start(&format!("unix:{}", socket.display()))
    }

    fn start(self, server: &str) -> Proxy {
        let folder = Folder::new("nginx");
        let addr = free_addr();
        let config = folder.write("nginx.conf", &self.config(server, addr, &folder));
        let mut nginx = Command::new(system_program("nginx"));
        nginx.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(config);
        Proxy::start(nginx, addr, folder)
    }

    fn config(self, server: &str, addr: SocketAddr, folder: &Folder) -> String {
        let keepalive = self.keepalive.map(|count| format!("keepalive {count};"));
        let (listen, certificate) = if self.tls {
            let pem = folder.write("certificate.pem", &certificate::with_key());
            let pem = pem.display();
            ("ssl http2", format!("ssl_certificate {pem};\nssl_certificate_key {pem};"))
        } else {
            ("", String::new())
        };
        // A worker of root's nginx would be another user, who can't open the socket in the folder.
        // For other users, nginx ignores the line and says so.
        format!(
            "daemon off;\nuser root root;\nworker_processes 1;\npid pid;\n\
             events {{ worker_connections 2048; }}\n\
             http {{\naccess_log off;\nproxy_read_timeout 60s;\n{TEMPORARY}\
             upstream app {{ server {server}; {keepalive} }}\n\
             server {{\nlisten {addr} {listen};\n{certificate}\n\
             location / {{\nproxy_pass http://app;\n{location}\n}}\n}}\n}}\n",
            keepalive = keepalive.unwrap_or_default(),
            location = self.location,
        )
    }
}

/// Only root may write to the usual folders.
pub(crate) const TEMPORARY: &str = "client_body_temp_path body;\nproxy_temp_path proxy;\n\
    fastcgi_temp_path fastcgi;\nuwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n";
