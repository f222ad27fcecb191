//! The chat of `examples/chat`, and the same chat on Node: one client's conversation with both.

#[path = "../examples/chat/main.rs"]
#[allow(dead_code, reason = "the test has a port of its own")]
mod chat;
#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/running.rs"]
mod running;

use std::fs;

use actix_web::web::ServiceConfig;
use needs::{Need, all_there, clients};
use programs::node_tests;
use running::RunningApp;

#[test]
fn the_chat_is_that_on_node() {
    if !all_there("the chat", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let app = RunningApp::start(|| {
        let io = chat::server().expect("the server is built");
        (io.clone(), move |services: &mut ServiceConfig| io.mount()(services))
    });
    node_tests(&clients().join("chat"), |node| node.env("SERVER_URL", app.url()));
    node_tests(&clients().join("chat"), |node| node.env_remove("SERVER_URL"));
}

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect(path)
}

/// The part of a file that is code: without the comment in front, and without empty lines.
fn code(text: &str) -> Vec<&str> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    text.lines().filter(is_code).collect()
}

#[test]
fn the_page_shows_both_chats_as_they_are() {
    let page = read("docs/handlers.md");
    let shown = |language: &str, begin: &str| {
        let fence = format!("```{language}\n");
        let mut blocks = page.split(&*fence).skip(1).filter_map(|rest| rest.split("```\n").next());
        blocks.find(|block| block.contains(begin)).unwrap_or_else(|| panic!("{language} {begin}"))
    };
    let rust = read("examples/chat/main.rs");
    assert_eq!(code(shown("rust,no_run", "async fn enter")), code(&rust));
    let node = read("tests/clients/chat/node_chat.mjs");
    assert_eq!(code(shown("js", "io.use(")), code(&node));
    let lines = code(&rust).len();
    assert!(lines <= 45, "{lines} lines");
}
