//! Waiting until the server is done with what a client has sent.

use std::time::Duration;

use tokio::{
    task::yield_now,
    time::{sleep, timeout},
};

use super::line::Line;
use crate::{
    model::{Channel, SocketId},
    protocol::AckId,
};

/// The number of turns that all tasks of this thread get, before the clock is asked for time.
const TURNS: usize = 64;
/// The time between two looks at handlers that take longer.
const PAUSE: Duration = Duration::from_millis(1);

/// Lets the other tasks and actors of this thread run.
pub(super) async fn settle() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

impl Line {
    /// Waits until `is_done`, for as long as the client has patience. Returns whether it is.
    async fn until(&self, is_done: impl Fn() -> bool) -> bool {
        let done = async {
            settle().await;
            while !is_done() {
                sleep(PAUSE).await;
            }
        };
        timeout(self.patience, done).await.is_ok()
    }

    /// Waits until the handlers of all that was sent are done, and until everything has arrived
    /// that was sent to the client by then. Returns whether all that was so in time.
    pub(super) async fn flush(&self, id: SocketId) -> bool {
        let is_caught_up = || match self.io.session(&self.session) {
            Some(session) => session.input_progress.is_caught_up(),
            None => true,
        };
        if !self.until(is_caught_up).await {
            return false;
        }
        let Some(socket) = self.io.of(self.namespace.as_str()).socket(&id) else { return true };
        // It is in no such channel. This waits for what is published, and changes nothing.
        if let Ok(channel) = Channel::new("flush", usize::MAX) {
            socket.unsubscribe_and_wait(&channel).await;
        }
        let (marker, mut arrived) = self.expect_answer();
        let namespace = self.namespace.as_str();
        let sent = socket.codec().ack(namespace, &AckId::from(marker), &());
        if sent.is_ok_and(|packet| socket.push(packet).is_ok()) {
            return timeout(self.patience, &mut arrived).await.is_ok();
        }
        true
    }

    /// Waits until the server keeps nothing of the client: its last handler is done. Returns
    /// whether that is so in time.
    pub(super) async fn gone(&self, id: SocketId) -> bool {
        let io = self.io.of(self.namespace.as_str());
        self.until(|| io.socket(&id).is_none() && io.session(&self.session).is_none()).await
    }
}
