//! Makes [`actix_socketio`] servers one cluster over Redis, together with Node's Socket.IO servers.
//!
//! A cluster is one line more for the builder of a server. Then everything that is for many clients
//! reaches the clients of all servers: broadcasts, channels, acknowledgements, `fetch_sockets`,
//! `sockets_join`, `disconnect_sockets` and server-side events. With a stream, any server recovers
//! any client.
//!
//! ```no_run
//! use actix_socketio::SocketIo;
//! use actix_socketio_redis::Cluster;
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let cluster = Cluster::redis("redis://127.0.0.1")?;
//!     let io = SocketIo::builder().open_channels().cluster(cluster).build()?;
//!     io.serve("127.0.0.1:8080").await?;
//!     Ok(())
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapter;
mod asked;
mod audience;
mod classic;
mod cluster;
mod cluster_message;
mod described;
mod directory;
#[doc(hidden)]
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod heartbeats;
#[doc(hidden)]
#[cfg(feature = "internals")]
pub mod internals;
mod invalid_url;
mod js_date;
mod limits;
mod link;
mod listener;
mod members;
mod message;
mod message_text;
mod nodes;
mod others;
mod past;
mod pending;
mod presence;
mod receiving;
mod requests;
mod server;
mod session;
mod session_message;
mod sharded;
mod streams;
#[cfg(test)]
mod testing;
mod wire;

pub use cluster::Cluster;
pub use invalid_url::InvalidRedisUrl;
pub use limits::WireLimits;
pub use sharded::SubscriptionMode;
