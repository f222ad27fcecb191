//! The server's counters and gauges, shown as a struct and through the `metrics` facade.
//!
//! Counters are relaxed atomics, and a publication adds to them once for all its receivers. Each
//! thread has its own counters for what is counted with every message. Gauges that follow from
//! other state are computed when [`Stats`] are taken.

#[cfg(feature = "admin")]
mod admin;
#[cfg(feature = "api")]
mod api_requests;
#[cfg(feature = "api")]
mod api_times;
mod counters;
mod facade;
mod families;
mod snapshot;
mod tally;
#[cfg(feature = "api")]
mod time_histogram;
#[cfg(feature = "tls")]
mod tls;
mod traffic;

#[cfg(feature = "admin")]
pub(crate) use admin::{AdminCommand, AdminCounters, CommandOutcome, LogInOutcome};
#[cfg(feature = "tls")]
pub(crate) use counters::HandshakeFailure;
pub(crate) use counters::{
    Counters, ForwardFailure, HandlerFailure, RefusalKind, SessionEndKind, TrimReason,
    UnrecoveredKind,
};
pub(crate) use facade::record;
#[cfg(feature = "prometheus")]
pub(crate) use families::{Families, Family, FamilyKind, PREFIX, SampleValue};
pub(crate) use snapshot::Gauges;
pub use snapshot::Stats;
#[cfg(feature = "api")]
pub use time_histogram::TimeHistogram;
pub(crate) use traffic::Flow;
