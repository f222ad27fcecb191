use crate::model::Namespace;

/// Namespaces that a client is not in, and may not know yet that it is not: what it has sent meanwhile is no offence.
#[derive(Debug)]
pub(super) struct KeptOut {
    /// With the packets that each is still forgiven.
    namespaces: Vec<(Namespace, usize)>,
    limit: usize,
}

impl KeptOut {
    /// Remembers so many namespaces at most: packets for further ones are not forgiven.
    pub(super) fn new(limit: usize) -> Self {
        Self { namespaces: Vec::new(), limit }
    }

    /// The application has put the client out, which was there by right: however much it sends before it knows.
    pub(super) fn put_out(&mut self, namespace: Namespace) {
        self.remember(namespace, usize::MAX);
    }

    /// The client was not let in. It is forgiven what it could have had waiting for the verdict.
    pub(super) fn refused(&mut self, namespace: Namespace, max_inbox: usize) {
        self.remember(namespace, max_inbox);
    }

    fn remember(&mut self, namespace: Namespace, forgiven: usize) {
        self.asks_again(namespace.as_str());
        if self.namespaces.len() < self.limit {
            self.namespaces.push((namespace, forgiven));
        }
    }

    /// The client asks to be let in, and knows by now.
    pub(super) fn asks_again(&mut self, namespace: &str) {
        self.namespaces.retain(|(name, _)| name.as_str() != namespace);
    }

    /// Whether one more packet for a namespace which the client is not in is no offence.
    pub(super) fn forgives(&mut self, namespace: &str) -> bool {
        let Some((_, left)) = self.namespaces.iter_mut().find(|(name, _)| name.as_str() == namespace) else {
            return false;
        };
        let is_forgiven = *left > 0;
        *left = left.saturating_sub(1);
        is_forgiven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_was_put_out_is_forgiven_until_it_asks_again() {
        let mut kept_out = KeptOut::new(2);
        assert!(!kept_out.forgives("/a"));
        kept_out.put_out(Namespace::new("/a"));
        assert!((0..1000).all(|_| kept_out.forgives("/a")));
        assert!(!kept_out.forgives("/b"));
        kept_out.asks_again("/a");
        assert!(!kept_out.forgives("/a"));
    }

    #[test]
    fn a_client_that_was_refused_is_forgiven_so_many_packets() {
        let mut kept_out = KeptOut::new(2);
        for _ in 0..2 {
            kept_out.refused(Namespace::new("/a"), 3);
            assert!((0..3).all(|_| kept_out.forgives("/a")));
            assert!(!kept_out.forgives("/a"));
            assert!(!kept_out.forgives("/a"));
        }
    }

    #[test]
    fn it_remembers_no_more_than_its_limit() {
        let mut kept_out = KeptOut::new(1);
        kept_out.put_out(Namespace::new("/a"));
        kept_out.refused(Namespace::new("/b"), 3);
        assert!(kept_out.forgives("/a"));
        assert!(!kept_out.forgives("/b"));
        kept_out.refused(Namespace::new("/a"), 0);
        assert!(!kept_out.forgives("/a"), "the last word counts");
    }
}
