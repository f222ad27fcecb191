//! The official clients over `https` and `wss`.

use crate::{
    app,
    certificates::Pem,
    folder::Folder,
    needs::{Need, all_there, clients},
    programs::node_tests,
    server::TestServer,
    suites::{python_tests, turn},
};

#[test]
fn the_official_javascript_client_in_all_modes() {
    if !all_there("the official client over TLS", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let _turn = turn();
    let folder = Folder::new("tls-node");
    let pem = Pem::new();
    let authority = folder.write("authority.pem", &pem.chain);
    let server = TestServer::start(app::builder(), &pem.certificate());
    node_tests(&clients().join("deployments"), |node| {
        node.env("NODE_EXTRA_CA_CERTS", &authority)
            .env("CLIENT_ADDRESS", "127.0.0.77")
            .env("SERVER_URL", format!("https://{}", server.addr))
    });
    server.assert_all_freed();
}

#[test]
fn the_official_python_client_on_both_transports() {
    if !all_there("the official Python client over TLS", &[Need::PythonPackages]) {
        return;
    }
    let _turn = turn();
    let folder = Folder::new("tls-python");
    let pem = Pem::new();
    let authority = folder.write("authority.pem", &pem.chain);
    let server = TestServer::start(app::builder(), &pem.certificate());
    let url = format!("https://{}", server.addr);
    let authority = authority.to_str().expect("a path of text");
    python_tests(
        &clients().join("tls/test_tls.py"),
        &[("SERVER_URL", &url), ("SSL_CERT_FILE", authority)],
    );
    server.assert_all_freed();
}
