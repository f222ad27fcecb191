use serde::Serialize;

use super::{SendError, Target};
use crate::model::ToChannel;
use crate::registry::Receipt;

/// The clients of several namespaces that a message is for: Socket.IO's parent namespace.
///
/// [`SocketIo::of_each`](crate::SocketIo::of_each) makes one. Each namespace has its own order of
/// publications, and its own channels. It is an iterator over one [`Target`] for each namespace,
/// which can do more.
///
/// ```no_run
/// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// let tenants = io.of_each(|namespace| namespace.as_str().starts_with("/tenant-"));
/// tenants.to("news").emit("maintenance", "at ten")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "targets only choose receivers: call `emit` or `publish`"]
pub struct Targets(Vec<Target>);

impl Targets {
    /// Adds the subscribers of this channel of each namespace.
    pub fn to(self, channel: impl ToChannel) -> Self {
        self.map(|target| target.to(&channel))
    }

    /// Leaves out the subscribers of this channel of each namespace.
    pub fn except(self, channel: impl ToChannel) -> Self {
        self.map(|target| target.except(&channel))
    }

    /// Leaves out the clients of other servers: see [`Target::local`].
    pub fn local(self) -> Self {
        self.map(Target::local)
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
    /// As [`Target::emit`]. Namespaces after the one that failed receive nothing.
    pub fn emit<T: Serialize + ?Sized>(self, event: &str, data: &T) -> Result<(), SendError> {
        self.0.into_iter().try_for_each(|target| target.emit(event, data))
    }

    /// Sends an event, and waits until it is queued for each of its receivers. Returns a receipt
    /// for each namespace.
    ///
    /// # Errors
    /// As [`Target::publish`]. Namespaces after the one that failed receive nothing.
    pub async fn publish<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> Result<Vec<Receipt>, SendError> {
        let mut receipts = Vec::with_capacity(self.0.len());
        for target in self.0 {
            receipts.push(target.publish(event, data).await?);
        }
        Ok(receipts)
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
