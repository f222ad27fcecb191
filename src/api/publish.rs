//! Publishing: to a channel, to several, and events to anyone.

use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use super::{
    data::{arguments, one_argument},
    once::{OnceRequest, Parts, once},
    perform::{Answered, write},
    problem::Problem,
    replies::{EmitReply, PublishReply},
    requests::{BroadcastRequest, EmitRequest, PublishRequest},
    scope::RequestScope,
};
use crate::{
    model::SocketId,
    protocol::Args,
    registry::Receipt,
    socket::{SendError, Target},
};

/// The first wait for capacity, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// A publication to any number of channels, as both requests have it.
struct PublicationContent {
    data: Option<Box<RawValue>>,
    b64data: Option<String>,
    event: String,
    namespace: String,
    idempotency_key: Option<String>,
    except: Vec<SocketId>,
    wait: bool,
    skip_history: bool,
}

/// Publishes to a channel.
pub(super) async fn publish(scope: &RequestScope, request: PublishRequest) -> Answered {
    let PublishRequest { channel, data, b64data, event, namespace, .. } = request;
    let PublishRequest { idempotency_key, except, wait, skip_history, .. } = request;
    let content = PublicationContent {
        data,
        b64data,
        event,
        namespace,
        idempotency_key,
        except,
        wait,
        skip_history,
    };
    publish_to(scope, &[channel], |_| "channel".to_owned(), content).await
}

/// Publishes to several channels, once to each client.
pub(super) async fn broadcast(scope: &RequestScope, request: BroadcastRequest) -> Answered {
    let BroadcastRequest { channels, data, b64data, event, namespace, .. } = request;
    let BroadcastRequest { idempotency_key, except, wait, skip_history, .. } = request;
    scope.check_items(channels.len(), "channels")?;
    // Without a channel, the library's target would be everyone.
    if channels.is_empty() {
        return Err(Problem::bad_request("expected at least one").in_field("channels"));
    }
    let content = PublicationContent {
        data,
        b64data,
        event,
        namespace,
        idempotency_key,
        except,
        wait,
        skip_history,
    };
    publish_to(scope, &channels, |at| format!("channels[{at}]"), content).await
}

async fn publish_to(
    scope: &RequestScope,
    channels: &[String],
    field: impl Fn(usize) -> String,
    content: PublicationContent,
) -> Answered {
    let namespace = scope.namespace(&content.namespace)?;
    scope.check_items(content.except.len(), "except")?;
    let mut target = namespace.io.everyone();
    for (at, name) in channels.iter().enumerate() {
        target = target.to(&namespace.target_channel(name, &field(at))?);
    }
    target = content.except.iter().fold(target, |target, id| target.except_socket(*id));
    if content.skip_history {
        target = target.skip_history();
    }
    let (data, b64data) = (content.data.as_deref(), content.b64data.as_deref());
    let args = one_argument(data, b64data, scope.io.config())?;
    let request = content.once_request(&scope.key.name, channels)?;
    let PublicationContent { event, wait, .. } = content;
    let wait = wait.then_some(scope.api.settings.wait_timeout);
    let work = async move { write(send(target, &event, args, wait).await) };
    match request {
        Some(request) => once(&scope.api, request, work).await,
        None => work.await,
    }
}

impl PublicationContent {
    /// Identifies the request, if it has an idempotency key.
    fn once_request(
        &self,
        api_key: &str,
        channels: &[String],
    ) -> Result<Option<OnceRequest>, Problem> {
        let Some(key) = &self.idempotency_key else { return Ok(None) };
        let Self { data, b64data, event, namespace, except, wait, skip_history, .. } = self;
        let scope = Parts::default().add(api_key.as_bytes()).add(namespace.as_bytes());
        let scope = channels.iter().fold(scope, |parts, channel| parts.add(channel.as_bytes()));
        let (kind, text) = match (data, b64data) {
            (Some(data), _) => (0, data.get()),
            (None, text) => (1, text.as_deref().unwrap_or_default()),
        };
        let content = Parts::default()
            .add(&[kind, u8::from(*wait), u8::from(*skip_history)])
            .add(text.as_bytes())
            .add(event.as_bytes());
        let content = except.iter().fold(content, |parts, id| parts.add(id.as_str().as_bytes()));
        OnceRequest::new(scope, key, content).map(Some)
    }
}

/// Sends an event. `wait`: until it is queued for each client, and this long for capacity.
async fn send(
    target: Target,
    event: &str,
    args: Args,
    wait: Option<Duration>,
) -> Result<PublishReply, Problem> {
    let Some(limit) = wait else {
        let position = target.emit_args(event, &args)?;
        return Ok(PublishReply { position, delivered: None });
    };
    let receipt = publish_when_possible(target, event, &args, limit).await?;
    Ok(PublishReply { position: Some(receipt.position), delivered: Some(receipt.delivered) })
}

#[cfg(feature = "jwt")]
const ONE_OF: &str = "expected exactly one of `socket`, `channel`, `everyone` and `user`";
#[cfg(not(feature = "jwt"))]
const ONE_OF: &str = "expected exactly one of `socket`, `channel` and `everyone`";

/// Publishes, and waits for capacity if the maximum of publications is on its way.
async fn publish_when_possible(
    target: Target,
    event: &str,
    args: &Args,
    limit: Duration,
) -> Result<Receipt, SendError> {
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_WAIT;
    loop {
        match target.clone().publish_args(event, args).await {
            Err(SendError::Overloaded) if Instant::now() + pause <= deadline => {
                sleep(pause).await;
                pause = (2 * pause).min(LONGEST_WAIT);
            }
            outcome => return outcome,
        }
    }
}

/// Sends an event of several arguments.
pub(super) async fn emit(scope: &RequestScope, request: EmitRequest) -> Result<EmitReply, Problem> {
    #[cfg(feature = "jwt")]
    let user = request.user.as_deref();
    #[cfg(not(feature = "jwt"))]
    let user: Option<&str> = None;
    let EmitRequest { socket, channel, everyone, event, args, namespace, .. } = &request;
    let namespace = scope.namespace(namespace)?;
    scope.check_items(args.len(), "args")?;
    let target = match (socket, channel, everyone, user) {
        (Some(id), None, false, None) => {
            namespace.check_all("socket")?;
            namespace.io.target_of(*id)
        }
        (None, Some(name), false, None) => {
            namespace.io.to(&namespace.target_channel(name, "channel")?)
        }
        (None, None, true, None) => {
            namespace.check_all("everyone")?;
            namespace.io.everyone()
        }
        #[cfg(feature = "jwt")]
        (None, None, false, Some(user)) => {
            namespace.check_all("user")?;
            namespace.io.user(user)
        }
        _ => return Err(Problem::bad_request(ONE_OF)),
    };
    let args = arguments(args.iter().map(|json| &**json), "args", scope.io.config())?;
    let receipt = target.publish_args(event, &args).await?;
    Ok(EmitReply { delivered: receipt.delivered })
}
