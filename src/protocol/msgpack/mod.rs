//! The wire of `socket.io-msgpack-parser`: a packet is one MessagePack map in one binary Engine.IO
//! message, with what is binary in its place.
//!
//! The map is `{type, data, id, nsp}`; `data` is missing where the packet has no payload, `id`
//! where nothing is to be acknowledged, and the client's `options` mean nothing to a server.
//! [`Packet`](super::Packet) keeps JSON beside attachments, so what JSON lacks is taken as
//! `JSON.stringify` would write it:
//!
//! - dates (notepack's own, and MessagePack's timestamps) are ISO 8601 strings, invalid ones
//!   `null`;
//! - `undefined` is `null` in an array and leaves out the member of an object, NaN and the
//!   infinities are `null`;
//! - keys which are integers, booleans or nil become strings; other keys, and other extension
//!   types, are refused;
//! - `-0` and floats without a fraction are integers, in both directions.

mod date;
mod decode;
mod encode;
mod reader;

pub(crate) use decode::decode;
pub(crate) use encode::encode;

/// The integer that a float is, if it is one of 64 bits.
fn integral(float: f64) -> Result<i128, f64> {
    // 2⁶³ and 2⁶⁴: all floats below have room.
    let fits = float.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&float);
    if fits { Ok(float as i128) } else { Err(float) }
}

#[cfg(test)]
mod tests;
