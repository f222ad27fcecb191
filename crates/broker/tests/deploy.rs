//! The files of `deploy`: what can be checked without systemd and without an engine for containers.

#![cfg(unix)]

mod common;

use std::{fs, path::Path};

use common::{output, program};

fn deploy(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file);
    fs::read_to_string(path).expect("a file of the folder")
}

/// Whether the variables are all known, and their values right.
fn check(variables: &[(String, String)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("redis");
    fs::write(&secret, deploy("redis-url")).expect("it can be written");
    let mut command = program(&["checkconfig", "--strict"]);
    for (name, value) in variables {
        let is_file = name.ends_with("_FILE");
        command.env(name, if is_file { secret.to_str().expect("UTF-8") } else { value });
    }
    let checked = output(command);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn the_variables_of_the_compose_file_are_right() {
    let file = deploy("compose.yaml");
    let mut variables: Vec<(String, String)> = Vec::new();
    for line in file.lines().map(str::trim) {
        if let Some((name, value)) = line.split_once(": ").filter(|_| line.starts_with("SOCKETIO_"))
        {
            variables.push((name.to_owned(), value.replace(">-", "")));
        } else if let Some((_, value)) = variables.last_mut()
            && line.starts_with(['[', '{'])
        {
            value.push_str(line);
        }
    }
    assert_eq!(variables.len(), 4, "{variables:?}");
    check(&variables);
}

#[test]
fn the_variables_of_the_image_are_right() {
    let file = deploy("Dockerfile");
    let variables: Vec<_> = file
        .split_whitespace()
        .filter(|word| word.starts_with("SOCKETIO_"))
        .map(|word| word.split_once('=').expect("a value"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(variables.len(), 3);
    check(&variables);
}

/// The unit starts the commands that the program has, with a file that `genconfig` writes.
#[test]
fn the_commands_of_the_unit_are_right() {
    let unit = deploy("actix-socketio.service");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    let name = path.to_str().expect("UTF-8");
    assert!(output(program(&["genconfig", "-c", name])).status.success());
    let mut commands = Vec::new();
    for line in unit.lines().filter(|line| line.starts_with("ExecStart")) {
        let (_, command) = line.split_once('=').expect("a command");
        let words = command.replace("/etc/actix-socketio/broker.toml", name);
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words[0], "/usr/local/bin/actix-socketio");
        commands.push(words[1..].to_vec());
    }
    let [check, serve] = &commands[..] else { panic!("{commands:?}") };
    let check: Vec<_> = check.iter().map(String::as_str).collect();
    assert!(output(program(&check)).status.success());
    let serve: Vec<_> = serve.iter().map(String::as_str).collect();
    let mut command = program(&serve);
    command.env("SOCKETIO_ADDRESS", "127.0.0.1:0").env("SOCKETIO_INTERNAL_ADDRESS", "127.0.0.1:0");
    let mut broker = common::RunningBroker::start(command);
    broker.signal("-TERM");
    assert!(broker.wait().success());
}
