//! Socket.IO v5: packets, their arguments and attachments, and the parsers that encode and decode
//! them.

mod all_args;
mod arg_error;
mod arg_index;
mod arg_ranges;
mod args;
mod attachments;
mod decoder;
pub(super) mod depth;
#[allow(unreachable_pub, reason = "benches measure it through `internals`")]
pub(crate) mod encode;
mod expectation;
pub(super) mod json;
mod many;
mod packet;
mod parser;
pub(super) mod placeholders;
mod portability;
mod relay;
pub(super) mod scan;
mod type_name;
pub(super) mod unescape;

pub use arg_error::ArgError;
pub use args::Args;
pub use decoder::{DecodeLimits, Decoder};
pub(crate) use encode::{ConnectAnswer, connect_v3, is_reserved};
pub(crate) use expectation::expectation;
pub use many::Many;
pub use packet::{AckId, Packet, PacketKind};
pub use parser::{Encoded, MsgpackParser, PacketDecoder, Parser};
pub(crate) use parser::{PacketCodec, to_args};
