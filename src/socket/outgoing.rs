use tokio::sync::mpsc;

use crate::protocol::{Args, DecodeLimits, Frame, PacketCodec, PacketKind};

/// Receives the events that are sent to one client.
///
/// [`Socket::outgoing`](crate::Socket::outgoing) makes one.
///
/// ```no_run
/// # async fn example(socket: actix_socketio::Socket) {
/// let mut outgoing = socket.outgoing(64);
/// while let Some(event) = outgoing.next().await {
///     log::debug!("sent {:?} {:?}", event.name, event.args);
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Outgoing {
    frames: mpsc::Receiver<Frame>,
    codec: PacketCodec,
}

/// An event that was sent to a client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutgoingEvent {
    /// The name of the event.
    pub name: String,
    /// The arguments.
    pub args: Args,
}

impl Outgoing {
    pub(super) fn new(frames: mpsc::Receiver<Frame>, codec: PacketCodec) -> Self {
        Self { frames, codec }
    }

    /// Waits for the next event. `None`: the client has gone.
    pub async fn next(&mut self) -> Option<OutgoingEvent> {
        loop {
            if let Some(event) = read_event(&self.frames.recv().await?, &self.codec) {
                return Some(event);
            }
        }
    }
}

/// The event in a frame of this server. Other packets, such as acknowledgements, are not events.
pub(crate) fn read_event(frame: &Frame, codec: &PacketCodec) -> Option<OutgoingEvent> {
    let mut decoder = codec.decoder(DecodeLimits::new(usize::MAX, usize::MAX, usize::MAX));
    let mut packet = match frame.text().strip_prefix('4') {
        Some(text) => decoder.text(text.into()).ok()?,
        None => None,
    };
    for attachment in frame.attachments() {
        packet = decoder.binary(attachment.clone()).ok()?;
    }
    match packet?.kind {
        PacketKind::Event { name, args, .. } => {
            Some(OutgoingEvent { name: name.to_string(), args })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::{AckId, Many, ack, event};

    #[test]
    fn events_are_read_and_nothing_else() {
        let usual = PacketCodec::default();
        let data = Bytes::from_static(&[1]);
        let event_read =
            read_event(&event("/x", Some(3), "e", &Many((1, data.clone()))).unwrap(), &usual)
                .unwrap();
        assert_eq!((&*event_read.name, event_read.args.raw(0)), ("e", Some("1")));
        assert_eq!(event_read.args.binary(1), Some(data));
        assert!(read_event(&ack("/", &AckId::from(1), "x").unwrap(), &usual).is_none());
        assert!(read_event(&Frame::PING, &usual).is_none());
    }
}
