use super::AckError;
use crate::registry::ServerAnswers;

use serde::de::DeserializeOwned;

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
