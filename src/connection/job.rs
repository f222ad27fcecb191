use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytestring::ByteString;
use futures_core::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    config::Config,
    event::{
        DisconnectReason, HandlerError, OnConnect, OnDisconnect, OnFinish, OnMessage, OnPacket,
        OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    model::{Channel, ToChannel},
    protocol::{AckId, Args, is_reserved},
    routing::{Router, Scope},
    socket::{MESSAGE, Socket},
    stats::RefusalKind,
};

/// One event of a client, from the first handler to the last.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) socket: Socket,
    pub(super) router: Arc<Router>,
    pub(super) task: Task,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Task {
    Connect,
    Event { name: ByteString, args: Args, id: Option<AckId> },
    Upgraded,
    End(DisconnectReason),
}

/// What came of it, for the connection.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The client may come in.
    Admit,
    /// It may not.
    Refuse(HandlerError),
    /// Nothing to do.
    Done,
    /// The socket is over.
    Ended,
}

/// What has become of a job that was started.
pub(super) enum Started {
    Done(Outcome),
    /// It takes longer: this is the rest of it, to be polled at once.
    Runs(LocalBoxFuture<'static, Outcome>),
}

impl Job {
    /// Bytes that it takes in memory, roughly.
    pub(super) fn cost(&self) -> usize {
        let args = match &self.task {
            Task::Event { args, .. } => args.cost(),
            _ => 0,
        };
        size_of::<Self>() + args
    }

    /// Copies what it has of the buffer that it was read into, which may be a thousand times as
    /// large.
    pub(super) fn detach(&mut self) {
        if let Task::Event { name, args, id } = &mut self.task {
            *name = ByteString::from(&**name);
            args.detach();
            *id = id.as_ref().and_then(|id| AckId::parse(id.as_str()));
        }
    }

    /// Does it, if it can be done at once. Most handlers answer so, and most events are plain: they
    /// need no future and no place among the actor's.
    pub(super) fn start(self) -> Started {
        let Self { socket, router, task } = self;
        let task = match task {
            Task::Event { name, args, id } if is_plain(&socket, &router, &name) => {
                return tell(&socket, &router, name, args, id);
            }
            Task::Connect if !router.has_handler::<OnConnect>() => {
                return Started::Done(Outcome::Admit);
            }
            task => task,
        };
        let mut run = Box::pin(Self { socket, router, task }.run());
        match run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Started::Done(outcome),
            Poll::Pending => Started::Runs(run),
        }
    }

    /// Whether it is an event for one actor that takes such events in turn.
    pub(super) fn is_in_line(&self) -> bool {
        let Self { socket, router, task } = self;
        router.is_sequential()
            && matches!(task, Task::Event { name, .. } if is_plain(socket, router, name))
    }

    async fn run(self) -> Outcome {
        let Self { socket, router, task } = self;
        match task {
            Task::Connect => {
                match router.authorize_globally(OnConnect { socket: socket.clone() }).await {
                    Ok(()) => Outcome::Admit,
                    Err(error) => {
                        if !error.is_rejection() {
                            Box::pin(router.report(&socket, error.clone())).await;
                        }
                        Outcome::Refuse(error)
                    }
                }
            }
            Task::Event { name, args, id } => {
                event(&socket, &router, name, args, id).await;
                Outcome::Done
            }
            Task::Upgraded => {
                router.notify_global(&socket, OnUpgrade { socket: socket.clone() }).await;
                Outcome::Done
            }
            Task::End(reason) => {
                Box::pin(end(&socket, &router, reason)).await;
                Outcome::Ended
            }
        }
    }
}

/// Tells the handlers of an event that is plain.
pub(super) fn tell(
    socket: &Socket,
    router: &Arc<Router>,
    name: ByteString,
    args: Args,
    id: Option<AckId>,
) -> Started {
    let event = OnMessage::new(socket.clone(), None, name, args, id);
    match router.notify_now(socket, event, Outcome::Done) {
        Ok(outcome) => Started::Done(outcome),
        Err(rest) => Started::Runs(rest),
    }
}

/// Whether an event is only for handlers of [`OnMessage`].
pub(super) fn is_plain(socket: &Socket, router: &Router, name: &str) -> bool {
    !is_request(socket.config(), name) && !router.has_handler::<OnPacket>()
}

/// Whether an event is about a channel, and answered by the server.
fn is_request(config: &Config, name: &str) -> bool {
    [&config.subscribe_event, &config.unsubscribe_event, &config.publish_event]
        .iter()
        .any(|event| **event == *name)
}

async fn event(socket: &Socket, router: &Router, name: ByteString, args: Args, id: Option<AckId>) {
    let config = socket.config();
    let is_request = is_request(config, &name);
    if router.has_handler::<OnPacket>() {
        let ack = id.clone().filter(|_| !is_request);
        let packet =
            OnPacket::new(OnMessage::new(socket.clone(), None, name.clone(), args.clone(), ack));
        if let Err(error) = Box::pin(router.authorize_globally(packet)).await {
            if let Some(id) = id.filter(|_| is_request) {
                answer(socket, &id, &Some(error.to_client()));
            }
            return Box::pin(router.report(socket, error)).await;
        }
    }
    let (verdict, kind) = if *name == *config.subscribe_event {
        match socket.charge_subscribe() {
            Ok(()) => (
                Box::pin(subscribe(socket, router, config, &args)).await,
                RefusalKind::Subscription,
            ),
            Err(wait) => (Err(too_fast(wait)), RefusalKind::SubscriptionRate),
        }
    } else if *name == *config.unsubscribe_event {
        (Box::pin(unsubscribe(socket, router, config, &args)).await, RefusalKind::Subscription)
    } else if *name == *config.publish_event {
        (Box::pin(publish(socket, router, config, &args)).await, RefusalKind::Publication)
    } else {
        let event = OnMessage::new(socket.clone(), None, name, args, id);
        return router.notify(Scope::Socket(socket), socket, event).await;
    };
    if let Err(refusal) = &verdict {
        let event = log_safe(&name);
        socket.counters().refused.add(kind);
        log::info!(
            "{} {}: {event} refused: {}",
            socket.id(),
            socket.namespace(),
            refusal["message"]
        );
    }
    if let Some(id) = id {
        answer(socket, &id, &verdict.err());
    }
}

