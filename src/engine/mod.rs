//! Engine.IO sessions, without Socket.IO.
//!
//! A [`SessionDriver`] is the half of a session that its actor owns. It has the heartbeat, the
//! deadlines, the queue of received packets, and the reason for the end. The other half is
//! [`Session`](crate::transport::Session), which transports see. A protocol on top receives whole
//! [`EngineMessage`]s from [`SessionDriver::receive`] and sends through the outbox.

mod alarm;
mod connection_quota;
mod driver;
mod forwarding;
mod heartbeat;
mod message;
mod packet_queue;
mod read_throttle;
mod sessions;
mod traffic_batch;

use std::{
    sync::{Arc, OnceLock},
    thread::{self, ThreadId},
};

pub(crate) use alarm::Alarm;
pub(crate) use connection_quota::{ConnectionSlot, QuotaExceeded};
pub(crate) use driver::{AfterEvent, ClientEnd, Due, OutboxNotice, SessionDriver, SessionRequest};
pub(crate) use forwarding::Forwarding;
pub use message::EngineMessage;
pub(crate) use sessions::Sessions;

use crate::{config::Config, model::MemoryBudget, stats::Counters};

/// The state that all sessions of one endpoint share.
#[derive(Debug)]
pub(crate) struct EngineState {
    pub(crate) config: Arc<Config>,
    pub(crate) sessions: Sessions,
    pub(crate) counters: Arc<Counters>,
    pub(crate) memory: MemoryBudget,
    /// Set while the server is built, once its adapter is known. Without it, other servers are not
    /// asked, and do not know this one.
    pub(crate) forwarding: OnceLock<Forwarding>,
    /// The thread that built the server.
    pub(crate) built_on: ThreadId,
}

impl EngineState {
    pub(crate) fn new(config: Arc<Config>, counters: Arc<Counters>) -> Arc<Self> {
        let memory = MemoryBudget::new(config.max_memory);
        let built_on = thread::current().id();
        let (sessions, forwarding) = (Sessions::default(), OnceLock::new());
        Arc::new(Self { config, sessions, counters, memory, forwarding, built_on })
    }
}
