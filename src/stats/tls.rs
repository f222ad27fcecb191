use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{
    counters::HandshakeFailure,
    tally::{Count, Tally},
};

/// The counters of a server with TLS of its own.
#[derive(Debug, Default)]
pub(crate) struct TlsCounters {
    /// Handshakes that are complete.
    pub(crate) handshakes: Count,
    pub(crate) failures: Tally<HandshakeFailure>,
    /// The end of the certificate, in seconds since 1970. The certificate changes it.
    expires: Mutex<Option<Arc<AtomicU64>>>,
}

impl TlsCounters {
    /// Sets the certificate whose end is shown: that of the server which was started last.
    pub(crate) fn set_certificate(&self, expires: Arc<AtomicU64>) {
        *self.expires.lock() = Some(expires);
    }

    /// The end of the certificate, in seconds since 1970. `None` without a certificate, or if its
    /// end is not known.
    pub(super) fn expires(&self) -> Option<u64> {
        let expires = self.expires.lock().as_ref().map(|end| end.load(Ordering::Relaxed));
        expires.filter(|end| *end > 0)
    }
}
