use std::{
    error, fmt,
    future::poll_fn,
    iter,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_core::future::LocalBoxFuture;
use regex::{Regex, RegexSet};
use tokio::time::timeout;

use super::{ChannelEvent, Event, HandlerFn, Handlers, Route};
use crate::{
    event::{Failure, HandlerError, HandlerResult, OnError, OnMessage},
    model::Channel,
    socket::Socket,
};

/// The handlers of one namespace, compiled: those of the builder, which hear everything, and those
/// of the routes.
#[derive(Debug)]
pub(crate) struct Router {
    everywhere: Handlers,
    routes: Vec<Route>,
    patterns: RegexSet,
    handler_timeout: Duration,
    /// Whether plain events go to one actor which takes them in turn, and whose failures nobody
    /// else is to hear of before the next.
    in_turn: bool,
}

/// What an event concerns, which says whose handlers hear of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// This channel.
    Channel(&'a Channel),
    /// Whatever channels the socket is in.
    Socket(&'a Socket),
}

/// A pattern which matches from the start of a name, as Python's `re.match`.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, PatternError> {
    let error = |source| PatternError { pattern: pattern.to_owned(), source };
    // By itself first, so that an unbalanced `)` is not balanced by ours.
    Regex::new(pattern).and_then(|_| Regex::new(&group(pattern))).map_err(error)
}

fn group(pattern: &str) -> String {
    format!("^(?:{pattern})")
}

/// A pattern is no regular expression.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PatternError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub source: regex::Error,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pattern {:?} is no regular expression: {}", self.pattern, self.source)
    }
}

impl error::Error for PatternError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Router {
    pub(crate) fn new(
        everywhere: Handlers,
        routes: Vec<Route>,
        handler_timeout: Duration,
    ) -> Result<Self, PatternError> {
        for Route { pattern, .. } in &routes {
            anchored(pattern)?;
        }
        let patterns =
            RegexSet::new(routes.iter().map(|route| group(&route.pattern))).map_err(|source| {
                PatternError { pattern: "all patterns together".to_owned(), source }
            })?;
        let on_routes = || routes.iter().map(|route| &route.handlers);
        let is_for_one = everywhere.of::<OnMessage>().len() == 1
            && on_routes().all(|on| on.of::<OnMessage>().is_empty());
        let is_unwatched =
            iter::once(&everywhere).chain(on_routes()).all(|on| on.of::<OnError>().is_empty());
        let in_turn =
            is_for_one && is_unwatched && everywhere.of::<OnMessage>()[0].takes_events_in_turn();
        Ok(Self { everywhere, routes, patterns, handler_timeout, in_turn })
    }

    /// Whether there is a route for the channel.
    pub(crate) fn declares(&self, channel: &Channel) -> bool {
        self.patterns.is_match(channel)
    }

    /// Whether events that are for nobody but [`OnMessage`] handlers may be handed on before the
    /// last of them is done: an actor has them all, and takes them in turn.
    pub(crate) fn takes_events_in_turn(&self) -> bool {
        self.in_turn
    }

    /// Whether a route of the channel lets clients publish.
    pub(crate) fn allows_publish(&self, channel: &Channel) -> bool {
        self.patterns.matches(channel).iter().any(|route| self.routes[route].allow_publish)
    }

    /// Whether a route of the channel has a handler of this event. Those who hear everything don't
    /// count.
    pub(crate) fn has_route_handler<E: ChannelEvent>(&self, channel: &Channel) -> bool {
        self.patterns
            .matches(channel)
            .iter()
            .any(|route| !self.routes[route].handlers.of::<E>().is_empty())
    }

    /// Asks the handlers one after the other; the first objection is the answer.
    pub(crate) async fn ask<E: ChannelEvent>(&self, scope: Scope<'_>, event: E) -> HandlerResult {
        for handler in self.handlers::<E>(scope) {
            self.call(handler, event.clone()).await?;
        }
        Ok(())
    }

    /// Tells the handlers which hear everything; what fails is passed to the handlers of
    /// [`OnError`].
    pub(crate) async fn notify_global<E: Event>(&self, socket: &Socket, event: E) {
        self.notify_each(self.everywhere.of::<E>(), socket, event).await;
    }

    /// Whether anybody hears of this event who hears everything.
    pub(crate) fn has_handler<E: Event>(&self) -> bool {
        !self.everywhere.of::<E>().is_empty()
    }

    /// Asks the handlers which hear everything.
    pub(crate) async fn authorize_globally<E: Event>(&self, event: E) -> HandlerResult {
        for handler in self.everywhere.of::<E>() {
            self.call(handler, event.clone()).await?;
        }
        Ok(())
    }

    /// Tells all handlers, one after the other; what fails is passed to the handlers of
    /// [`OnError`].
    pub(crate) async fn tell<E: ChannelEvent>(&self, scope: Scope<'_>, socket: &Socket, event: E) {
        self.notify_each(self.handlers(scope), socket, event).await;
    }

