//! The sockets of channels: listing, subscribing, unsubscribing, disconnecting.

#[cfg(feature = "jwt")]
use std::time::{Duration, UNIX_EPOCH};

use super::{
    problem::Problem,
    replies::{CountReply, SocketReply, SocketsReply},
    requests::{DisconnectRequest, MembershipRequest, SocketsRequest},
    scope::{ChosenSockets, RequestScope},
};
#[cfg(feature = "jwt")]
use super::{problem::ProblemCode, requests::RevokeRequest};
use crate::{
    model::Channel,
    socket::{FetchedSockets, RemoteSocket, Target},
};
#[cfg(feature = "jwt")]
use crate::{server::RevokeError, tokens::Tokens};

/// Subscribes sockets to a channel. Counts those that are subscribed then.
pub(super) async fn subscribe(
    scope: &RequestScope,
    request: MembershipRequest,
) -> Result<CountReply, Problem> {
    #[cfg(feature = "jwt")]
    let user = request.user.as_deref();
    #[cfg(not(feature = "jwt"))]
    let user = None;
    let MembershipRequest { channel, socket, in_channel, namespace, .. } = &request;
    let namespace = scope.namespace(namespace)?;
    let channel = namespace.target_channel(channel, "channel")?;
    let (target, _) = namespace.sockets(*socket, in_channel.as_deref(), user)?;
    target.clone().sockets_join(&channel).await?;
    Ok(CountReply { sockets: count_in(target, &channel).await? })
}

/// Unsubscribes sockets from a channel. Counts those that were subscribed.
pub(super) async fn unsubscribe(
    scope: &RequestScope,
    request: MembershipRequest,
) -> Result<CountReply, Problem> {
    #[cfg(feature = "jwt")]
    let user = request.user.as_deref();
    #[cfg(not(feature = "jwt"))]
    let user = None;
    let MembershipRequest { channel, socket, in_channel, namespace, .. } = &request;
    let namespace = scope.namespace(namespace)?;
    let channel = namespace.channel(channel, "channel")?;
    let (target, _) = namespace.sockets(*socket, in_channel.as_deref(), user)?;
    let sockets = count_in(target.clone(), &channel).await?;
    target.sockets_leave(&channel).await?;
    Ok(CountReply { sockets })
}

async fn count_in(target: Target, channel: &Channel) -> Result<usize, Problem> {
    let found = target.fetch_sockets().await?;
    Ok(found.iter().filter(|socket| socket.channels().contains(channel)).count())
}

/// Puts sockets out, those included that are away. Counts both.
pub(super) async fn disconnect(
    scope: &RequestScope,
    request: DisconnectRequest,
) -> Result<CountReply, Problem> {
    #[cfg(feature = "jwt")]
    let user = request.user.as_deref();
    #[cfg(not(feature = "jwt"))]
    let user = None;
    let DisconnectRequest { socket, in_channel, close, namespace, .. } = &request;
    let namespace = scope.namespace(namespace)?;
    let (target, chosen) = namespace.sockets(*socket, in_channel.as_deref(), user)?;
    let here = target.clone().fetch_sockets().await?.len();
    let away = match &chosen {
        ChosenSockets::One(id) => usize::from(namespace.io.is_away(id)),
        ChosenSockets::In(channel) => namespace.io.away_in(channel),
    };
    target.disconnect_sockets(*close).await?;
    Ok(CountReply { sockets: here + away })
}

/// Believes a token no more, on this server. Counts the sockets that are closed.
#[cfg(feature = "jwt")]
pub(super) fn revoke(scope: &RequestScope, request: RevokeRequest) -> Result<CountReply, Problem> {
    // It is about users in all namespaces and channels.
    if !scope.key.may_use_all() {
        let reason = "the key is for some channels alone";
        return Err(Problem::new(ProblemCode::Forbidden, reason).in_field("token_id"));
    }
    let RevokeRequest { token_id, until } = request;
    if token_id.is_empty() || token_id.len() > Tokens::MAX_LENGTH {
        let reason = format!("expected 1 to {} bytes", Tokens::MAX_LENGTH);
        return Err(Problem::bad_request(reason).in_field("token_id"));
    }
    let until = UNIX_EPOCH.checked_add(Duration::from_secs(until));
    let until = until
        .ok_or_else(|| Problem::bad_request("expected seconds since 1970").in_field("until"))?;
    match scope.io.revoke(&token_id, until) {
        Ok(sockets) => Ok(CountReply { sockets }),
        Err(RevokeError::NoTokens) => Err(Problem::bad_request("the server has no tokens")),
        Err(error @ RevokeError::Full { .. }) => {
            Err(Problem::new(ProblemCode::Overloaded, error.to_string()))
        }
    }
}

/// Lists the sockets of a channel, or of a namespace.
pub(super) async fn sockets(
    scope: &RequestScope,
    request: SocketsRequest,
) -> Result<SocketsReply, Problem> {
    let SocketsRequest { channel, limit, namespace } = request;
    let limit = scope.limit(limit, 1000)?;
    let namespace = scope.namespace(&namespace)?;
    let target = match channel {
        Some(name) => namespace.io.to(&namespace.channel(&name, "channel")?),
        None => {
            namespace.check_all("channel")?;
            namespace.io.everyone()
        }
    };
    let FetchedSockets { mut sockets, missing_servers } = target.fetch_sockets().await?;
    sockets.sort_unstable_by_key(RemoteSocket::id);
    let truncated = sockets.len() > limit;
    #[cfg(feature = "jwt")]
    let may_use_all = namespace.may_use_all();
    let shown = sockets.iter().take(limit).map(|socket| SocketReply {
        id: socket.id(),
        namespace: socket.namespace().clone(),
        #[cfg(feature = "jwt")]
        user: socket.user().filter(|_| may_use_all).map(str::to_owned),
        address: socket.handshake().client_ip().map(|address| address.to_string()),
        channels: visible(socket, |channel| namespace.may_use(channel)),
    });
    Ok(SocketsReply { sockets: shown.collect(), truncated, missing_servers })
}

/// The channels of a socket that a key may see, in the order of their names.
fn visible(socket: &RemoteSocket, may_use: impl Fn(&Channel) -> bool) -> Vec<Channel> {
    let channels = socket.channels().iter();
    let mut channels: Vec<_> = channels.filter(|channel| may_use(channel)).cloned().collect();
    channels.sort_unstable();
    channels
}
