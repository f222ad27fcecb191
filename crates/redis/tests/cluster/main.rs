//! Servers that Redis joins to a cluster, with each adapter: servers of this crate, and of Node.

#[path = "../common/mod.rs"]
mod common;

#[macro_use]
mod each_adapter;

mod admin;
mod away;
mod failures;
mod fixture;
mod malformed;
mod mixed;
mod nodes;
mod order;
mod ours;
mod path;
mod presence;
mod process;
mod recovery;
mod refused;
mod silent;
mod slow;
mod subscribing;
mod users;
