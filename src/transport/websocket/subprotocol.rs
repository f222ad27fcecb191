use actix_web::{
    Error, HttpRequest,
    error::ErrorBadRequest,
    http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL},
};

/// Returns the subprotocol for the answer to a handshake: the first one that the client offers, as
/// on Node.
///
/// A client that offers some fails a handshake which accepts none (RFC 6455 §4.1). Engine.IO does
/// not use them.
///
/// # Errors
/// If the offer is not a list of different tokens (RFC 6455 §11.3.4).
pub(super) fn accepted(request: &HttpRequest) -> Result<Option<HeaderValue>, Error> {
    let invalid = || ErrorBadRequest("Sec-WebSocket-Protocol must be a list of different tokens");
    let mut offers: Vec<&[u8]> = Vec::new();
    for line in request.headers().get_all(SEC_WEBSOCKET_PROTOCOL) {
        for offer in line.as_bytes().split(|byte| *byte == b',') {
            let offer = offer.trim_ascii();
            if offer.is_empty() || !offer.iter().all(is_token) || offers.contains(&offer) {
                return Err(invalid());
            }
            offers.push(offer);
        }
    }
    offers.first().map(|offer| HeaderValue::from_bytes(offer).map_err(|_| invalid())).transpose()
}

/// RFC 9110 §5.6.2.
fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn accepted_of(lines: &[&[u8]]) -> Option<Option<String>> {
        let mut request = TestRequest::default();
        for line in lines {
            let value = HeaderValue::from_bytes(line).unwrap();
            request = request.append_header((SEC_WEBSOCKET_PROTOCOL, value));
        }
        let accepted = accepted(&request.to_http_request()).ok()?;
        Some(accepted.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn the_first_offer_is_accepted_and_a_malformed_list_is_refused() {
        assert_eq!(accepted_of(&[]), Some(None));
        for lines in [&[&b"chat, v2"[..]][..], &[b" chat\t"], &[b"chat", b"v2"]] {
            assert_eq!(accepted_of(lines), Some(Some("chat".to_owned())));
        }
        for line in [&b""[..], b"chat,", b",chat", b"a b", b"chat, chat", b"ch\xe9t", b"\"chat\""] {
            assert_eq!(accepted_of(&[line]), None, "{line:?}");
        }
        assert_eq!(accepted_of(&[b"chat", b"chat"]), None);
    }
}
