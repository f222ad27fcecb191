use actix_web::test::TestRequest;

use super::*;

fn own(host: &str) -> OwnHost {
    let request = TestRequest::default().insert_header((header::HOST, host)).to_http_request();
    OwnHost::of(&request, 0).unwrap_or_else(|| panic!("{host}"))
}

fn is_own(origin: &str, host: &str) -> bool {
    Origin::parse(origin).is_ok_and(|origin| origin.is_own(&own(host)))
}

#[test]
fn origins_are_compared_as_scheme_host_and_port() {
    for (one, other) in [
        ("https://example.com", "HTTPS://EXAMPLE.com"),
        ("https://example.com", "https://example.com:443"),
        ("http://example.com", "http://example.com:80"),
        ("http://example.com", "http://example.com."),
        ("http://[::1]:3000", "http://[0:0:0:0:0:0:0:1]:3000"),
    ] {
        assert_eq!(Origin::parse(one), Origin::parse(other), "{one} {other}");
        assert!(Origin::parse(one).is_ok(), "{one}");
    }
    let different = [
        "null",
        "file://",
        "http://example.com",
        "https://example.com",
        "https://example.com:80",
        "http://example.com:443",
        "https://example.com:8443",
        "https://www.example.com",
        "https://xn--bcher-kva.example",
        "http://[::1]",
        "http://[::2]",
        "http://localhost:3000",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://0a1b2c3d-0000-4000-8000-000000000000",
        "http://127.0.0.1",
        "http://1.example",
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "app://obsidian.md",
    ];
    for (at, origin) in different.iter().enumerate() {
        let parsed = Origin::parse(origin).unwrap_or_else(|error| panic!("{origin}: {error}"));
        assert!(different[..at].iter().all(|other| Origin::parse(other) != Ok(parsed.clone())));
    }
}

#[test]
fn what_no_browser_sends_is_not_an_origin() {
    for text in [
        "",
        "*",
        "NULL",
        "not a uri",
        "example.com",
        "//example.com",
        "http://127.1",
        "http://127.0.0.01",
        "http://1.2.3.256",
        "http://2130706433",
        "http://0x7f.1",
        "http://127.0.0.0x1",
        "https:/example.com",
        "https://",
        "http://:80",
        "https://example.com/",
        "https://example.com/path",
        "https://example.com:443/",
        "https://example.com?q",
        "https://example.com#f",
        "https://user@example.com",
        "https://user:secret@example.com",
        "https://*.example.com",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:+80",
        "https://example.com:80:80",
        " https://example.com",
        "https://example.com ",
        "https://exam ple.com",
        "https://b\u{fc}cher.example",
        "https://[::1",
        "https://[::1]80",
        "https://[1.1.1.1]",
        "https://::1",
        "wss://example.com",
        "1http://example.com",
        "https://a.example,https://b.example",
        "https://a.example https://b.example",
    ] {
        assert!(Origin::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_servers_own_origin_is_found_whatever_a_proxy_adds_to_the_host() {
    for (origin, host) in [
        ("https://example.com", "example.com"),
        ("http://example.com", "example.com"),
        ("https://example.com", "example.com:443"),
        ("http://example.com", "example.com:80"),
        // The port is that of a proxy behind the one that does the TLS.
        ("https://example.com", "example.com:80"),
        ("https://example.com", "EXAMPLE.com"),
        ("https://example.com.", "example.com"),
        ("https://example.com:8443", "example.com:8443"),
        ("http://example.com:8080", "Example.Com.:8080"),
        ("http://[::1]:8080", "[0::1]:8080"),
        ("https://[2001:db8::1]", "[2001:db8:0::1]:443"),
    ] {
        assert!(is_own(origin, host), "{origin} {host}");
    }
    for (origin, host) in [
        ("http://example.com:8080", "example.com"),
        ("https://example.com:8443", "example.com:443"),
        ("https://example.com", "example.com:8443"),
        ("http://example.com:443", "example.com"),
        ("https://example.com:80", "example.com:80"),
        ("https://example.com.evil.com", "example.com"),
        ("https://www.example.com", "example.com"),
        ("https://[::1]", "[::2]"),
        ("null", "null"),
        ("file://", "example.com"),
        ("capacitor://localhost", "localhost"),
        ("chrome-extension://example.com", "example.com"),
    ] {
        assert!(!is_own(origin, host), "{origin} {host}");
    }
}

#[test]
fn a_host_that_can_not_be_read_is_no_origins_own() {
    for host in [&b""[..], b"\xe9", b"a b", b"example.com/", b"user@example.com", b":80"] {
        let host = header::HeaderValue::from_bytes(host).unwrap();
        let request = TestRequest::default().insert_header((header::HOST, host));
        assert_eq!(OwnHost::of(&request.to_http_request(), 0), None);
    }
    assert_eq!(OwnHost::of(&TestRequest::default().to_http_request(), 0), None);
}

#[test]
fn the_authority_of_http_2_comes_before_the_host() {
    let request = TestRequest::with_uri("https://example.com:8443/socket.io/")
        .insert_header((header::HOST, "other.example"))
        .to_http_request();
    let own = OwnHost::of(&request, 0).unwrap();
    assert!(Origin::parse("https://example.com:8443").unwrap().is_own(&own));
    assert!(!Origin::parse("https://other.example").unwrap().is_own(&own));
}

#[test]
fn a_page_without_tls_is_another_origin_where_tls_is_known() {
    let page = Origin::parse("http://example.com").unwrap();
    for (proxies, protocol, is_own) in [
        (1, &b"https"[..], false),
        (1, b"HTTPS", false),
        (0, b"https", true),
        (1, b"http", true),
        // Two proxies, of which the outer one has the TLS.
        (2, b"https, http", false),
        (2, b"https", false),
        (2, b"http,http", true),
        // The client has written the entry further left.
        (1, b"https, http", true),
        (2, b"https, http, https", true),
        // It cannot be read.
        (1, b"http\xe9", false),
        (1, b"http;", false),
        (1, b"", false),
    ] {
        let request = TestRequest::default()
            .insert_header((header::HOST, "example.com:"))
            .insert_header((X_FORWARDED_PROTO, header::HeaderValue::from_bytes(protocol).unwrap()))
            .to_http_request();
        let protocol = protocol.escape_ascii();
        let own = OwnHost::of(&request, proxies).unwrap();
        assert_eq!(page.is_own(&own), is_own, "{proxies} {protocol}");
        assert!(Origin::parse("https://example.com").unwrap().is_own(&own));
    }
}
