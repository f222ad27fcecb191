//! How a client goes, and how a test ends.

use std::sync::Arc;

use actix_socketio::{
    Builder, DisconnectReason, OnDisconnect, OnFinish, OnMessage, SocketIo,
    test::{self, AskError, TestServer},
};
use parking_lot::Mutex;
use tokio::time::{Duration, Instant, sleep};

type Journal = Arc<Mutex<Vec<String>>>;

/// A server whose last handler takes a while.
fn journaling(journal: &Journal) -> Builder {
    let [disconnects, finishes] = [(); 2].map(|()| Arc::clone(journal));
    SocketIo::builder()
        .on_disconnect(async move |event: OnDisconnect| {
            disconnects.lock().push(event.reason.to_string());
            Ok(())
        })
        .on_finish(async move |_: OnFinish| {
            sleep(Duration::from_millis(300)).await;
            finishes.lock().push("finish".to_owned());
            Ok(())
        })
}

fn expected(reason: DisconnectReason) -> [String; 2] {
    [reason.to_string(), "finish".to_owned()]
}

#[test]
fn after_each_goodbye_the_handlers_are_done() {
    test::system(async {
        let journal = Journal::default();
        let io = journaling(&journal).build().unwrap();
        let server = TestServer::new(&io).await;
        let client = async || server.client().connect().await.unwrap();
        let seen = || std::mem::take(&mut *journal.lock());

        client().await.disconnect().await;
        assert_eq!(seen(), expected(DisconnectReason::ClientDisconnect));
        client().await.close().await;
        assert_eq!(seen(), expected(DisconnectReason::TransportClose));
        client().await.vanish().await;
        assert_eq!(seen(), expected(DisconnectReason::TransportError));
        assert!(io.stats().is_idle());
    });
}

#[test]
fn a_client_that_is_dropped_is_gone() {
    test::system(async {
        let journal = Journal::default();
        let io = journaling(&journal).build().unwrap();
        let server = TestServer::new(&io).await;
        let ada = server.client().connect().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        drop(ada);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(*journal.lock(), expected(DisconnectReason::TransportError));
        assert_eq!(io.connections(), 0);
    });
}

#[test]
fn a_client_reads_why_the_server_ends_it() {
    test::system(async {
        let io = SocketIo::builder()
            .on_message(async |event: OnMessage| {
                match event.event() {
                    "disconnect me" => event.socket.disconnect(),
                    "close me" => event.socket.close(),
                    _ => event.socket.close_transport(),
                }
                Ok(())
            })
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        for (event, reason) in [
            ("disconnect me", "io server disconnect"),
            ("close me", "io server disconnect"),
            ("close my transport", "transport close"),
        ] {
            let mut ada = server.client().connect().await.unwrap();
            ada.socket().emit("before", &()).unwrap();
            let error = ada.ask::<()>(event, &()).await.unwrap_err();
            assert!(matches!(&error, AskError::Disconnected(why) if why == reason), "{error}");
            assert_eq!(ada.disconnected().await, reason);
            assert_eq!(ada.next().await.name(), "before", "what came before is there");
            ada.nothing().await;
        }
        test::advance(Duration::from_secs(1)).await;
        assert_eq!(io.connections(), 0);
    });
}

/// A test may end with clients that poll. This process fails if anything panics at its end.
#[test]
fn a_test_that_ends_with_clients_ends_quietly() {
    const INNER: &str = "ACTIX_SOCKETIO_TEST_ENDS";
    if std::env::var_os(INNER).is_some() {
        for paused in [true, false] {
            let end = async {
                let io = SocketIo::builder().build().unwrap();
                let server = TestServer::new(&io).await;
                let client = server.client().connect().await.unwrap();
                // Its tasks and its poll end with the System.
                std::mem::forget(client);
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
            };
            if paused {
                test::system(end);
            } else {
                actix::System::new().block_on(end);
            }
        }
        return;
    }
    let name = "ends::a_test_that_ends_with_clients_ends_quietly";
    let this = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(this)
        .args(["--exact", name, "--nocapture"])
        .env(INNER, "1")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
}

#[actix_web::test]
async fn a_shutdown_with_a_client_that_polls_does_not_wait() {
    let io = SocketIo::builder().build().unwrap();
    let server = TestServer::new(&io).await;
    let mut ada = server.client().connect().await.unwrap();
    // In virtual time it would be exact. Here it is far below the patience of a shutdown.
    let start = Instant::now();
    assert!(io.shutdown().await);
    assert!(start.elapsed() < io.config().shutdown_timeout / 2, "{:?}", start.elapsed());
    assert_eq!(ada.disconnected().await, "transport close");
}
