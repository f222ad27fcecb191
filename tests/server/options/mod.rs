//! The options of Socket.IO's server, as a client sees them.

mod cookie;
mod deflate;
mod eio3;
mod hooks;
mod http_compression;
mod path_and_transports;

use std::sync::Arc;

use actix_socketio::Builder;
use parking_lot::Mutex;

use crate::raw::PollingSession;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

const ON_WEBSOCKET: &str = "EIO=4&transport=websocket";

fn target(session: &PollingSession) -> String {
    format!("/socket.io/?{}", session.query())
}

/// Code, message and context of each refusal. Another hook, which runs before, panics each time.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Vec<(u8, String, String)>>>);

impl Refusals {
    fn collect(&self, builder: Builder) -> Builder {
        let refusals = self.clone();
        builder.on_connection_error(|_| panic!("on purpose")).on_connection_error(move |error| {
            assert_eq!(error.request().path(), "/socket.io/");
            assert!(error.peer_addr().is_some_and(|peer| peer.ip().is_loopback()));
            refusals.0.lock().push((
                error.code(),
                error.message().to_owned(),
                error.context().to_owned(),
            ));
        })
    }

    /// The only refusal since the last call.
    #[track_caller]
    fn take(&self) -> (u8, String, String) {
        let mut refusals = self.0.lock();
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        refusals.remove(0)
    }
}
