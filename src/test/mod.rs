//! Helpers for the tests of applications: a client within the test, events made by hand, and a
//! clock that the test moves.
//!
//! They are behind the feature `test`. Add the package once more, for tests only:
//!
//! ```toml
//! [dev-dependencies]
//! actix-socketio = { version = "0.1", features = ["test"] }
//! ```
//!
//! [`TestServer`] takes the handle of a server and needs no port. Its [`TestClient`]s send events,
//! read what comes, and panic with what they have received if it is not what the test expects.
//!
//! ```
//! use actix_socketio::{HandlerError, HandlerResult, OnMessage, SocketIo, test};
//! use serde_json::json;
//!
//! async fn chat(event: OnMessage) -> HandlerResult {
//!     let (room, text): (String, String) = (event.arg(0)?, event.arg(1)?);
//!     if !event.socket.is_subscribed(&room) {
//!         return Err(HandlerError::reject("you are not in this room"));
//!     }
//!     event.socket.to(&room).emit("chat", &text)?;
//!     event.ack("sent")?;
//!     Ok(())
//! }
//!
//! #[test]
//! # fn hidden() {}
//! fn a_message_reaches_the_room() {
//!     test::system(async {
//!         let io = SocketIo::builder().open_channels().on_message(chat).build().unwrap();
//!         let server = test::TestServer::new(&io).await;
//!         let mut ada = server.client().connect().await.unwrap();
//!         let mut bob = server.client().connect().await.unwrap();
//!         ada.subscribe("tea").await.unwrap();
//!         bob.subscribe("tea").await.unwrap();
//!
//!         let sent: String = ada.ask("chat", &("tea", "hi")).await.unwrap();
//!         assert_eq!(sent, "sent");
//!         assert_eq!(bob.next().await, ("chat", json!(["hi"])));
//!         ada.nothing().await;
//!     });
//! }
//! # a_message_reaches_the_room();
//! ```
//!
//! [`TestClient::by_hand`] makes events for a handler that the test calls itself, and [`system`]
//! runs a test in virtual time. The guide is
//! [`guide::testing`](crate::guide::testing).

#![allow(clippy::test_attr_in_doctest, reason = "the examples show whole tests, and call them")]

mod arguments;
mod by_hand;
mod client;
mod clock;
mod connecting;
mod event;
mod flush;
mod inbox;
mod line;
mod refused;
mod server;

pub use by_hand::{EventsByHand, PendingAnswer};
pub use client::TestClient;
pub use clock::{advance, system};
pub use connecting::Connecting;
pub use event::TestEvent;
pub use refused::{AskError, Refused};
pub use server::TestServer;
