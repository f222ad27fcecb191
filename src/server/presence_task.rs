use actix::Arbiter;

use super::{BuildError, task_thread::on_task_thread};
use crate::{
    config::Config, protocol::PacketCodec, registry::Sequencer, socket::PresencePublisher,
};

/// Starts to keep the members of channels, and the task that tells clients of them.
///
/// # Errors
/// [`BuildError::Thread`]: the system has no thread for the task.
pub(super) fn start(
    sequencer: &Sequencer,
    config: &Config,
    codec: &PacketCodec,
) -> Result<(), BuildError> {
    let publisher = PresencePublisher {
        codec: codec.clone(),
        event: config.presence_event.clone(),
        diffs: sequencer.enable_presence(config.max_presence_bytes),
    };
    let started = on_task_thread(move || match Arbiter::try_current() {
        // If the arbiter has stopped, no registry is left to publish anything.
        Some(arbiter) => {
            arbiter.spawn_fn(move || drop(actix::spawn(publisher.run())));
        }
        None => drop(actix::spawn(publisher.run())),
    });
    started.map_err(|error| BuildError::Thread(error.kind()))
}
