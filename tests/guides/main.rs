//! The code of the guides that are more than one example: it runs, and the pages show it as it is.

mod aliases;
#[path = "../server/app.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod app;
#[path = "../server/client.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod client;
#[allow(dead_code, unreachable_pub, reason = "the tests have ports of their own")]
mod apps {
    pub(crate) mod from_node;
    pub(crate) mod from_socketioxide;
}
mod cookbook;
mod from;
#[path = "../common/needs.rs"]
mod needs;
#[path = "../common/programs.rs"]
mod programs;
#[allow(clippy::unwrap_used, unreachable_pub, reason = "the page shows them, as they would be")]
mod recipes {
    pub(crate) mod binary;
    pub(crate) mod history;
    pub(crate) mod jobs;
    pub(crate) mod jwt;
    pub(crate) mod kick;
    pub(crate) mod presence;
    pub(crate) mod private;
    pub(crate) mod rates;
    pub(crate) mod retry;
    pub(crate) mod rooms;
    pub(crate) mod sessions;
    pub(crate) mod snapshot;
    pub(crate) mod volatile;
}
#[path = "../server/transport.rs"]
#[allow(dead_code, reason = "the tests of the server need the rest of it")]
mod transport;
mod tutorial;
#[path = "../common/wait.rs"]
#[allow(dead_code, reason = "the clients need the limit alone")]
mod wait;
