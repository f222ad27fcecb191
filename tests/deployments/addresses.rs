//! Behind a proxy, a client's address is its own, whatever it writes in `X-Forwarded-For`. So the
//! limit of connections of one address holds.

use std::net::{IpAddr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::{
    haproxy,
    needs::{Need, all_there},
    nginx::{DOCUMENTED, Nginx},
    proxy::Proxy,
    raw::HttpConnection,
    server::TestServer,
};

const LIMIT: usize = 2;
const CLIENT: [u8; 4] = [127, 0, 0, 81];
const OTHER: [u8; 4] = [127, 0, 0, 82];
/// Values that a client invents. The proxy appends the client's address, in the same line or in
/// one of its own.
const INVENTED: [&[u8]; 5] =
    [b"", b"203.0.113.9", b"\xe9", b"\xc3\xa4, 203.0.113.9", b"203.0.113.9, \xff"];

/// The status of a handshake from this address with this header.
fn handshake(server: SocketAddr, client: [u8; 4], forwarded: &[u8]) -> u16 {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((client, 0)).into()).expect("an address on loopback");
    socket.connect(&server.into()).expect("the proxy listens");
    let mut http = HttpConnection::on(TcpStream::from(socket));
    let mut request =
        b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\n".to_vec();
    if !forwarded.is_empty() {
        request.extend([b"X-Forwarded-For: ", forwarded, b"\r\n"].concat());
    }
    http.write([&*request, b"\r\n"].concat());
    http.head().status
}

/// For each invented value: the clients of one address are counted together, and apart from others.
fn assert_counted(start: impl Fn(&TestServer) -> Proxy) {
    for forwarded in INVENTED {
        let server = TestServer::start(|builder| {
            builder.trusted_proxies(1).max_connections_per_address(LIMIT)
        });
        let proxy = start(&server);
        let statuses: Vec<_> =
            (0..=LIMIT).map(|_| handshake(proxy.addr(), CLIENT, forwarded)).collect();
        let shown = forwarded.escape_ascii();
        assert_eq!(statuses, [200, 200, 429], "{shown}");
        assert_eq!(handshake(proxy.addr(), CLIENT, b""), 429, "without the header, {shown}");
        assert_eq!(handshake(proxy.addr(), OTHER, forwarded), 200, "another client, {shown}");
        let ip = IpAddr::from(OTHER);
        let own = handshake(proxy.addr(), CLIENT, ip.to_string().as_bytes());
        assert_eq!(own, 429, "with the address of another client");
    }
}

#[test]
fn behind_nginx() {
    if !all_there("addresses behind nginx", &[Need::Nginx]) {
        return;
    }
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() };
    assert_counted(|server| nginx.before(server.at.plain));
}

#[test]
fn behind_nginx_at_a_unix_socket() {
    if !all_there("addresses behind nginx at a Unix socket", &[Need::Nginx]) {
        return;
    }
    let nginx = Nginx { location: DOCUMENTED, keepalive: Some(16), ..Nginx::default() };
    assert_counted(|server| nginx.before_unix(&server.at.unix));
}

#[test]
fn behind_haproxy() {
    if !all_there("addresses behind HAProxy", &[Need::Haproxy]) {
        return;
    }
    assert_counted(|server| haproxy::before(server.at.plain));
}

#[test]
fn behind_haproxy_that_speaks_h2c() {
    if !all_there("addresses behind HAProxy with h2c", &[Need::Haproxy]) {
        return;
    }
    assert_counted(|server| haproxy::before_h2c(server.at.h2c));
}
