//! What the server counts, and how it is shown: as a struct, and by the `metrics` facade.
//!
//! Counters are relaxed atomics, added to once for a whole publication; what is counted with each
//! message, each thread counts for itself. Gauges that can be had by looking are looked up when
//! somebody asks.

mod counters;
mod facade;
mod snapshot;
mod tally;
mod traffic;

pub(crate) use counters::{Counters, HandlerFailure, RefusalKind};
pub(crate) use facade::record;
pub(crate) use snapshot::Gauges;
pub use snapshot::Stats;
pub(crate) use traffic::Flow;
