//! nginx that keeps its connections to the server answers no 502, whatever `Connection` it sends.

use crate::{
    needs::{Need, all_there},
    nginx::{DOCUMENTED, Nginx},
    node,
    server::TestServer,
    suites::turn,
};

const NEEDS: [Need; 3] = [Need::Node, Need::NodePackages, Need::Nginx];

/// Each poll and POST reaches the server with `Connection: upgrade`, and without `Upgrade`.
#[test]
fn no_answer_is_lost_on_connections_that_nginx_keeps() {
    if !all_there("polling behind nginx with keepalive", &NEEDS) {
        return;
    }
    let _turn = turn();
    let server = TestServer::behind_a_proxy();
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() }
        .before(server.at.plain);
    let output = node::run("polls.mjs", &[("SERVER_URL", &nginx.url())]);
    assert!(output.contains("3600 of 3600"), "{output}");
    let log = nginx.log();
    assert!(!log.contains("prematurely closed") && !log.contains("upstream"), "{log}");
    server.assert_all_freed();
}
