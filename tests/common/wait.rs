//! How tests wait, and for how long.

use std::{
    thread,
    time::{Duration, Instant},
};

/// The limit for everything that a test waits for. It ends a test that has failed; it measures
/// nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(condition: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it did not happen in {PATIENCE:?}: {condition}");
        thread::sleep(Duration::from_millis(2));
    }
}
