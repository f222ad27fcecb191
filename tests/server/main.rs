//! The server over real sockets. The clients here write frames and packets themselves.
//!
//! Each file is one subject. The behaviour must not depend on the transport, so most scenarios run
//! three times: over polling, over a WebSocket, and with an upgrade from one to the other.

/// Makes three tests of each scenario, which is an `async fn(Mode)`: one for each mode.
macro_rules! in_every_mode {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            use crate::client::Mode;

            #[actix_web::test]
            async fn over_polling() {
                super::$scenario(Mode::Polling).await;
            }

            #[actix_web::test]
            async fn over_a_websocket() {
                super::$scenario(Mode::WebSocket).await;
            }

            #[actix_web::test]
            async fn with_an_upgrade() {
                super::$scenario(Mode::Upgrade).await;
            }
        }
    )*};
}

mod app;
mod client;
mod fixture;
mod octets;
#[path = "../common/raw/mod.rs"]
mod raw;
mod transport;
#[path = "../common/wait.rs"]
mod wait;

mod acks;
mod adapter;
mod backpressure;
mod bad_input;
mod binary;
mod bounds;
mod channels;
mod context;
mod cors;
mod errors_are_opaque;
mod failures_are_answers;
mod handlers;
mod history;
mod http_details;
mod in_turn;
mod lifecycle;
mod limits;
mod mounts;
mod named_events;
mod namespaces;
mod neighbours;
mod odd_endings;
mod options;
mod order;
mod own_parameters;
mod path;
mod prelude;
mod presence;
mod publish;
mod received;
mod recovery;
mod refusals;
mod serve_client;
mod shutdown;
mod slow_subscribers;
mod takeover;
mod tokens;
mod unknown_events;
mod upgrade;
mod verbs;
mod workers;
