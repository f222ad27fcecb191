//! Telling an actor something without knowing which one it is.

use std::fmt;

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};

/// One who is told something, and does not answer. An actor's address is a listener for each kind
/// of message that the actor handles, so that all who talk to it share one: a copy of an address is
/// two allocations, and a `Recipient` one more.
pub(crate) trait MessageSink<M>: Send + Sync {
    /// One who is gone is told nothing.
    fn send(&self, message: M);
}

impl<A, M> MessageSink<M> for Addr<A>
where
    A: Actor<Context: ToEnvelope<A, M>> + Handler<M>,
    M: Message<Result: Send> + Send + 'static,
{
    fn send(&self, message: M) {
        self.do_send(message);
    }
}

impl<M> fmt::Debug for dyn MessageSink<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
