//! The publications that channels keep for clients that come back.
//!
//! It is plain data under the sequencer's lock: no clock of its own, no user code, no encoding. A
//! store that keeps the same is told of each change.
//! [`Histories`] has the publications of all channels, with the bounds of all together.
//! [`CatchUp`] says what a client wants of them, and [`CaughtUp`] what it gets.

mod catch_up;
mod channel_history;
mod histories;

#[cfg(test)]
mod tests;

pub(crate) use catch_up::{CatchUp, CaughtUp, ChannelOutcome, Gap};
pub(super) use catch_up::{Missed, merge};
pub(super) use channel_history::{Kept, KeptAudience};
pub(crate) use histories::HistoryLimits;
pub(super) use histories::{Histories, HistoryId, HistoryOwner};
