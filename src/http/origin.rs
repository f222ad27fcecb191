use std::net::{Ipv4Addr, Ipv6Addr};

use actix_web::{
    HttpRequest,
    http::header::{self, X_FORWARDED_PROTO},
};

/// The origin of a page (RFC 6454), in the form in which two are compared: in lower case, and with
/// the port that its scheme has by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `null`: that of a sandboxed frame, or of a local file.
    Null,
    Page {
        scheme: String,
        host: Host,
        /// `None` if the scheme has no default port, as that of an extension.
        port: Option<u16>,
    },
}

/// A host as clients name it. `Host` and `:authority` have one, and a port if it is not the
/// default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Ipv6(Ipv6Addr),
    /// Without the dot at its end, if it has one. An origin such as `file://` has an empty name.
    Name(String),
}

impl Origin {
    /// Reads the origin of a page as browsers send it.
    ///
    /// # Errors
    /// Its fault: the rest of a sentence that starts with `it must`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "null" {
            return Ok(Self::Null);
        }
        let (scheme, authority) = text
            .split_once("://")
            .ok_or("have a scheme and a host, as in \"https://example.com\"")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.bytes().all(is_scheme) {
            return Err("have a valid scheme, as in \"https://example.com\"");
        }
        if matches!(&*scheme, "ws" | "wss") {
            return Err("have the scheme of the page, \"http\" or \"https\"");
        }
        let (host, port) = parse_authority(authority)?;
        let default_port = match &*scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        if default_port.is_some() && host == Host::Name(String::new()) {
            return Err("have a host");
        }
        Ok(Self::Page { scheme, host, port: port.or(default_port) })
    }

    /// Whether this is the origin of the server itself, as the request names it.
    ///
    /// A proxy may do the TLS, and may add the port of its own to `Host`. So both default ports
    /// count as one, and the scheme counts only where it is known to be `https`.
    pub(crate) fn is_own(&self, own: &OwnHost) -> bool {
        let Self::Page { scheme, host, port: Some(port) } = self else { return false };
        let default_port = match &**scheme {
            "http" if !own.is_https => 80,
            "https" => 443,
            _ => return false,
        };
        let own_port = own.port.filter(|port| !matches!(port, 80 | 443)).unwrap_or(default_port);
        *port == own_port && *host == own.host
    }
}

/// The server's own host, as a request names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OwnHost {
    host: Host,
    port: Option<u16>,
    /// Whether the client is known to have used TLS.
    is_https: bool,
}

impl OwnHost {
    /// Reads the host from `:authority` of HTTP/2, or from `Host`. `None`: there is none that can
    /// be read, and no origin is the server's own.
    pub(super) fn of(request: &HttpRequest, trusted_proxies: usize) -> Option<Self> {
        let text = Self::text(request)?;
        // RFC 3986 allows a colon without a port behind it.
        let (host, port) = parse_authority(text.strip_suffix(':').unwrap_or(text)).ok()?;
        if host == Host::Name(String::new()) {
            return None;
        }
        // Behind a proxy, the TLS of this connection is the proxy's, and not the client's.
        let is_https = match trusted_proxies {
            0 => request.app_config().secure(),
            proxies => is_https_for_proxies(request, proxies),
        };
        Some(Self { host, port, is_https })
    }

    /// The host as the request has it, if it is text.
    pub(super) fn text(request: &HttpRequest) -> Option<&str> {
        let authority = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
        authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
    }
}

/// Whether the client has used TLS, as the outermost of the trusted proxies writes. Each writes an
/// entry of its own behind those before, or one in place of all. If there is a header, only `http`
/// is without TLS: a page is rather refused than taken for one of the own origin.
fn is_https_for_proxies(request: &HttpRequest, proxies: usize) -> bool {
    let entries = request.headers().get_all(X_FORWARDED_PROTO);
    let entries: Vec<_> =
        entries.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).collect();
    let outermost = entries.get(entries.len().saturating_sub(proxies));
    outermost.is_some_and(|name| !name.trim_ascii().eq_ignore_ascii_case(b"http"))
}

/// Reads `example.com`, `example.com:8080`, `[::1]` or `[::1]:8080`.
fn parse_authority(text: &str) -> Result<(Host, Option<u16>), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("have a \"]\" behind its address")?;
            let host = host.parse().map_err(|_| "have a valid IPv6 address in its brackets")?;
            let port = match rest.strip_prefix(':') {
                None if rest.is_empty() => None,
                port => Some(port.ok_or("have nothing but a port behind the \"]\"")?),
            };
            (Host::Ipv6(host), port)
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            (parse_name(host)?, port)
        }
    };
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = port.parse().ok().filter(|port| *port > 0);
            Some(port.ok_or("have a port from 1 to 65535, or none")?)
        }
        Some(_) => return Err("end behind the port: browsers send no slash and no path"),
    };
    Ok((host, port))
}

fn parse_name(name: &str) -> Result<Host, &'static str> {
    if name.contains(['/', '?', '#']) {
        return Err("end behind the host: browsers send no slash, path or query");
    }
    if !name.is_ascii() {
        return Err("have its host in the form that browsers send, \"xn--…\"");
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if ends_in_number(&name) && name.parse::<Ipv4Addr>().is_err() {
        return Err("have its IPv4 address in the form that browsers send, \"127.0.0.1\"");
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if name.bytes().all(is_allowed) {
        Ok(Host::Name(name))
    } else {
        Err("have a plain host, without a pattern or a user")
    }
}

/// Whether browsers take the host for an IPv4 address, and write it as four decimal numbers.
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    last.strip_prefix("0x").is_some_and(is_hexadecimal)
        || (!last.is_empty() && last.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
