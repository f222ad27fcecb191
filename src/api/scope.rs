//! The part of a server that a command is about, as far as its key may go.

use std::sync::Arc;

use super::{
    handle::ApiInner,
    keys::KeyRights,
    problem::{Problem, ProblemCode},
    refusals::channel,
};
#[cfg(feature = "jwt")]
use crate::model::{is_user_channel, user_channel};
use crate::{
    model::{Channel, ChannelOptions, SocketId},
    server::SocketIo,
    socket::Target,
};

#[cfg(feature = "jwt")]
const ONE_OF: &str = "expected exactly one of `socket`, `in_channel` and `user`";
#[cfg(not(feature = "jwt"))]
const ONE_OF: &str = "expected exactly one of `socket` and `in_channel`";

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
        #[cfg(feature = "jwt")]
        if is_user_channel(&channel) {
            let reason = "the channels of users are the server's: use `user`";
            return Err(Problem::new(ProblemCode::NoSuchChannel, reason).in_field(field));
        }
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

    /// The sockets of a command: one by its id, those in a channel, or those of a user.
    pub(super) fn sockets(
        &self,
        socket: Option<SocketId>,
        in_channel: Option<&str>,
        user: Option<&str>,
    ) -> Result<(Target, ChosenSockets), Problem> {
        match (socket, in_channel, user) {
            (Some(id), None, None) => {
                self.check_all("socket")?;
                Ok((self.io.target_of(id), ChosenSockets::One(id)))
            }
            (None, Some(name), None) => {
                let channel = self.channel(name, "in_channel")?;
                Ok((self.io.to(&channel), ChosenSockets::In(channel)))
            }
            #[cfg(feature = "jwt")]
            (None, None, Some(user)) => {
                self.check_all("user")?;
                Ok((self.io.user(user), ChosenSockets::In(user_channel(user))))
            }
            _ => Err(Problem::bad_request(ONE_OF)),
        }
    }

    /// Whether the key is for all channels.
    #[cfg(feature = "jwt")]
    pub(super) fn may_use_all(&self) -> bool {
        self.key.may_use_all()
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
