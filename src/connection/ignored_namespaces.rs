use crate::model::Namespace;

/// The namespaces that a client was refused or removed from.
///
/// Packets for such a namespace may still be on their way, sent before the client received the
/// refusal or the removal. They are ignored. A packet for any other namespace that the client is
/// not in ends the connection.
#[derive(Debug)]
pub(super) struct IgnoredNamespaces {
    /// Each with the number of packets that are still ignored, or `None` for any number.
    namespaces: Vec<(Namespace, Option<usize>)>,
    /// The largest number of namespaces to remember.
    limit: usize,
}

impl IgnoredNamespaces {
    /// Makes an empty list that remembers `limit` namespaces at most.
    pub(super) fn new(limit: usize) -> Self {
        Self { namespaces: Vec::new(), limit }
    }

    /// Notes that the application has removed the client. The client was in the namespace by right,
    /// so any number of its packets is ignored.
    pub(super) fn add_removed(&mut self, namespace: Namespace) {
        self.remember(namespace, None);
    }

    /// Notes that the client was refused. `max_inbox` packets are ignored, which is the number that
    /// could have waited for the decision.
    pub(super) fn add_refused(&mut self, namespace: Namespace, max_inbox: usize) {
        self.remember(namespace, Some(max_inbox));
    }

    fn remember(&mut self, namespace: Namespace, ignored_packets: Option<usize>) {
        self.forget(namespace.as_str());
        if !self.namespaces.is_empty() && self.namespaces.len() >= self.limit {
            // Refusals are forgotten first: the client had no right to be in those namespaces.
            let first_refused = self.namespaces.iter().position(|(_, left)| left.is_some());
            self.namespaces.remove(first_refused.unwrap_or(0));
        }
        self.namespaces.push((namespace, ignored_packets));
    }

    /// Notes that the client asks to connect again. Its later packets belong to that request, so
    /// they are not ignored.
    pub(super) fn forget(&mut self, namespace: &str) {
        self.namespaces.retain(|(name, _)| name.as_str() != namespace);
    }

    /// Returns whether to ignore a packet for a namespace that the client is not in. Counts the
    /// packet.
    pub(super) fn ignores_packet(&mut self, namespace: &str) -> bool {
        let Some((_, left)) =
            self.namespaces.iter_mut().find(|(name, _)| name.as_str() == namespace)
        else {
            return false;
        };
        match left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_a_removed_client_are_ignored_until_it_asks_again() {
        let mut ignored_namespaces = IgnoredNamespaces::new(2);
        assert!(!ignored_namespaces.ignores_packet("/a"));
        ignored_namespaces.add_removed(Namespace::new("/a"));
        assert!((0..1000).all(|_| ignored_namespaces.ignores_packet("/a")));
        assert!(!ignored_namespaces.ignores_packet("/b"));
        ignored_namespaces.forget("/a");
        assert!(!ignored_namespaces.ignores_packet("/a"));
    }

    #[test]
    fn a_limited_number_of_packets_of_a_refused_client_is_ignored() {
        let mut ignored_namespaces = IgnoredNamespaces::new(2);
        for _ in 0..2 {
            ignored_namespaces.add_refused(Namespace::new("/a"), 3);
            assert!((0..3).all(|_| ignored_namespaces.ignores_packet("/a")));
            assert!(!ignored_namespaces.ignores_packet("/a"));
            assert!(!ignored_namespaces.ignores_packet("/a"));
        }
    }

    #[test]
    fn refusals_are_forgotten_before_removals() {
        let mut ignored_namespaces = IgnoredNamespaces::new(2);
        ignored_namespaces.add_removed(Namespace::new("/a"));
        ignored_namespaces.add_refused(Namespace::new("/b"), 3);
        ignored_namespaces.add_refused(Namespace::new("/c"), 3);
        assert!(!ignored_namespaces.ignores_packet("/b"), "the first refusal was forgotten");
        assert!(ignored_namespaces.ignores_packet("/c") && ignored_namespaces.ignores_packet("/a"));
        ignored_namespaces.add_removed(Namespace::new("/d"));
        assert!(!ignored_namespaces.ignores_packet("/c"));
        ignored_namespaces.add_removed(Namespace::new("/e"));
        assert!(!ignored_namespaces.ignores_packet("/a"), "the first removal was forgotten");
        assert!(ignored_namespaces.ignores_packet("/d") && ignored_namespaces.ignores_packet("/e"));
        ignored_namespaces.add_refused(Namespace::new("/d"), 0);
        assert!(!ignored_namespaces.ignores_packet("/d"), "the last decision counts");
    }
}
