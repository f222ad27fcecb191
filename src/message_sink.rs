//! Sending messages to an actor without naming its type.

use std::fmt;

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};

/// Takes messages and does not answer.
///
/// An actor's address is a sink for each message type that the actor handles. All senders share one
/// address in an `Arc`. A clone of an address makes two allocations, and a `Recipient` one more.
pub(crate) trait MessageSink<M>: Send + Sync {
    /// Sends a message. A message to an actor that has stopped is dropped.
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
        f.write_str("MessageSink")
    }
}
