use actix::{Actor, AsyncContext, Context, SpawnHandle};
use tokio::time::Instant;

/// The timer of an actor that has one deadline at a time.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<(Instant, SpawnHandle)>);

impl Alarm {
    /// Calls `tick` at `deadline`. Cancels the call for the deadline that was set before.
    pub(crate) fn set<A: Actor<Context = Context<A>>>(
        &mut self,
        deadline: Instant,
        ctx: &mut Context<A>,
        tick: fn(&mut A, &mut Context<A>),
    ) {
        if self.0.is_some_and(|(at, _)| at == deadline) {
            return;
        }
        let alarm = ctx.run_later(deadline.saturating_duration_since(Instant::now()), tick);
        if let Some((_, before)) = self.0.replace((deadline, alarm)) {
            ctx.cancel_future(before);
        }
    }

    /// Notes that the timer has fired.
    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    /// Whether the timer is set for a time after `deadline`.
    pub(crate) fn is_after(&self, deadline: Instant) -> bool {
        self.0.is_some_and(|(at, _)| deadline < at)
    }
}
