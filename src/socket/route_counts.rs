use crate::model::ChannelMatch;

/// The routes that match any channel of a socket, each with the number of these channels.
///
/// An event for the socket reads the routes here, at a cost that does not grow with the number of
/// channels.
#[derive(Debug, Default)]
pub(super) struct RouteCounts {
    /// Ascending by route, which is the order of registration.
    counts: Vec<RouteCount>,
}

#[derive(Debug)]
struct RouteCount {
    route: usize,
    channels: usize,
}

impl RouteCounts {
    /// Counts a channel that the socket joins.
    pub(super) fn add(&mut self, matched: &ChannelMatch) {
        for route in &matched.routes {
            match self.position(*route) {
                Ok(at) => self.counts[at].channels += 1,
                Err(at) => self.counts.insert(at, RouteCount { route: *route, channels: 1 }),
            }
        }
    }

    /// Forgets a channel that the socket leaves.
    pub(super) fn remove(&mut self, matched: &ChannelMatch) {
        for route in &matched.routes {
            let Ok(at) = self.position(*route) else { continue };
            self.counts[at].channels -= 1;
            if self.counts[at].channels == 0 {
                self.counts.remove(at);
            }
        }
    }

    /// The routes, each once, in the order of registration.
    pub(super) fn routes(&self) -> impl Iterator<Item = usize> {
        self.counts.iter().map(|count| count.route)
    }

    fn position(&self, route: usize) -> Result<usize, usize> {
        self.counts.binary_search_by_key(&route, |count| count.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(routes: &[usize]) -> ChannelMatch {
        ChannelMatch { routes: routes.into(), ..ChannelMatch::default() }
    }

    #[test]
    fn a_route_is_there_while_one_of_its_channels_is() {
        let mut counts = RouteCounts::default();
        counts.add(&matched(&[2]));
        counts.add(&matched(&[0, 2]));
        counts.add(&matched(&[]));
        assert_eq!(counts.routes().collect::<Vec<_>>(), [0, 2]);
        counts.remove(&matched(&[2]));
        assert_eq!(counts.routes().collect::<Vec<_>>(), [0, 2]);
        counts.remove(&matched(&[0, 2]));
        assert_eq!(counts.routes().count(), 0);
    }
}
