use actix_web::{
    body::MessageBody,
    error::{ErrorInternalServerError, ErrorUnauthorized},
    test::TestRequest,
};

use super::*;

fn response_parts(refusal: &Refusal, is_upgrade: bool) -> (u16, String, String) {
    let response = refusal.response(is_upgrade);
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
    let body = response.into_body().try_into_bytes().unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn a_poll_is_refused_in_json_and_a_websocket_in_plain_text() {
    let text = |status, kind: &str, body: &str| (status, kind.to_owned(), body.to_owned());
    let unknown = Refusal::UnknownSession;
    let json = r#"{"code":1,"message":"Session ID unknown"}"#;
    assert_eq!(response_parts(&unknown, false), text(400, "application/json", json));
    assert_eq!(response_parts(&unknown, true), text(400, "text/html", "Session ID unknown"));
    let forbidden = Refusal::Forbidden(ErrorUnauthorized("log in first"));
    let json = r#"{"code":4,"message":"log in first"}"#;
    assert_eq!(response_parts(&forbidden, false), text(403, "application/json", json));
    assert_eq!(response_parts(&forbidden, true), text(400, "text/html", "log in first"));
    let failed = Refusal::Forbidden(ErrorInternalServerError("SECRET"));
    assert_eq!(
        response_parts(&failed, false),
        text(403, "application/json", r#"{"code":4,"message":"Forbidden"}"#)
    );
    assert_eq!(response_parts(&failed, true), text(400, "text/html", "Forbidden"));
}

#[test]
fn a_connection_error_is_shown_on_one_line() {
    let request =
        TestRequest::default().peer_addr("10.0.0.1:80".parse().unwrap()).to_http_request();
    for (refusal, line) in [
        (Refusal::UnknownTransport(None), "Transport unknown (code 0): no transport"),
        (
            Refusal::UnknownTransport(Some("x\r\n[WARN] \u{1b}[2J\u{202e}".to_owned())),
            r#"Transport unknown (code 0): transport "x\r\n[WARN] \u{1b}[2J\u{202e}""#,
        ),
        (Refusal::BadRequest("INVALID_ORIGIN"), "Bad request (code 3): INVALID_ORIGIN"),
        (Refusal::Forbidden(ErrorInternalServerError("a\nb")), r#"Forbidden (code 4): "a\nb""#),
        (
            Refusal::UnsupportedVersion(Some("3".to_owned())),
            "Unsupported protocol version (code 5): EIO \"3\"",
        ),
    ] {
        assert_eq!(
            ConnectionError::new(&request, &refusal).to_string(),
            format!("10.0.0.1:80: {line}")
        );
    }
    let long = Refusal::UnknownTransport(Some("ä".repeat(100_000)));
    assert_eq!(long.context(), format!(r#"transport "{}…""#, "ä".repeat(100)));
}
