//! The requests and answers of long-polling.

use crate::{Fallible, net::wire};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub(super) body: Vec<u8>,
    /// The bytes after the answer.
    pub(super) rest: &'a [u8],
}

/// Without the id of a session, the request is a handshake.
pub(super) fn get(sid: &str) -> Vec<u8> {
    format!("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target(sid)).into_bytes()
}

pub(super) fn post(sid: &str, packet: &[u8]) -> Vec<u8> {
    let (target, length) = (target(sid), packet.len());
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain;charset=UTF-8\r\n\
        Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), packet].concat()
}

fn target(sid: &str) -> String {
    let session = if sid.is_empty() { String::new() } else { format!("&sid={sid}") };
    format!("/socket.io/?EIO=4&transport=polling{session}")
}

/// The answer at the start of these bytes, if it is complete. Its status must be 200.
pub(super) fn answer(bytes: &[u8]) -> Fallible<Option<Answer<'_>>> {
    let Some((head, rest)) = wire::head(bytes) else { return Ok(None) };
    let head = str::from_utf8(head)?.to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        return Err(format!("not answered: {head}").into());
    }
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(header, _)| *header == name).map(|(_, value)| value.trim())
    };
    if header("transfer-encoding") == Some("chunked") {
        return chunks(rest);
    }
    let length = header("content-length").ok_or("neither a length nor chunks")?.parse()?;
    Ok(rest.split_at_checked(length).map(|(body, rest)| Answer { body: body.to_vec(), rest }))
}

fn chunks(mut rest: &[u8]) -> Fallible<Option<Answer<'_>>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|end| end == b"\r\n") else { return Ok(None) };
        let length = usize::from_str_radix(str::from_utf8(&rest[..end])?, 16)?;
        // The chunk has a line end of its own.
        let Some((chunk, after)) = rest[end + 2..].split_at_checked(length + 2) else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk[..length]);
        rest = after;
        if length == 0 {
            return Ok(Some(Answer { body, rest }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_a_length_or_in_chunks() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP";
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\nHTTP";
        for bytes in [&plain[..], chunked] {
            for cut in 0..bytes.len() - 4 {
                assert_eq!(answer(&bytes[..cut]).unwrap(), None);
            }
            assert_eq!(
                answer(bytes).unwrap(),
                Some(Answer { body: b"ok".to_vec(), rest: b"HTTP" })
            );
        }
        assert!(answer(b"HTTP/1.1 400 Bad Request\r\n\r\n").is_err());
    }
}
