use crate::{
    needs::{Need, all_there, clients},
    programs::node_tests,
    server::{AdminServer, PASSWORD, admin, hash},
};

#[test]
fn the_protocol_is_that_of_nodes_own_server() {
    if !all_there("the Admin UI beside Node's server", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let server = AdminServer::start(admin());
    // No client of another test is counted there.
    let stats = AdminServer::start(admin());
    let readonly = AdminServer::start(admin().readonly(true));
    node_tests(&clients().join("admin"), |node| {
        node.env("SERVER_URL", &server.url)
            .env("STATS_URL", &stats.url)
            .env("READONLY_URL", &readonly.url)
            .env("HASH", hash(PASSWORD))
    });
}
