//! The wire format of `socket.io-msgpack-parser`: a packet is one MessagePack map in one binary
//! Engine.IO message, with attachments in place.
//!
//! The map is `{type, data, id, nsp}`. `data` is missing if the packet has no payload, and `id` if
//! no acknowledgement is asked for. The client's `options` have no meaning for a server.
//!
//! [`Packet`](super::Packet) keeps JSON and attachments, so values that JSON does not have are read
//! as `JSON.stringify` would write them:
//!
//! - Dates (notepack's own, and MessagePack's timestamps) become ISO 8601 strings, and invalid
//!   dates become `null`.
//! - `undefined` becomes `null` in an array, and leaves out the member of an object.
//! - NaN and the infinities become `null`.
//! - Keys that are integers, booleans or nil become strings. Other keys, and other extension types,
//!   are refused.
//! - `-0` and floats without a fraction become integers, in both directions.

mod date;
mod decode;
mod encode;
mod reader;
mod value;

#[cfg(feature = "admin")]
pub(crate) use date::iso_8601;
pub(crate) use decode::decode;
pub(crate) use encode::{encode, with_argument};
pub use value::{from_json, to_json};

/// Returns the float as an integer if it is one that fits into 64 bits, and else the float.
fn integral(float: f64) -> Result<i128, f64> {
    // -2⁶³ and 2⁶⁴: every integer between them fits into an `i64` or a `u64`.
    let fits = float.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&float);
    if fits { Ok(float as i128) } else { Err(float) }
}

#[cfg(test)]
mod tests;
