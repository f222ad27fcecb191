//! Time that passes only when a test lets it.

use std::{sync::Arc, time::Duration};

use actix_socketio::{
    DisconnectReason, HandlerResult, OnDisconnect, OnMessage, Rate, SocketIo,
    test::{self, AskError, TestServer},
};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The reasons that `OnDisconnect` handlers have seen, with the time since the start.
type Ends = Arc<Mutex<Vec<(DisconnectReason, Duration)>>>;

fn noting(ends: &Ends) -> SocketIo {
    let (start, ends) = (Instant::now(), Arc::clone(ends));
    SocketIo::builder()
        .on_disconnect(async move |event: OnDisconnect| {
            ends.lock().push((event.reason, start.elapsed()));
            Ok(())
        })
        .build()
        .expect("the settings are valid")
}

#[test]
fn a_client_that_answers_pings_stays_and_one_that_does_not_is_disconnected() {
    test::system(async {
        let ends = Ends::default();
        let io = noting(&ends);
        let server = TestServer::new(&io).await;
        let here = server.client().connect().await.unwrap();
        let mut away = server.client().connect().await.unwrap();
        away.stop_answering_pings();
        test::advance(s(24)).await;
        assert_eq!((here.pings(), away.pings()), (0, 0));
        test::advance(s(2)).await;
        assert_eq!((here.pings(), away.pings()), (1, 1), "after 25 s");
        test::advance(s(18)).await;
        assert_eq!(io.connections(), 2, "20 s for the answer are not over");
        assert_eq!(away.disconnected().await, "transport close");
        assert!(matches!(
            ends.lock()[..],
            [(DisconnectReason::PingTimeout, after)] if s(45) <= after && after < s(46)
        ));
        test::advance(s(3600)).await;
        assert_eq!(io.connections(), 1);
        assert_eq!(here.pings(), 1 + (3600 + 44 - 25) / 25);
    });
}

#[test]
fn a_shutdown_waits_for_handlers_and_not_for_clients() {
    test::system(async {
        let ends = Ends::default();
        let io = noting(&ends);
        let server = TestServer::new(&io).await;
        let mut ada = server.client().connect().await.unwrap();
        let start = Instant::now();
        assert!(io.shutdown().await, "nothing is left");
        assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
        assert_eq!(ada.disconnected().await, "transport close");
        assert_eq!(ends.lock()[0].0, DisconnectReason::ServerShutdown);
        let refused = server.client().connect().await.unwrap_err();
        assert_eq!(refused.status.map(|status| status.as_u16()), Some(503));
    });
}

#[test]
fn a_shutdown_gives_up_a_handler_that_takes_too_long() {
    test::system(async {
        let io = SocketIo::builder()
            .shutdown_timeout(s(20))
            .handler_timeout(s(3600))
            .on_message(async |_: OnMessage| -> HandlerResult {
                sleep(s(600)).await;
                Ok(())
            })
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        let ada = server.client().connect().await.unwrap();
        ada.emit("work", &()).await;
        let start = Instant::now();
        io.shutdown().await;
        assert!(start.elapsed() >= s(15) && start.elapsed() < s(21), "{:?}", start.elapsed());
    });
}

#[test]
fn time_outs_and_rates_follow_the_clock() {
    test::system(async {
        let io = SocketIo::builder()
            .event_rate(Rate::per_second(1).burst(3))
            .on_message(async |event: OnMessage| {
                if event.event() == "ask me" {
                    let answer = event.socket.timeout(s(30)).emit_with_ack::<_, u8>("why", &());
                    event.ack(&answer.await.is_err())?;
                }
                Ok(event.ack(&true)?)
            })
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        let mut ada = server.client().patience(s(60)).connect().await.unwrap();

        let start = Instant::now();
        assert!(ada.ask::<bool>("ask me", &()).await.unwrap());
        assert!(start.elapsed() >= s(30), "{:?}", start.elapsed());

        let start = Instant::now();
        for _ in 0..10 {
            assert!(ada.ask::<bool>("fast", &()).await.unwrap());
        }
        assert!(start.elapsed() >= s(6) && start.elapsed() <= s(10), "{:?}", start.elapsed());
    });
}

#[test]
fn a_client_waits_as_long_as_it_is_told_to() {
    test::system(async {
        let io = SocketIo::builder()
            .on_message(async |_: OnMessage| -> HandlerResult {
                sleep(s(60)).await;
                Ok(())
            })
            .handler_timeout(s(3600))
            .build()
            .unwrap();
        let server = TestServer::new(&io).await;
        for patience in [s(2), s(40)] {
            let mut ada = server.client().patience(patience).connect().await.unwrap();
            let start = Instant::now();
            let error = ada.ask::<()>("slow", &()).await.unwrap_err();
            assert!(matches!(error, AskError::TimedOut), "{error}");
            let waited = start.elapsed();
            assert!(patience <= waited && waited < patience + s(1), "{waited:?}");
        }
    });
}

#[test]
#[should_panic = "time is not frozen"]
fn only_a_clock_that_stands_still_can_be_moved() {
    actix::System::new().block_on(test::advance(s(1)));
}
