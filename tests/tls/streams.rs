//! Sessions over TLS: WebSockets that own their streams, polling, and their ends.

use std::{net::Shutdown, time::Duration};

use actix_web::rt::System;

use crate::{
    app,
    certificates::Pem,
    client::{End, TlsClient},
    frame::frame,
    server::TestServer,
    wait::wait_until,
};

#[test]
fn frames_that_are_sent_with_the_handshake_are_read() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let mut all = frame(0x81, b"40");
    for number in 0..200 {
        let text = format!(r#"42{number}["echo","{}"]"#, "x".repeat(1000));
        all.extend(frame(0x81, text.as_bytes()));
    }
    let mut client = TlsClient::connect(server.addr, &pem.chain);
    client.upgrade("", &all);
    assert!(client.text().starts_with(r#"0{"sid":""#));
    assert!(client.text().starts_with(r#"40{"sid":""#));
    for number in 0..200 {
        let text = client.text();
        assert!(text.starts_with(&format!("43{number}[")), "{text:.40} and not {number}");
    }
    drop(client);
    server.assert_all_freed();
}

#[test]
fn a_session_moves_from_polling_to_a_websocket() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let mut http = TlsClient::connect(server.addr, &pem.chain);
    let (head, open) = http.ask("GET", "transport=polling", "\r\n");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let sid = open.split('"').nth(3).expect("the id of the session").to_owned();
    let session = format!("transport=polling&sid={sid}");
    let (_, answer) = http.ask("POST", &session, "Content-Length: 2\r\n\r\n40");
    assert_eq!(answer, "ok");
    let (_, entered) = http.ask("GET", &session, "\r\n");
    assert!(entered.starts_with(r#"40{"sid":""#), "{entered}");

    let mut websocket = TlsClient::connect(server.addr, &pem.chain);
    websocket.upgrade(&format!("&sid={sid}"), b"");
    websocket.send("2probe");
    assert_eq!(websocket.text(), "3probe");
    websocket.send("5");
    websocket.assert_works();
    assert_eq!(server.io.stats().transports["websocket"], 1);
    drop((http, websocket));
    server.assert_all_freed();
}

#[test]
fn large_messages_come_whole_in_both_directions() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let mut client = TlsClient::join(server.addr, &pem.chain);
    let text = "y".repeat(900_000);
    client.send(&format!(r#"421["echo","{text}"]"#));
    assert!(client.text() == format!(r#"431["{text}"]"#), "the text as it was sent");
    // More than the buffers of the kernel hold, while the client does not read.
    client.send(r#"42["large",8,400000]"#);
    client.send(r#"422["echo","behind them"]"#);
    wait_until("the events are handled", || server.io.stats().events_handled >= 3);
    for number in 0..8 {
        assert_eq!(client.text().len(), 400_000 + r#"42["large",""]"#.len(), "event {number}");
    }
    assert_eq!(client.text(), r#"432["behind them"]"#);
}

#[test]
fn a_client_that_does_not_read_is_a_slow_consumer() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder().max_outbox(100_000), &pem.certificate());
    let mut slow = TlsClient::join(server.addr, &pem.chain);
    let mut other = TlsClient::join(server.addr, &pem.chain);
    let events = 1000;
    slow.send(&format!(r#"42["large",{events},50000]"#));
    wait_until("it is given up", || server.io.stats().disconnects["slow consumer"] == 1);
    other.assert_works();
    drop((slow, other));
    server.assert_all_freed();
}

#[test]
fn the_server_announces_the_end_of_its_stream() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    let mut client = TlsClient::join(server.addr, &pem.chain);
    // The client closes the WebSocket.
    client.write(frame(0x88, &1000u16.to_be_bytes()));
    assert_eq!(client.frame(), (0x88, 1000u16.to_be_bytes().to_vec()));
    assert_eq!(client.end(), End::Announced);
    // The server closes it: the text is not a packet.
    let mut client = TlsClient::join(server.addr, &pem.chain);
    client.send("x");
    assert_eq!(client.frame().0, 0x88);
    assert_eq!(client.end(), End::Announced);
    drop(client);
    server.assert_all_freed();
}

#[test]
fn a_stream_that_is_cut_ends_the_session() {
    let pem = Pem::new();
    let server = TestServer::start(app::builder(), &pem.certificate());
    for how in [Shutdown::Write, Shutdown::Both] {
        let client = TlsClient::join(server.addr, &pem.chain);
        // Without the `close_notify` of TLS, and without a Close frame.
        client.tcp().shutdown(how).expect("the client's own end");
        server.assert_all_freed();
        drop(client);
    }
    // Bytes that no key has made: the record can't be decrypted.
    let mut client = TlsClient::join(server.addr, &pem.chain);
    let mut tcp = client.tcp();
    std::io::Write::write_all(&mut tcp, &[23, 3, 3, 0, 32]).expect("the server reads");
    std::io::Write::write_all(&mut tcp, &[7; 32]).expect("the server reads");
    assert_eq!(client.end(), End::Alert);
    server.assert_all_freed();
}

#[test]
fn a_shutdown_tells_the_clients_and_closes_their_streams() {
    let pem = Pem::new();
    let builder = app::builder().shutdown_timeout(Duration::from_secs(10));
    let server = TestServer::start(builder, &pem.certificate());
    let mut client = TlsClient::join(server.addr, &pem.chain);
    let mut second = TlsClient::join(server.addr, &pem.chain);
    // It is done before the end, and acknowledged.
    second.send(r#"425["echo","last"]"#);
    assert_eq!(second.text(), r#"435["last"]"#);
    let io = server.io.clone();
    let shutdown = std::thread::spawn(move || System::new().block_on(io.shutdown()));
    for client in [&mut client, &mut second] {
        let (first, content) = client.frame();
        assert!(first == 0x88 || content == b"41", "{first:x} {content:?}");
        assert_eq!(client.end(), End::Announced);
    }
    shutdown.join().expect("it completes");
    server.assert_all_freed();
}
