use std::time::Duration;

use actix::System;
use tokio::{
    runtime::Builder,
    time::{self, sleep},
};

use super::flush::settle;

/// Runs a test in an actix `System` whose clock stands still, and moves only when nothing else is
/// left to do.
///
/// So pings, time-outs, rates and [`SocketIo::shutdown`](crate::SocketIo::shutdown) take no time,
/// and a test of them gives the same result on every machine. [`advance`] moves the clock. A sleep,
/// or a wait for an event, moves it too, to the next timer.
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::{SocketIo, test};
///
/// #[test]
/// # fn hidden() {}
/// fn a_client_is_pinged() {
///     test::system(async {
///         let io = SocketIo::builder().build().unwrap();
///         let server = test::TestServer::new(&io).await;
///         let ada = server.client().connect().await.unwrap();
///         test::advance(Duration::from_secs(26)).await;
///         assert_eq!(ada.pings(), 1);
///     });
/// }
/// # a_client_is_pinged();
/// ```
///
/// It is tokio's clock: what reads [`std::time::Instant`] or [`SystemTime`](std::time::SystemTime)
/// sees the real one. Other threads, of a [`SyncArbiter`](actix::SyncArbiter) or of a real port, are
/// not waited for: the clock moves while they work. Use `#[actix_web::test]` with them.
///
/// # Panics
/// If the test does.
pub fn system<T: Future>(test: T) -> T::Output {
    let runtime = || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap_or_else(|error| panic!("no runtime for the test: {error}"))
    };
    System::with_tokio_rt(runtime).block_on(test)
}

/// Moves the clock of [`system`]. All timers up to then fire, in their order.
///
/// ```
/// use std::time::Duration;
///
/// use actix_socketio::test;
/// use tokio::time::Instant;
///
/// # test::system(async {
/// let start = Instant::now();
/// test::advance(Duration::from_secs(3600)).await;
/// assert_eq!(start.elapsed().as_secs(), 3600);
/// # });
/// ```
///
/// # Panics
/// If the clock is not paused, which [`system`] does.
pub async fn advance(duration: Duration) {
    // It panics if the clock runs.
    time::advance(Duration::ZERO).await;
    sleep(duration).await;
    settle().await;
}
