//! Messages to systemd, if it has started the program: `Type=notify`, and its watchdog. Elsewhere
//! each function does nothing.

#[cfg(unix)]
use sd_notify::NotifyState;

/// The broker listens.
pub(crate) fn ready() {
    #[cfg(unix)]
    notify(&[NotifyState::Ready]);
}

/// The configuration is being read anew. [`ready`] ends it.
pub(crate) fn reloading() {
    #[cfg(unix)]
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => log::warn!("systemd was not told of the reload: {error}"),
    }
}

/// Clients are being disconnected.
pub(crate) fn stopping() {
    #[cfg(unix)]
    notify(&[NotifyState::Stopping]);
}

/// All workers answer. Without this, systemd starts the program anew after `WatchdogSec`.
pub(crate) fn alive() {
    #[cfg(unix)]
    if sd_notify::watchdog_enabled().is_some() {
        notify(&[NotifyState::Watchdog]);
    }
}

#[cfg(unix)]
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("systemd was not told {states:?}: {error}");
    }
}
