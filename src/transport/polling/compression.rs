//! Compression of response bodies, by gzip or deflate.

use std::io::{self, Write};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header},
    web::{self, Bytes},
};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

use super::{answer::AnswerBody, get::PollBody};
use crate::{outbox::UnreadAnswer, transport::Session};

/// The size in bytes from which a body is compressed on another thread, because the worker has
/// other clients to serve.
const BLOCKING_THRESHOLD: usize = 32 << 10;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// The zlib format, which HTTP names `deflate` (RFC 9110 §8.4.1.2).
    Deflate,
}

impl Coding {
    /// Returns the coding that the client prefers, or gzip if it has no preference. Returns `None`
    /// if the client wants the plain body or names no coding.
    pub(crate) fn chosen(request: &HttpRequest) -> Option<Self> {
        let known = [Encoding::gzip(), Encoding::deflate(), Encoding::identity()];
        match AcceptEncoding::parse(request).ok()?.negotiate(known.iter())? {
            Encoding::Known(ContentEncoding::Gzip) => Some(Self::Gzip),
            Encoding::Known(ContentEncoding::Deflate) => Some(Self::Deflate),
            _ => None,
        }
    }

    /// The name of the coding in `content-encoding`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    pub(crate) fn encode(self, plain: &[u8], level: Compression) -> io::Result<Vec<u8>> {
        let coded = Vec::with_capacity(plain.len() / 2);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(coded, level);
                encoder.write_all(plain)?;
                encoder.finish()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(coded, level);
                encoder.write_all(plain)?;
                encoder.finish()
            }
        }
    }
}

/// Makes the response to a poll. The body is compressed if that saves bytes and the client accepts
/// it.
pub(super) async fn respond(
    session: &Session,
    request: &HttpRequest,
    body: PollBody,
) -> HttpResponse {
    let (config, mut answer) = (&session.config, body.response());
    // Counted before it is compressed, which may take a while. The queue must not fill meanwhile.
    let unread = UnreadAnswer::new(&session.outbox, body.bytes.len());
    if !config.http_compression || body.bytes.len() < config.compression_threshold {
        return answer.body(AnswerBody::new(request, body.bytes, unread));
    }
    // Boxed, because few bodies are that large and the future of every poll would grow.
    Box::pin(negotiated(session, request, answer, body.bytes, unread)).await
}

async fn negotiated(
    session: &Session,
    request: &HttpRequest,
    mut answer: HttpResponseBuilder,
    body: Bytes,
    unread: UnreadAnswer,
) -> HttpResponse {
    answer.insert_header((header::VARY, "accept-encoding"));
    let Some(coding) = Coding::chosen(request) else {
        return answer.body(AnswerBody::new(request, body, unread));
    };
    match encode(coding, body.clone()).await {
        Some(coded) if coded.len() < body.len() => {
            let unread = UnreadAnswer::new(&session.outbox, coded.len());
            answer.insert_header((header::CONTENT_ENCODING, coding.name())).body(AnswerBody::new(
                request,
                coded.into(),
                unread,
            ))
        }
        _ => answer.body(AnswerBody::new(request, body, unread)),
    }
}

/// Compresses a body. Returns `None` if that fails, so that the plain body is sent.
async fn encode(coding: Coding, body: Bytes) -> Option<Vec<u8>> {
    // Speed matters more than size: each body is sent once, and its client waits for it.
    let level = Compression::fast();
    if body.len() < BLOCKING_THRESHOLD {
        return coding.encode(&body, level).ok();
    }
    web::block(move || coding.encode(&body, level)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use std::sync::Arc;

    use actix_web::{body::to_bytes, test::TestRequest};
    use flate2::read::{GzDecoder, ZlibDecoder};

    use super::*;
    use crate::{
        config::Config, model::Transport, outbox::Outbox, transport::session::test_session_with,
    };

    fn session(config: &Config) -> Arc<Session> {
        test_session_with(&Outbox::new(Transport::Polling, 4 << 20, |_| {}), config.clone())
    }

    fn accepting(encodings: &str) -> HttpRequest {
        TestRequest::default().insert_header((header::ACCEPT_ENCODING, encodings)).to_http_request()
    }

    #[test]
    fn the_client_chooses_and_gzip_comes_before_deflate() {
        for (accepted, chosen) in [
            ("gzip", Some(Coding::Gzip)),
            ("GZIP;q=0.1", Some(Coding::Gzip)),
            ("deflate", Some(Coding::Deflate)),
            ("deflate, gzip", Some(Coding::Gzip)),
            ("gzip;q=0.5, deflate;q=0.9", Some(Coding::Deflate)),
            ("br, zstd, gzip, deflate", Some(Coding::Gzip)),
            ("gzip;q=0, deflate", Some(Coding::Deflate)),
            ("gzip;q=0", None),
            ("gzip;q=0.5, identity", None),
            ("identity", None),
            ("br", None),
            ("*", None),
            ("", None),
            ("gzip;q=much", None),
        ] {
            assert_eq!(Coding::chosen(&accepting(accepted)), chosen, "{accepted}");
        }
        assert_eq!(Coding::chosen(&TestRequest::default().to_http_request()), None);
    }

    #[test]
    fn a_coded_body_can_be_decoded() {
        let plain = "fourscore and seven years ago ".repeat(100);
        for level in [Compression::fast(), Compression::best()] {
            let mut text = String::new();
            let coded = Coding::Gzip.encode(plain.as_bytes(), level).unwrap();
            assert!(coded.len() < plain.len() / 4);
            GzDecoder::new(&*coded).read_to_string(&mut text).unwrap();
            assert_eq!(text, plain);
            text.clear();
            let coded = Coding::Deflate.encode(plain.as_bytes(), level).unwrap();
            ZlibDecoder::new(&*coded).read_to_string(&mut text).unwrap();
            assert_eq!(text, plain);
        }
    }

    fn coding_of(response: &HttpResponse) -> Option<&str> {
        response.headers().get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap())
    }

    #[actix_web::test]
    async fn bodies_are_compressed_from_the_threshold_on() {
        let mut config = Config::default();
        let request = accepting("gzip, deflate");
        for (bytes, coding) in
            [(1, None), (1023, None), (1024, Some("gzip")), (1 << 20, Some("gzip"))]
        {
            let response =
                respond(&session(&config), &request, PollBody::text(vec![b'x'; bytes])).await;
            assert_eq!(coding_of(&response), coding, "{bytes}");
            assert_eq!(response.headers().contains_key(header::VARY), coding.is_some(), "{bytes}");
            let body = to_bytes(response.into_body()).await.unwrap();
            let mut plain = body.to_vec();
            if coding.is_some() {
                plain.clear();
                GzDecoder::new(&*body).read_to_end(&mut plain).unwrap();
            }
            assert!(plain.len() == bytes && plain.iter().all(|byte| *byte == b'x'), "{bytes}");
        }
        let response =
            respond(&session(&config), &accepting("br"), PollBody::text(vec![b'x'; 5000])).await;
        assert_eq!(
            (coding_of(&response), response.headers().get(header::VARY).unwrap()),
            (None, &"accept-encoding".parse().unwrap())
        );
        config.compression_threshold = 0;
        let response = respond(&session(&config), &request, PollBody::text(b"6".to_vec())).await;
        assert_eq!(coding_of(&response), None, "compression makes one byte larger");
        config.http_compression = false;
        let response = respond(&session(&config), &request, PollBody::text(vec![b'x'; 5000])).await;
        assert_eq!(
            (coding_of(&response), response.headers().contains_key(header::VARY)),
            (None, false)
        );
    }
}
