//! Pages of the server's own origin are allowed over HTTP/1.1, HTTP/2 and behind proxies. Pages of
//! other origins are not.

use std::process::Command;

use actix_socketio::Cors;

use crate::{
    haproxy,
    needs::{Need, all_there},
    nginx::Nginx,
    programs,
    server::TestServer,
};

/// Every deployment answers another origin so.
const REFUSED: &str = "403";
const FRIEND: &str = "https://friend.example";

/// The status of a handshake by curl from a page of this origin.
fn status(url: &str, origin: &str, options: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--insecure", "--output", "/dev/null"])
        .args(["--max-time", "20", "--write-out", "%{http_version} %{http_code}"])
        .args(["--header", &format!("Origin: {origin}")])
        .args(options)
        .arg(format!("{url}/socket.io/?EIO=4&transport=polling"));
    programs::run(curl).trim().to_owned()
}

/// Checks that a deployment allows `own` and the friend, over this version of HTTP, and that it
/// refuses others.
#[track_caller]
fn assert_own_origin(url: &str, own: &str, version: &str, options: &[&str]) {
    for origin in [own, FRIEND] {
        let answer = status(url, origin, options);
        assert_eq!(answer, format!("{version} 200"), "{origin} at {url} {options:?}");
    }
    for origin in ["https://evil.example", "http://127.0.0.1:1", "null"] {
        let answer = status(url, origin, options);
        assert_eq!(answer, format!("{version} {REFUSED}"), "{origin} at {url} {options:?}");
    }
}

fn server(proxies: usize) -> TestServer {
    TestServer::start(|builder| builder.cors(Cors::origins([FRIEND])).trusted_proxies(proxies))
}

#[test]
fn own_origin_without_a_proxy() {
    if !all_there("the own origin over HTTP/1.1 and HTTP/2", &[Need::Curl]) {
        return;
    }
    let server = server(0);
    let [plain, h2c] = [server.at.plain, server.at.h2c].map(|addr| format!("http://{addr}"));
    let tls = format!("https://localhost:{}", server.at.tls.port());
    assert_own_origin(&plain, &plain, "1.1", &[]);
    assert_own_origin(&h2c, &h2c, "1.1", &[]);
    assert_own_origin(&h2c, &h2c, "2", &["--http2-prior-knowledge"]);
    assert_own_origin(&tls, &tls, "1.1", &["--http1.1"]);
    assert_own_origin(&tls, &tls, "2", &["--http2"]);
    let unix = server.at.unix.to_str().expect("a path of text");
    assert_own_origin("http://app", "http://app", "1.1", &["--unix-socket", unix]);
}

#[test]
fn own_origin_behind_nginx() {
    if !all_there("the own origin behind nginx", &[Need::Curl, Need::Nginx]) {
        return;
    }
    let server = server(1);
    let start = |host: &str, tls: bool| {
        let location = format!("proxy_set_header Host {host};\nproxy_http_version 1.1;");
        Nginx { location: &location, keepalive: Some(16), tls }.before(server.at.plain)
    };
    let nginx = start("$http_host", false);
    assert_own_origin(&nginx.url(), &nginx.url(), "1.1", &[]);
    // nginx with TLS at the default port, which some configurations name.
    for host in ["$host", "$host:443", "$host:80"] {
        let nginx = start(host, false);
        let scheme = if host.ends_with("80") { "http" } else { "https" };
        let own = format!("{scheme}://example.com");
        for named in ["Host: example.com", "Host: EXAMPLE.com"] {
            assert_own_origin(&nginx.url(), &own, "1.1", &["--header", named]);
        }
    }
    let nginx = start("$http_host", true);
    let url = nginx.url().replace("http:", "https:");
    assert_own_origin(&url, &url, "1.1", &["--http1.1"]);
    assert_own_origin(&url, &url, "2", &["--http2"]);
}

#[test]
fn own_origin_behind_haproxy() {
    if !all_there("the own origin behind HAProxy", &[Need::Curl, Need::Haproxy]) {
        return;
    }
    let server = server(1);
    // Between HAProxy and the server may be TLS where there is none before HAProxy.
    let proxies = [
        ("HTTP/1.1", haproxy::before(server.at.plain)),
        ("h2c", haproxy::before_h2c(server.at.h2c)),
        ("HTTP/2 over TLS", haproxy::before_tls(server.at.tls)),
    ];
    for (hop, haproxy) in proxies {
        println!("HAProxy speaks {hop}");
        assert_own_origin(&haproxy.url(), &haproxy.url(), "1.1", &[]);
    }
}
