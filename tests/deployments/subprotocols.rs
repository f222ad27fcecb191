//! The official client with the option `protocols`.

use crate::{
    haproxy,
    needs::{Need, all_there},
    nginx::{DOCUMENTED, Nginx},
    node,
    server::TestServer,
    suites::turn,
};

const NEEDS: [Need; 4] = [Need::Node, Need::NodePackages, Need::Nginx, Need::Haproxy];

/// The server takes the first one, as Node's does. Without it, the client gives up.
#[test]
fn a_client_with_subprotocols_has_its_websocket() {
    if !all_there("subprotocols behind proxies", &NEEDS) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() }
        .before(server.at.plain);
    let haproxy = haproxy::before_h2c(server.at.h2c);
    let direct = format!("http://{}", server.at.plain);
    let tls = format!("https://{}", server.at.tls);
    for url in [direct, tls, nginx.url(), haproxy.url()] {
        let output = node::run("subprotocols.mjs", &[("SERVER_URL", &url)]);
        assert!(output.contains("connected with v2.example"), "{url}: {output}");
    }
    server.assert_all_freed();
}
