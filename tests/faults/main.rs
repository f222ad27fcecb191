//! A client that abuses the protocol receives the specified answer in time, and affects no other
//! client. The same holds for other faults: peers that stall or are cut off, handlers that fail,
//! clocks that jump.

#[allow(dead_code)] // each binary uses some of what they share
#[path = "../server/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../server/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../server/fixture.rs"]
mod fixture;
#[cfg(target_os = "linux")]
#[path = "../common/programs.rs"]
mod programs;
#[allow(dead_code)]
#[path = "../common/raw/mod.rs"]
mod raw;
#[allow(dead_code)]
#[path = "../server/transport.rs"]
mod transport;
#[path = "../common/wait.rs"]
mod wait;

mod counting;
mod feed;
mod mover;
#[cfg(target_os = "linux")]
mod needs;
mod neighbour;
#[cfg(target_os = "linux")]
mod serving;

mod busy_actor;
mod churn;
#[cfg(target_os = "linux")]
mod clock;
mod corpus;
#[cfg(target_os = "linux")]
mod half_open;
mod handlers_fail;
mod http_abuse;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod odd_events;
mod partings;
mod promises;
#[cfg(target_os = "linux")]
mod stalled;
#[cfg(target_os = "linux")]
mod stops;
mod stragglers;
#[cfg(target_os = "linux")]
mod suspended;
mod system_ends;
mod unfinished_bodies;
mod upgrades;
mod websocket_abuse;
