//! The proof that a request comes from another server of the cluster.
//!
//! It is the time and a signature of the time, the method and the query, which has the session's
//! id. Those who read one on the network could use it again within [`FRESHNESS`]. But they have
//! read the session's id as well, and with that they need no proof.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::model::NodeDirectory;

/// The header that has the proof.
pub(super) const FORWARDED: HeaderName = HeaderName::from_static("x-socketio-forwarded");

/// How far the clocks of two servers may differ.
const FRESHNESS: Duration = Duration::from_secs(60);

/// Whether a request was passed on by another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It comes from a client.
    Absent,
    Right,
    Wrong,
}

/// The milliseconds since 1970.
pub(super) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn message(method: &Method, query: &str, time: u64) -> String {
    format!("{time}\n{method}\n{query}")
}

/// Makes the proof of a request. `None`: the secret of the cluster is not known yet.
pub(super) fn prove(
    directory: &dyn NodeDirectory,
    method: &Method,
    query: &str,
    time: u64,
) -> Option<HeaderValue> {
    let signature = directory.sign(message(method, query, time).as_bytes())?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    HeaderValue::try_from(format!("{time}.{signature}")).ok()
}

/// Checks the proof of a request, if it has one.
pub(super) fn check(directory: &dyn NodeDirectory, request: &HttpRequest, now: u64) -> Proof {
    let mut proofs = request.headers().get_all(FORWARDED);
    let Some(proof) = proofs.next() else { return Proof::Absent };
    let is_right = proofs.next().is_none()
        && read(proof).is_some_and(|(time, signature)| {
            let message = message(request.method(), request.query_string(), time);
            u128::from(now.abs_diff(time)) <= FRESHNESS.as_millis()
                && directory.verifies(message.as_bytes(), &signature)
        });
    if is_right { Proof::Right } else { Proof::Wrong }
}

fn read(proof: &HeaderValue) -> Option<(u64, [u8; 32])> {
    let (time, signature) = proof.to_str().ok()?.split_once('.')?;
    let mut bytes = [0; 32];
    let length = BASE64_URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).ok()?;
    (length == bytes.len()).then_some((time.parse().ok()?, bytes))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::model::{FoundNode, NodeId};

    /// Signs with the sum of all bytes.
    struct Adding;

    impl NodeDirectory for Adding {
        fn own_id(&self) -> NodeId {
            unreachable!("no session is opened")
        }

        fn find(&self, _: NodeId) -> FoundNode {
            unreachable!("no server is looked for")
        }

        fn unreachable(&self, _: NodeId) {}

        fn sign(&self, message: &[u8]) -> Option<[u8; 32]> {
            let sum = message.iter().fold(0_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
            Some([sum; 32])
        }

        fn verifies(&self, message: &[u8], signature: &[u8; 32]) -> bool {
            self.sign(message).as_ref() == Some(signature)
        }
    }

    fn request(method: Method, query: &str, proofs: &[&HeaderValue]) -> HttpRequest {
        let request = TestRequest::with_uri(&format!("/socket.io/?{query}")).method(method);
        let request = proofs
            .iter()
            .fold(request, |request, proof| request.append_header((FORWARDED, (*proof).clone())));
        request.to_http_request()
    }

    #[test]
    fn a_proof_is_for_one_request_and_a_while() {
        let (time, minute) = (1_900_000_000_000, 60_000);
        let proof = prove(&Adding, &Method::GET, "sid=abc", time).unwrap();
        let check = |request: &HttpRequest, now| check(&Adding, request, now);
        let same = request(Method::GET, "sid=abc", &[&proof]);
        for now in [time - minute, time, time + minute] {
            assert_eq!(check(&same, now), Proof::Right);
        }
        assert_eq!(check(&same, time + minute + 1), Proof::Wrong);
        assert_eq!(check(&same, time - minute - 1), Proof::Wrong);
        assert_eq!(check(&request(Method::GET, "sid=abc", &[]), time), Proof::Absent);
        assert_eq!(check(&request(Method::GET, "sid=abd", &[&proof]), time), Proof::Wrong);
        assert_eq!(check(&request(Method::POST, "sid=abc", &[&proof]), time), Proof::Wrong);
        assert_eq!(check(&request(Method::GET, "sid=abc", &[&proof, &proof]), time), Proof::Wrong);
    }

    #[test]
    fn anything_else_is_wrong() {
        let time = 1_900_000_000_000_u64;
        let right = prove(&Adding, &Method::GET, "sid=abc", time).unwrap();
        let right = right.to_str().unwrap();
        let (_, signature) = right.split_once('.').unwrap();
        for text in [
            "",
            ".",
            "true",
            signature,
            &right[..right.len() - 1],
            &format!("{right}AAAA"),
            &format!("{time}."),
            &format!(".{signature}"),
            &format!("{}.{signature}", time + 1),
            &format!("-1.{signature}"),
            &format!("{}.{signature}", u128::MAX),
        ] {
            let request = request(Method::GET, "sid=abc", &[&HeaderValue::try_from(text).unwrap()]);
            assert_eq!(check(&Adding, &request, time), Proof::Wrong, "{text}");
        }
        let bytes = HeaderValue::from_bytes(b"\xff.\xff").unwrap();
        assert_eq!(check(&Adding, &request(Method::GET, "sid=abc", &[&bytes]), time), Proof::Wrong);
    }
}
