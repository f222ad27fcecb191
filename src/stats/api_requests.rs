use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The names of keys that are counted by themselves. The operator chooses them, and may change them
/// while the server runs.
const MAX_KEY_NAMES: usize = 1_000;

/// The number of requests by method, by the name of the key, and by status.
pub(super) type ApiCounts = BTreeMap<&'static str, BTreeMap<String, BTreeMap<u16, u64>>>;

/// Requests of the HTTP API by method, key and status. Clients choose none of them: the name is
/// that of a key that exists, or empty.
#[derive(Debug, Default)]
pub(crate) struct ApiRequests(Mutex<ApiCounts>);

impl ApiRequests {
    /// `key`: the name of the key, or nothing for a request without a valid one.
    pub(crate) fn add(&self, method: &'static str, key: &str, status: u16) {
        let mut counts = self.0.lock();
        let by_key = counts.entry(method).or_default();
        let key = if by_key.len() < MAX_KEY_NAMES || by_key.contains_key(key) { key } else { "" };
        // Most requests are with a key that was counted before.
        if let Some(by_status) = by_key.get_mut(key) {
            *by_status.entry(status).or_default() += 1;
        } else {
            by_key.insert(key.to_owned(), BTreeMap::from([(status, 1)]));
        }
    }

    pub(super) fn counts(&self) -> ApiCounts {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_keys_beyond_the_bound_count_together() {
        let requests = ApiRequests::default();
        for name in 0..MAX_KEY_NAMES + 5 {
            requests.add("publish", &name.to_string(), 200);
            requests.add("publish", "0", 400);
        }
        let publish = requests.counts().remove("publish").unwrap();
        assert_eq!(publish.len(), MAX_KEY_NAMES + 1);
        assert_eq!(publish[""], BTreeMap::from([(200, 5)]));
        assert_eq!(publish["0"], BTreeMap::from([(200, 1), (400, MAX_KEY_NAMES as u64 + 5)]));
    }
}
