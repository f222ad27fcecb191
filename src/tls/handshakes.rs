use std::collections::BTreeMap;

/// The TLS handshakes that are under way on one worker, at most `max`.
///
/// One more takes the place of the oldest. A client that is there needs a few round trips, so the
/// oldest one is most likely a client that sends nothing. If new handshakes were refused or had to
/// wait, a few such clients would keep all others out.
#[derive(Debug)]
pub(crate) struct PendingHandshakes<T> {
    max: usize,
    next: u64,
    /// By number, the oldest first.
    pending: BTreeMap<u64, T>,
}

impl<T> PendingHandshakes<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, next: 0, pending: BTreeMap::new() }
    }

    /// Adds a handshake. Returns its number, and the oldest one if that has to give way.
    pub(crate) fn begin(&mut self, handshake: T) -> (u64, Option<T>) {
        let crowded_out = match self.pending.len() < self.max {
            true => None,
            false => self.pending.pop_first().map(|(_, oldest)| oldest),
        };
        let number = self.next;
        self.next += 1;
        self.pending.insert(number, handshake);
        (number, crowded_out)
    }

    /// Removes a handshake that is over.
    pub(crate) fn end(&mut self, number: u64) {
        self.pending.remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_the_bound_takes_the_place_of_the_oldest() {
        let mut pending = PendingHandshakes::new(2);
        let (first, none) = pending.begin("first");
        assert_eq!(none, None);
        assert_eq!(pending.begin("second").1, None);
        assert_eq!(pending.begin("third").1, Some("first"));
        // Its end comes later, and frees no place of another one.
        pending.end(first);
        assert_eq!(pending.begin("fourth").1, Some("second"));
    }

    #[test]
    fn a_handshake_that_is_over_frees_its_place() {
        let mut pending = PendingHandshakes::new(1);
        let (first, _) = pending.begin("first");
        pending.end(first);
        assert_eq!(pending.begin("second").1, None);
    }
}
