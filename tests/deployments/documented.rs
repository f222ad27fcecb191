//! The configurations in docs/deploy.md, with other addresses and files.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use crate::{
    certificate::ProxyCertificate,
    folder::Folder,
    needs::{Need, all_there, clients, system_program},
    nginx::TEMPORARY,
    programs::{self, node_tests},
    proxy::{Proxy, free_addr},
    server::TestServer,
    suites::turn,
};

/// The address that the clients connect from.
const CLIENT: &str = "127.0.0.78";

/// The block of this language in the page. Each replacement must be in it.
fn block(language: &str, replacements: &[(&str, &str)]) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy.md");
    let page = fs::read_to_string(page).expect("the page");
    let fence = format!("\n```{language}\n");
    let (_, rest) = page.split_once(&fence).expect("the page has the block");
    let (block, rest) = rest.split_once("\n```\n").expect("the block ends");
    assert!(!rest.contains(&fence), "one block of {language}");
    replacements.iter().fold(format!("{block}\n"), |block, (old, new)| {
        assert!(block.contains(old), "{language} has {old:?}");
        block.replace(old, new)
    })
}

/// Runs the official client's scenarios over TLS at this proxy.
fn run(server: &TestServer, proxy: &Proxy, authority: &Path) {
    node_tests(&clients().join("deployments"), |node| {
        node.env("NODE_EXTRA_CA_CERTS", authority)
            .env("CLIENT_ADDRESS", CLIENT)
            .env("SERVER_URL", format!("https://{}", proxy.addr()))
    });
    server.assert_all_freed();
}

/// The log has the requests, and no id of a session.
fn assert_no_query(log: &str) {
    assert!(log.contains("POST /socket.io/"), "{log:.2000}");
    assert!(!log.contains("sid="), "{log:.2000}");
}

/// Checks that pages of the proxy's own origin are allowed over HTTP/2.
fn assert_own_origin(proxy: &Proxy, authority: &Path) {
    let url = format!("https://{}", proxy.addr());
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--http2", "--output", "/dev/null"])
        .args(["--max-time", "20", "--write-out", "%{http_version} %{http_code}"])
        .args(["--header", &format!("Origin: {url}"), "--cacert"])
        .arg(authority)
        .arg(format!("{url}/socket.io/?EIO=4&transport=polling"));
    assert_eq!(programs::run(curl).trim(), "2 200");
}

fn server() -> TestServer {
    TestServer::start(|builder| {
        let own = actix_socketio::Cors::origins(["https://other.example"]);
        builder.trusted_proxies(1).cors(own)
    })
}

/// What the configurations of all proxies name.
struct Names {
    addr: SocketAddr,
    listen: String,
    server: String,
    certificate: ProxyCertificate,
    folder: Folder,
}

impl Names {
    fn new(name: &str, server: &TestServer) -> Self {
        let (addr, folder) = (free_addr(), Folder::new(name));
        let certificate = ProxyCertificate::new(addr.ip(), &folder);
        Self {
            addr,
            listen: addr.to_string(),
            server: server.at.plain.to_string(),
            certificate,
            folder,
        }
    }

    fn key(&self) -> &str {
        self.certificate.with_key.to_str().expect("a path of text")
    }
}

#[test]
fn nginx() {
    let needs = [Need::Node, Need::NodePackages, Need::Nginx, Need::Curl];
    if !all_there("the documented configuration of nginx", &needs) {
        return;
    }
    let _turn = turn();
    let server = server();
    let names = Names::new("documented-nginx", &server);
    let log = names.folder.path().join("access.log");
    let block = block(
        "nginx",
        &[
            ("127.0.0.1:8080", &names.server),
            ("listen 443 ", &format!("listen {} ", names.listen)),
            ("/etc/ssl/example.com.pem", names.key()),
            ("/etc/ssl/example.com.key", names.key()),
            ("/var/log/nginx/app.log", log.to_str().expect("a path of text")),
        ],
    );
    // As in the file of the package, which includes this one.
    let config = format!(
        "daemon off;\nuser root root;\nworker_processes 1;\npid pid;\n\
         events {{ worker_connections 2048; }}\nhttp {{\n{TEMPORARY}{block}}}\n"
    );
    let config = names.folder.write("nginx.conf", &config);
    let mut nginx = Command::new(system_program("nginx"));
    nginx.args(["-e", "stderr", "-p"]).arg(names.folder.path()).arg("-c").arg(config);
    let authority = names.certificate.authority.clone();
    let proxy = Proxy::start(nginx, names.addr, names.folder);
    run(&server, &proxy, &authority);
    assert_own_origin(&proxy, &authority);
    assert_no_query(&fs::read_to_string(log).expect("the log"));
}

#[test]
fn haproxy() {
    let needs = [Need::Node, Need::NodePackages, Need::Haproxy, Need::Curl];
    if !all_there("the documented configuration of HAProxy", &needs) {
        return;
    }
    let _turn = turn();
    let server = server();
    let names = Names::new("documented-haproxy", &server);
    let block = block(
        "haproxy",
        &[
            ("127.0.0.1:8080", &names.server),
            // A connection takes two descriptors, and this process may have a few thousand.
            ("maxconn 40000", "maxconn 2048"),
            ("bind :443 ", &format!("bind {} ", names.listen)),
            ("/etc/haproxy/example.com.pem", names.key()),
        ],
    );
    let config = names.folder.write("haproxy.cfg", &block);
    let mut haproxy = Command::new(system_program("haproxy"));
    haproxy.args(["-db", "-f"]).arg(config);
    let authority = names.certificate.authority.clone();
    let proxy = Proxy::start(haproxy, names.addr, names.folder);
    run(&server, &proxy, &authority);
    assert_own_origin(&proxy, &authority);
    assert_no_query(&proxy.log());
}

#[test]
fn caddy() {
    let needs = [Need::Node, Need::NodePackages, Need::Caddy, Need::Curl];
    if !all_there("the documented configuration of Caddy", &needs) {
        return;
    }
    let _turn = turn();
    let server = server();
    let names = Names::new("documented-caddy", &server);
    // Its own certificate, since an authority does not reach this machine.
    let site = format!(
        "https://{} {{\nbind {}\ntls {} {}",
        names.listen,
        names.addr.ip(),
        names.key(),
        names.key()
    );
    let block = block("caddyfile", &[("127.0.0.1:8080", &names.server), ("example.com {", &site)]);
    let options = "{\nadmin off\nauto_https disable_redirects\nskip_install_trust\n}\n";
    let config = names.folder.write("Caddyfile", &format!("{options}{block}"));
    let mut caddy = Command::new("caddy");
    caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
    caddy.env("XDG_DATA_HOME", names.folder.path()).env("XDG_CONFIG_HOME", names.folder.path());
    let authority = names.certificate.authority.clone();
    let proxy = Proxy::start(caddy, names.addr, names.folder);
    run(&server, &proxy, &authority);
    assert_own_origin(&proxy, &authority);
    assert!(!proxy.log().contains("sid="), "{}", proxy.log());
}

#[test]
fn systemd() {
    if !all_there("the documented unit of systemd", &[Need::Systemd]) {
        return;
    }
    let folder = Folder::new("documented-systemd");
    let unit =
        folder.write("app.service", &block("systemd", &[("/usr/local/bin/app", "/bin/true")]));
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]).arg(unit);
    let output = verify.output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("app.service"), "{said}");
}
