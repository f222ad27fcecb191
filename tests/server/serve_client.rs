//! The browser client that the server serves.

use std::fs;

use awc::http::header;

use crate::{
    app::{TestServer, builder},
    transport::{get, http},
};

#[actix_web::test]
async fn the_browser_client_is_served_and_not_sent_again_while_it_is_the_same() {
    let server = TestServer::start(builder());
    let url = format!("{}/socket.io/socket.io.js", server.url);
    let http = http();
    let mut answer = http.get(&url).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    assert_eq!(
        headers.get(header::CONTENT_TYPE).expect("a type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(headers.get(header::CACHE_CONTROL).expect("a rule"), "no-cache");
    let body = answer.body().await.expect("a body");
    let source =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/client/socket.io.js")).expect("the source");
    assert_eq!(body, source);

    let tag = headers.get(header::ETAG).expect("a tag").to_str().expect("text");
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let mut answer = http
            .get(&url)
            .insert_header((header::IF_NONE_MATCH, &*known))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 304, "{known}");
        assert_eq!(answer.headers().get(header::ETAG).expect("a tag"), tag);
        assert!(answer.body().await.expect("no body").is_empty(), "{known}");
    }
    let answer = http
        .get(&url)
        .insert_header((header::IF_NONE_MATCH, "\"other\""))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[actix_web::test]
async fn the_browser_client_moves_with_the_path() {
    let server = TestServer::start(builder().path("/live/"));
    assert_eq!(get(&http(), &format!("{}/live/socket.io.js", server.url)).await.0, 200);
    assert_eq!(get(&http(), &format!("{}/socket.io/socket.io.js", server.url)).await.0, 404);
    assert_eq!(get(&http(), &format!("{}/live/?EIO=4&transport=polling", server.url)).await.0, 200);
}

#[actix_web::test]
async fn a_server_may_keep_the_browser_client_to_itself() {
    let server = TestServer::start(builder().serve_client(false));
    let (status, body) = get(&http(), &format!("{}/socket.io/socket.io.js", server.url)).await;
    assert!(status == 400 && !body.contains("function"), "{status} {body}");
}
