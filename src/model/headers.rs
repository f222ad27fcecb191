use std::sync::OnceLock;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// The headers of a request, kept in one block of memory for the life of a connection.
///
/// A `HeaderMap` takes several kilobytes, and its values pin the buffer that they were read into.
/// The map is therefore made on the first call of [`HeaderBlock::map`].
#[derive(Debug)]
pub(super) struct HeaderBlock {
    /// `name:value` lines, each ended by a line feed, which a header value cannot contain.
    lines: Box<[u8]>,
    map: OnceLock<Box<HeaderMap>>,
}

impl From<&HeaderMap> for HeaderBlock {
    fn from(headers: &HeaderMap) -> Self {
        let length =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut lines = Vec::with_capacity(length);
        for (name, value) in headers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(b':');
            lines.extend_from_slice(value.as_bytes());
            lines.push(b'\n');
        }
        Self { lines: lines.into(), map: OnceLock::new() }
    }
}

impl HeaderBlock {
    /// The bytes of all names and values, roughly.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], &line[colon + 1..]))
        })
    }

    /// Returns the value of the first header with this name.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let name = name.as_bytes();
        self.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the value of the first header with this name, if the value is visible ASCII.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = self.bytes(name)?;
        let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
        std::str::from_utf8(value).ok().filter(|_| is_text)
    }

    /// Returns all headers as a map, which the first call makes.
    pub(super) fn map(&self) -> &HeaderMap {
        self.map.get_or_init(|| {
            let headers = self.iter().filter_map(|(name, value)| {
                // The lines were made from valid headers, so neither conversion fails.
                Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
            });
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name, value);
            }
            Box::new(map)
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;

    use super::*;

    #[test]
    fn headers_are_kept_as_received() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("a:80"));
        headers.append(header::COOKIE, HeaderValue::from_static("one=1"));
        headers.append(header::COOKIE, HeaderValue::from_static("two=2\t;"));
        headers.append(header::USER_AGENT, HeaderValue::from_bytes(b"caf\xc3\xa9").unwrap());
        headers.append(header::ACCEPT, HeaderValue::from_static(""));
        let kept = HeaderBlock::from(&headers);
        assert_eq!(kept.text("Host"), Some("a:80"));
        assert_eq!(kept.text("cookie"), Some("one=1"), "the first");
        assert_eq!(kept.text("accept"), Some(""));
        assert_eq!(kept.text("user-agent"), None, "the value is not ASCII text");
        assert_eq!(kept.bytes("User-Agent"), Some(&b"caf\xc3\xa9"[..]));
        assert_eq!((kept.text("hos"), kept.bytes("hos")), (None, None));
        let map = kept.map();
        assert_eq!(map.len(), headers.len());
        assert!(map.get_all(header::COOKIE).eq(headers.get_all(header::COOKIE)));
        assert_eq!(map.get(header::USER_AGENT), headers.get(header::USER_AGENT));
        assert!(HeaderBlock::from(&HeaderMap::new()).map().is_empty());
    }
}
