use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::OnceLock,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, Header, IfNoneMatch},
    web::Bytes,
};
use flate2::Compression;

use crate::transport::polling::compression::Coding;

/// One file for browsers.
#[derive(Debug)]
pub(super) struct ClientFile {
    pub(super) name: &'static str,
    plain: Body,
    /// Compressed when the first browser asks for it. `None`: the compression failed.
    gzip: OnceLock<Option<Body>>,
}

/// A file in one content coding.
#[derive(Debug)]
struct Body {
    bytes: Bytes,
    /// It differs between content codings, because a strong tag stands for exact bytes (RFC 9110
    /// §8.8.3).
    tag: EntityTag,
}

impl ClientFile {
    pub(super) fn new(name: &'static str, bytes: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let tag = EntityTag::new_strong(format!("{:x}", hasher.finish()));
        Self { name, plain: Body { bytes, tag }, gzip: OnceLock::new() }
    }

    fn gzip(&self) -> Option<&Body> {
        let compress = || {
            let bytes = Coding::Gzip.encode(&self.plain.bytes, Compression::best()).ok()?.into();
            let tag = format!("{}-{}", self.plain.tag.tag(), Coding::Gzip.name());
            Some(Body { bytes, tag: EntityTag::new_strong(tag) })
        };
        self.gzip.get_or_init(compress).as_ref()
    }

    fn content_type(&self) -> &'static str {
        // A source map is JSON.
        if self.name.ends_with(".map") {
            "application/json"
        } else {
            "text/javascript; charset=utf-8"
        }
    }

    /// Answers `GET`, and `HEAD`, whose body actix-http leaves out.
    pub(super) fn answer(&self, request: &HttpRequest, compress: bool) -> HttpResponse {
        let wants_gzip = compress && Coding::chosen(request) == Some(Coding::Gzip);
        let gzip = if wants_gzip { self.gzip() } else { None };
        let body = gzip.unwrap_or(&self.plain);
        let is_cached = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&body.tag)),
            Err(_) => false,
        };
        let mut response = if is_cached { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header(ETag(body.tag.clone()))
            // Browsers revalidate the file each time and fetch it only if it has changed. So an
            // update of the server also updates its client.
            .insert_header((header::CACHE_CONTROL, "no-cache"));
        if compress {
            response.insert_header((header::VARY, "accept-encoding"));
        }
        if is_cached {
            return response.finish();
        }
        if gzip.is_some() {
            response.insert_header((header::CONTENT_ENCODING, Coding::Gzip.name()));
        }
        response.content_type(self.content_type()).body(body.bytes.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::{body::MessageBody, test::TestRequest};
    use flate2::read::GzDecoder;

    use super::*;

    const SOURCE: &str = "const answer = 42; const answer = 42; const answer = 42; // and so on";

    fn get(headers: &[(header::HeaderName, &str)], compress: bool) -> HttpResponse {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.insert_header((name.clone(), *value));
        }
        let file = ClientFile::new("socket.io.js", Bytes::from_static(SOURCE.as_bytes()));
        file.answer(&request.to_http_request(), compress)
    }

    fn header_of(response: &HttpResponse, name: header::HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn each_content_coding_has_its_own_tag() {
        let plain = get(&[], true);
        let zipped = get(&[(header::ACCEPT_ENCODING, "gzip, deflate, br")], true);
        assert_eq!(header_of(&plain, header::CONTENT_ENCODING), None);
        assert_eq!(header_of(&zipped, header::CONTENT_ENCODING), Some("gzip"));
        let tags =
            [&plain, &zipped].map(|response| header_of(response, header::ETAG).unwrap().to_owned());
        assert_ne!(tags[0], tags[1]);
        for response in [&plain, &zipped] {
            assert_eq!(header_of(response, header::VARY), Some("accept-encoding"));
        }
        for (accepted, known, status) in [
            ("identity", &tags[0], 304),
            ("identity", &tags[1], 200),
            ("gzip", &tags[0], 200),
            ("gzip", &tags[1], 304),
            ("deflate", &tags[0], 304),
        ] {
            let headers = [(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, known)];
            let response = get(&headers, true);
            assert_eq!(response.status(), status, "{accepted} {known}");
            assert_eq!(header_of(&response, header::VARY), Some("accept-encoding"));
            assert_eq!(
                response.headers().contains_key(header::CONTENT_ENCODING),
                accepted == "gzip" && status == 200
            );
        }
        let body = zipped.into_body().try_into_bytes().unwrap();
        let mut source = String::new();
        GzDecoder::new(&*body).read_to_string(&mut source).unwrap();
        assert_eq!(source, SOURCE);
    }

    #[test]
    fn nothing_is_compressed_if_compression_is_off() {
        let response = get(&[(header::ACCEPT_ENCODING, "gzip")], false);
        assert_eq!(header_of(&response, header::CONTENT_ENCODING), None);
        assert_eq!(header_of(&response, header::VARY), None);
        assert_eq!(header_of(&response, header::ETAG), header_of(&get(&[], true), header::ETAG));
    }
}
