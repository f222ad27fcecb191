//! How the HTTP API and the Admin UI send.

use std::sync::Arc;

use super::{
    super::{NamespaceState, SendError, send::check},
    Target,
};
#[cfg(feature = "api")]
use crate::registry::Receipt;
use crate::{
    model::{Position, SocketId},
    protocol::Args,
    registry::Audience,
};

impl Target {
    /// One client of any server.
    pub(crate) fn of_socket(namespace: Arc<NamespaceState>, id: SocketId) -> Self {
        let audience = Audience::sockets(namespace.name.clone(), vec![id]);
        let config = Arc::clone(&namespace.config);
        Self::for_audience(namespace, audience, &config)
    }

    /// Sends arguments as they came. Returns the position, if it is known at once: not in a
    /// cluster, and not before a commit.
    pub(crate) fn emit_args(self, event: &str, args: &Args) -> Result<Option<Position>, SendError> {
        check(event)?;
        let NamespaceState { codec, name, .. } = &*self.namespace;
        let packet = codec.relay(name.as_str(), event, args, self.compress);
        let (namespace, publication) = self.publication(packet)?;
        if !namespace.is_alone() {
            namespace.adapter.publish(publication)?;
            return Ok(None);
        }
        let place = namespace.sequencer.publish_placed(publication)?;
        Ok(place.map(|place| namespace.sequencer.position(place)))
    }

    /// Sends arguments as they came, and waits as [`Target::publish`] does.
    #[cfg(feature = "api")]
    pub(crate) async fn publish_args(self, event: &str, args: &Args) -> Result<Receipt, SendError> {
        check(event)?;
        let NamespaceState { codec, name, .. } = &*self.namespace;
        let packet = codec.relay(name.as_str(), event, args, self.compress);
        let (namespace, publication) = self.publication(packet)?;
        Ok(namespace.adapter.publish_and_count(publication).await?)
    }
}
