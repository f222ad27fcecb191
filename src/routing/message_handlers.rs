use std::{collections::HashMap, fmt};

use super::HandlerFn;
use crate::event::OnMessage;

/// The handlers of [`OnMessage`]: those that receive every event, and those of events by their
/// names.
///
/// Each name has a list of all handlers of its events, so that a hundred names are one look-up. All
/// lists are in the order of registration.
#[derive(Default)]
pub(crate) struct MessageHandlers {
    /// Those that receive every event.
    every: Vec<HandlerFn<OnMessage>>,
    by_name: HashMap<Box<str>, Vec<HandlerFn<OnMessage>>>,
    /// Those of the events that no other handler takes.
    unknown: Vec<HandlerFn<OnMessage>>,
}

impl MessageHandlers {
    /// Adds a handler of every event.
    pub(super) fn add(&mut self, handler: HandlerFn<OnMessage>) {
        for handlers in self.by_name.values_mut() {
            handlers.push(handler.clone());
        }
        self.every.push(handler);
    }

    /// Adds a handler of the events with a name.
    pub(super) fn add_named(&mut self, name: &str, handler: HandlerFn<OnMessage>) {
        match self.by_name.get_mut(name) {
            Some(handlers) => handlers.push(handler),
            None => {
                let mut handlers = self.every.clone();
                handlers.push(handler);
                self.by_name.insert(name.into(), handlers);
            }
        }
    }

    /// Adds a handler of the events that no other handler takes.
    pub(super) fn add_unknown(&mut self, handler: HandlerFn<OnMessage>) {
        self.unknown.push(handler);
    }

    /// The handlers of an event.
    #[inline]
    pub(super) fn of(&self, name: &str) -> &[HandlerFn<OnMessage>] {
        // Without names, an event costs no look-up.
        if self.by_name.is_empty() {
            return &self.every;
        }
        self.by_name.get(name).unwrap_or(&self.every)
    }

    pub(super) fn unknown(&self) -> &[HandlerFn<OnMessage>] {
        &self.unknown
    }

    /// The names that have handlers.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(|name| &**name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.every.is_empty() && self.by_name.is_empty()
    }

    /// The only handler, if it receives every event.
    pub(super) fn only(&self) -> Option<&HandlerFn<OnMessage>> {
        match &self.every[..] {
            [only] if self.by_name.is_empty() => Some(only),
            _ => None,
        }
    }
}

/// The number of handlers of every event, and of names.
impl fmt::Debug for MessageHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {} names", self.every.len(), self.by_name.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::HandlerResult, routing::handler::handler_fn};

    fn handler() -> HandlerFn<OnMessage> {
        handler_fn(async |_: OnMessage| -> HandlerResult { Ok(()) })
    }

    #[test]
    fn each_name_has_its_handlers_and_those_of_every_event_in_order() {
        let mut handlers = MessageHandlers::default();
        let [first, chat, every, again, other] = [(); 5].map(|()| handler());
        handlers.add(first.clone());
        handlers.add_named("chat", chat.clone());
        handlers.add(every.clone());
        handlers.add_named("chat", again.clone());
        handlers.add_named("other", other.clone());
        let same = |name, expected: &[&HandlerFn<OnMessage>]| {
            let found = handlers.of(name);
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| found.is(expected))
        };
        assert!(same("chat", &[&first, &chat, &every, &again]));
        assert!(same("other", &[&first, &every, &other]));
        assert!(same("unknown", &[&first, &every]));
        let mut names: Vec<_> = handlers.names().collect();
        names.sort_unstable();
        assert_eq!(names, ["chat", "other"]);
    }

    #[test]
    fn an_event_is_sequential_only_without_names() {
        let mut handlers = MessageHandlers::default();
        assert!(handlers.is_empty() && handlers.only().is_none());
        handlers.add(handler());
        assert!(handlers.only().is_some());
        handlers.add_named("chat", handler());
        assert!(handlers.only().is_none() && !handlers.is_empty());
    }
}
