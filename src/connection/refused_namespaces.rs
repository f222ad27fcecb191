use crate::model::Namespace;

/// Namespaces that a client is not in, and may not know yet that it is not: what it has sent
/// meanwhile is no offence.
#[derive(Debug)]
pub(super) struct RefusedNamespaces {
    /// With the packets that each is still forgiven, if they are counted.
    namespaces: Vec<(Namespace, Option<usize>)>,
    limit: usize,
}

impl RefusedNamespaces {
    /// Remembers so many namespaces at most.
    pub(super) fn new(limit: usize) -> Self {
        Self { namespaces: Vec::new(), limit }
    }

    /// The application has put the client out, which was there by right: however much it sends
    /// before it knows.
    pub(super) fn expelled(&mut self, namespace: Namespace) {
        self.remember(namespace, None);
    }

    /// The client was not let in. It is forgiven what it could have had waiting for the verdict.
    pub(super) fn refused(&mut self, namespace: Namespace, max_inbox: usize) {
        self.remember(namespace, Some(max_inbox));
    }

    fn remember(&mut self, namespace: Namespace, forgiven: Option<usize>) {
        self.asks_again(namespace.as_str());
        if !self.namespaces.is_empty() && self.namespaces.len() >= self.limit {
            // Who was refused had no right to be there.
            let least =
                self.namespaces.iter().position(|(_, forgiven)| forgiven.is_some()).unwrap_or(0);
            self.namespaces.remove(least);
        }
        self.namespaces.push((namespace, forgiven));
    }

    /// The client asks to be let in: what follows is about that.
    pub(super) fn asks_again(&mut self, namespace: &str) {
        self.namespaces.retain(|(name, _)| name.as_str() != namespace);
    }

    /// Whether one more packet for a namespace which the client is not in is no offence.
    pub(super) fn forgives(&mut self, namespace: &str) -> bool {
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
    fn a_client_that_was_put_out_is_forgiven_until_it_asks_again() {
        let mut refused_namespaces = RefusedNamespaces::new(2);
        assert!(!refused_namespaces.forgives("/a"));
        refused_namespaces.expelled(Namespace::new("/a"));
        assert!((0..1000).all(|_| refused_namespaces.forgives("/a")));
        assert!(!refused_namespaces.forgives("/b"));
        refused_namespaces.asks_again("/a");
        assert!(!refused_namespaces.forgives("/a"));
    }

    #[test]
    fn a_client_that_was_refused_is_forgiven_so_many_packets() {
        let mut refused_namespaces = RefusedNamespaces::new(2);
        for _ in 0..2 {
            refused_namespaces.refused(Namespace::new("/a"), 3);
            assert!((0..3).all(|_| refused_namespaces.forgives("/a")));
            assert!(!refused_namespaces.forgives("/a"));
            assert!(!refused_namespaces.forgives("/a"));
        }
    }

    #[test]
    fn it_remembers_so_many_and_those_who_were_put_out_longest() {
        let mut refused_namespaces = RefusedNamespaces::new(2);
        refused_namespaces.expelled(Namespace::new("/a"));
        refused_namespaces.refused(Namespace::new("/b"), 3);
        refused_namespaces.refused(Namespace::new("/c"), 3);
        assert!(!refused_namespaces.forgives("/b"), "the first that was refused had to go");
        assert!(refused_namespaces.forgives("/c") && refused_namespaces.forgives("/a"));
        refused_namespaces.expelled(Namespace::new("/d"));
        assert!(!refused_namespaces.forgives("/c"));
        refused_namespaces.expelled(Namespace::new("/e"));
        assert!(
            !refused_namespaces.forgives("/a"),
            "the first of those who were put out had to go"
        );
        assert!(refused_namespaces.forgives("/d") && refused_namespaces.forgives("/e"));
        refused_namespaces.refused(Namespace::new("/d"), 0);
        assert!(!refused_namespaces.forgives("/d"), "the last word counts");
    }
}
