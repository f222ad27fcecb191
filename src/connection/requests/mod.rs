//! The requests of clients about channels: `subscribe`, `unsubscribe` and `publish`. The server
//! answers them itself, with an error-first acknowledgement.

mod catch_up;
mod publish;
mod subscribe;
mod subscribe_options;
mod unsubscribe;

pub(super) use subscribe::subscribe_again;
use subscribe_options::SubscribeOptions;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    config::Config,
    log_text::log_line,
    model::{Channel, ToChannel},
    protocol::{AckId, Args},
    routing::Router,
    socket::Socket,
    stats::RefusalKind,
};

/// A request about a channel.
#[derive(Debug, Clone, Copy)]
pub(super) enum ChannelRequest {
    Subscribe,
    Unsubscribe,
    Publish,
}

/// Why a request is refused: what the client reads, and what it counts as.
struct RefusedRequest {
    answer: Value,
    kind: RefusalKind,
}

impl ChannelRequest {
    /// The request that an event is. `None`: it is for the application.
    pub(super) fn of(config: &Config, event: &str) -> Option<Self> {
        if *event == *config.subscribe_event {
            Some(Self::Subscribe)
        } else if *event == *config.unsubscribe_event {
            Some(Self::Unsubscribe)
        } else if *event == *config.publish_event {
            Some(Self::Publish)
        } else {
            None
        }
    }

    /// Does what the client requests, or refuses it, and answers.
    pub(super) async fn handle(
        self,
        socket: &Socket,
        router: &Router,
        args: &Args,
        id: Option<AckId>,
    ) {
        let done = match self {
            Self::Subscribe => match Box::pin(subscribe(socket, router, args, &id)).await {
                Ok(Answered::ByRegistry) => return,
                Ok(Answered::No) => Ok(()),
                Err(refused) => Err(refused),
            },
            Self::Unsubscribe => Box::pin(unsubscribe::unsubscribe(socket, router, args)).await,
            Self::Publish => Box::pin(publish::publish(socket, router, args)).await,
        };
        if let Err(RefusedRequest { answer, kind }) = &done {
            socket.counters().refused.add(*kind);
            log_line!(
                log::Level::Info,
                "{} \"{}\": {} refused: {}",
                socket.id(),
                socket.namespace(),
                self.as_str();
                answer["message"].as_str().unwrap_or_default()
            );
        }
        if let Some(id) = id {
            answer(socket, &id, &done.err().map(|refused| refused.answer));
        }
    }

    /// Its default name, for the log.
    fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Publish => "publish",
        }
    }

    fn refuse(self, answer: Value) -> RefusedRequest {
        let kind = match self {
            Self::Subscribe | Self::Unsubscribe => RefusalKind::Subscription,
            Self::Publish => RefusalKind::Publication,
        };
        RefusedRequest { answer, kind }
    }
}

/// Whether a request has its answer already.
enum Answered {
    No,
    ByRegistry,
}

async fn subscribe(
    socket: &Socket,
    router: &Router,
    args: &Args,
    id: &Option<AckId>,
) -> Result<Answered, RefusedRequest> {
    let options = SubscribeOptions::read(args);
    let options = options.map_err(|answer| ChannelRequest::Subscribe.refuse(answer))?;
    if !catch_up::is_wanted(args, &options) {
        subscribe::subscribe(socket, router, args).await?;
        return Ok(Answered::No);
    }
    catch_up::subscribe_and_catch_up(socket, router, args, &options, id.clone()).await?;
    Ok(Answered::ByRegistry)
}

/// Acknowledges a request, error first as in Node: `null`, or the refusal.
pub(super) fn answer(socket: &Socket, id: &AckId, error: &impl Serialize) {
    if let Ok(answer) = socket.codec().ack(socket.namespace().as_str(), id, error) {
        // An error says that the client is gone.
        let _ = socket.push(answer);
    }
}

/// A refusal for the client to read.
fn refusal(why: impl ToString) -> Value {
    json!({"message": why.to_string()})
}

/// The channel of a request, which is its first argument.
fn channel_of(args: &Args, config: &Config) -> Result<Channel, Value> {
    let name: String = args
        .get(0)
        .map_err(|_| refusal("the channel's name must be the first argument, a string"))?;
    name.to_channel(config.max_channel_length).map_err(refusal)
}
