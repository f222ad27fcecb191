use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    mem,
    task::Poll,
};

use super::{Ending, Inbound, Link, link::is_taken};
use crate::protocol::EnginePacket;

/// Through which a WebSocket tells the connection that runs it what has come: it is no message in a mailbox, and nobody has to
/// be woken.
///
/// Whoever polls the WebSocket takes it out right after, and polls again.
#[derive(Default)]
pub(crate) struct Hatch {
    inbound: RefCell<Option<Inbound>>,
    is_closed: Cell<bool>,
}

impl Hatch {
    /// Hands packets over, and waits until the connection has room for more. `false`: the connection is gone.
    pub(super) async fn push(&self, link: &Link, packets: Vec<EnginePacket>) -> bool {
        if self.is_closed.get() {
            return false;
        }
        let (batch, room) = link.batch(packets);
        self.hand(Inbound::Packets(batch)).await;
        is_taken(room).await
    }

    /// Ends the session; one which has ended already takes no notice.
    pub(super) async fn end(&self, ending: Ending) {
        if !self.is_closed.get() {
            self.hand(Inbound::End(ending)).await;
        }
    }

    async fn hand(&self, inbound: Inbound) {
        self.inbound.replace(Some(inbound));
        let mut is_first = true;
        poll_fn(|_| if mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// Whether something is to be taken out.
    pub(super) fn is_full(&self) -> bool {
        self.inbound.borrow().is_some()
    }

    /// What the connection is to know.
    pub(crate) fn take(&self) -> Option<Inbound> {
        self.inbound.take()
    }

    /// The connection has gone.
    pub(crate) fn close(&self) {
        self.is_closed.set(true);
        self.inbound.take();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;
    use crate::{
        outbox::{Outbox, Transport},
        transport::{Batch, link::unheard},
    };

    #[actix_web::test]
    async fn who_hands_over_waits_for_room_and_hears_of_the_end() {
        let link = unheard(&Outbox::new(Transport::WebSocket, 1000, |_| {}));
        let (hatch, cx) = (Hatch::default(), &mut Context::from_waker(Waker::noop()));
        for has_room in [true, false] {
            let mut pushing = pin!(hatch.push(&link, vec![EnginePacket::Close]));
            assert!(pushing.as_mut().poll(cx).is_pending() && hatch.is_full());
            let Some(Inbound::Packets(Batch { packets, taken })) = hatch.take() else { panic!("it is empty") };
            assert_eq!(packets, [EnginePacket::Close]);
            assert!(pushing.as_mut().poll(cx).is_pending(), "there is no room yet");
            if has_room {
                taken.send(()).unwrap();
            } else {
                drop(taken);
            }
            assert_eq!(pushing.as_mut().poll(cx), Poll::Ready(has_room));
        }
        let mut ending = pin!(hatch.end(Ending::Closed));
        assert!(ending.as_mut().poll(cx).is_pending());
        assert!(matches!(hatch.take(), Some(Inbound::End(Ending::Closed))));
        assert!(ending.as_mut().poll(cx).is_ready());
        hatch.close();
        hatch.end(Ending::Closed).await;
        assert!(!hatch.push(&link, Vec::new()).await && !hatch.is_full());
    }
}