/// Error first, as in Node: `null`, or what was wrong.
fn answer(socket: &Socket, id: &AckId, error: &impl Serialize) {
    if let Ok(answer) = socket.codec().ack(socket.namespace().as_str(), id, error) {
        // A client which has gone hears nothing.
        let _ = socket.push(answer);
    }
}

/// What a client is told when one of the three requests for a channel is not granted.
fn refusal(why: impl ToString) -> Value {
    json!({"message": why.to_string()})
}

fn too_fast(wait: Duration) -> Value {
    refusal(format!(
        "too many subscriptions in a short time: try again in {} ms",
        wait.as_millis() + 1
    ))
}

fn channel_of(args: &Args, config: &Config) -> Result<Channel, Value> {
    let name: String = args
        .get(0)
        .map_err(|_| refusal("the channel's name must be the first argument, a string"))?;
    name.to_channel(config.max_channel_length).map_err(refusal)
}

async fn subscribe(
    socket: &Socket,
    router: &Router,
    config: &Config,
    args: &Args,
) -> Result<(), Value> {
    let channel = channel_of(args, config)?;
    if socket.is_subscribed(&channel) {
        return Ok(());
    }
    let matched = router.channel_routes().matches(&channel);
    if !config.open_channels && !matched.is_declared() {
        log::debug!("no route matches the channel {:?}", &*channel);
        return Err(refusal("no such channel"));
    }
    if socket.channel_count() >= config.max_channels {
        // Checked before the handlers run, since they may already count the client as a subscriber.
        return Err(refusal(crate::socket::SubscribeError::TooManyChannels {
            limit: config.max_channels,
        }));
    }
    let event = OnSubscribe { socket: socket.clone(), channel: channel.clone() };
    if let Err(error) = router.authorize(Scope::Channel(&matched), event).await {
        // A handler may have subscribed the client before this or another handler refused.
        socket.unsubscribe(&channel);
        let answer = error.to_client();
        if !error.is_rejection() {
            router.report(socket, error).await;
        }
        return Err(answer);
    }
    socket.subscribe_matched(channel.clone(), matched).map_err(refusal)?;
    log::info!("{} {}: subscribe {:?}", socket.id(), socket.namespace(), &*channel);
    Ok(())
}

async fn unsubscribe(
    socket: &Socket,
    router: &Router,
    config: &Config,
    args: &Args,
) -> Result<(), Value> {
    let channel = channel_of(args, config)?;
    if let Some(matched) = socket.unsubscribe_and_wait(&channel).await {
        log::info!("{} {}: unsubscribe {:?}", socket.id(), socket.namespace(), &*channel);
        let event = OnUnsubscribe { socket: socket.clone(), channel };
        router.notify(Scope::Channel(&matched), socket, event).await;
    }
    Ok(())
}

async fn publish(
    socket: &Socket,
    router: &Router,
    config: &Config,
    args: &Args,
) -> Result<(), Value> {
    let channel = channel_of(args, config)?;
    let (event, data) = match args.len() {
        2 => (ByteString::from_static(MESSAGE), args.clone().skip(1)),
        3 => match args.get::<String>(1) {
            Ok(event) if !is_reserved(&event) => (event.into(), args.clone().skip(2)),
            Ok(event) => return Err(refusal(format!("the event name {event:?} is reserved"))),
            Err(_) => return Err(refusal("the event's name must be a string")),
        },
        _ => {
            return Err(refusal(
                "publish takes a channel, an event's name if it is not \"message\", and data",
            ));
        }
    };
    let Some(matched) = socket.matched_channel(&channel) else {
        return Err(refusal("subscribe to the channel before you publish to it"));
    };
    let allow_publish = matched.options.allow_publish;
    if !allow_publish && !router.has_route_handler::<OnMessage>(&matched) {
        return Err(refusal("clients may not publish to this channel"));
    }
    let message =
        OnMessage::new(socket.clone(), Some(channel.clone()), event.clone(), data.clone(), None);
    if let Err(error) = router.authorize(Scope::Channel(&matched), message).await {
        let answer = error.to_client();
        router.report(socket, error).await;
        return Err(answer);
    }
    if allow_publish {
        let frame =
            socket.codec().forward(socket.namespace().as_str(), &event, &data).map_err(refusal)?;
        socket.to(&channel).send_frame(frame).map_err(refusal)?;
    }
    Ok(())
}

async fn end(socket: &Socket, router: &Router, reason: DisconnectReason) {
    let scope = Scope::Socket(socket);
    router.notify(scope, socket, OnDisconnect { socket: socket.clone(), reason }).await;
    for (channel, matched) in socket.matched_channels() {
        let event = OnUnsubscribe { socket: socket.clone(), channel };
        router.notify(Scope::Channel(&matched), socket, event).await;
    }
    router.notify(scope, socket, OnFinish { socket: socket.clone() }).await;
}

/// A client's words on one line of the log, and not too many of them.
pub(super) fn log_safe(text: &str) -> String {
    const MOST: usize = 100;
    let mut safe: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        safe.push('…');
    }
    safe
}
