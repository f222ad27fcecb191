//! A command: a method and its request.

use serde::de::DeserializeOwned;

#[cfg(feature = "jwt")]
use super::requests::RevokeRequest;
use super::{
    ApiMethod,
    problem::Problem,
    read::read,
    requests::{
        BatchRequest, BroadcastRequest, ChannelsRequest, DisconnectRequest, EmitRequest,
        HistoryRequest, InfoRequest, MembershipRequest, NamedChannelRequest, PublishRequest,
        SocketsRequest,
    },
};

/// A request of any method.
#[derive(Debug)]
pub(super) enum Command {
    Publish(PublishRequest),
    Broadcast(BroadcastRequest),
    Batch(BatchRequest),
    Emit(EmitRequest),
    Subscribe(MembershipRequest),
    Unsubscribe(MembershipRequest),
    Disconnect(DisconnectRequest),
    Presence(NamedChannelRequest),
    PresenceStats(NamedChannelRequest),
    History(HistoryRequest),
    HistoryRemove(NamedChannelRequest),
    Channels(ChannelsRequest),
    Sockets(SocketsRequest),
    Info,
    #[cfg(feature = "jwt")]
    Revoke(RevokeRequest),
}

impl Command {
    /// Reads the request of a method.
    pub(super) fn read(method: ApiMethod, json: &str) -> Result<Self, Problem> {
        fn of<T: DeserializeOwned>(
            json: &str,
            command: impl FnOnce(T) -> Command,
        ) -> Result<Command, Problem> {
            read(json).map(command)
        }
        match method {
            ApiMethod::Publish => of(json, Self::Publish),
            ApiMethod::Broadcast => of(json, Self::Broadcast),
            ApiMethod::Batch => of(json, Self::Batch),
            ApiMethod::Emit => of(json, Self::Emit),
            ApiMethod::Subscribe => of(json, Self::Subscribe),
            ApiMethod::Unsubscribe => of(json, Self::Unsubscribe),
            ApiMethod::Disconnect => of(json, Self::Disconnect),
            ApiMethod::Presence => of(json, Self::Presence),
            ApiMethod::PresenceStats => of(json, Self::PresenceStats),
            ApiMethod::History => of(json, Self::History),
            ApiMethod::HistoryRemove => of(json, Self::HistoryRemove),
            ApiMethod::Channels => of(json, Self::Channels),
            ApiMethod::Sockets => of(json, Self::Sockets),
            ApiMethod::Info => of(json, |InfoRequest {}| Self::Info),
            #[cfg(feature = "jwt")]
            ApiMethod::Revoke => of(json, Self::Revoke),
        }
    }
}
