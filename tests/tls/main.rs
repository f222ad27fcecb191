//! TLS of the server's own (the feature `tls`), over real sockets.

#[path = "../deployments/app.rs"]
mod app;
#[path = "../deployments/folder.rs"]
mod folder;
#[path = "../common/raw/frame.rs"]
#[allow(dead_code, reason = "not every user needs all of it")]
mod frame;
#[path = "../common/needs.rs"]
mod needs;
#[path = "../common/programs.rs"]
mod programs;
#[path = "../common/suites.rs"]
mod suites;
#[path = "../common/wait.rs"]
mod wait;

mod certificates;
mod client;
mod server;

mod handshakes;
mod official_client;
mod reload;
mod streams;
