//! Several commands in one request.

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    ApiMethod,
    command::Command,
    perform::{Answered, perform},
    problem::{Problem, ProblemCode},
    replies::{BatchReply, CommandReply},
    requests::BatchRequest,
    scope::RequestScope,
};

/// Does commands one after the other, each by itself. With `parallel`, it does not wait for one
/// before it begins the next.
pub(super) async fn batch(
    scope: &RequestScope,
    request: BatchRequest,
) -> Result<BatchReply, Problem> {
    let BatchRequest { commands, parallel } = request;
    scope.check_items(commands.len(), "commands")?;
    let mut replies = Vec::with_capacity(commands.len());
    if !parallel {
        for (at, command) in commands.iter().enumerate() {
            replies.push(reply(scope, at, command).await);
        }
        return Ok(BatchReply { replies });
    }
    let mut tasks = Vec::with_capacity(commands.len());
    for (at, command) in commands.into_iter().enumerate() {
        let scope = scope.clone();
        tasks.push(actix_web::rt::spawn(async move { reply(&scope, at, &command).await }));
    }
    for task in tasks {
        // It ends early with its worker alone.
        let failed = |_| Problem::new(ProblemCode::Internal, "internal error").document();
        replies.push(task.await.unwrap_or_else(|error| CommandReply::error(&failed(error))));
    }
    Ok(BatchReply { replies })
}

/// Does one command.
async fn reply(scope: &RequestScope, at: usize, json: &RawValue) -> CommandReply {
    let place = format!("commands[{at}]");
    let (method, command) = match read_command(json) {
        Ok(read) => read,
        Err(problem) => return CommandReply::error(&problem.within(&place).document()),
    };
    let place = format!("{place}.{method}");
    let answer = match Command::read(method, command.get()) {
        _ if !scope.key.may(method) => {
            Err(Problem::new(ProblemCode::Forbidden, "the key may not do this"))
        }
        Ok(command) => perform(scope, command).await,
        Err(problem) => Err(problem),
    };
    written(method, answer.map_err(|problem| problem.within(&place)))
}

fn written(method: ApiMethod, answer: Answered) -> CommandReply {
    match answer {
        Ok(json) => CommandReply([(method.as_str(), json)].into()),
        Err(problem) => CommandReply::error(&problem.document()),
    }
}

/// Reads the method of a command, an object with one member.
fn read_command(json: &RawValue) -> Result<(ApiMethod, Box<RawValue>), Problem> {
    let Ok(OneMember { name, value }) = serde_json::from_str(json.get()) else {
        let reason = "expected an object with one member, the name of a method";
        return Err(Problem::bad_request(reason));
    };
    match ApiMethod::from_name(&name) {
        Some(ApiMethod::Batch) => Err(Problem::bad_request("a batch has no batch")),
        Some(method) => Ok((method, value)),
        None => Err(Problem::bad_request("expected the name of a method")),
    }
}

/// An object with one member.
struct OneMember {
    name: String,
    value: Box<RawValue>,
}

impl<'de> Deserialize<'de> for OneMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMemberVisitor;

        impl<'de> Visitor<'de> for OneMemberVisitor {
            type Value = OneMember;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with one member")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OneMember, A::Error> {
                let wrong = || serde::de::Error::custom("not one member");
                let (name, value) = map.next_entry()?.ok_or_else(wrong)?;
                match map.next_entry::<IgnoredAny, IgnoredAny>()? {
                    None => Ok(OneMember { name, value }),
                    Some(_) => Err(wrong()),
                }
            }
        }

        deserializer.deserialize_map(OneMemberVisitor)
    }
}
