//! The wire formats: they turn text and bytes into packets, and packets into text and bytes.
//!
//! Two protocols are layered. **Engine.IO** carries messages over HTTP long-polling or a WebSocket.
//! **Socket.IO v5** puts namespaces, events and acknowledgements into these messages, as JSON or as
//! MessagePack.
//!
//! The public part is for a [`Parser`] of your own, which works on [`Packet`] and [`Args`]. Nothing
//! in this module depends on actix, tasks or time.
//!
//! ```
//! use actix_socketio::protocol::{DecodeLimits, Decoder, PacketKind};
//!
//! let packet = Decoder::new(DecodeLimits::default()).text("1/admin,".into())?.unwrap();
//! assert_eq!(packet.namespace, "/admin");
//! assert_eq!(packet.kind, PacketKind::Disconnect);
//! # Ok::<(), actix_socketio::protocol::DecodeError>(())
//! ```

#[allow(unreachable_pub, reason = "benches measure it, by way of `internals`")]
pub(crate) mod engineio;
mod error;
#[allow(unreachable_pub, reason = "benches measure it, by way of `internals`")]
pub(crate) mod frame;
mod frame_builder;
pub(crate) mod msgpack;
mod outgoing_packet;
pub(crate) mod socketio;
mod stamp;
mod stored_packet;
mod unsealed_packet;

pub(crate) use engineio::{EnginePacket, OpenPacket, Version, payload, v3};
pub use error::DecodeError;
pub(crate) use frame::Frame;
#[cfg(feature = "admin")]
pub(crate) use msgpack::iso_8601;
pub(crate) use outgoing_packet::OutgoingPacket;
#[cfg(any(test, feature = "internals"))]
pub(crate) use socketio::encode::connect;
#[cfg(any(test, fuzzing))]
pub(crate) use socketio::encode::{ack, connect_error, disconnect, event, forward};
pub use socketio::{
    AckId, ArgError, Args, DecodeLimits, Decoder, Encoded, Many, MsgpackParser, Packet,
    PacketDecoder, PacketKind, Parser,
};
pub(crate) use socketio::{
    ConnectAnswer, PacketCodec, connect_v3, expectation, is_reserved, to_args,
};
pub(crate) use stamp::stamped;
pub use stored_packet::StoredPacket;
pub use unsealed_packet::UnsealedPacket;
