use bytes::Bytes;
use rmp::Marker;

use super::{
    super::{AckId, DecodeError, DecodeLimits, Packet, PacketKind},
    reader::{Json, MsgpackReader, bad},
};

/// Reads a whole message. What the official decoder refuses is refused, and what the default
/// parser's [`Decoder`](crate::protocol::Decoder) refuses.
///
/// Nesting beyond the limit is refused before it is followed, and nothing is reserved for lengths
/// which a header only claims. Attachments share the message's memory.
///
/// More than the official decoder, this one refuses ids below 0 or beyond 64 bits; binary in the
/// payload of a CONNECT or CONNECT_ERROR, since [`PacketKind`] has no place for it; and an object
/// with `_placeholder: true` beside binary, which could not be told from a placeholder. Without
/// binary, that is ordinary data.
///
/// # Errors
/// [`DecodeError`], for which Socket.IO closes the connection with the reason `parse error`.
pub(crate) fn decode(data: &Bytes, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
    if data.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = MsgpackReader { data, at: 0, limits };
    let members = match reader.marker()? {
        Marker::FixMap(count) => u64::from(count),
        Marker::Map16 => reader.uint(2)?,
        Marker::Map32 => reader.uint(4)?,
        _ => return Err(bad("a packet is a map")),
    };
    let (mut kind, mut payload, mut id, mut namespace) = (None, None, None, None);
    for _ in 0..members {
        let mut key = String::new();
        reader.key(&mut key)?;
        // A value of `undefined`, such as the data of a client without `auth`, is none.
        let value = reader.value()?;
        match key.as_str() {
            r#""type""# => kind = value,
            r#""data""# => payload = value,
            r#""id""# => id = value,
            r#""nsp""# => namespace = value,
            _ => {}
        }
    }
    if reader.at < data.len() {
        return Err(bad("something follows the packet"));
    }
    let kind = match kind.as_ref().map(|json| json.text.as_bytes()) {
        Some(&[kind @ b'0'..=b'4']) => char::from(kind),
        Some(&[other @ b'0'..=b'9']) => return Err(DecodeError::UnknownType(other.into())),
        _ => return Err(bad("the type of a packet is a number from 0 to 4")),
    };
    let namespace = namespace
        .and_then(|json| serde_json::from_str::<String>(&json.text).ok())
        .ok_or_else(|| bad("the namespace of a packet is a string"))?;
    let id = id.map(|json| json.text.parse::<u64>().map(AckId::from)).transpose();
    let id = id.map_err(|_| bad("the id of a packet is a number, at least 0"))?;
    // Python's client says DISCONNECT with nil, at which the official decoder closes the
    // connection.
    let payload = payload.filter(|json| (kind, json.text.as_str()) != ('1', "null"));
    if !matches!(
        (kind, payload.as_ref().and_then(|json| json.text.bytes().next())),
        ('0', None | Some(b'{')) | ('1', None) | ('2' | '3', Some(b'[')) | ('4', Some(b'{' | b'"'))
    ) {
        return Err(bad("the type of the packet has none of this kind"));
    }
    // From here on it is the packet of the default parser, and its rules hold.
    let Json { text, attachments, .. } = payload.unwrap_or_default();
    let (packet, _) = Packet::decode(format!("{kind}{text}").into(), limits)?;
    let kind = match packet.kind {
        PacketKind::Event { name, args, .. } => {
            PacketKind::Event { name, args: args.attach(attachments)?, id }
        }
        PacketKind::Ack { args, .. } => PacketKind::Ack { args: args.attach(attachments)?, id },
        other if attachments.is_empty() => other,
        _ => return Err(bad("only events and acknowledgements have binary")),
    };
    Ok(Packet { namespace: namespace.into(), kind })
}
