//! Telling something to one who is known by what may be told alone.

use std::fmt;

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};

/// One who is told something, and does not answer. An actor's address is one for each kind of message that it handles, so
/// that all who talk to it can share one address: a copy of it is three allocations.
pub(crate) trait Listener<M>: Send + Sync {
    /// One who is gone is told nothing.
    fn tell(&self, message: M);
}

impl<A, M> Listener<M> for Addr<A>
where
    A: Actor<Context: ToEnvelope<A, M>> + Handler<M>,
    M: Message<Result: Send> + Send + 'static,
{
    fn tell(&self, message: M) {
        self.do_send(message);
    }
}

impl<M> fmt::Debug for dyn Listener<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
