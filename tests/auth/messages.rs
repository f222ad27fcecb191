//! The application's own requests.

use serde_json::json;

use super::{
    NO_TOKEN, NOT_ALLOWED,
    example::ExampleServer,
    steps::{JSON, assert_admitted, post},
    tokens::token,
};
use crate::raw::WebSocket;

#[test]
fn an_editor_sends_a_message_to_one_user() {
    let server = ExampleServer::start();
    let mut received = ["bob", "eve"].map(|user| {
        let mut websocket = WebSocket::open(server.addr);
        websocket.send(&format!("40{}", json!({"token": token(user)})));
        assert_admitted(&websocket.text());
        websocket.send(&format!(r#"421["subscribe","user-{user}"]"#));
        assert_eq!(websocket.text(), "431[null]");
        websocket
    });
    let send_message = |user: &str, authorization: &str| {
        let headers = format!("{JSON}{authorization}");
        let answer = post(
            server.addr,
            &format!("/users/{user}/messages"),
            &headers,
            &format!("\"for {user}\""),
        );
        (answer.status, answer.body)
    };
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    for authorization in
        [String::new(), bearer("garbage"), format!("Cookie: token={}\r\n", token("ada"))]
    {
        assert_eq!(send_message("bob", &authorization), (401, NO_TOKEN.to_owned()));
    }
    assert_eq!(
        send_message("eve", &bearer(&token("bob"))),
        (403, json!({"message": NOT_ALLOWED}).to_string())
    );
    for user in ["bob", "eve"] {
        assert_eq!(send_message(user, &bearer(&token("ada"))), (202, String::new()));
    }
    // Each receives its message, and nothing before it.
    for (websocket, user) in received.iter_mut().zip(["bob", "eve"]) {
        assert_eq!(websocket.text(), format!(r#"42["message","for {user}"]"#));
    }
}
