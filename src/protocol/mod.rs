//! The wire: strings and bytes in, values out.
//!
//! Two protocols, one on top of the other. **Engine.IO** ([`engineio`]) carries messages over HTTP
//! long-polling or a WebSocket. **Socket.IO v5** ([`socketio`], or [`msgpack`] in another form)
//! puts namespaces, events and acknowledgements into these messages. A [`Frame`] is a packet that
//! is ready to send, encoded once for any number of receivers.
//!
//! Nothing here knows actix, tasks or time, so a parser of your own can build on the public part:
//! [`Parser`], [`Packet`], [`Args`] and what they use.

#[allow(unreachable_pub, reason = "benches measure it, by way of `internals`")]
pub(crate) mod engineio;
mod error;
#[allow(unreachable_pub, reason = "benches measure it, by way of `internals`")]
pub(crate) mod frame;
mod frame_builder;
mod msgpack;
mod outgoing_packet;
pub(crate) mod socketio;
mod unsealed_packet;

pub(crate) use engineio::{EnginePacket, OpenPacket, Version, payload, v3};
pub use error::DecodeError;
pub(crate) use frame::Frame;
pub(crate) use outgoing_packet::OutgoingPacket;
#[cfg(any(test, fuzzing, feature = "internals"))]
pub(crate) use socketio::encode::connect;
#[cfg(any(test, fuzzing))]
pub(crate) use socketio::encode::{ack, connect_error, disconnect, event, forward};
pub use socketio::{
    AckId, ArgError, Args, DecodeLimits, Decoder, Encoded, Many, MsgpackParser, Packet,
    PacketDecoder, PacketKind, Parser,
};
pub(crate) use socketio::{PacketCodec, connect_v3, is_reserved, to_args};
pub use unsealed_packet::UnsealedPacket;
