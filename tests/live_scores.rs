//! The live-scores demo as a program: its command line, its HTTP interface, and its page in a
//! browser. Its parts have unit tests of their own.

#[path = "common/build_example.rs"]
mod build_example;
#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use awc::http::Method;
use build_example::build_example;
use needs::{Need, all_there, chromium, clients};
use programs::node_tests;
use serde_json::{Value, json};

/// The limit of every wait. It only ends what hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Match minutes in a second: hardly a minute of a match passes during a test.
const SPEED: &str = "0.01";

/// The demo's program, built from the current sources.
fn demo() -> &'static Path {
    static DEMO: OnceLock<PathBuf> = OnceLock::new();
    DEMO.get_or_init(|| build_example("live_scores"))
}

/// Runs the demo with arguments that make it end by itself.
fn run_to_end(arguments: &[&str]) -> Output {
    Command::new(demo()).args(arguments).stdin(Stdio::null()).output().expect("the demo starts")
}

/// The exit code and the error message of a demo that cannot start.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run_to_end(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(message.starts_with("live_scores: ") && message.lines().count() == 1, "{message}");
    (output.status.code(), message)
}

/// Writes a file, and returns its path.
fn file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("cargo's folder for tests can be written to");
    path.to_str().expect("it has a plain name").to_owned()
}

/// Enough matches without a goal that some are on at any time.
fn goalless_matches(name: &str) -> String {
    let matches: Vec<_> = (0..10)
        .map(|at| json!({"team1": format!("Home {at}"), "team2": format!("Away {at}"), "score": {"ft": [0, 0]}}))
        .collect();
    file(name, &json!({"name": "Cup", "matches": matches}).to_string())
}

/// A running demo. Dropping it kills the process.
struct Demo {
    child: Child,
    url: String,
    token: String,
    /// The command that reports a goal.
    command: String,
}

impl Demo {
    fn start(matches: &str) -> Self {
        let mut child = Command::new(demo())
            .args(["127.0.0.1:0", "--speed", SPEED, "--matches", matches])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut started =
            Self { child, url: String::new(), token: String::new(), command: String::new() };
        let line_after = |beginning: &str| {
            let line =
                lines.recv_timeout(LIMIT).expect("the demo prints its address and the token");
            let rest = line
                .strip_prefix(beginning)
                .unwrap_or_else(|| panic!("{beginning:?} expected: {line}"));
            rest.to_owned()
        };
        started.url = line_after("open ");
        started.token = line_after("to report a goal, TOKEN=");
        started.command = line_after("  ");
        started
    }

