//! Checks the origins that an application lists, before a server starts with them.

use std::{borrow::Cow, net::Ipv6Addr};

/// Returns an origin as browsers send it: in small letters, without the default port of its scheme.
///
/// # Errors
/// The expected value, if no browser sends this one. It is a sentence that starts with `it must`.
pub(super) fn as_sent(origin: &str) -> Result<Cow<'_, str>, &'static str> {
    // The origin of pages that have none, such as files and sandboxed frames.
    if origin == "null" {
        return Ok(Cow::Borrowed(origin));
    }
    if origin.contains('*') {
        return Err("it must have no wildcard: list each origin, or use Cors::any_origin");
    }
    if !origin.is_ascii() {
        return Err("it must be ASCII: browsers send a host name as \"xn--…\"");
    }
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Err("it must be an origin, such as \"https://example.com\"");
    };
    let scheme = scheme.to_ascii_lowercase();
    if !is_scheme(&scheme) {
        return Err("it must start with a scheme, such as \"https://\"");
    }
    if matches!(scheme.as_str(), "ws" | "wss") {
        return Err("it must be the origin of a page, with \"http\" or \"https\"");
    }
    if authority.contains(['/', '?', '#', '\\']) {
        return Err("it must end after the host or the port, without a slash, path or query");
    }
    if authority.contains('@') {
        return Err("it must have no user and no password");
    }
    let (host, port) = host_and_port(authority)?;
    let host = host.to_ascii_lowercase();
    Ok(Cow::Owned(match port {
        None => format!("{scheme}://{host}"),
        Some(80) if scheme == "http" => format!("{scheme}://{host}"),
        Some(443) if scheme == "https" => format!("{scheme}://{host}"),
        Some(port) => format!("{scheme}://{host}:{port}"),
    }))
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    const PORT: &str = "it must have a port from 1 to 65535, or none";
    // The colons of an IPv6 address are in brackets.
    let name_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match authority[name_end..].find(':') {
        None => (authority, None),
        Some(colon) => {
            let (host, port) = authority.split_at(name_end + colon);
            let digits = &port[1..];
            let port = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse());
            match port {
                Some(Ok(port)) if port > 0 => (host, Some(port)),
                _ => return Err(PORT),
            }
        }
    };
    if is_host(host) { Ok((host, port)) } else { Err("it must have a valid host name") }
}

/// Whether a host can be in an origin: a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    is_host_name(host.strip_suffix('.').unwrap_or(host))
}

/// Whether a name consists of labels between dots. URLs allow underscores, and so does this.
pub(super) fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_send_it() {
        for (listed, sent) in [
            ("https://example.com", "https://example.com"),
            ("HTTPS://Example.COM", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:80", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://example.com:0443", "https://example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://[::1]", "https://[::1]"),
            ("https://a_b.xn--bcher-kva.example.", "https://a_b.xn--bcher-kva.example."),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("null", "null"),
        ] {
            assert_eq!(as_sent(listed).as_deref(), Ok(sent), "{listed}");
        }
    }

    #[test]
    fn a_text_that_browsers_never_send_is_not_an_origin() {
        for listed in [
            "",
            " ",
            "*",
            "not a uri",
            "example.com",
            "//example.com",
            "://example.com",
            "https:example.com",
            "https://",
            "https://example.com/",
            "https://example.com/path",
            "https://example.com?query",
            "https://example.com#fragment",
            "https://example.com\\",
            "https://*.example.com",
            "https://user@example.com",
            "https://user:password@example.com",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+80",
            "https://example.com:port",
            "https://exa mple.com",
            "https://example.com ",
            " https://example.com",
            "https://example..com",
            "https://bücher.example",
            "https://[::1",
            "https://::1",
            "https://[localhost]",
            "https://[::1]x:80",
            "wss://example.com",
            "ws://example.com",
            "1http://example.com",
            "https://a.example, https://b.example",
            "https://a.example\r\nx: y",
            "Null",
        ] {
            let expected = as_sent(listed).expect_err(listed);
            assert!(expected.starts_with("it must "), "{listed}: {expected}");
        }
    }
}
