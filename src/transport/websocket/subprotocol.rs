use actix_web::{
    Error,
    error::ErrorBadRequest,
    http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL},
};
use smallvec::SmallVec;

/// Returns the first subprotocol that a client offers, which is the answer of Node's server.
///
/// A browser closes a WebSocket whose answer names none of the subprotocols that its page asked
/// for. The name has no meaning for this server.
///
/// # Errors
/// If an offer is not a list of different tokens (RFC 6455 §4.1), as with Node's `ws`.
pub(super) fn first_offered(headers: &HeaderMap) -> Result<Option<HeaderValue>, Error> {
    let mut names: SmallVec<[&[u8]; 4]> = SmallVec::new();
    for line in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        for name in line.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if name.is_empty() || !name.iter().all(is_token) || names.contains(&name) {
                return Err(ErrorBadRequest("Invalid Sec-WebSocket-Protocol header"));
            }
            names.push(name);
            if names.len() > MAX_OFFERED {
                return Err(ErrorBadRequest("too many values of Sec-WebSocket-Protocol"));
            }
        }
    }
    Ok(names.first().and_then(|name| HeaderValue::from_bytes(name).ok()))
}

/// The number of subprotocols that are compared with one another.
const MAX_OFFERED: usize = 100;

fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(offers: &[&[u8]]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_bytes(offer).unwrap());
        }
        let name = first_offered(&headers).map_err(drop)?;
        Ok(name.map(|name| name.to_str().unwrap().to_owned()))
    }

    #[test]
    fn the_first_offer_is_the_answer() {
        assert_eq!(answer(&[]), Ok(None));
        for offers in [&[&b"chat"[..]][..], &[b"chat, v2"], &[b"chat", b"v2"], &[b"chat ,\tv2"]] {
            assert_eq!(answer(offers), Ok(Some("chat".to_owned())));
        }
        assert_eq!(answer(&[b"v2.example", b"chat"]), Ok(Some("v2.example".to_owned())));
    }

    #[test]
    fn what_is_not_a_list_of_tokens_is_refused() {
        for offers in [
            &[&b""[..]][..],
            &[b","],
            &[b"chat,"],
            &[b",chat"],
            &[b"chat v2"],
            &[b"chat, chat"],
            &[b"chat", b"chat"],
            &[b"ch\xe9t"],
            &[b"chat, \xe9"],
            &[b"a;b"],
            &[b"\"chat\""],
        ] {
            assert_eq!(answer(offers), Err(()), "{offers:?}");
        }
        let many: Vec<_> = (0..200).map(|n| n.to_string()).collect();
        assert_eq!(answer(&[many.join(",").as_bytes()]), Err(()), "each is compared with all");
    }
}
