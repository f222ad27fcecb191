//! Tokens: `[jwt]` with the official client, whose tokens Node makes, and the two commands.

mod common;
#[path = "../../../tests/common/needs.rs"]
mod needs;
#[path = "../../../tests/common/programs.rs"]
mod programs;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use common::{Client, RunningBroker, output, program};
use needs::{Need, all_there, clients};
use programs::node_tests;
use tempfile::TempDir;

const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-";

#[test]
fn users_connect_by_tokens() {
    if !all_there("tokens in the broker", &[Need::Node, Need::NodePackages]) {
        return;
    }
    node_tests(&clients().join("broker_tokens"), |node| {
        node.env("BROKER", env!("CARGO_BIN_EXE_actix-socketio"))
    });
}

/// A folder with a configuration, and its path.
fn configured(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    fs::write(&path, format!("address = \"127.0.0.1:0\"\n{text}")).expect("it can be written");
    (folder, path)
}

fn with_secret(more: &str) -> (TempDir, PathBuf) {
    configured(&format!("[jwt]\nalgorithm = \"HS256\"\nsecret = \"{SECRET}\"\n{more}"))
}

fn run(command: &str, config: &Path, args: &[&str]) -> Output {
    let config = config.to_str().expect("UTF-8");
    output(program(&[&[command, "-c", config], args].concat()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The token that the command prints.
fn gentoken(config: &Path, args: &[&str]) -> String {
    let made = run("gentoken", config, args);
    assert!(made.status.success() && made.stderr.is_empty(), "{}", text(&made.stderr));
    let token = text(&made.stdout);
    assert_eq!(token.lines().count(), 1);
    token.trim().to_owned()
}

/// The exit code, and what it says of a token from the standard input.
fn checktoken(config: &Path, token: &str) -> (Option<i32>, String) {
    let mut command = program(&["checktoken", "-c", config.to_str().expect("UTF-8"), "-"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    // It reads no more than it needs of what is too long.
    let _ = writeln!(child.stdin.take().expect("it is piped"), "{token}");
    let told = child.wait_with_output().expect("it ends");
    assert!(told.stderr.is_empty(), "{}", text(&told.stderr));
    (told.status.code(), text(&told.stdout))
}

#[test]
fn a_token_that_is_made_is_believed() {
    let (_folder, config) = with_secret("issuer = \"me\"\naudience = \"broker\"\nkey_id = \"a\"\n");
    let token = gentoken(&config, &["--user", "ada", "--channels", "a,b", "--id", "t1"]);
    let (code, told) = checktoken(&config, &token);
    assert_eq!(code, Some(0), "{told}");
    for said in [
        r#""alg": "HS256""#,
        r#""kid": "a""#,
        r#""iss": "me""#,
        r#""aud": "broker""#,
        r#""jti": "t1""#,
        "    \"a\",\n    \"b\"\n",
        "believed: the user \"ada\", for ",
    ] {
        assert!(told.contains(said), "{said} in {told}");
    }
    assert!(!told.contains("hunter2") && !told.contains(&token), "{told}");
    // As an argument it is the same.
    let by_argument = run("checktoken", &config, &[&token]);
    assert!(by_argument.status.success());

    let ttl = ["--ttl", "90", "--channel", "match-42", "--publish"];
    let token = gentoken(&config, &[&["--user", "ada"][..], &ttl].concat());
    let (code, told) = checktoken(&config, &token);
    assert_eq!(code, Some(0));
    let said = "believed: a token for the channel \"match-42\" and the user \"ada\", for ";
    assert!(told.contains(said) && told.contains(", also to publish"), "{told}");
}

#[test]
fn a_token_that_is_not_believed_is_told_with_the_reason() {
    let (_folder, config) = with_secret("");
    let (_other, other) = configured(
        "[jwt]\nalgorithm = \"HS256\"\nsecret = \"another secret of 32 bytes or more\"\n",
    );
    let token = gentoken(&other, &["--user", "ada"]);
    let (code, told) = checktoken(&config, &token);
    assert_eq!(code, Some(1));
    assert!(told.contains(r#""sub": "ada""#), "the claims are shown: {told}");
    assert!(told.contains("not believed (signature): the token is not signed"), "{told}");
    for (wrong, reason) in [
        ("", "not believed (malformed)"),
        ("hello", "not believed (malformed)"),
        (&*"a".repeat(100_000), "not believed (too_long)"),
    ] {
        let (code, told) = checktoken(&config, wrong);
        assert_eq!((code, told.contains(reason)), (Some(1), true), "{told}");
        assert!(told.len() < 200, "{told}");
    }
}

#[test]
fn the_commands_refuse_what_they_cannot_do() {
    let (_folder, config) = with_secret("");
    let (_none, none) = configured("");
    let (_short, short) = configured("[jwt]\nalgorithm = \"HS256\"\nsecret = \"hunter2\"\n");
    let user = ["--user", "ada"];
    for (config, args, told) in [
        (&none, &user[..], "there is no [jwt] in the configuration"),
        (&short, &user, "jwt.secret is \"…\": it has 7 bytes"),
        (&config, &[], "--user"),
        (&config, &["--user", ""], "a broker would refuse the token: "),
        (&config, &["--user", "ada", "--ttl", "soon"], "--ttl is \"soon\": expected"),
        (&config, &["--user", "ada", "--publish"], "--channel"),
        (&config, &["--user", "ada", "--channel", "a", "--channels", "b"], "cannot be used"),
    ] {
        let refused = run("gentoken", config, args);
        let text = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(told) && refused.stdout.is_empty(), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

/// The way of a reader of the manual: the environment has the secret, and `gentoken` makes a token.
#[test]
fn a_client_enters_with_a_token_that_is_made() {
    let (folder, config) = configured(
        "[jwt]\nalgorithm = \"HS256\"\n[[channels]]\npattern = \"^a\"\nsubscribe = \"user\"\n",
    );
    let file = folder.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).expect("it can be written");
    let config = config.to_str().expect("UTF-8");
    let with_secret = |args: &[&str]| {
        let mut command = program(args);
        command.env("SOCKETIO_JWT__SECRET_FILE", &file);
        command
    };
    let token = output(with_secret(&["gentoken", "-c", config, "--user", "ada", "--ttl", "1m"]));
    let token = text(&token.stdout);
    let broker = RunningBroker::start(with_secret(&["serve", "-c", config]));
    broker.wait_for("clients need a token");
    broker.wait_for("channels \"^a\": users subscribe, the server alone publishes");
    let auth = format!("{{\"token\":\"{}\"}}", token.trim());
    let mut ada = Client::connect_with(&broker.address, &auth);
    assert_eq!(ada.subscribe("a"), "[null]");
    drop(ada);
    let log = broker.log().join("\n");
    assert!(!log.contains("hunter2") && !log.contains(token.trim()), "{log}");
}
