use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderValue, X_FORWARDED_FOR};
use smallvec::SmallVec;

/// Returns the client's address as the outermost of `proxies` trusted proxies saw it.
///
/// Each proxy appends the address of its peer to `X-Forwarded-For`. The function takes the entry at
/// position `proxies` from the end, which a client cannot write. It reads bytes, so that nothing
/// that a client writes further left can hide this entry. With `proxies` 0 the header is ignored.
///
/// * A list that is too short was not written by these proxies. The result is then the address of
///   the TCP peer.
/// * An entry that has no address was written by a proxy that does not know its peer, such as
///   `unknown`, or `unix:` for a Unix socket. The result is then `None`, and not the address of the
///   peer, which is a proxy's.
pub(super) fn client_ip(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    proxies: usize,
) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.ip().to_canonical());
    let Some(hop) = proxies.checked_sub(1) else { return peer };
    let lines: SmallVec<[&[u8]; 4]> =
        headers.get_all(X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
    let mut entries = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    match entries.nth(hop) {
        Some(entry) => parse(entry.trim_ascii()),
        None => peer,
    }
}

/// Parses the forms that different proxies write: `10.0.0.1`, `10.0.0.1:80`, `::1`, `[::1]` and
/// `[::1]:80`, and those of IPv6 with a zone, as in `fe80::1%eth0`.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?;
    let ip = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        is_port(port).then(|| parse_v6(address))?
    } else if let Some((address, port)) =
        text.split_once(':').filter(|(_, port)| !port.contains(':'))
    {
        let port = port.parse::<u16>().is_ok();
        port.then(|| address.parse().ok().map(IpAddr::V4))?
    } else {
        text.parse().ok().or_else(|| parse_v6(text))
    };
    ip.map(|ip| ip.to_canonical())
}

/// Whether this is what may follow a bracket: nothing, or a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

/// Parses an IPv6 address, with or without a zone.
fn parse_v6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse().ok().map(IpAddr::V6)
}

/// Returns the network by which limits for each address count: an IPv6 address's /64, or the IPv4
/// address itself. A client that has one IPv6 address has at least the 2^64 addresses of its
/// network.
pub(crate) fn ip_network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) | IpAddr::V6(Ipv6Addr::LOCALHOST) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use actix_web::test::TestRequest;

    use super::*;

    fn client_ip_of(proxies: usize, forwarded: &[&[u8]]) -> Option<IpAddr> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        client_ip(Some("10.0.0.9:1234".parse().unwrap()), &headers, proxies)
    }

    fn client_address(proxies: usize, forwarded: &[&str]) -> String {
        let forwarded: Vec<_> = forwarded.iter().map(|value| value.as_bytes()).collect();
        client_ip_of(proxies, &forwarded).unwrap().to_string()
    }

    #[test]
    fn only_entries_of_trusted_proxies_count() {
        assert_eq!(client_address(0, &["1.1.1.1"]), "10.0.0.9", "no proxy is trusted");
        assert_eq!(
            client_address(1, &["6.6.6.6, 1.1.1.1"]),
            "1.1.1.1",
            "entries that the client writes are further left"
        );
        assert_eq!(client_address(2, &["6.6.6.6, 1.1.1.1, 2.2.2.2"]), "1.1.1.1");
        assert_eq!(
            client_address(2, &["6.6.6.6", "1.1.1.1", "2.2.2.2"]),
            "1.1.1.1",
            "several headers form one list"
        );
        assert_eq!(
            client_address(3, &["1.1.1.1, 2.2.2.2"]),
            "10.0.0.9",
            "the client bypassed a proxy"
        );
        assert_eq!(client_address(1, &[]), "10.0.0.9");
    }

    #[test]
    fn an_entry_without_an_address_is_unknown_and_never_the_proxy() {
        let entries: [&[u8]; 16] = [
            b"",
            b" ",
            b"unknown",
            b"_hidden",
            b"unix:",
            b"\xe9",
            b"1.1.1.1\xe9",
            b"1.1.1.1:99999",
            b"1.1.1.1:",
            b"1.1.1.300",
            b"01.1.1.1",
            b"[::1",
            b"[1.1.1.1]",
            b"[::1]80",
            b"::1::",
            b"1.1.1.1 2.2.2.2",
        ];
        for entry in entries {
            let list = [b"6.6.6.6, 1.1.1.1,".as_slice(), entry].concat();
            assert_eq!(client_ip_of(1, &[&list]), None, "{}", entry.escape_ascii());
            assert_eq!(client_ip_of(1, &[b"6.6.6.6", entry]), None, "{}", entry.escape_ascii());
            let behind_another = [&list, b", 10.0.0.8".as_slice()].concat();
            assert_eq!(client_ip_of(2, &[&behind_another]), None, "{}", entry.escape_ascii());
        }
    }

    #[test]
    fn no_byte_that_a_client_writes_hides_the_entry_of_its_proxy() {
        for written in 0..=u8::MAX {
            let list = [&[written][..], b", 203.0.113.9"].concat();
            if HeaderValue::from_bytes(&list).is_err() {
                continue;
            }
            let ip = client_ip_of(1, &[&list]).map(|ip| ip.to_string());
            assert_eq!(ip.as_deref(), Some("203.0.113.9"), "{written:#x}");
            let ip = client_ip_of(1, &[&[written], b"\t203.0.113.9\t"]).map(|ip| ip.to_string());
            assert_eq!(ip.as_deref(), Some("203.0.113.9"), "{written:#x}");
        }
    }

    #[test]
    fn without_a_peer_the_header_alone_counts() {
        let request = TestRequest::default().append_header((X_FORWARDED_FOR, "1.1.1.1"));
        let request = request.to_http_request();
        assert_eq!(client_ip(None, request.headers(), 0), None);
        assert_eq!(client_ip(None, request.headers(), 1), Some(Ipv4Addr::new(1, 1, 1, 1).into()));
        assert_eq!(client_ip(None, request.headers(), 2), None);
    }

    #[test]
    fn addresses_are_parsed_in_all_forms() {
        for (text, ip) in [
            ("1.1.1.1:80", "1.1.1.1"),
            ("::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:1.1.1.1", "1.1.1.1"),
            ("[::ffff:1.1.1.1]:80", "1.1.1.1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("\t1.1.1.1 ", "1.1.1.1"),
        ] {
            assert_eq!(client_address(1, &[text]), ip);
        }
    }

    #[test]
    fn ipv6_addresses_count_by_network() {
        let network = |text: &str| ip_network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("10.0.0.1"), "10.0.0.1");
        assert_eq!(network("::1"), "::1");
        assert_eq!(ip_network(Ipv4Addr::LOCALHOST.into()), IpAddr::from(Ipv4Addr::LOCALHOST));
    }
}
