//! The Admin UI: its protocol beside Node's own server, its bounds, and its page in a browser.

mod bounds;
#[path = "../server/client.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod client;
mod commands;
mod development;
mod log_in;
#[path = "../common/needs.rs"]
mod needs;
mod oracle;
mod page;
#[path = "../common/programs.rs"]
mod programs;
#[path = "../common/raw/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests of the server need the rest of it")]
mod raw;
mod server;
#[path = "../server/transport.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod transport;
#[path = "../common/wait.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod wait;
