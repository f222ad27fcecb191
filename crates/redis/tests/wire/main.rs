//! The formats of this package beside those of real Node servers.

#[path = "../common/mod.rs"]
mod common;

mod beside_node;
mod fixtures;