    /// Reports a goal, and returns the status and the body of the answer.
    async fn goal(
        &self,
        id: &str,
        authorization: Option<&str>,
        body: impl Into<String>,
    ) -> (u16, String) {
        let mut request =
            awc::Client::new().post(format!("{}/matches/{id}/goals", self.url)).timeout(LIMIT);
        if let Some(value) = authorization {
            request = request.insert_header(("authorization", value));
        }
        let mut response = request.send_body(body.into()).await.expect("an answer");
        let body = response.body().await.expect("all of it");
        (response.status().as_u16(), String::from_utf8(body.to_vec()).expect("text"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // A demo that has ended by itself has failed its test already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_help_explains_all_options_and_starts_nothing() {
    for option in ["--help", "-h"] {
        let output = run_to_end(&["--speed", "2", option]);
        let help = String::from_utf8(output.stdout).expect("text");
        assert_eq!(
            (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
            (Some(0), "")
        );
        for word in ["Usage:", "ADDRESS", "--speed", "--matches", "127.0.0.1:8080"] {
            assert!(help.contains(word), "{word}:\n{help}");
        }
    }
}

#[test]
fn a_bad_option_is_named() {
    for (arguments, expected) in [
        (&["--fast"][..], "\"--fast\""),
        (&["--speed", "fast"], "\"fast\""),
        (&["--matches"], "--matches needs a value"),
        (&["localhost"], "\"localhost\""),
        (&["65536"], "\"65536\""),
    ] {
        let (code, message) = refused(arguments);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(expected) && message.contains("--help"), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_played_is_named_with_the_place() {
    let missing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("missing.json");
    let missing = missing.to_str().expect("a plain name");
    let (code, message) = refused(&["--matches", missing]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains(missing) && message.contains("cannot be read"), "{message}");

    let team = r#""team1": "A", "team2": "B""#;
    for (name, text, place) in [
        ("comma.json", "{\n  \"matches\": [,]\n}".to_owned(), "line 2 column 15"),
        ("no_json.json", "= A v B".to_owned(), "not JSON: expected value at line 1 column 1"),
        ("empty.json", String::new(), "not JSON: EOF"),
        ("list.json", "[1]".to_owned(), "not a tournament as in worldcup.json: "),
        ("no_matches.json", "{\"matches\": []}".to_owned(), "matches: the list is empty"),
        (
            "no_team.json",
            "{\"matches\": [\n{\"team1\": \"A\"}\n]}".to_owned(),
            "missing field `team2` at line 2",
        ),
        (
            "control.json",
            "{\"matches\": [{\"team1\": \"A\", \"team2\": \"\\u0007\"}]}".to_owned(),
            "matches[0].team2: ",
        ),
        (
            "no_minute.json",
            format!(
                "{{\"matches\": [{{{team}}}, {{{team}, \"score\": {{\"ft\": [1, 0]}}, \"goals1\": [{{\"minute\": \"x\"}}]}}]}}"
            ),
            "matches[1].goals1[0].minute: ",
        ),
        (
            "too_many.json",
            format!(
                "{{\"matches\": [{{{team}, \"score\": {{\"ft\": [0, 0]}}, \"goals2\": [{{\"minute\": 3}}]}}]}}"
            ),
            "matches[0].goals2: ",
        ),
    ] {
        let path = file(name, &text);
        let (code, message) = refused(&["--matches", &path]);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(&path) && message.contains(place), "{message}");
    }
}

#[actix_web::test]
async fn an_address_in_use_is_named() {
    let demo = Demo::start(&goalless_matches("in_use.json"));
    let address = demo.url.strip_prefix("http://").expect("an address");
    let (code, message) = refused(&[address]);
    assert_eq!(code, Some(1), "{message}");
    let expected = format!("{address} is in use by another program; stop that one, or choose");
    assert!(message.contains(&expected) && message.contains("PORT="), "{message}");
}

#[actix_web::test]
async fn the_page_and_its_client_are_served() {
    let demo = Demo::start(&goalless_matches("page.json"));
    for path in ["/", "/page.js", "/socket.io/socket.io.js", "/health"] {
        for method in [Method::GET, Method::HEAD] {
            let url = format!("{}{path}", demo.url);
            let request = awc::Client::new().request(method.clone(), url).timeout(LIMIT);
            // The answer to HEAD has the headers of a compressed body, and no body.
            let request = request.no_decompress();
            let mut response = request.send().await.expect("an answer");
            assert_eq!(response.status().as_u16(), 200, "{method} {path}");
            let body = response.body().await.expect("all of it");
            assert_eq!(body.is_empty(), method == Method::HEAD, "{method} {path}");
            if path == "/health" && method == Method::GET {
                let health: Value = serde_json::from_slice(&body).expect("JSON");
                assert_eq!(health, json!({"status": "ok"}));
            }
        }
    }
}

/// Reads a file of matches in which none has been played.
fn unplayed_matches(name: &str) -> String {
    file(name, &json!({"matches": [{"team1": "A", "team2": "B"}]}).to_string())
}

#[actix_web::test]
async fn the_printed_command_reports_a_goal_in_any_list() {
    for (matches, id) in [
        (goalless_matches("command.json"), "home-0-away-0"),
        (unplayed_matches("unplayed.json"), "a-b"),
    ] {
        let demo = Demo::start(&matches);
        let start = format!("curl {}/matches/{id}/goals -H 'Authorization: Bearer ", demo.url);
        let rest = demo.command.strip_prefix(&start).unwrap_or_else(|| panic!("{}", demo.command));
        let body = rest
            .strip_prefix(&format!("{}' -d '", demo.token))
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or_else(|| panic!("{}", demo.command));
        for goals in 1..=3 {
            let authorization = format!("Bearer {}", demo.token);
            let (status, answer) = demo.goal(id, Some(&authorization), body).await;
            let published: Value = serde_json::from_str(&answer).expect("JSON");
            assert_eq!((status, &published["score"]), (201, &json!([goals, 0])), "{answer}");
        }
    }
}

#[actix_web::test]
async fn the_token_is_told_to_a_page_on_this_machine_only() {
    let demo = Demo::start(&goalless_matches("token.json"));
    let ask = async |headers: &[(&str, &str)]| {
        let request = awc::Client::new().post(format!("{}/token", demo.url)).timeout(LIMIT);
        let request = headers.iter().fold(request, |it, header| it.insert_header(*header));
        let mut response = request.send().await.expect("an answer");
        let body = response.body().await.expect("all of it");
        (response.status().as_u16(), String::from_utf8(body.to_vec()).expect("text"))
    };
    assert_eq!(ask(&[("origin", &demo.url)]).await, (200, demo.token.clone()));
    for headers in [
        &[][..],
        &[("origin", "http://scores.example.com")],
        &[("origin", "http://scores.example.com"), ("host", "scores.example.com")],
        &[("origin", demo.url.as_str()), ("x-forwarded-for", "192.0.2.1")],
    ] {
        assert_eq!(ask(headers).await, (204, String::new()), "{headers:?}");
    }
}

#[actix_web::test]
async fn a_goal_can_be_reported_with_the_token_only() {
    let demo = Demo::start(&goalless_matches("goals.json"));
    let token = format!("Bearer {}", demo.token);
    let good = r#"{"team": "home", "scorer": "Ann O."}"#;

    for authorization in [None, Some("Bearer 0"), Some("Basic Og=="), Some(demo.token.as_str())] {
        let (status, _) = demo.goal("home-0-away-0", authorization, good).await;
        assert_eq!(status, 401, "{authorization:?}");
    }
    for (body, expected) in [
        ("", "the body is not a report"),
        ("goal!", "line 1 column 1"),
        (r#"{"team": "home"}"#, "`scorer`"),
        (r#"{"team": "Peru", "scorer": "Ann"}"#, "\"Peru\" does not play"),
        (r#"{"team": "home", "scorer": " "}"#, "scorer: the name is empty"),
        (r#"{"team": "home", "scorer": "Ann", "minute": "9x"}"#, "\"9x\" is not a minute"),
    ] {
        let (status, message) = demo.goal("home-0-away-0", Some(&token), body).await;
        assert!(status == 400 && message.contains(expected), "{body}: {status} {message}");
    }
    let (status, message) = demo.goal("home-0-away-0", Some(&token), " ".repeat(5_000)).await;
    assert!(status == 400 && message.contains("5000 bytes"), "{status} {message}");
    let (status, message) = demo.goal("peru-chile", Some(&token), good).await;
    assert!(status == 404 && message.contains("peru-chile"), "{status} {message}");

    let mut taken = Vec::new();
    for at in 0..10 {
        let id = format!("home-{at}-away-{at}");
        let (status, body) = demo.goal(&id, Some(&token), good).await;
        match status {
            201 => taken.push((id, body)),
            409 => assert!(body.contains(&id), "{body}"),
            _ => panic!("{status} {body}"),
        }
    }
    assert!((3..=5).contains(&taken.len()), "three to five matches are on: {taken:?}");
    for (id, body) in taken {
        let published: Value = serde_json::from_str(&body).expect("JSON");
        let event = &published["event"];
        assert_eq!((&published["id"], &published["score"]), (&json!(id), &json!([1, 0])));
        assert_eq!(
            (&event["scorer"], &event["side"], &event["reported"]),
            (&json!("Ann O."), &json!("home"), &json!(true))
        );
        // The published score has the goal, and the next goal adds to it.
        let (status, body) =
            demo.goal(&id, Some(&token), r#"{"team": "AWAY 1", "scorer": "B"}"#).await;
        let next_status = if id == "home-1-away-1" { 201 } else { 400 };
        assert_eq!(status, next_status, "{body}");
    }
}

#[test]
fn the_page_in_a_browser() {
    if !all_there(
        "the live-scores demo in a browser",
        &[Need::Node, Need::NodePackages, Need::Chromium],
    ) {
        return;
    }
    node_tests(&clients().join("demo"), |node| {
        node.env("LIVE_SCORES", demo()).env("CHROMIUM", chromium())
    });
}

#[test]
fn the_page_keeps_its_state_by_the_messages() {
    if !all_there("the state of the live-scores page", &[Need::Node]) {
        return;
    }
    node_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/live_scores/page"), |node| {
        node
    });
}
