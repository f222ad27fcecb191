use serde::{Serialize, de::DeserializeOwned};

use super::SocketIo;
use crate::{
    model::{ClusterHealth, NodeStatus},
    protocol::to_args,
    registry::ServerEvent,
    socket::{ClusterChannels, NamespaceState, SendError, ServerAcks},
};

/// Event names that Socket.IO reserves for servers.
const RESERVED_SERVER_EVENTS: [&str; 3] = ["connect", "connection", "new_namespace"];

/// # Other servers of the cluster
impl SocketIo {
    /// Sends an event to all other servers of the cluster, for their
    /// [`on_server_event`](crate::Builder::on_server_event) handlers of this namespace: Socket.IO's
    /// `serverSideEmit`. This server does not receive it.
    ///
    /// ```no_run
    /// # fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// io.server_side_emit("reload", "matches.json")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError::Reserved`], [`SendError::Serialize`], or what the adapter reports.
    #[doc(alias = "serverSideEmit")]
    pub fn server_side_emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<(), SendError> {
        let event = self.server_event(event, data)?;
        Ok(self.namespace.adapter.server_side_emit(event)?)
    }

    /// Sends an event to all other servers of the cluster, and collects their answers until each
    /// has answered or [`Builder::ack_timeout`](crate::Builder::ack_timeout) is over. A server
    /// without others returns immediately, with no answers. [`ServerAcks`] has an example.
    ///
    /// # Errors
    /// As [`server_side_emit`](Self::server_side_emit).
    #[doc(alias = "serverSideEmitWithAck")]
    pub async fn server_side_emit_with_ack<T, R>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<ServerAcks<R>, SendError>
    where
        T: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        let event = self.server_event(event, data)?;
        let NamespaceState { adapter, config, .. } = &*self.namespace;
        let answers = adapter.server_side_emit_with_acks(event, config.ack_timeout).await?;
        Ok(ServerAcks::new(answers))
    }

    /// Counts the servers of the cluster that have this namespace, this one included. Without a
    /// cluster, it is 1.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// let io = actix_socketio::SocketIo::builder().build().unwrap();
    /// assert_eq!(io.server_count().await, 1);
    /// # });
    /// ```
    #[doc(alias = "serverCount")]
    pub async fn server_count(&self) -> usize {
        self.namespace.adapter.server_count(&self.namespace.name).await
    }

    /// The channels that clients of any server of the cluster are subscribed to, in no particular
    /// order. [`channels`](Self::channels) has those of this server alone.
    ///
    /// A cluster that has no shorter question asks for all clients, with their channels.
    /// [`ClusterChannels`] has an example.
    #[doc(alias = "allRooms")]
    pub async fn cluster_channels(&self) -> ClusterChannels {
        let found = self.namespace.adapter.channels(&self.namespace.name).await;
        ClusterChannels { channels: found.channels, missing_servers: found.missing }
    }

    /// How the way to the other servers of the cluster is. `None`: the server is in no cluster.
    /// [`ClusterHealth`] has an example.
    pub fn cluster_health(&self) -> Option<ClusterHealth> {
        self.namespace.adapter.health()
    }

    /// The servers of the cluster that tell each other of themselves: this one first, then the
    /// others by their ids. It is empty without a cluster.
    ///
    /// Node's servers say nothing of themselves. [`server_count`](Self::server_count) counts them,
    /// too.
    ///
    /// ```
    /// # actix::System::new().block_on(async {
    /// let io = actix_socketio::SocketIo::builder().build().unwrap();
    /// for node in io.nodes().iter().filter(|node| !node.is_alive) {
    ///     println!("server {} is silent for {:?}", node.id, node.last_heard);
    /// }
    /// # });
    /// ```
    pub fn nodes(&self) -> Vec<NodeStatus> {
        self.namespace.adapter.nodes()
    }

    fn server_event<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<ServerEvent, SendError> {
        if RESERVED_SERVER_EVENTS.contains(&event) {
            return Err(SendError::Reserved(event.to_owned()));
        }
        Ok(ServerEvent::new(self.namespace.name.clone(), event, to_args(data)?))
    }
}
