use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytestring::ByteString;
use futures_core::future::LocalBoxFuture;

use super::super::requests::{self, ChannelRequest};
use crate::{
    event::{
        DisconnectReason, HandlerError, OnConnect, OnDisconnect, OnFinish, OnMessage, OnPacket,
        OnSubscribe, OnUnsubscribe, OnUpgrade,
    },
    protocol::{AckId, Args},
    routing::{Router, Scope},
    socket::Socket,
};

/// Something that the handlers of one socket do, from the first handler to the last.
#[derive(Debug)]
pub(in crate::connection) struct Job {
    pub(in crate::connection) socket: Socket,
    pub(in crate::connection) router: Arc<Router>,
    pub(in crate::connection) task: Task,
}

/// The kinds of jobs.
#[derive(Debug)]
pub(in crate::connection) enum Task {
    /// Calls the `OnConnect` handlers.
    Connect,
    /// Calls the handlers of an event, or answers a request about a channel.
    Event { name: ByteString, args: Args, id: Option<AckId> },
    /// Calls the `OnUpgrade` handlers.
    Upgraded,
    /// Calls the handlers of a socket's end.
    End(DisconnectReason),
}

/// The outcome of a job, for the connection.
#[derive(Debug)]
pub(in crate::connection) enum Outcome {
    /// The client is admitted.
    Admit,
    /// The client is refused.
    Refuse(HandlerError),
    /// Nothing more is to do.
    Done,
    /// The socket has ended.
    Ended,
}

/// A job that was started.
pub(in crate::connection) enum Started {
    Done(Outcome),
    /// The handlers take longer. Poll the rest of the job right away.
    Runs(LocalBoxFuture<'static, Outcome>),
}

impl Job {
    /// The bytes that the job takes in memory, roughly.
    pub(in crate::connection) fn cost(&self) -> usize {
        match &self.task {
            Task::Event { name, args, .. } => Self::event_cost(name, args),
            _ => size_of::<Self>(),
        }
    }

    /// The bytes that the job of an event takes in memory, roughly.
    pub(in crate::connection) fn event_cost(name: &str, args: &Args) -> usize {
        size_of::<Self>() + name.len() + args.cost()
    }

    /// Copies the job's part of the buffer that it was read into, which may be a thousand times as
    /// large.
    pub(in crate::connection) fn detach(&mut self) {
        if let Task::Event { name, args, id } = &mut self.task {
            *name = ByteString::from(&**name);
            args.detach();
            *id = id.as_ref().and_then(|id| AckId::parse(id.as_str()));
        }
    }

    /// Starts the job, and finishes it if no handler waits. Most handlers do not, and most events
    /// are plain, so they need no future and no task.
    pub(in crate::connection) fn start(self) -> Started {
        let Self { socket, router, task } = self;
        let task = match task {
            Task::Event { name, args, id } if is_plain(&socket, &router, &name) => {
                return notify(&socket, &router, name, args, id);
            }
            Task::Connect
                if !router.has_handler::<OnConnect>()
                    && !socket.recovered()
                    && socket.channel_count() == 0 =>
            {
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

    /// Whether the job is an event for one actor that handles events one after the other.
    pub(in crate::connection) fn is_pipelined(&self) -> bool {
        let Self { socket, router, task } = self;
        router.is_sequential()
            && matches!(task, Task::Event { name, .. } if is_plain(socket, router, name))
    }

    async fn run(self) -> Outcome {
        let Self { socket, router, task } = self;
        match task {
            Task::Connect => {
                let recovered = socket.recovered();
                let event = OnConnect { socket: socket.clone(), recovered };
                if let Err(error) = router.authorize_globally(event).await {
                    if !error.is_rejection() {
                        Box::pin(router.report(&socket, error.clone())).await;
                    }
                    return Outcome::Refuse(error);
                }
                if recovered && (router.is_handled::<OnSubscribe>() || socket.has_tokens()) {
                    Box::pin(requests::subscribe_again(&socket, &router)).await;
                }
                if socket.channel_count() > 0 {
                    socket.subscribed().await;
                }
                Outcome::Admit
            }
            Task::Event { name, args, id } => {
                handle_event(&socket, &router, name, args, id).await;
                Outcome::Done
            }
            Task::Upgraded => {
                router.notify_global(&socket, OnUpgrade { socket: socket.clone() }).await;
                Outcome::Done
            }
            Task::End(reason) => {
                Box::pin(notify_end(&socket, &router, reason)).await;
                Outcome::Ended
            }
        }
    }
}

/// Notifies the handlers of a plain event.
pub(in crate::connection) fn notify(
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
pub(in crate::connection) fn is_plain(socket: &Socket, router: &Router, name: &str) -> bool {
    request(socket, router, name).is_none() && !router.has_handler::<OnPacket>()
}

fn request(socket: &Socket, router: &Router, name: &str) -> Option<ChannelRequest> {
    #[cfg(feature = "jwt")]
    if *name == *socket.config().refresh_event && socket.user().is_some() {
        return Some(ChannelRequest::Refresh);
    }
    ChannelRequest::of(socket.config(), router.members().is_some(), name)
}

async fn handle_event(
    socket: &Socket,
    router: &Router,
    name: ByteString,
    args: Args,
    id: Option<AckId>,
) {
    let request = request(socket, router, &name);
    if router.has_handler::<OnPacket>() {
        let ack = id.clone().filter(|_| request.is_none());
        let packet =
            OnPacket::new(OnMessage::new(socket.clone(), None, name.clone(), args.clone(), ack));
        let awaiting = packet.message.awaiting();
        if let Err(error) = Box::pin(router.authorize_globally(packet)).await {
            if let Some(id) = id.filter(|_| request.is_some()) {
                requests::answer(socket, &id, &Some(error.to_client()));
            } else if let Some(message) = awaiting {
                message.refuse(&error);
            }
            return Box::pin(router.report(socket, error)).await;
        }
    }
    match request {
        Some(request) => Box::pin(request.handle(socket, router, &args, id)).await,
        None => {
            let event = OnMessage::new(socket.clone(), None, name, args, id);
            router.notify_message(socket, event).await;
        }
    }
}

/// Notifies the handlers of a socket's end: one `OnDisconnect`, an `OnUnsubscribe` for each
/// channel, one `OnFinish`.
async fn notify_end(socket: &Socket, router: &Router, reason: DisconnectReason) {
    let scope = Scope::Socket(socket);
    let returns = socket.may_return(reason);
    let event = OnDisconnect { socket: socket.clone(), reason, returns };
    router.notify(scope, socket, event).await;
    // Without a handler there is nothing to list a thousand channels for.
    if router.is_handled::<OnUnsubscribe>() {
        for (channel, matched) in socket.matched_channels() {
            let event = OnUnsubscribe { socket: socket.clone(), channel };
            router.notify(Scope::Channel(&matched), socket, event).await;
        }
    }
    router.notify(scope, socket, OnFinish { socket: socket.clone() }).await;
}
