use std::{error, fmt};

use bytestring::ByteString;
use futures_util::{StreamExt, future::try_join_all, stream::FuturesUnordered};
use redis::{Cmd, RedisError, Value};
use tokio::sync::{mpsc, oneshot};

use super::{broken::Broken, nodes::Nodes, value};
use crate::wire::Subscription;

/// A command with an answer.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) command: Cmd,
    /// In a cluster, only the server with this key is asked.
    pub(super) key: Option<ByteString>,
    pub(super) answer: oneshot::Sender<Result<Vec<Value>, QuestionFailed>>,
}

/// Redis gives no answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuestionFailed {
    /// Redis is away, or too many questions wait.
    Away,
    /// Redis has refused it.
    Refused,
}

impl fmt::Display for QuestionFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Away => "Redis is away",
            Self::Refused => "Redis has refused the command",
        })
    }
}

impl error::Error for QuestionFailed {}

impl Question {
    /// Asks for the numbers of subscribers, at one moment. All channels are of the kind of the
    /// first one. Patterns are not counted.
    pub(super) fn count(counted: &[Subscription]) -> Option<Cmd> {
        let count = match counted.first()? {
            Subscription::Channel(_) => "NUMSUB",
            Subscription::Shard(_) => "SHARDNUMSUB",
            Subscription::Pattern(_) => return None,
        };
        let mut command = redis::cmd("PUBSUB");
        command.arg(count);
        for Subscription::Channel(name) | Subscription::Shard(name) | Subscription::Pattern(name) in
            counted
        {
            command.arg(&name[..]);
        }
        Some(command)
    }
}

/// Adds up what servers answer to `PUBSUB NUMSUB` for some channels.
pub(super) fn read_counts(
    answers: Vec<Value>,
    channels: usize,
) -> Result<Vec<usize>, QuestionFailed> {
    let mut sums = vec![0_usize; channels];
    for answer in answers {
        let counts = value::pairs(answer).filter(|counts| counts.len() == channels);
        for (sum, (_, count)) in sums.iter_mut().zip(counts.ok_or(QuestionFailed::Refused)?) {
            let count = value::number(&count).and_then(|count| usize::try_from(count).ok());
            *sum = sum.saturating_add(count.ok_or(QuestionFailed::Refused)?);
        }
    }
    Ok(sums)
}

/// Asks what is to be asked, for as long as the connection lasts.
pub(super) async fn ask_all(questions: &mut mpsc::Receiver<Question>, nodes: &Nodes) -> Broken {
    let mut asked = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(question) = questions.recv() => {
                asked.push(ask(question, nodes));
            }
            Some(broken) = asked.next() => {
                if let Err(broken) = broken {
                    return broken;
                }
            }
            // Handles hold the sender of questions, and one of them may be all that is left.
            else => std::future::pending().await,
        }
    }
}

async fn ask(question: Question, nodes: &Nodes) -> Result<(), Broken> {
    let Question { command, key, answer } = question;
    let servers =
        key.as_ref().map_or_else(|| nodes.all(), |key| vec![nodes.node_of_key(key.as_bytes())]);
    let answers = servers.into_iter().map(|mut server| {
        let command = &command;
        async move { server.publishing.send_packed_command(command).await }
    });
    let answers = try_join_all(answers).await;
    let is_broken = |error: &RedisError| error.is_unrecoverable_error() || error.is_timeout();
    let outcome = match answers {
        Ok(answers) if answers.iter().any(|answer| matches!(answer, Value::ServerError(_))) => {
            // The key has moved to another server, where the next question goes.
            if answers.iter().any(is_moved) {
                nodes.refresh().await?;
            }
            Err(QuestionFailed::Refused)
        }
        Ok(answers) => Ok(answers),
        Err(error) if is_broken(&error) => {
            let _ = answer.send(Err(QuestionFailed::Away));
            return Err(error.into());
        }
        Err(_) => Err(QuestionFailed::Refused),
    };
    let _ = answer.send(outcome);
    Ok(())
}

fn is_moved(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.code() == "MOVED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_in_both_protocols() {
        let name = || Value::BulkString(b"c".to_vec());
        let array = Value::Array(vec![name(), Value::Int(3)]);
        let map = Value::Map(vec![(name(), Value::Int(4))]);
        assert_eq!(read_counts(vec![array.clone()], 1), Ok(vec![3]));
        assert_eq!(read_counts(vec![array.clone(), map], 1), Ok(vec![7]));
        assert_eq!(read_counts(vec![array], 2), Err(QuestionFailed::Refused));
        let two = Value::Array(vec![name(), Value::Int(3), name(), Value::Int(1)]);
        assert_eq!(read_counts(vec![two.clone(), two], 2), Ok(vec![6, 2]));
        for answer in [Value::Nil, Value::Array(vec![]), Value::Array(vec![name(), Value::Int(-1)])]
        {
            assert_eq!(read_counts(vec![answer], 1), Err(QuestionFailed::Refused));
        }
    }
}
