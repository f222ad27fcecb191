//! The errors of the library as problems.

use super::problem::{Problem, ProblemCode};
use crate::{
    model::{Channel, ChannelError},
    socket::SendError,
};

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => {
                Self::new(ProblemCode::ShuttingDown, "the server takes no more publications")
            }
            SendError::Overloaded => Self::new(
                ProblemCode::Overloaded,
                "the maximum of publications is on its way: try again later",
            ),
            SendError::TooLarge { length, limit } => Self::new(
                ProblemCode::TooLarge,
                format!("the event takes {length} bytes, and \"max_outbox\" is {limit}"),
            ),
            SendError::ClusterAway => Self::new(
                ProblemCode::ClusterAway,
                "the cluster can't be reached, and no client has received it: try again later",
            ),
            SendError::NotStored => {
                Self::new(ProblemCode::NotStored, "no store has committed the publication")
            }
            SendError::Reserved(_) => {
                Self::bad_request("Socket.IO reserves this name: choose another").in_field("event")
            }
            SendError::Channel(error) => Self::bad_request(channel_text(&error)),
            SendError::NoSocket(_) | SendError::Serialize(_) => {
                Self::new(ProblemCode::Internal, "internal error")
            }
        }
    }
}

impl From<ChannelError> for Problem {
    fn from(error: ChannelError) -> Self {
        Self::bad_request(channel_text(&error))
    }
}

/// The error without the character that it is about.
fn channel_text(error: &ChannelError) -> String {
    match error {
        ChannelError::ControlCharacter { position, .. } => {
            format!("a channel name has no control characters, this one has one at byte {position}")
        }
        other => other.to_string(),
    }
}

/// Reads the name of a channel.
pub(super) fn channel(name: &str, max_length: usize, field: &str) -> Result<Channel, Problem> {
    Channel::new(name, max_length).map_err(|error| Problem::from(error).in_field(field))
}
