use std::time::SystemTime;

use crate::{
    model::{Channel, Namespace, Place, SocketId},
    protocol::StoredPacket,
};

/// A publication that a history keeps, as plain data.
///
/// ```
/// use std::time::SystemTime;
///
/// use actix_socketio::{
///     Channel, Namespace,
///     store::{Place, StoredPacket, StoredPublication},
/// };
///
/// let packet = StoredPacket::new(r#"42["goal","1:0"]"#, Vec::new(), false);
/// let channels = vec![Channel::new("match-42", 100)?];
/// let publication =
///     StoredPublication::new(Namespace::default(), channels, SystemTime::now(), packet)
///         .at_place(Place::new(7));
/// assert_eq!(publication.place, Place::new(7));
/// # Ok::<(), actix_socketio::ChannelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPublication {
    /// The namespace of the channels.
    pub namespace: Namespace,
    /// The channels whose histories keep it. Empty: the history of the whole namespace.
    pub channels: Vec<Channel>,
    /// Its place in the order. [`Place::START`] until it has one.
    pub place: Place,
    /// When it was published, by the wall clock.
    pub at: SystemTime,
    /// The packet that went to the receivers.
    pub packet: StoredPacket,
    /// The sockets that it was not for, if there are any.
    pub except: Option<Box<StoredExceptions>>,
}

/// The subscribers that a publication was not for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredExceptions {
    /// Subscribers of any of these channels.
    pub channels: Vec<Channel>,
    /// These sockets.
    pub sockets: Vec<SocketId>,
}

impl StoredPublication {
    /// A publication without a place and for all subscribers.
    pub fn new(
        namespace: Namespace,
        channels: Vec<Channel>,
        at: SystemTime,
        packet: StoredPacket,
    ) -> Self {
        Self { namespace, channels, place: Place::START, at, packet, except: None }
    }

    /// The same at its place in the order.
    pub fn at_place(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The same without these subscribers.
    pub fn except(self, channels: Vec<Channel>, sockets: Vec<SocketId>) -> Self {
        let is_needed = !channels.is_empty() || !sockets.is_empty();
        let except = is_needed.then(|| Box::new(StoredExceptions { channels, sockets }));
        Self { except, ..self }
    }

    /// About how many bytes of memory a queue needs for it. The packet is shared with its
    /// receivers, but the queue may be the last to have it.
    pub fn cost(&self) -> usize {
        let except = self.except.as_ref().map_or(0, |except| {
            size_of::<StoredExceptions>()
                + size_of_val(&except.channels[..])
                + size_of_val(&except.sockets[..])
        });
        size_of::<Self>() + size_of_val(&self.channels[..]) + self.packet.len() + except
    }
}
