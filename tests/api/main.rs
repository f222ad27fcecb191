//! The HTTP API over real sockets, with clients that receive what it publishes.

mod batch;
#[path = "../server/client.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod client;
mod description;
mod every_method;
mod http;
mod idempotency;
mod keys;
mod members;
#[path = "../common/needs.rs"]
mod needs;
mod page;
mod past;
#[path = "../common/programs.rs"]
mod programs;
mod publish;
#[path = "../common/raw/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests of the server need the rest of it")]
mod raw;
mod schema;
mod server;
#[path = "../server/transport.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod transport;
mod users;
#[path = "../common/wait.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod wait;
