//! The commands of docs/api.md: they run as they are, and answer as the page says.

use std::process::Command;

use actix_socketio::{Api, ApiKey, History, SocketIo, channel};
use serde_json::Value;

use crate::{
    needs::{Need, all_there},
    programs,
    server::ApiServer,
};

/// The blocks of the page that are commands, each with the answer behind it.
fn commands(page: &str) -> Vec<(&str, Value)> {
    let block = regex::Regex::new(r"(?s)\n```sh\n(.*?)```\n\n```json\n(.*?)```\n");
    let block = block.expect("a regular expression");
    let read = |json: &str| serde_json::from_str(json).expect(json);
    block
        .captures_iter(page)
        .map(|found| found.extract::<2>().1)
        .map(|[command, answer]| (command, read(answer)))
        .collect()
}

/// Puts one text for every position, which differ in each run.
fn without_positions(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_positions),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| {
            if name == "position" {
                assert!(member.as_str().is_some_and(|position| position.len() == 16), "{member}");
                *member = Value::from("…");
            } else {
                without_positions(member);
            }
        }),
        _ => {}
    }
}

#[test]
fn the_commands_of_the_page_answer_as_it_says() {
    if !all_there("the commands of docs/api.md", &[Need::Curl]) {
        return;
    }
    let page = include_str!("../../docs/api.md");
    let key = "the-key-of-the-page";
    let builder = SocketIo::builder().route(channel("^match-").history(History::last(100)));
    let server = ApiServer::with(builder, Api::builder([ApiKey::new("backend", key)]));
    let commands = commands(page);
    assert_eq!(commands.len(), page.matches("\n```sh\n").count(), "each has an answer");
    assert!(commands.len() >= 4);
    for (command, mut expected) in commands {
        let address = server.addr().to_string();
        assert!(command.contains("127.0.0.1:9001"), "{command}");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(
            command
                .replace("127.0.0.1:9001", &address)
                .replace("curl ", "curl --silent --show-error --max-time 20 "),
        );
        let answer = programs::run({
            shell.env("API_KEY", key);
            shell
        });
        let mut answer: Value = serde_json::from_str(&answer).expect(&answer);
        without_positions(&mut answer);
        without_positions(&mut expected);
        assert_eq!(answer, expected, "{command}");
    }
}
