//! Running the connection's WebSocket within its actor: what comes is handled where it was read, and answered in the same
//! turn, without messages and tasks between them.

use std::{
    mem,
    pin::Pin,
    rc::Rc,
    task::{self, Poll},
};

use actix::{ActorFuture, AsyncContext, Context, Handler};
use actix_web::rt;
use futures_core::future::LocalBoxFuture;

use super::Connection;
use crate::transport::{Driver, Hatch};

/// Times that it has read something, after which others on this thread have a turn, however fast the client sends.
const TURN: usize = 4;

/// A WebSocket that the connection runs.
pub(super) struct Drive {
    websocket: LocalBoxFuture<'static, ()>,
    hatch: Rc<Hatch>,
}

impl Drive {
    fn poll(
        &mut self,
        connection: &mut Connection,
        ctx: &mut Context<Connection>,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        for _ in 0..TURN {
            let done = self.websocket.as_mut().poll(cx);
            let Some(inbound) = self.hatch.take() else { return done };
            // What is said now is written right after, and nobody has to be woken for it.
            connection.outbox.attend();
            connection.handle(inbound, ctx);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Connection {
    /// Runs a WebSocket from now on.
    pub(super) fn drive(&mut self, driver: Driver, ctx: &mut Context<Self>) {
        if self.ended.is_some() {
            rt::spawn(driver.run(None));
            return;
        }
        let hatch = Rc::new(Hatch::default());
        let websocket = Box::pin(driver.run(Some(Rc::clone(&hatch))));
        self.drives.push(Drive { websocket, hatch });
        if self.drives.len() == 1 {
            ctx.spawn(Driving);
        }
    }

    /// What is left to say, its WebSockets say by themselves.
    pub(super) fn let_go(&mut self) {
        for Drive { websocket, hatch } in self.drives.drain(..) {
            hatch.close();
            rt::spawn(websocket);
        }
    }
}

/// As long as there are WebSockets to run.
struct Driving;

impl ActorFuture<Connection> for Driving {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        connection: &mut Connection,
        ctx: &mut Context<Connection>,
        cx: &mut task::Context<'_>,
    ) -> Poll<()> {
        let mut drives = mem::take(&mut connection.drives);
        drives.retain_mut(|drive| drive.poll(connection, ctx, cx).is_pending());
        connection.drives = drives;
        if connection.drives.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}
