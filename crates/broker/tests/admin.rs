//! `[admin]` and `hash-password`, with the real program.

mod common;

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use common::{Client, RunningBroker, get, program};
use tempfile::TempDir;

/// Runs `hash-password` with this input.
fn hash(input: &[u8]) -> Output {
    let mut command = program(&["hash-password"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    child.stdin.take().expect("it is piped").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// The hash of a password.
fn hash_of(password: &str) -> String {
    let output = hash(password.as_bytes());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn a_password_of_the_input_is_hashed_or_refused_without_showing_it() {
    let (first, second) = (hash_of("secret\n"), hash_of("secret\r\n"));
    assert!(first.starts_with("$2b$12$") && first.len() == 60, "{first}");
    assert_ne!(first, second, "each has a salt of its own");
    for (input, reason) in [
        (&b""[..], "the password is empty"),
        (b"\n", "the password is empty"),
        (&[b'x'; 73], "the password has more than 72 bytes"),
        (&[b'x'; 5_000], "the password has more than 72 bytes"),
        (b"hunter2\0x\n", "the password has a NUL"),
        (b"hunter2\xff", "the password can't be read"),
    ] {
        let output = hash(input);
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(output.stdout.is_empty() && told.contains(reason), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("xx"), "{told}");
    }
}

/// The terminal of `script` shows what is typed, unless the program turns that off. The prompts are
/// waited for, so that nothing is typed before.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_does_not_show_the_password() {
    use std::io::Read as _;

    for (again, has_hash) in [("hunter2\n", true), ("hunter3\n", false)] {
        let mut command = Command::new("script");
        let run = format!("{} hash-password", env!("CARGO_BIN_EXE_actix-socketio"));
        command.args(["-qec", &run, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` of util-linux runs");
        let mut keyboard = child.stdin.take().expect("it is piped");
        let mut screen = child.stdout.take().expect("it is piped");
        let mut shown = String::new();
        for (prompt, typed) in [("Password: ", "hunter2\n"), ("The same password: ", again)] {
            let mut byte = [0];
            while !shown.ends_with(prompt) {
                assert_eq!(screen.read(&mut byte).expect("a screen"), 1, "{shown}");
                shown.push(byte[0].into());
            }
            keyboard.write_all(typed.as_bytes()).expect("a keyboard");
        }
        screen.read_to_string(&mut shown).expect("a screen");
        assert_eq!(child.wait().expect("it ends").success(), has_hash, "{shown}");
        assert_eq!(shown.contains("$2b$12$"), has_hash, "{shown}");
        assert_eq!(shown.contains("the two passwords differ"), !has_hash, "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

/// A folder with a page of the UI and a configuration.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("ui/js");
    fs::create_dir_all(&page).expect("a folder");
    fs::write(page.join("app.js"), "0").expect("a file");
    fs::write(folder.path().join("ui/index.html"), "<title>the page</title>").expect("a file");
    fs::write(folder.path().join("secret.txt"), "outside").expect("a file");
    folder
}

fn configure(folder: &Path, hash: &str, is_internal: bool) {
    let text = format!(
        "address = '127.0.0.1:0'\ninternal_address = '127.0.0.1:0'\n\
         [[channels]]\npattern = '^room-'\n\
         [admin]\nusers = [{{ name = 'ada', password = '{hash}' }}]\ninternal = {is_internal}\n\
         ui_dir = '{}'\n",
        folder.join("ui").display(),
    );
    fs::write(folder.join("broker.toml"), text).expect("a file");
}

fn log_in(address: &str, password: &str) -> Result<Client, String> {
    let auth = format!(r#"{{"username":"ada","password":"{password}"}}"#);
    Client::try_connect(address, "/admin", &auth)
}

#[test]
fn administrators_log_in_at_the_internal_address_and_change_with_a_reload() {
    let folder = folder();
    configure(folder.path(), &hash_of("first"), true);
    let broker = RunningBroker::serve(&folder.path().join("broker.toml"));
    let internal = broker.wait_for_address("health on http://");
    broker.wait_for("Admin UI: 1 users watch and act in namespace /admin, at the internal");

    let refused = log_in(&broker.address, "first").expect_err("the port of clients");
    assert!(refused.contains("administrators can't log in from here"), "{refused}");
    let refused = log_in(&internal, "wrong").expect_err("a wrong password");
    assert!(refused.contains("invalid credentials"), "{refused}");
    let mut ada = log_in(&internal, "first").expect("the right password");
    ada.next(|packet| packet.starts_with(r#"42/admin,["session","#));
    let report = ada.next(|packet| packet.starts_with(r#"42/admin,["server_stats","#));
    assert!(report.contains(r#"{"name":"/admin","socketsCount":1}"#), "{report}");

    configure(folder.path(), &hash_of("second"), true);
    broker.signal("-HUP");
    let told = broker.wait_for("the configuration was reloaded: ");
    assert!(told.contains("admin.users[0].password"), "{told}");
    ada.next(|packet| packet == "41/admin,");
    assert!(log_in(&internal, "first").is_err());
    assert!(log_in(&internal, "second").is_ok());
    broker.wait_for("the administrator ada has logged in by password from 127.0.0.1");
    let log = broker.log().join("\n");
    assert!(!log.contains("$2b$") && !log.contains("second"), "{log}");
}

#[test]
fn the_development_mode_is_warned_of_and_keeps_to_its_bounds() {
    let folder = folder();
    configure(folder.path(), &hash_of("secret"), false);
    let config = folder.path().join("broker.toml");
    let mut text = fs::read_to_string(&config).expect("it was written");
    text.push_str(
        "mode = 'development'\nmax_shown_sockets = 2\nmax_waiting_events = 50\n\
         max_event_bytes = 100\n",
    );
    fs::write(&config, text).expect("a file");
    let broker = RunningBroker::serve(&config);
    let warning = broker.wait_for("admin.mode is \"development\"");
    assert!(warning.contains("WARN"), "{warning}");

    // The administrator is the other socket that is shown.
    let mut shown = Client::connect(&broker.address);
    let mut ada = log_in(&broker.address, "secret").expect("the right password");
    let listed = ada.next(|packet| packet.starts_with(r#"42/admin,["all_sockets",[{"#));
    assert!(listed.contains(r#""address":"127.0.0.1""#), "{listed}");
    shown.subscribe("room-1");
    ada.next(|packet| packet.starts_with(r#"42/admin,["room_joined","/","room-1","#));
    let received = |packet: &str| packet.starts_with(r#"42/admin,["event_received","/","#);
    let event = ada.next(received);
    assert!(event.contains(r#",["subscribe","room-1"],"#), "{event}");
    shown.publish("room-1", &"x".repeat(200));
    let event = ada.next(received);
    assert!(event.contains("too many to show") && !event.contains("xx"), "{event}");

    let _hidden = Client::connect(&broker.address);
    let internal = broker.wait_for_address("Admin UI on http://");
    let counted = "actix_socketio_admin_sockets_hidden_total 1\n";
    common::wait_for_answer(&internal, "/metrics", |_, metrics| metrics.contains(counted));
}

#[test]
fn the_page_is_served_with_a_policy_and_nothing_beside_it() {
    let folder = folder();
    configure(folder.path(), &hash_of("secret"), false);
    let broker = RunningBroker::serve(&folder.path().join("broker.toml"));
    let internal = broker.wait_for_address("Admin UI on http://");

    let (head, body) = common::answer(&internal, "GET /admin/");
    assert!(head.starts_with("HTTP/1.1 200") && body == "<title>the page</title>", "{head}");
    let head = head.to_lowercase();
    for expected in [
        "content-security-policy: default-src 'none'; script-src 'self';",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.contains(expected), "{expected} in {head}");
    }
    assert_eq!(get(&internal, "/admin/js/app.js"), (200, "0".to_owned()));
    assert!(common::answer(&internal, "GET /admin").0.to_lowercase().contains("location: /admin/"));
    for path in ["/admin/../secret.txt", "/admin/%2e%2e/secret.txt", "/admin/js/", "/admin/x"] {
        assert_ne!(get(&internal, path).0, 200, "{path}");
    }
    assert_eq!(get(&broker.address, "/admin/").0, 404, "the port of clients has no page");
    assert_eq!(get(&internal, "/socket.io/?EIO=4&transport=polling").0, 404);
    assert!(log_in(&broker.address, "secret").is_ok(), "`internal` is false");
}
