//! Polling without sticky sessions: each request of a client goes to another server.

#[path = "../common/mod.rs"]
mod common;

mod balancer;
mod clients;
mod log;
mod nodes;
mod raw;
mod requests;
mod reservation;
mod strangers;
mod tunnel;
