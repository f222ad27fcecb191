//! A small message does not wait for the client's acknowledgement of the one before.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
};

use actix_socketio::SocketIoServerExt as _;
use actix_web::{App, HttpServer, rt};
use tokio::{sync::mpsc, time::timeout};

use crate::{app, wait::PATIENCE};

/// `HttpServer` itself says whether it has set `TCP_NODELAY`, for HTTP/1.1 and for both versions.
#[actix_web::test]
async fn a_server_with_these_clients_sets_tcp_nodelay() {
    let (sender, mut connected) = mpsc::unbounded_channel();
    let io = app::builder().build().expect("the settings are valid");
    let app = io.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        .workers(1)
        .socketio(&io)
        .disable_signals()
        .on_connect(move |stream, _| {
            let stream = stream.downcast_ref::<rt::net::TcpStream>().expect("TCP");
            sender.send(stream.nodelay().expect("a socket")).expect("the test waits for this");
        })
        .bind(("127.0.0.1", 0))
        .and_then(|server| server.bind_auto_h2c(("127.0.0.1", 0)))
        .expect("ports on loopback");
    let addrs: Vec<SocketAddr> = server.addrs();
    let running = server.run();
    let stopped = running.handle();
    let served = rt::spawn(running);
    for addr in addrs {
        let mut client = TcpStream::connect(addr).expect("it listens");
        // The first bytes show the version.
        client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").expect("it reads");
        let set = timeout(PATIENCE, connected.recv()).await.expect("it accepts");
        assert_eq!(set, Some(true), "at {addr}");
    }
    stopped.stop(false).await;
    served.await.expect("it does not panic").expect("it serves");
}
