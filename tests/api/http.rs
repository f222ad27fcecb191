//! What the API does with requests before it knows what they want.

use std::time::{Duration, Instant};

use actix_socketio::{Api, ApiMethod, TimeHistogram};
use serde_json::json;

use crate::{
    raw::HttpConnection,
    server::{ApiServer, KEY, builder, keys, read, request},
    wait::wait_until,
};

fn headers(more: &str) -> String {
    format!("X-API-Key: {KEY}\r\n{more}")
}

const JSON: &str = "Content-Type: application/json\r\n";

/// The head of a request whose body is still to come.
fn head(more: &str) -> String {
    format!("POST /api/publish HTTP/1.1\r\nHost: test\r\n{}\r\n", headers(more))
}

#[actix_web::test]
async fn paths_and_http_methods_that_do_not_exist_are_refused() {
    let server = ApiServer::start();
    for path in ["/api/publsh", "/api", "/api/", "/api/publish/", "/api/publish/x"] {
        let answer = server.ask("POST", path, &headers(JSON), "{}");
        answer.assert_problem(404, "not_found", "there is no such method");
    }
    for (method, path, allowed) in [
        ("GET", "/api/publish", "POST"),
        ("PUT", "/api/batch", "POST"),
        ("OPTIONS", "/api/info", "POST"),
        ("POST", "/api/openapi.json", "GET, HEAD"),
    ] {
        let answer = server.ask(method, path, &headers(JSON), "");
        answer.assert_problem(405, "method_not_allowed", &format!("expected {allowed}"));
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}

#[actix_web::test]
async fn a_body_must_be_json_and_readable() {
    let server = ApiServer::start();
    let ask = |kind: &str, body: &str| server.ask("POST", "/api/publish", &headers(kind), body);
    let (type_, encoding) =
        ("Content-Type: expected application/json", "Content-Encoding: expected none");
    for (kind, detail) in [
        ("", type_),
        ("Content-Type: text/plain\r\n", type_),
        ("Content-Type: application/x-www-form-urlencoded\r\n", type_),
        ("Content-Type: application/json; charset=utf-16\r\n", type_),
        ("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", encoding),
    ] {
        ask(kind, "{}").assert_problem(415, "unsupported_media_type", detail);
    }
    for (body, detail) in [
        ("", "invalid JSON at line 1, column 0"),
        ("{", "invalid JSON at line 1, column 1"),
        ("{\n\"channel\" 7}", "invalid JSON at line 2, column 11"),
        ("[]", "expected an object"),
        (r#" ["plain-1",1]"#, "expected an object"),
        ("7", "expected an object"),
        ("null", "expected an object"),
        ("{}", "missing field `channel`"),
        (r#"{"channel":"a","data":1}x"#, "invalid JSON at line 1, column 25"),
    ] {
        ask(JSON, body).assert_problem(400, "bad_request", detail);
    }
    let mut http = server.connection();
    http.write(head(&format!("{JSON}Content-Length: 4\r\n")));
    http.write(b"{\"\xff}");
    read(&mut http).assert_problem(400, "bad_request", "the body is not UTF-8");
}

#[actix_web::test]
async fn a_long_body_is_refused_before_it_is_read() {
    let server = ApiServer::with(builder(), Api::builder(keys()).max_body(100));
    let detail = "a body has at most 100 bytes";
    // None of it is sent.
    for length in ["101", "1000000000", "99999999999999999"] {
        let mut http = server.connection();
        http.write(head(&format!("{JSON}Content-Length: {length}\r\n")));
        read(&mut http).assert_problem(413, "too_large", detail);
    }
    let chunk = format!("32\r\n{}\r\n", " ".repeat(50));
    let mut http = server.connection();
    http.write(head(&format!("{JSON}Transfer-Encoding: chunked\r\n")));
    http.write(format!("{chunk}{chunk}"));
    http.write("1\r\n \r\n");
    read(&mut http).assert_problem(413, "too_large", detail);

    let body = format!(r#"{{"channel":"plain-1","data":"{}"}}"#, "x".repeat(69));
    assert_eq!(body.len(), 100);
    assert_eq!(server.post_as(KEY, "publish", &body).status, 200, "as many as may be");
    let mut http = server.connection();
    http.write(head(&format!("{JSON}Transfer-Encoding: chunked\r\n")));
    http.write(format!("64\r\n{body}\r\n0\r\n\r\n"));
    assert_eq!(read(&mut http).status, 200, "in a chunk, too");
}

#[actix_web::test]
async fn a_key_is_checked_before_the_body_is_read() {
    let server = ApiServer::with(builder(), Api::builder(keys()).max_body(100));
    let mut http = server.connection();
    http.write("POST /api/publish HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(read(&mut http).status, 401);
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_given_up() {
    let patient = builder().body_timeout(Duration::from_millis(50));
    let server = ApiServer::with(patient, Api::builder(keys()));
    let mut http = server.connection();
    http.write(head(&format!("{JSON}Content-Length: 10\r\n")));
    http.write("{");
    let answer = read(&mut http);
    answer.assert_problem(408, "timeout", "the body did not come within \"body_timeout\"");
}

#[actix_web::test]
async fn requests_at_once_are_counted_by_key() {
    let server = ApiServer::with(builder(), Api::builder(keys()).max_requests(2));
    let begin = || {
        let mut http = server.connection();
        http.write(head(&format!("{JSON}Content-Length: 33\r\nExpect: 100-continue\r\n")));
        // The server asks for the body: the request is being done.
        assert_eq!(http.line(), "HTTP/1.1 100 Continue");
        assert_eq!(http.line(), "");
        http
    };
    let mut begun = [begin(), begin()];
    let answer = server.post("info", &json!({}));
    answer.assert_problem(429, "too_many_requests", "a key has at most 2 requests at once");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let other = server.post_as(crate::server::MATCHES, "info", "{}");
    assert_eq!(other.status, 200, "another key has its own");
    begun[0].write(r#"{"channel":"plain-1","data":"xyz"}"#.replace("xyz", "xy"));
    assert_eq!(read(&mut begun[0]).status, 200);
    let [_, left] = begun;
    left.break_off();
    wait_until("the slot of the broken request is given back", || {
        let again: Vec<HttpConnection> = vec![server.connection()];
        drop(again);
        server.post("info", &json!({})).status == 200
    });
}

#[actix_web::test]
async fn requests_of_one_connection_keep_their_order() {
    let server = ApiServer::start();
    let (mut client, _) = server.client(&["plain-1"]).await;
    let mut http = server.connection();
    let count = 200;
    let all: String = (0..count)
        .map(|number| {
            let body = json!({"channel": "plain-1", "data": number, "wait": number % 3 == 0});
            request("POST", "/api/publish", &headers(JSON), &body.to_string())
        })
        .collect();
    http.write(all);
    (0..count).for_each(|_| assert_eq!(read(&mut http).status, 200));
    let received = client.messages().await;
    assert_eq!(received, (0..count).map(|number| json!(number)).collect::<Vec<_>>());
}

#[actix_web::test]
async fn requests_are_counted_by_method_key_and_status() {
    let server = ApiServer::start();
    server.post("info", &json!({}));
    server.post("info", &json!({}));
    server.post("info", &json!({"x": 1}));
    server.post_as("unknown", "publish", "{}");
    server.ask("GET", "/api/publish", "", "");
    server.ask("GET", "/api/openapi.json", "", "");
    server.ask("GET", "/api/nothing", "", "");
    let counted = json!(server.io.stats().api_requests);
    assert_eq!(
        counted,
        json!({
            "info": {"all": {"200": 2, "400": 1}},
            "openapi": {"": {"200": 1}},
            "other": {"": {"404": 1}},
            "publish": {"": {"401": 1, "405": 1}},
        })
    );
}

#[actix_web::test]
async fn the_time_of_a_request_is_that_from_its_head_to_its_answer() {
    let server = ApiServer::start();
    let body = r#"{"channel":"plain-1","data":"xy"}"#;
    let mut http = server.connection();
    let connected = Instant::now();
    let expect = format!("{JSON}Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
    http.write(head(&expect));
    // The server asks for the body: the time runs.
    assert_eq!([http.line(), http.line()], ["HTTP/1.1 100 Continue", ""]);
    let asked = Instant::now();
    for method in ApiMethod::ALL {
        server.post(method.as_str(), &json!({}));
    }
    server.ask("GET", "/api/openapi.json", "", "");
    server.ask("GET", "/api/nothing", "", "");
    let before = server.io.stats().api_time;
    assert_eq!(before["publish"].count, 1, "the one without a body is not answered");
    let at_least = asked.elapsed();
    http.write(body);
    assert_eq!(read(&mut http).status, 200);
    let at_most = connected.elapsed();

    let stats = server.io.stats();
    let publish = &stats.api_time["publish"];
    assert_eq!(publish.count, 2);
    let took = publish.sum - before["publish"].sum;
    assert!(at_least <= took && took <= at_most, "{at_least:?} {took:?} {at_most:?}");
    let bucket = TimeHistogram::BOUNDS.partition_point(|bound| *bound < took);
    assert_eq!(publish.buckets[bucket], before["publish"].buckets[bucket] + 1, "{publish:?}");

    let timed: Vec<_> = stats.api_time.iter().map(|(of, times)| (*of, times.count)).collect();
    let counted: Vec<_> = stats
        .api_requests
        .iter()
        .map(|(of, keys)| (*of, keys.values().flat_map(|by_status| by_status.values()).sum()))
        .collect();
    assert_eq!(timed, counted, "every request is timed");
    assert_eq!(timed.len(), ApiMethod::ALL.len() + 2, "and so are `openapi` and `other`");
}
