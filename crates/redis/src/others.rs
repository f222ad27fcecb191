//! The other servers of a cluster, as Redis counts them.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::message::ServerId;

/// In place of the number of other servers: they were never counted.
pub(crate) const UNCOUNTED: usize = usize::MAX;

/// The number of other servers, as it was counted last. `None`: never.
pub(crate) fn counted(others: &AtomicUsize) -> Option<usize> {
    Some(others.load(Relaxed)).filter(|others| *others != UNCOUNTED)
}

/// The other servers of which no answer came. It is at least one if they were never counted: there
/// may be many.
pub(crate) fn unheard(others: &AtomicUsize) -> usize {
    counted(others).unwrap_or(1)
}

/// The other servers that Redis counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Others {
    pub(crate) all: usize,
    /// Those of them that are lost, and from which no answer is to be expected.
    pub(crate) lost: Vec<ServerId>,
}

/// The other servers, or `None` while Redis is away.
pub(crate) type OthersCount = Pin<Box<dyn Future<Output = Option<Others>> + Send>>;
