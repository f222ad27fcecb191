use std::{
    ops::{Deref, DerefMut},
    slice, vec,
};

use serde::de::DeserializeOwned;

use super::{AckError, RemoteSocket};
use crate::{
    model::{Channel, SocketId},
    protocol::Args,
    registry::{ClientAnswers, ServerAnswers},
};

/// The acknowledgements of a broadcast.
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// let acks = io.to("match-42").emit_with_ack::<_, u32>("how many goals?", &()).await?;
/// for (client, answer) in &acks.answers {
///     match answer {
///         Ok(goals) => println!("{client} has seen {goals}"),
///         Err(error) => println!("{client}: {error}"),
///     }
/// }
/// println!("{} clients have not answered", acks.missing_count());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BroadcastAcks<R> {
    /// The clients that answered in time, with their answers. An answer that is not an `R` is
    /// [`AckError::Reply`]. One that there was no memory for is [`AckError::Overloaded`].
    pub answers: Vec<(SocketId, Result<R, AckError>)>,
    /// The answers of clients of Node servers in the cluster, which do not tell who they are.
    pub unnamed_answers: Vec<Result<R, AckError>>,
    /// The clients that received the event and did not answer in time.
    pub missing: Vec<SocketId>,
    /// The number of further clients that did not answer in time, on Node servers.
    pub unnamed_missing: usize,
    /// The number of servers that did not say in time which clients the event has reached.
    pub missing_servers: usize,
}

impl<R> BroadcastAcks<R> {
    /// The number of clients that are known to have received the event, and that did not answer in
    /// time.
    pub fn missing_count(&self) -> usize {
        self.missing.len() + self.unnamed_missing
    }

    /// Whether every client has answered that the event has reached, on all servers.
    ///
    /// ```no_run
    /// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
    /// let acks = io.to("match-42").emit_with_ack::<_, ()>("kick-off", &()).await?;
    /// assert!(acks.is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_complete(&self) -> bool {
        self.missing_count() == 0 && self.missing_servers == 0
    }
}

impl<R: DeserializeOwned> BroadcastAcks<R> {
    pub(super) fn new(answers: ClientAnswers) -> Self {
        let ClientAnswers { missing, unnamed_missing, missing_servers, .. } = answers;
        let ClientAnswers { answers, unnamed_answers, dropped, .. } = answers;
        let typed = |args: Args| args.get(0).map_err(AckError::Reply);
        let named = answers.into_iter().map(|(id, args)| (id, typed(args)));
        let dropped = dropped.into_iter().map(|id| (id, Err(AckError::Overloaded)));
        Self {
            answers: named.chain(dropped).collect(),
            unnamed_answers: unnamed_answers.into_iter().map(typed).collect(),
            missing,
            unnamed_missing,
            missing_servers,
        }
    }
}

/// The answers of the other servers to
/// [`SocketIo::server_side_emit_with_ack`](crate::SocketIo::server_side_emit_with_ack).
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// let acks = io.server_side_emit_with_ack::<_, u32>("how many matches?", &()).await?;
/// let matches: u32 = acks.answers.iter().flatten().sum();
/// println!("{matches} matches, {} servers have not answered", acks.missing);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerAcks<R> {
    /// The answers that came in time, in no particular order. An answer that is not an `R` is
    /// [`AckError::Reply`].
    pub answers: Vec<Result<R, AckError>>,
    /// The number of servers that did not answer in time.
    pub missing: usize,
}

impl<R: DeserializeOwned> ServerAcks<R> {
    pub(crate) fn new(answers: ServerAnswers) -> Self {
        let ServerAnswers { answers, missing } = answers;
        let answers = answers.iter().map(|args| args.get(0).map_err(AckError::Reply)).collect();
        Self { answers, missing }
    }
}

/// The clients that [`Target::fetch_sockets`](crate::Target::fetch_sockets) has found: a list of
/// them, beside the number of servers that it lacks.
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::ChannelError> {
/// let found = io.to("match-42").fetch_sockets().await?;
/// if found.missing_servers > 0 {
///     println!("{} servers have not answered", found.missing_servers);
/// }
/// for socket in found {
///     println!("{}", socket.id());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FetchedSockets {
    /// The clients of all servers that answered in time.
    pub sockets: Vec<RemoteSocket>,
    /// The number of servers that did not answer in time. Without a cluster, it is 0.
    pub missing_servers: usize,
}

/// The channels that [`SocketIo::cluster_channels`](crate::SocketIo::cluster_channels) has found,
/// beside the number of servers that they lack.
///
/// ```
/// # actix::System::new().block_on(async {
/// let io = actix_socketio::SocketIo::builder().build().unwrap();
/// let found = io.cluster_channels().await;
/// if found.missing_servers > 0 {
///     println!("{} servers have not answered", found.missing_servers);
/// }
/// assert!(found.channels.is_empty());
/// # });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClusterChannels {
    /// The channels of all servers that answered in time, each once.
    pub channels: Vec<Channel>,
    /// The number of servers that did not answer in time. Without a cluster, it is 0.
    pub missing_servers: usize,
}

impl Deref for FetchedSockets {
    type Target = [RemoteSocket];

    fn deref(&self) -> &[RemoteSocket] {
        &self.sockets
    }
}

impl DerefMut for FetchedSockets {
    fn deref_mut(&mut self) -> &mut [RemoteSocket] {
        &mut self.sockets
    }
}

impl<'a> IntoIterator for &'a FetchedSockets {
    type Item = &'a RemoteSocket;
    type IntoIter = slice::Iter<'a, RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.iter()
    }
}

impl IntoIterator for FetchedSockets {
    type Item = RemoteSocket;
    type IntoIter = vec::IntoIter<RemoteSocket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.into_iter()
    }
}