    /// The same about whatever channels the socket is in, and without a future as long as handlers
    /// answer at once.
    ///
    /// # Errors
    /// When one does not, or fails: what is left to do, to be polled at once, with a waker.
    pub(crate) fn notify_now<E: ChannelEvent, T: 'static>(
        self: &Arc<Self>,
        socket: &Socket,
        event: E,
        done: T,
    ) -> Result<T, LocalBoxFuture<'static, T>> {
        let mut handlers = self.handlers::<E>(Scope::Socket(socket)).peekable();
        // The last handler gets the event itself.
        let mut event = Some(event);
        while let Some(handler) = handlers.next() {
            let its_event = if handlers.peek().is_some() { event.clone() } else { event.take() };
            let Some(its_event) = its_event else { break };
            let mut running = handler.call(its_event);
            let first = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if matches!(first, Poll::Ready(Ok(()))) {
                continue;
            }
            let (router, socket, rest) =
                (Arc::clone(self), socket.clone(), handlers.cloned().collect::<Vec<_>>());
            return Err(Box::pin(async move {
                let answer = match first {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => router.wait_for(running).await,
                };
                router.report_failure(&socket, answer).await;
                if let Some(event) = event {
                    Box::pin(router.notify_each(&rest, &socket, event)).await;
                }
                done
            }));
        }
        Ok(done)
    }

    async fn notify_each<'a, E: Event>(
        &self,
        handlers: impl IntoIterator<Item = &'a HandlerFn<E>>,
        socket: &Socket,
        event: E,
    ) {
        for handler in handlers {
            let answer = self.call(handler, event.clone()).await;
            self.report_failure(socket, answer).await;
        }
    }

    /// Passes a failure on, if there is one.
    async fn report_failure(&self, socket: &Socket, answer: HandlerResult) {
        if let Err(error) = answer {
            Box::pin(self.report(socket, error)).await;
        }
    }

    /// Passes a failure to the handlers of [`OnError`]. What fails there is logged.
    pub(crate) async fn report(&self, socket: &Socket, error: HandlerError) {
        socket.counters().failed.add(error.kind());
        // A refusal is an answer, which any client can call for; the rest is for somebody to look
        // at.
        let level = if error.is_rejection() { log::Level::Info } else { log::Level::Warn };
        log::log!(
            level,
            "{} {}: a handler failed: {}",
            socket.id(),
            socket.namespace(),
            OneLine(&error)
        );
        let event = OnError { socket: socket.clone(), error };
        for handler in self.handlers::<OnError>(Scope::Socket(socket)) {
            if let Err(error) = self.call(handler, event.clone()).await {
                socket.counters().failed.add(error.kind());
                log::error!("{}: a handler of OnError failed: {}", socket.id(), OneLine(&error));
            }
        }
    }

    async fn call<E>(&self, handler: &HandlerFn<E>, event: E) -> HandlerResult {
        self.wait_for(handler.call(event)).await
    }

    async fn wait_for(&self, mut running: LocalBoxFuture<'static, HandlerResult>) -> HandlerResult {
        // Most have answered, and need no timer.
        if let Poll::Ready(answer) = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await {
            return answer;
        }
        let answer = Box::pin(timeout(self.handler_timeout, running)).await;
        answer.unwrap_or_else(|_| Err(Failure::TimedOut.into()))
    }

    /// Each handler once: the builder's first, then the routes', in order of registration.
    fn handlers<E: ChannelEvent>(&self, scope: Scope<'_>) -> impl Iterator<Item = &HandlerFn<E>> {
        self.everywhere.of::<E>().iter().chain(self.handlers_on_routes(scope))
    }

    fn handlers_on_routes<E: ChannelEvent>(&self, scope: Scope<'_>) -> Vec<&HandlerFn<E>> {
        if self.routes.iter().all(|route| route.handlers.of::<E>().is_empty()) {
            return Vec::new();
        }
        let mut matched = vec![false; self.routes.len()];
        let mut matching = |channel: &Channel| {
            for route in &self.patterns.matches(channel) {
                matched[route] = true;
            }
        };
        match scope {
            Scope::Channel(channel) => matching(channel),
            Scope::Socket(socket) => socket.channels().iter().for_each(matching),
        }
        let routes = self.routes.iter().zip(matched).filter(|(_, matched)| *matched);
        routes.flat_map(|(route, _)| route.handlers.of::<E>()).collect()
    }
}

/// What may hold a client's words, on one line of the log.
struct OneLine<'a>(&'a HandlerError);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.to_string().escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::channel, *};

    fn router(patterns: &[&str]) -> Result<Router, PatternError> {
        let routes = patterns.iter().map(|pattern| channel(*pattern)).collect();
        Router::new(Handlers::default(), routes, Duration::from_secs(1))
    }

    #[test]
    fn patterns_match_from_the_start_and_need_not_reach_the_end() {
        let router = router(&["room-", "^match-[0-9]+$", "a|b"]).unwrap();
        let declared = |name| router.declares(&Channel::new(name, 100).unwrap());
        assert!(declared("room-1") && declared("room-") && declared("match-42"));
        assert!(declared("a") && declared("bc"), "an alternative is anchored as a whole");
        assert!(!declared("my-room-1") && !declared("match-42x") && !declared("cb"));
    }

    #[test]
    fn a_bad_pattern_is_named() {
        let error = router(&["ok", "(", "also ok"]).unwrap_err();
        assert_eq!(error.pattern, "(");
        assert!(router(&["a)|(b"]).is_err(), "a pattern can't break out of its group");
    }
}
