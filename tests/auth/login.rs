//! The login.

use serde_json::{Value, json};

use super::{
    example::ExampleServer,
    steps::{JSON, assert_admitted, connect, post, session},
};

#[test]
fn a_login_gives_a_token_that_lets_in() {
    let server = ExampleServer::start();
    let answer =
        post(server.addr, "/login", JSON, r#"{"user": "bob", "password": "correct horse"}"#);
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, Some("no-store")),
        "{answer:?}"
    );
    let reported: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(reported["expires_in"], 900);
    assert_admitted(&connect(&session(server.addr, ""), &json!({"token": reported["token"]})));
}

#[test]
fn a_login_that_fails_gives_no_reason() {
    let server = ExampleServer::start();
    for (user, password) in
        [("ada", "correct horse"), ("ada", ""), ("nobody", "correct horse"), ("", "")]
    {
        let body = json!({"user": user, "password": password}).to_string();
        let answer = post(server.addr, "/login", JSON, &body);
        assert_eq!(
            (answer.status, &*answer.body),
            (401, r#"{"message":"wrong user or password"}"#),
            "{body}"
        );
    }
    let good = r#"{"user": "bob", "password": "correct horse"}"#;
    let long = format!(r#"{{"user": "{}"}}"#, "x".repeat(5000));
    for (headers, body) in [
        (JSON, "{"),
        (JSON, r#"{"user": "bob"}"#),
        (JSON, &long),
        ("Content-Type: text/plain\r\n", good),
    ] {
        let answer = post(server.addr, "/login", headers, body);
        assert_eq!((answer.status, &*answer.body), (400, "bad JSON\n"), "{headers}{body}");
    }
}
