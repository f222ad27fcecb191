//! The part of a server that a command is about, as far as its key may go.

use std::sync::Arc;

use super::{
    handle::ApiInner,
    keys::KeyRights,
    problem::{Problem, ProblemCode},
    refusals::channel,
};
use crate::{
    model::{Channel, ChannelOptions, SocketId},
    server::SocketIo,
    socket::Target,
};

/// A request's server, API and key.
#[derive(Clone)]
pub(super) struct RequestScope {
    pub(super) io: SocketIo,
    pub(super) api: Arc<ApiInner>,
    pub(super) key: Arc<KeyRights>,
}

/// One namespace of it.
pub(super) struct NamespaceScope<'a> {
    pub(super) io: SocketIo,
    api: &'a ApiInner,
    key: &'a KeyRights,
}

impl RequestScope {
    pub(super) fn namespace(&self, name: &str) -> Result<NamespaceScope<'_>, Problem> {
        let io = self.io.known_namespace(name).ok_or_else(|| {
            let reason = "there is no such namespace";
            Problem::new(ProblemCode::UnknownNamespace, reason).in_field("namespace")
        })?;
        Ok(NamespaceScope { io, api: &self.api, key: &self.key })
    }

    /// Refuses a list that is too long.
    pub(super) fn check_items(&self, count: usize, field: &str) -> Result<(), Problem> {
        let limit = self.api.settings.max_items;
        if count <= limit {
            return Ok(());
        }
        let reason = format!("expected {limit} at most");
        Err(Problem::new(ProblemCode::TooLarge, reason).in_field(field))
    }

    /// The limit of a list. One that is out of its bounds is refused.
    pub(super) fn limit(&self, limit: Option<usize>, default: usize) -> Result<usize, Problem> {
        let most = self.api.settings.max_items;
        match limit {
            None => Ok(default.min(most)),
            Some(limit) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::bad_request(format!("expected 1 to {most}")).in_field("limit")),
        }
    }
}

impl NamespaceScope<'_> {
    /// A channel that the key may use.
    pub(super) fn channel(&self, name: &str, field: &str) -> Result<Channel, Problem> {
        let channel = channel(name, self.io.max_channel_length(), field)?;
        if !self.key.may_use(&channel) {
            let reason = "the key may not use this channel";
            return Err(Problem::new(ProblemCode::Forbidden, reason).in_field(field));
        }
        Ok(channel)
    }

    /// A channel that a command sends to, or puts sockets into.
    pub(super) fn target_channel(&self, name: &str, field: &str) -> Result<Channel, Problem> {
        let channel = self.channel(name, field)?;
        if self.api.settings.declared_only {
            self.options(&channel, field)?;
        }
        Ok(channel)
    }

    /// The options that routes give a channel. `None`: they are not known, since a function decides
    /// which clients are in the namespace.
    pub(super) fn options(
        &self,
        channel: &Channel,
        field: &str,
    ) -> Result<Option<ChannelOptions>, Problem> {
        let Some(declared) = self.io.declared_channel(channel) else { return Ok(None) };
        declared.map(Some).ok_or_else(|| {
            Problem::new(ProblemCode::NoSuchChannel, "no route declares it").in_field(field)
        })
    }

    /// Refuses what is about more than channels, to a key for some channels.
    pub(super) fn check_all(&self, field: &str) -> Result<(), Problem> {
        if self.key.may_use_all() {
            return Ok(());
        }
        let reason = "the key is for some channels alone";
        Err(Problem::new(ProblemCode::Forbidden, reason).in_field(field))
    }

    /// The sockets of a command: one by its id, or those in a channel.
    pub(super) fn sockets(
        &self,
        socket: Option<SocketId>,
        in_channel: Option<&str>,
    ) -> Result<(Target, ChosenSockets), Problem> {
        match (socket, in_channel) {
            (Some(id), None) => {
                self.check_all("socket")?;
                Ok((self.io.target_of(id), ChosenSockets::One(id)))
            }
            (None, Some(name)) => {
                let channel = self.channel(name, "in_channel")?;
                Ok((self.io.to(&channel), ChosenSockets::In(channel)))
            }
            _ => Err(Problem::bad_request("expected exactly one of `socket` and `in_channel`")),
        }
    }

    pub(super) fn may_use(&self, channel: &Channel) -> bool {
        self.key.may_use(channel)
    }
}

/// The sockets that a command acts on.
pub(super) enum ChosenSockets {
    One(SocketId),
    In(Channel),
}
