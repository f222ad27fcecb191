use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ETag, EntityTag, Header, IfNoneMatch},
    web::Bytes,
};
use flate2::Compression;

use crate::transport::polling::compression::Coding;

/// The browser client, as it is part of this crate.
const SOURCE: &str = include_str!("../../client/socket.io.js");

/// The browser client in one content coding.
struct ClientFile {
    body: Bytes,
    /// It differs between content codings, because a strong tag stands for exact bytes (RFC 9110
    /// §8.8.3).
    tag: EntityTag,
    coding: Option<Coding>,
}

impl ClientFile {
    fn new(body: Bytes, coding: Option<Coding>) -> Self {
        let mut hasher = DefaultHasher::new();
        SOURCE.hash(&mut hasher);
        let suffix = coding.map_or(String::new(), |coding| format!("-{}", coding.name()));
        let tag = EntityTag::new_strong(format!("{:x}{suffix}", hasher.finish()));
        Self { body, tag, coding }
    }
}

static PLAIN: LazyLock<ClientFile> =
    LazyLock::new(|| ClientFile::new(Bytes::from_static(SOURCE.as_bytes()), None));

/// The compressed file, or `None` if compression failed.
static GZIP: LazyLock<Option<ClientFile>> = LazyLock::new(|| {
    let coded = Coding::Gzip.encode(SOURCE.as_bytes(), Compression::best()).ok()?;
    Some(ClientFile::new(coded.into(), Some(Coding::Gzip)))
});

/// Answers `GET {path}/socket.io.js`, and `HEAD`, whose body actix-http leaves out.
pub(crate) fn socket_io_js(request: &HttpRequest, compress: bool) -> HttpResponse {
    let gzip = if compress && Coding::chosen(request) == Some(Coding::Gzip) {
        GZIP.as_ref()
    } else {
        None
    };
    let file = gzip.unwrap_or(&PLAIN);
    let is_cached = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&file.tag)),
        Err(_) => false,
    };
    let mut response = if is_cached { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(ETag(file.tag.clone()))
        // Browsers revalidate the file each time and fetch it only if it has changed. So an update
        // of the server also updates its client.
        .insert_header((header::CACHE_CONTROL, "no-cache"));
    if compress {
        response.insert_header((header::VARY, "accept-encoding"));
    }
    if is_cached {
        return response.finish();
    }
    if let Some(coding) = file.coding {
        response.insert_header((header::CONTENT_ENCODING, coding.name()));
    }
    response.content_type("text/javascript; charset=utf-8").body(file.body.clone())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::{body::MessageBody, test::TestRequest};
    use flate2::read::GzDecoder;

    use super::*;

    fn get(headers: &[(header::HeaderName, &str)], compress: bool) -> HttpResponse {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.insert_header((name.clone(), *value));
        }
        socket_io_js(&request.to_http_request(), compress)
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
        assert!(body.len() < SOURCE.len() / 2);
        let mut source = String::new();
        GzDecoder::new(&*body).read_to_string(&mut source).unwrap();
        assert_eq!(source, SOURCE);
    }

    #[test]
    fn the_client_is_not_compressed_if_compression_is_off() {
        let response = get(&[(header::ACCEPT_ENCODING, "gzip")], false);
        assert_eq!(header_of(&response, header::CONTENT_ENCODING), None);
        assert_eq!(header_of(&response, header::VARY), None);
        assert_eq!(header_of(&response, header::ETAG), header_of(&get(&[], true), header::ETAG));
    }
}
