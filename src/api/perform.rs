//! The one place that knows the method behind each command.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    command::Command,
    history, members, overview, presence,
    problem::{Problem, ProblemCode},
    publish,
    scope::RequestScope,
};

/// The JSON of an answer.
pub(super) type Answered = Result<Box<RawValue>, Problem>;

/// Does a command that is not a batch. The key may do its method.
pub(super) async fn perform(scope: &RequestScope, command: Command) -> Answered {
    match command {
        Command::Publish(request) => publish::publish(scope, request).await,
        Command::Broadcast(request) => publish::broadcast(scope, request).await,
        Command::Emit(request) => write(publish::emit(scope, request).await),
        Command::Subscribe(request) => write(members::subscribe(scope, request).await),
        Command::Unsubscribe(request) => write(members::unsubscribe(scope, request).await),
        Command::Disconnect(request) => write(members::disconnect(scope, request).await),
        Command::Presence(request) => write(presence::presence(scope, request).await),
        Command::PresenceStats(request) => write(presence::presence_stats(scope, request).await),
        Command::History(request) => write(history::history(scope, request)),
        Command::HistoryRemove(request) => write(history::history_remove(scope, &request)),
        Command::Channels(request) => write(overview::channels(scope, request)),
        Command::Sockets(request) => write(members::sockets(scope, request).await),
        Command::Info => write(overview::info(scope)),
        #[cfg(feature = "jwt")]
        Command::Revoke(request) => write(members::revoke(scope, request)),
        Command::Batch(_) => Err(Problem::bad_request("a batch has no batch")),
    }
}

/// Writes an answer.
pub(super) fn write<T: Serialize>(reply: Result<T, Problem>) -> Answered {
    let written = to_raw_value(&reply?);
    written.map_err(|_| Problem::new(ProblemCode::Internal, "internal error"))
}
