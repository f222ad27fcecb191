//! Sending: rates, jobs, snapshots, retries, volatile and binary events.

use std::sync::mpsc;

use actix_web::{App, rt, web};
use serde_json::json;

use super::user;
use crate::{
    app::TestServer,
    client::{Client, Mode},
    needs::{Need, all_there, clients},
    programs::node_tests,
    recipes,
};

#[actix_web::test]
async fn the_second_search_comes_too_soon() {
    let server = TestServer::start(recipes::rates::builder());
    let mut ada = Client::connect(&server.url, Mode::WebSocket).await;
    let mut bob = Client::connect(&server.url, Mode::WebSocket).await;
    let found = json!([["a result for tea"]]);
    assert_eq!(ada.emit_with_ack("search", json!(["tea"])).await, found);
    let refused = ada.emit_with_ack("search", json!(["tea"])).await;
    assert_eq!(refused, json!([{"message": "not so fast", "data": 60_000}]));
    assert_eq!(bob.emit_with_ack("search", json!(["tea"])).await, found);
}

#[actix_web::test]
async fn jobs_publish_from_a_thread_and_over_http() {
    let server = TestServer::start(recipes::jobs::builder());
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    client.subscribe("jobs").await;

    let (jobs, queue) = mpsc::channel();
    let thread = recipes::jobs::worker(server.io.clone(), queue);
    jobs.send("report".to_owned()).expect("the thread waits for it");
    assert_eq!(client.expect_event("finished").await, json!(["report"]));
    drop(jobs);
    rt::task::spawn_blocking(|| thread.join()).await.expect("it runs").expect("it ends");

    let (io, key) = (server.io.clone(), "the key of this test".to_owned());
    let app = App::new()
        .app_data(web::Data::new(io))
        .app_data(web::Data::new(recipes::jobs::Key(key)))
        .service(recipes::jobs::publish);
    let app = actix_web::test::init_service(app).await;
    let post = |key: &'static str| {
        actix_web::test::TestRequest::post()
            .uri("/publish/jobs/finished")
            .insert_header(("x-key", key))
            .set_json(json!({"pages": 3}))
            .to_request()
    };
    let sent =
        actix_web::test::call_and_read_body_json::<_, _, usize>(&app, post("the key of this test"));
    assert_eq!(sent.await, 1);
    assert_eq!(client.expect_event("finished").await, json!([{"pages": 3}]));
    for bad in ["", "the key of this tesT", "the key of this test and more", "the key"] {
        let answer = actix_web::test::try_call_service(&app, post(bad)).await;
        let status = answer
            .map(|answer| answer.status())
            .unwrap_or_else(|error| error.as_response_error().status_code());
        assert_eq!(status, 403, "{bad:?}");
    }
    assert!(client.rest().is_empty());
}

#[actix_web::test]
async fn a_snapshot_says_which_updates_are_in_it() {
    let server = TestServer::start(recipes::snapshot::builder());
    let mut client = Client::connect(&server.url, Mode::WebSocket).await;
    client.emit_with_ack("set price", json!(["tea", 3])).await;
    client.subscribe("market").await;
    client.emit_with_ack("set price", json!(["tea", 4])).await;
    let snapshot = client.emit_with_ack("snapshot", json!([])).await;
    assert_eq!(snapshot, json!([2, {"tea": 4}]));
    assert_eq!(client.expect_event("price").await, json!([2, "tea", 4]));
}

#[actix_web::test]
async fn mail_waits_until_it_is_acknowledged() {
    let server = TestServer::start(recipes::retry::builder());
    let mut ada = user(&server, "ada").await;
    let first = ada.recv().await;
    assert!(first.ends_with(r#"["mail",1,"hello"]"#), "{first}");
    ada.close().await; // without an acknowledgement

    let mut ada = user(&server, "ada").await;
    for text in [r#"["mail",1,"hello"]"#, r#"["mail",2,"again"]"#] {
        let packet = ada.recv().await;
        let id = packet.strip_suffix(text).and_then(|packet| packet.strip_prefix('2'));
        let id = id.unwrap_or_else(|| panic!("{text} is expected: {packet}"));
        ada.send(&format!("3{id}[]")).await;
    }
    ada.emit_with_ack("no such event", json!([])).await; // the acknowledgements were read
    let mut ada = user(&server, "ada").await;
    ada.emit_with_ack("no such event", json!([])).await;
    assert!(ada.rest().is_empty());
}

#[actix_web::test]
async fn positions_reach_those_that_keep_up() {
    let server = TestServer::start(recipes::volatile::builder());
    let mut ada = Client::connect(&server.url, Mode::WebSocket).await;
    let mut bob = Client::connect(&server.url, Mode::WebSocket).await;
    bob.emit_with_ack("no such event", json!([])).await; // bob reads
    ada.emit_with_ack("move", json!([1.5, 2])).await;
    let moved = bob.expect_event("moved").await;
    assert_eq!((&moved[1], &moved[2]), (&json!(1.5), &json!(2.0)));
}

#[actix_web::test]
async fn bytes_go_both_ways_with_the_official_client() {
    if !all_there("binary events with the official client", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let server = TestServer::start(recipes::binary::builder());
    node_tests(&clients().join("cookbook"), |node| node.env("SERVER_URL", &server.url));
}
