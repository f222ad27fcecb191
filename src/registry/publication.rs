use crate::{
    model::{Channel, Namespace, SocketId},
    protocol::Frame,
};

/// Whom something is for, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audience {
    pub(crate) namespace: Namespace,
    /// Subscribers of any of these, each once; of none named: everyone.
    pub(crate) to: Vec<Channel>,
    /// Subscribers of any of these not.
    pub(crate) except: Vec<Channel>,
    /// These sockets not.
    pub(crate) except_sockets: Vec<SocketId>,
    /// These sockets, whatever they are subscribed to.
    pub(crate) including: Vec<SocketId>,
}

impl Audience {
    /// Everyone in a namespace.
    pub(crate) fn everyone(namespace: Namespace) -> Self {
        Self {
            namespace,
            to: Vec::new(),
            except: Vec::new(),
            except_sockets: Vec::new(),
            including: Vec::new(),
        }
    }

    /// The one list in which all of it is, but for one socket at most: the common case, for which
    /// nobody has to be marked.
    pub(super) fn list(&self) -> Option<List<'_>> {
        let Self { to, except, except_sockets, including, .. } = self;
        match &to[..] {
            _ if !except.is_empty() || !including.is_empty() || except_sockets.len() > 1 => None,
            [] => Some(List::Everyone),
            [channel] => Some(List::Channel(channel)),
            _ => None,
        }
    }
}

/// Those whom a table lists together.
pub(super) enum List<'a> {
    Everyone,
    Channel(&'a Channel),
}

/// A message and whom it is for, as plain data.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) audience: Audience,
    pub(crate) frame: Frame,
    /// Only for clients whose transport waits for something to send.
    pub(crate) volatile: bool,
}
