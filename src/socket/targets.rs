use serde::Serialize;

use super::{Receipt, SendError, Target};
use crate::model::ToChannel;

/// Whom a message is for in several namespaces at once: Socket.IO's parent namespace.
///
/// Made by [`SocketIo::of_each`](crate::SocketIo::of_each). Each namespace has its own order of
/// publications, and its own channels of a name; what a [`Target`] can do beyond this, it does for
/// each: this is an iterator over them.
///
/// ```no_run
/// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// io.of_each(|namespace| namespace.as_str().starts_with("/tenant-")).to("news").emit("maintenance", "at ten")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "targets are only whom to send to: call `emit` or `publish`"]
pub struct Targets(Vec<Target>);

impl Targets {
    /// The subscribers of this channel of each namespace, too.
    pub fn to(self, channel: impl ToChannel) -> Self {
        self.map(|target| target.to(&channel))
    }

    /// Not the subscribers of this channel of each namespace.
    pub fn except(self, channel: impl ToChannel) -> Self {
        self.map(|target| target.except(&channel))
    }

    /// See [`Target::volatile`].
    pub fn volatile(self) -> Self {
        self.map(Target::volatile)
    }

    /// See [`Target::compress`].
    pub fn compress(self, compress: bool) -> Self {
        self.map(|target| target.compress(compress))
    }

    /// Sends an event, without waiting.
    ///
    /// # Errors
    /// As [`Target::emit`]; the namespaces after the one that failed have got nothing.
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        self.0.into_iter().try_for_each(|target| target.emit(event, data))
    }

    /// Sends an event, and waits until it is queued for each of its receivers.
    ///
    /// # Errors
    /// As [`Target::publish`]; the namespaces after the one that failed have got nothing.
    pub async fn publish<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<Receipt, SendError> {
        let mut delivered = 0;
        for target in self.0 {
            delivered += target.publish(event, data).await?.delivered;
        }
        Ok(Receipt { delivered })
    }

    fn map(self, change: impl FnMut(Target) -> Target) -> Self {
        self.0.into_iter().map(change).collect()
    }
}

impl FromIterator<Target> for Targets {
    fn from_iter<I: IntoIterator<Item = Target>>(targets: I) -> Self {
        Self(targets.into_iter().collect())
    }
}

impl IntoIterator for Targets {
    type Item = Target;
    type IntoIter = std::vec::IntoIter<Target>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
