//! Long-polling over HTTP/2, directly and through a proxy that speaks it with clients.

use crate::{
    needs::{Need, all_there},
    nginx::{DOCUMENTED, Nginx},
    node,
    server::TestServer,
    suites::turn,
};

#[test]
fn everything_comes_in_order_over_one_connection() {
    let needs = [Need::Node, Need::NodePackages, Need::Nginx];
    if !all_there("polling over HTTP/2", &needs) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), tls: true };
    let nginx = nginx.before(server.at.plain);
    let urls = [
        format!("http://{}", server.at.h2c),
        format!("https://{}", server.at.tls),
        nginx.url().replace("http:", "https:"),
    ];
    for url in urls {
        let output = node::run("http2.mjs", &[("SERVER_URL", &url)]);
        assert!(output.contains("done"), "{url}: {output}");
    }
    server.assert_all_freed();
}
