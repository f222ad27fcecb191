//! Pages of other origins: the headers that a browser receives for them.

use actix_socketio::Cors;
use awc::{
    ClientResponse,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName},
    },
};
use serde_json::json;

use crate::{
    app::{TestServer, builder},
    client::{Client, Mode},
    transport::http,
};

const FRIEND: &str = "https://friend.example";
const STRANGER: &str = "https://stranger.example";

async fn handshake(server: &TestServer, origin: &str) -> HeaderMap {
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, origin)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(answer.body().await.expect("a body").starts_with(b"0{"));
    answer.headers().clone()
}

async fn preflight(server: &TestServer, origin: &str) -> ClientResponse<impl Sized + use<>> {
    let url = format!("{}/socket.io/?EIO=4&transport=polling&sid=AbCdEfGhIjKlMnOpQrSt", server.url);
    http()
        .request(Method::OPTIONS, url)
        .insert_header((header::ORIGIN, origin))
        .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "POST"))
        .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type, x-token"))
        .send()
        .await
        .expect("an answer")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().expect("text").to_ascii_lowercase())
}

#[actix_web::test]
async fn without_cors_other_origins_receive_no_headers() {
    let server = TestServer::start(builder());
    let headers = handshake(&server, FRIEND).await;
    let reported: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
    assert_eq!(reported, [""; 0]);
    let answer = preflight(&server, FRIEND).await;
    assert!(!answer.status().is_success(), "{}", answer.status());
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[actix_web::test]
async fn a_page_of_an_origin_that_is_allowed_may_poll() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND]).credentials()));
    let headers = handshake(&server, FRIEND).await;
    assert_eq!(text(&headers, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some(FRIEND));
    assert_eq!(text(&headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref(), Some("true"));
    assert!(text(&headers, header::VARY).is_some_and(|vary| vary.contains("origin")));

    let answer = preflight(&server, FRIEND).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    let headers = answer.headers();
    assert_eq!(text(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(), Some(FRIEND));
    assert_eq!(text(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref(), Some("true"));
    let methods = text(headers, header::ACCESS_CONTROL_ALLOW_METHODS).expect("methods");
    assert!(methods.contains("get") && methods.contains("post"), "{methods}");
    let allowed = text(headers, header::ACCESS_CONTROL_ALLOW_HEADERS).expect("headers");
    assert!(allowed.contains("content-type") && allowed.contains("x-token"), "{allowed}");
}

#[actix_web::test]
async fn a_page_of_another_origin_may_not() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND]).credentials()));
    let url = format!("{}/socket.io/?EIO=4&transport=polling", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, STRANGER)).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"code": 4, "message": "pages of this origin may not connect here"}));
    assert_eq!(server.io.connections(), 0);
    let answer = preflight(&server, STRANGER).await;
    assert!(answer.status().is_client_error(), "{}", answer.status());
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[actix_web::test]
async fn any_origin_may_be_allowed_without_cookies() {
    let server = TestServer::start(builder().cors(Cors::any_origin()));
    for origin in [FRIEND, STRANGER] {
        let headers = handshake(&server, origin).await;
        let allowed = text(&headers, header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert!(
            allowed.as_deref().is_some_and(|allowed| allowed == "*" || allowed == origin),
            "{allowed:?}"
        );
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}

#[actix_web::test]
async fn a_refusal_can_be_read_by_the_page_too() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND])));
    let url = format!("{}/socket.io/?EIO=4&transport=polling&sid=AbCdEfGhIjKlMnOpQrSt", server.url);
    let mut answer =
        http().get(url).insert_header((header::ORIGIN, FRIEND)).send().await.expect("an answer");
    assert_eq!(
        text(answer.headers(), header::ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(),
        Some(FRIEND)
    );
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"code": 1, "message": "Session ID unknown"}));
}

#[actix_web::test]
async fn a_client_without_an_origin_is_admitted() {
    let server = TestServer::start(builder().cors(Cors::origins([FRIEND])));
    for mode in [Mode::Polling, Mode::WebSocket, Mode::Upgrade] {
        let mut client = Client::connect(&server.url, mode).await;
        assert_eq!(client.fence().await, [""; 0], "{mode:?}");
    }
}
