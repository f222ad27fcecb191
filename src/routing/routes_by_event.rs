use super::{AnyEvent, Handlers};

/// The routes that have a handler, by event. All lists are in ascending order, which is the order
/// of registration.
#[derive(Debug)]
pub(super) struct RoutesByEvent([Vec<usize>; Handlers::EVENTS]);

impl RoutesByEvent {
    /// Lists the routes of a namespace. The position of a route is its index.
    pub(super) fn new(routes: &[Handlers]) -> Self {
        let mut by_event = [const { Vec::new() }; Handlers::EVENTS];
        for (route, handlers) in routes.iter().enumerate() {
            for (routes, is_handled) in by_event.iter_mut().zip(handlers.handled()) {
                if is_handled {
                    routes.push(route);
                }
            }
        }
        Self(by_event)
    }

    /// The routes that have a handler of the event.
    pub(super) fn of<E: AnyEvent>(&self) -> &[usize] {
        // An event's index is below their number.
        &self.0[E::INDEX]
    }

    /// The routes of `matched` that have a handler of the event. The cost is that of the shorter
    /// list: neither the routes without this handler nor those that match no channel add to it.
    pub(super) fn among<'a, E: AnyEvent>(
        &'a self,
        matched: &'a [usize],
    ) -> impl Iterator<Item = usize> + 'a {
        let handling = self.of::<E>();
        let (short, long) =
            if matched.len() < handling.len() { (matched, handling) } else { (handling, matched) };
        short.iter().copied().filter(|route| long.binary_search(route).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{HandlerResult, OnFinish, OnMessage};

    fn handled(on_message: bool, on_finish: bool) -> Handlers {
        let mut handlers = Handlers::default();
        if on_message {
            handlers.register::<OnMessage, _, _>(async |_: OnMessage| -> HandlerResult { Ok(()) });
        }
        if on_finish {
            handlers.register::<OnFinish, _, _>(async |_: OnFinish| -> HandlerResult { Ok(()) });
        }
        handlers
    }

    #[test]
    fn routes_without_a_handler_of_the_event_are_left_out() {
        let routes = [(true, false), (false, false), (true, true), (false, true), (true, false)]
            .map(|(on_message, on_finish)| handled(on_message, on_finish));
        let routes = RoutesByEvent::new(&routes);
        assert_eq!(routes.of::<OnMessage>(), [0, 2, 4]);
        let messages = |matched: &[usize]| routes.among::<OnMessage>(matched).collect::<Vec<_>>();
        assert_eq!(messages(&[0, 1, 2, 3, 4]), [0, 2, 4]);
        assert_eq!(messages(&[1, 2]), [2]);
        assert_eq!(messages(&[1, 3]), [] as [usize; 0]);
        assert_eq!(messages(&[]), [] as [usize; 0]);
        assert_eq!(routes.among::<OnFinish>(&[0, 2, 3]).collect::<Vec<_>>(), [2, 3]);
    }
}
