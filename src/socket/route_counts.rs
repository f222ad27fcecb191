use crate::model::ChannelMatch;

/// The routes that match any channel of a socket, each with the number of these channels.
///
/// An event for the socket reads the routes here, at a cost that does not grow with the number of
/// channels.
#[derive(Debug, Default)]
pub(super) struct RouteCounts {
    /// Ascending, which is the order of registration. Beside the numbers, so that the router reads
    /// it as it is.
    routes: Vec<usize>,
    /// For each of the routes, the number of its channels.
    channels: Vec<usize>,
}

impl RouteCounts {
    /// Counts a channel that the socket joins.
    pub(super) fn add(&mut self, matched: &ChannelMatch) {
        for route in &matched.routes {
            match self.routes.binary_search(route) {
                Ok(at) => self.channels[at] += 1,
                Err(at) => {
                    self.routes.insert(at, *route);
                    self.channels.insert(at, 1);
                }
            }
        }
    }

    /// Forgets a channel that the socket leaves.
    pub(super) fn remove(&mut self, matched: &ChannelMatch) {
        for route in &matched.routes {
            let Ok(at) = self.routes.binary_search(route) else { continue };
            self.channels[at] -= 1;
            if self.channels[at] == 0 {
                self.routes.remove(at);
                self.channels.remove(at);
            }
        }
    }

    /// The routes, each once, in the order of registration.
    pub(super) fn routes(&self) -> &[usize] {
        &self.routes
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
        assert_eq!(counts.routes(), [0, 2]);
        counts.remove(&matched(&[2]));
        assert_eq!(counts.routes(), [0, 2]);
        counts.remove(&matched(&[0, 2]));
        assert_eq!(counts.routes(), [] as [usize; 0]);
    }
}
