use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};

/// Returns the client's address as the outermost of `proxies` trusted proxies saw it.
///
/// Each proxy appends the address of its peer to `X-Forwarded-For`. The function takes the entry at
/// position `proxies` from the end, which a client cannot write. With `proxies` 0 the header is
/// ignored.
///
/// A list that is too short, or that has no address at this position, was not written by these
/// proxies. The result is then the address of the TCP peer.
pub(super) fn client_ip(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    proxies: usize,
) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.ip().to_canonical());
    let Some(hop) = proxies.checked_sub(1) else { return peer };
    let values: Vec<_> =
        headers.get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let forwarded = values
        .iter()
        .rev()
        .flat_map(|value| value.rsplit(','))
        .nth(hop)
        .and_then(|text| parse(text.trim()));
    forwarded.or(peer)
}

/// Parses the forms that different proxies write: `10.0.0.1`, `10.0.0.1:80`, `::1`, `[::1]` and
/// `[::1]:80`.
fn parse(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|addr| addr.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
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

    fn client_address(proxies: usize, forwarded: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr("10.0.0.9:1234".parse().unwrap());
        for value in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *value));
        }
        let request = request.to_http_request();
        client_ip(request.peer_addr(), request.headers(), proxies).unwrap().to_string()
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
        assert_eq!(client_address(1, &["1.1.1.1, unknown"]), "10.0.0.9");
    }

    #[test]
    fn addresses_are_parsed_in_all_forms() {
        for (text, ip) in [
            ("1.1.1.1:80", "1.1.1.1"),
            ("::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:1.1.1.1", "1.1.1.1"),
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
