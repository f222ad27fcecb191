//! The parts of a store, which keeps histories, places and sessions over a restart: the trait, and
//! its plain data.
//!
//! You need this module only to write a store. `actix-socketio-disk` is one that keeps everything
//! in a file.
//!
//! Without a store, histories are in memory only. A store is given publications in their order, and
//! writes them off the delivery path. It never makes a publication wait: what it can't take is left
//! out, counted, and written later from the histories in memory.

mod history_store;
mod loaded;
mod publication;
mod status;
mod store_error;
mod store_host;

pub use history_store::{ClosingCall, HistoryStore, StoreOutcome};
pub use loaded::{ChannelMark, Closing, Loaded, StoreParams};
pub use publication::{StoredExceptions, StoredPublication};
pub use status::{StoreHealth, StoreStatus};
pub use store_error::StoreError;
pub use store_host::{OVERTAKING_JUMP, StoreHost};

pub use crate::{
    model::{Epoch, Place},
    protocol::StoredPacket,
};
