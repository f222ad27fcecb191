use serde::de::DeserializeOwned;

use super::AckError;
use crate::{
    model::SocketId,
    protocol::Args,
    registry::{ClientAnswers, ServerAnswers},
};

/// The acknowledgements of a broadcast.
///
/// ```no_run
/// # async fn example(io: actix_socketio::SocketIo) -> Result<(), actix_socketio::SendError> {
/// let acks = io.to("match-42").emit_with_ack::<_, u32>("how many goals?", &()).await?;
/// for (client, answer) in acks.answers {
///     match answer {
///         Ok(goals) => println!("{client} has seen {goals}"),
///         Err(error) => println!("{client}: {error}"),
///     }
/// }
/// println!("{} clients have not answered", acks.missing.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BroadcastAcks<R> {
    /// The clients that answered in time, with their answers. An answer that is not an `R` is
    /// [`AckError::Reply`]. One that there was no memory for is [`AckError::Overloaded`].
    pub answers: Vec<(SocketId, Result<R, AckError>)>,
    /// The clients that received the event and did not answer in time.
    pub missing: Vec<SocketId>,
}

impl<R: DeserializeOwned> BroadcastAcks<R> {
    pub(super) fn new(answers: ClientAnswers) -> Self {
        let ClientAnswers { answers, missing, dropped } = answers;
        let typed = |(id, args): (SocketId, Args)| (id, args.get(0).map_err(AckError::Reply));
        let dropped = dropped.into_iter().map(|id| (id, Err(AckError::Overloaded)));
        Self { answers: answers.into_iter().map(typed).chain(dropped).collect(), missing }
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
