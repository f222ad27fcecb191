use crate::{
    model::{Channel, Namespace, SocketId},
    protocol::Frame,
};

/// A message and whom it is for, as plain data.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) namespace: Namespace,
    /// Subscribers of any of these get it, once; of none named: everyone.
    pub(crate) to: Vec<Channel>,
    /// Subscribers of any of these don't.
    pub(crate) except: Vec<Channel>,
    /// These sockets don't.
    pub(crate) except_sockets: Vec<SocketId>,
    /// These sockets do, whatever they are subscribed to.
    pub(crate) including: Vec<SocketId>,
    pub(crate) frame: Frame,
}
