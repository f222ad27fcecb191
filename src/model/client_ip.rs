use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};

/// The address that a client has for the outermost of so many trusted proxies: what it wrote into
/// `X-Forwarded-For`, counted from the end, where a client can't write. Without proxies the header
/// is not looked at.
///
/// A list that is too short, or has no address there, was not written by those proxies: then it is
/// the peer's.
pub(super) fn client_ip(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    proxies: usize,
) -> Option<IpAddr> {
    let peer = peer.map(|peer| peer.ip().to_canonical());
    let Some(hop) = proxies.checked_sub(1) else { return peer };
    let values: Vec<_> =
        headers.get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
    let told = values
        .iter()
        .rev()
        .flat_map(|value| value.rsplit(','))
        .nth(hop)
        .and_then(|text| parse(text.trim()));
    told.or(peer)
}

/// `10.0.0.1`, `10.0.0.1:80`, `::1`, `[::1]` or `[::1]:80`: proxies differ.
fn parse(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_stream = || text.parse::<SocketAddr>().ok().map(|addr| addr.ip());
    text.parse().ok().or_else(with_stream).or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

/// Whoever has one IPv6 address has at least the 2^64 around it.
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

    fn told(proxies: usize, forwarded: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr("10.0.0.9:1234".parse().unwrap());
        for value in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *value));
        }
        let request = request.to_http_request();
        client_ip(request.peer_addr(), request.headers(), proxies).unwrap().to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        assert_eq!(told(0, &["1.1.1.1"]), "10.0.0.9", "nobody is trusted");
        assert_eq!(
            told(1, &["6.6.6.6, 1.1.1.1"]),
            "1.1.1.1",
            "what the client claims is further left"
        );
        assert_eq!(told(2, &["6.6.6.6, 1.1.1.1, 2.2.2.2"]), "1.1.1.1");
        assert_eq!(
            told(2, &["6.6.6.6", "1.1.1.1", "2.2.2.2"]),
            "1.1.1.1",
            "several headers are one list"
        );
        assert_eq!(told(3, &["1.1.1.1, 2.2.2.2"]), "10.0.0.9", "who came past a proxy");
        assert_eq!(told(1, &[]), "10.0.0.9");
        assert_eq!(told(1, &["1.1.1.1, unknown"]), "10.0.0.9");
    }

    #[test]
    fn addresses_are_written_in_several_ways() {
        for (text, ip) in [
            ("1.1.1.1:80", "1.1.1.1"),
            ("::1", "::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:1.1.1.1", "1.1.1.1"),
        ] {
            assert_eq!(told(1, &[text]), ip);
        }
    }

    #[test]
    fn ipv6_addresses_count_by_their_network() {
        let near = |text: &str| ip_network(text.parse().unwrap()).to_string();
        assert_eq!(near("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(near("10.0.0.1"), "10.0.0.1");
        assert_eq!(near("::1"), "::1");
        assert_eq!(ip_network(Ipv4Addr::LOCALHOST.into()), IpAddr::from(Ipv4Addr::LOCALHOST));
    }
}
