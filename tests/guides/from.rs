//! The apps of the pages for users of other servers, which the pages show as they are.

use std::fs;

use serde_json::json;

use crate::{
    app::TestServer,
    apps,
    client::{Client, Mode},
    needs::{Need, all_there, clients},
    programs::node_tests,
};

/// One client's conversation, with this server and with Node's.
#[test]
fn the_app_is_that_on_node() {
    if !all_there("the app of the page for Node's users", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let server = TestServer::start(apps::from_node::builder());
    let folder = clients().join("from_node");
    node_tests(&folder, |node| node.env("SERVER_URL", &server.url));
    node_tests(&folder, |node| node.env_remove("SERVER_URL"));
}

#[actix_web::test]
async fn the_app_for_users_of_socketioxide_runs() {
    let server = TestServer::start(apps::from_socketioxide::builder());
    let mut ada = Client::connect(&server.url, Mode::WebSocket).await;
    let mut bob = Client::connect(&server.url, Mode::WebSocket).await;
    for client in [&mut ada, &mut bob] {
        assert_eq!(client.emit_with_ack("join", json!(["tea"])).await, json!(["welcome"]));
    }
    assert_eq!(ada.expect_event("joined").await[0], "tea");
    for (number, text) in [(0, "hi"), (1, "again")] {
        assert_eq!(bob.emit_with_ack("say", json!(["tea", text])).await, json!([]));
        assert_eq!(ada.expect_event("said").await, json!(["tea", text, number]));
    }
}

#[test]
fn the_pages_show_the_apps_as_they_are() {
    let read = |path: &str| {
        fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect(path)
    };
    for (page, language, path) in [
        ("docs/from-node.md", "rust,no_run", "tests/guides/apps/from_node.rs"),
        ("docs/from-node.md", "js", "tests/clients/from_node/app.mjs"),
        ("docs/from-socketioxide.md", "rust,no_run", "tests/guides/apps/from_socketioxide.rs"),
    ] {
        let block = format!("```{language}\n{}```\n", read(path));
        assert!(read(page).contains(&block), "{page} has another text than {path}");
    }
}
