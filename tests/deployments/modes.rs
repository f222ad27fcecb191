//! The official client in all modes, wherever the server listens and whatever is in front of it.

use crate::{
    certificate, haproxy,
    needs::{Need, all_there, clients},
    nginx::{DOCUMENTED, Nginx},
    programs::node_tests,
    server::TestServer,
    suites::turn,
};

/// The address that the clients connect from.
const CLIENT: &str = "127.0.0.77";

/// Runs the client's scenarios, and checks that the server keeps nothing of the clients.
fn run(server: &TestServer, variables: &[(&str, &str)]) {
    node_tests(&clients().join("deployments"), |node| {
        node.env("NODE_EXTRA_CA_CERTS", certificate::authority_file())
            .env("CLIENT_ADDRESS", CLIENT)
            .envs(variables.iter().copied())
    });
    server.assert_all_freed();
}

fn run_at(server: &TestServer, url: &str) {
    run(server, &[("SERVER_URL", url)]);
}

const NODE: [Need; 2] = [Need::Node, Need::NodePackages];
const WITH_NGINX: [Need; 3] = [Need::Node, Need::NodePackages, Need::Nginx];
const WITH_HAPROXY: [Need; 3] = [Need::Node, Need::NodePackages, Need::Haproxy];

#[test]
fn without_a_proxy() {
    if !all_there("the official client without a proxy", &NODE) {
        return;
    }
    let _turn = turn();
    let server = TestServer::start(|builder| builder);
    run_at(&server, &format!("http://{}", server.at.plain));
}

#[test]
fn at_a_listener_that_also_speaks_h2c() {
    if !all_there("the official client at a listener with h2c", &NODE) {
        return;
    }
    let _turn = turn();
    let server = TestServer::start(|builder| builder);
    run_at(&server, &format!("http://{}", server.at.h2c));
}

#[test]
fn over_tls() {
    if !all_there("the official client over TLS", &NODE) {
        return;
    }
    let _turn = turn();
    let server = TestServer::start(|builder| builder);
    run_at(&server, &format!("https://{}", server.at.tls));
}

#[test]
fn at_a_unix_socket() {
    if !all_there("the official client at a Unix socket", &NODE) {
        return;
    }
    let _turn = turn();
    let server = TestServer::start(|builder| builder);
    let socket = server.at.unix.to_str().expect("a path of text");
    run(&server, &[("SERVER_URL", "http://127.0.0.1"), ("SOCKET_PATH", socket)]);
}

#[test]
fn behind_nginx_as_socket_io_documents_it() {
    if !all_there("the official client behind nginx", &WITH_NGINX) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, ..Nginx::default() }.before(server.at.plain);
    run_at(&server, &nginx.url());
}

#[test]
fn behind_nginx_that_keeps_its_connections() {
    if !all_there("the official client behind nginx with keepalive", &WITH_NGINX) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() }
        .before(server.at.plain);
    run_at(&server, &nginx.url());
}

#[test]
fn behind_nginx_at_a_unix_socket() {
    if !all_there("the official client behind nginx at a Unix socket", &WITH_NGINX) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() }
        .before_unix(&server.at.unix);
    run_at(&server, &nginx.url());
}

#[test]
fn behind_haproxy() {
    if !all_there("the official client behind HAProxy", &WITH_HAPROXY) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let haproxy = haproxy::before(server.at.plain);
    run_at(&server, &haproxy.url());
}

#[test]
fn behind_haproxy_at_a_unix_socket() {
    if !all_there("the official client behind HAProxy at a Unix socket", &WITH_HAPROXY) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let haproxy = haproxy::before_unix(&server.at.unix);
    run_at(&server, &haproxy.url());
}

#[test]
fn behind_haproxy_that_speaks_h2c() {
    if !all_there("the official client behind HAProxy with h2c", &WITH_HAPROXY) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let haproxy = haproxy::before_h2c(server.at.h2c);
    run_at(&server, &haproxy.url());
}

#[test]
fn behind_haproxy_that_speaks_http2_over_tls() {
    if !all_there("the official client behind HAProxy with HTTP/2", &WITH_HAPROXY) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let haproxy = haproxy::before_tls(server.at.tls);
    run_at(&server, &haproxy.url());
}
