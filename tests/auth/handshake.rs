//! Tokens at the handshake.

use jsonwebtoken::get_current_timestamp;
use serde_json::json;

use super::{
    NO_TOKEN, NOT_ALLOWED, WEBSOCKET,
    example::ExampleServer,
    steps::{assert_admitted, connect, connect_error, handshake, refused_websocket, session},
    tokens::{ada_but, bad_tokens, token},
};
use crate::wait::wait_until;

#[test]
fn a_bad_token_at_the_handshake_is_refused_without_a_reason() {
    let server = ExampleServer::start();
    // A client without a token may still send one at CONNECT.
    for (what, token) in bad_tokens().into_iter().filter(|(_, token)| !token.is_empty()) {
        for headers in [
            format!("Authorization: Bearer {token}\r\n"),
            format!("Authorization: bearer {token}\r\n"),
            format!("Cookie: other=1; token={token}\r\n"),
        ] {
            let answer = handshake(server.addr, &headers);
            let expected = json!({"code": 4, "message": NO_TOKEN}).to_string();
            assert_eq!((answer.status, answer.body), (403, expected), "{what}");
            let answer = refused_websocket(server.addr, WEBSOCKET, &headers);
            assert_eq!((answer.status, &*answer.body), (400, NO_TOKEN), "{what}");
        }
    }
}

#[test]
fn a_good_token_at_the_handshake_identifies_the_user() {
    let server = ExampleServer::start();
    let token = token("ada");
    for headers in
        [format!("Authorization: Bearer {token}\r\n"), format!("Cookie: token={token}\r\n")]
    {
        let session = session(server.addr, &headers);
        assert_admitted(&connect(&session, &json!({})));
        session.post(r#"421["subscribe","user-ada"]"#).assert_ok();
        assert_eq!(session.get().body, "431[null]");
        session.post(r#"422["subscribe","user-bob"]"#).assert_ok();
        assert_eq!(session.get().body, format!("432{}", json!([{"message": NOT_ALLOWED}])));
    }
}

#[test]
fn a_token_that_expires_between_handshake_and_connect_is_refused() {
    let server = ExampleServer::start();
    let exp = get_current_timestamp() + 3;
    let session =
        session(server.addr, &format!("Authorization: Bearer {}\r\n", ada_but("exp", json!(exp))));
    wait_until("the token has expired", || get_current_timestamp() >= exp);
    assert_eq!(connect(&session, &json!({})), connect_error(NO_TOKEN));
}
