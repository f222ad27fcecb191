use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Requests of the HTTP API by method and status. The API has few of both, and clients choose
/// neither.
#[derive(Debug, Default)]
pub(crate) struct ApiRequests(Mutex<BTreeMap<&'static str, BTreeMap<u16, u64>>>);

impl ApiRequests {
    pub(crate) fn add(&self, method: &'static str, status: u16) {
        *self.0.lock().entry(method).or_default().entry(status).or_default() += 1;
    }

    /// The number of requests by method, and then by status.
    pub(super) fn by_method(&self) -> BTreeMap<&'static str, BTreeMap<u16, u64>> {
        self.0.lock().clone()
    }
}
