use std::time::Duration;

use serde::Serialize;

/// How the way to the other servers of a cluster is, at one moment:
/// [`SocketIo::cluster_health`](crate::SocketIo::cluster_health).
///
/// ```
/// use actix_socketio::{ClusterHealth, SocketIo};
/// use actix_web::{HttpResponse, web};
///
/// async fn ready(io: web::Data<SocketIo>) -> HttpResponse {
///     match io.cluster_health() {
///         Some(ClusterHealth { is_connected: false, .. }) => {
///             HttpResponse::ServiceUnavailable().finish()
///         }
///         _ => HttpResponse::NoContent().finish(),
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClusterHealth {
    /// Messages come and go. It is judged by what comes, and not by the connection.
    pub is_connected: bool,
    /// The time since something came from the cluster. Where nothing does by itself, the server
    /// sends a probe to itself.
    pub silence: Duration,
    /// How far this server is behind in a stream, by the age of what it has read last.
    pub lag: Duration,
    /// The messages that wait to be sent.
    pub waiting: usize,
    /// The bytes of these messages.
    pub waiting_bytes: usize,
    /// The messages that were sent, since the server was built.
    pub sent: u64,
    /// The messages that could not be sent in time, and were given up.
    pub given_up: u64,
    /// How often the cluster was lost.
    pub losses: u64,
    /// The messages of other servers that this one could not read, or had no room for.
    pub ignored: u64,
    /// How often messages left a stream before this server had read them: it is too slow, or the
    /// stream too short.
    pub fell_behind: u64,
}

/// A server of a cluster: [`SocketIo::nodes`](crate::SocketIo::nodes).
///
/// ```
/// use actix_socketio::SocketIo;
///
/// /// The clients of the whole cluster.
/// fn clients(io: &SocketIo) -> u64 {
///     io.nodes().iter().filter(|node| node.is_alive).map(|node| node.clients).sum()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeStatus {
    /// The id of the server in the cluster. It has another one after each start.
    pub id: String,
    /// It is this server.
    pub is_self: bool,
    /// It was heard in time. A server that was not is listed for some minutes: it may stand still,
    /// or be cut off.
    pub is_alive: bool,
    /// The version of its package for the cluster.
    pub version: String,
    /// The clients that were connected to it when it was heard.
    pub clients: u64,
    /// How long it had run when it was heard.
    pub uptime: Duration,
    /// The time since it was heard. It says something every few seconds.
    pub last_heard: Duration,
    /// The address at which other servers reach it, if it has one.
    pub address: Option<String>,
}

impl NodeStatus {
    /// A server that was heard just now, and has said nothing but its id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            is_self: false,
            is_alive: true,
            version: String::new(),
            clients: 0,
            uptime: Duration::ZERO,
            last_heard: Duration::ZERO,
            address: None,
        }
    }
}
