//! A store for the histories of an [`actix_socketio`] server: one file, written by [redb].
//!
//! After a crash of the process or of the machine, the histories of channels, their positions and
//! their epoch are there again, up to the last group commit. After a clean stop, the sessions of
//! clients are, too.
//!
//! [redb]: https://docs.rs/redb

#![cfg_attr(docsrs, feature(doc_cfg))]

mod channel_key;
mod database;
mod disk_store;
mod failure;
mod field_reader;
mod file;
#[doc(hidden)]
#[cfg(feature = "internals")]
pub mod internals;
mod leaving;
mod ledger;
mod live_index;
mod opening;
mod queue;
mod retry;
mod row;
mod row_table;
mod shared;
mod state;
mod writer;

pub use disk_store::{DiskOptions, DiskStore};
