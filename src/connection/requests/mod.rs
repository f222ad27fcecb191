//! The requests of clients about channels: `subscribe`, `unsubscribe`, `publish`, `presence` and
//! `presence_stats`. The server answers them itself, with an error-first acknowledgement.

#[cfg(feature = "jwt")]
mod access;
mod catch_up;
mod presence;
mod publish;
#[cfg(feature = "jwt")]
mod refresh;
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
    protocol::{AckId, Args, Many},
    routing::Router,
    socket::{PresenceStats, Socket},
    stats::RefusalKind,
};

/// A request about a channel.
#[derive(Debug, Clone, Copy)]
pub(super) enum ChannelRequest {
    Subscribe,
    Unsubscribe,
    Publish,
    Presence,
    PresenceStats,
    /// With a new token. It is not about a channel, and is answered as the others are.
    #[cfg(feature = "jwt")]
    Refresh,
}

/// The answer to a request that is granted.
enum Granted {
    Nothing,
    Stats(PresenceStats),
    /// It is sent already, with its place among the publications.
    Sent,
}

/// Why a request is refused: what the client reads, and what it counts as.
struct RefusedRequest {
    answer: Value,
    kind: RefusalKind,
}

impl ChannelRequest {
    /// The request that an event is. `None`: it is for the application. The requests about presence
    /// exist where a route has presence.
    pub(super) fn of(config: &Config, has_presence: bool, event: &str) -> Option<Self> {
        if *event == *config.subscribe_event {
            Some(Self::Subscribe)
        } else if *event == *config.unsubscribe_event {
            Some(Self::Unsubscribe)
        } else if *event == *config.publish_event {
            Some(Self::Publish)
        } else if has_presence && *event == *config.presence_event {
            Some(Self::Presence)
        } else if has_presence && *event == *config.presence_stats_event {
            Some(Self::PresenceStats)
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
            Self::Subscribe => Box::pin(subscribe(socket, router, args, &id)).await,
            Self::Unsubscribe => Box::pin(unsubscribe::unsubscribe(socket, router, args)).await,
            Self::Publish => Box::pin(publish::publish(socket, router, args)).await,
            Self::Presence => presence::presence(socket, args, &id),
            Self::PresenceStats => presence::presence_stats(socket, args),
            #[cfg(feature = "jwt")]
            Self::Refresh => refresh::refresh(socket, args),
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
        let Some(id) = id else { return };
        match done {
            Ok(Granted::Nothing) => answer(socket, &id, &()),
            Ok(Granted::Stats(stats)) => answer(socket, &id, &Many(((), stats))),
            Ok(Granted::Sent) => {}
            Err(refused) => answer(socket, &id, &refused.answer),
        }
    }

    /// Its default name, for the log.
    fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Publish => "publish",
            Self::Presence => "presence",
            Self::PresenceStats => "presence_stats",
            #[cfg(feature = "jwt")]
            Self::Refresh => "refresh",
        }
    }

    fn refuse(self, answer: Value) -> RefusedRequest {
        let kind = match self {
            Self::Subscribe | Self::Unsubscribe => RefusalKind::Subscription,
            Self::Publish => RefusalKind::Publication,
            Self::Presence | Self::PresenceStats => RefusalKind::Presence,
            #[cfg(feature = "jwt")]
            Self::Refresh => RefusalKind::Token,
        };
        RefusedRequest { answer, kind }
    }
}

async fn subscribe(
    socket: &Socket,
    router: &Router,
    args: &Args,
    id: &Option<AckId>,
) -> Result<Granted, RefusedRequest> {
    let options = SubscribeOptions::read(args);
    let options = options.map_err(|answer| ChannelRequest::Subscribe.refuse(answer))?;
    if !catch_up::is_wanted(args, &options) {
        return subscribe::subscribe(socket, router, args, options.token.as_deref()).await;
    }
    catch_up::subscribe_and_catch_up(socket, router, args, &options, id.clone()).await?;
    Ok(Granted::Sent)
}

/// Acknowledges a request, error first as in Node: `null`, or the refusal.
pub(super) fn answer(socket: &Socket, id: &AckId, data: &impl Serialize) {
    if let Ok(answer) = socket.codec().ack(socket.namespace().as_str(), id, data) {
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
    let channel = name.to_channel(config.max_channel_length).map_err(refusal)?;
    #[cfg(feature = "jwt")]
    access::check_name(&channel)?;
    Ok(channel)
}
