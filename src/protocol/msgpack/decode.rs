use bytes::Bytes;
use rmp::Marker;

use super::{
    super::{AckId, DecodeError, DecodeLimits, Packet, PacketKind},
    reader::{Json, MsgpackReader, bad},
};

/// Decodes a whole message. It refuses what the official decoder refuses, and what the default
/// parser's [`Decoder`](crate::protocol::Decoder) refuses.
///
/// Nesting beyond the limit is refused before it is followed. No memory is reserved for lengths
/// that a header only claims. Attachments share the memory of the message.
///
/// Beyond the official decoder, this one refuses three things:
///
/// - ids below 0 or beyond 64 bits;
/// - binary in the payload of a CONNECT or CONNECT_ERROR, for which [`PacketKind`] has no field;
/// - an object with the key `_placeholder` in a packet with attachments, because it could not be
///   told from a placeholder. Without attachments, or with the value `false`, it is ordinary data.
///
/// # Errors
/// [`DecodeError`] if the packet is not valid. Socket.IO then closes the connection with the reason
/// `parse error`.
pub(crate) fn decode(data: &Bytes, limits: &DecodeLimits) -> Result<Packet, DecodeError> {
    let RawMembers { kind, payload, id, namespace } = read_members(data, limits)?;
    let kind = match kind.as_ref().map(|json| json.text.as_bytes()) {
        Some(&[kind @ b'0'..=b'4']) => char::from(kind),
        Some(&[other @ b'0'..=b'9']) => return Err(DecodeError::UnknownType(other.into())),
        _ => return Err(bad("expected a number from 0 to 4 as type of the packet")),
    };
    let namespace = namespace
        .and_then(|json| serde_json::from_str::<String>(&json.text).ok())
        .ok_or_else(|| bad("expected a string as namespace of the packet"))?;
    let id = id.map(|json| json.text.parse::<u64>().map(AckId::from)).transpose();
    let id = id.map_err(|_| bad("expected an integer of at least 0 as id of the packet"))?;
    // Python's client sends DISCONNECT with nil, for which the official decoder closes the
    // connection.
    let payload = payload.filter(|json| (kind, json.text.as_str()) != ('1', "null"));
    if !matches!(
        (kind, payload.as_ref().and_then(|json| json.text.bytes().next())),
        ('0', None | Some(b'{')) | ('1', None) | ('2' | '3', Some(b'[')) | ('4', Some(b'{' | b'"'))
    ) {
        return Err(bad("the payload does not match the type of the packet"));
    }
    // The type and the payload now form a packet of the default parser, whose rules apply.
    let Json { text, attachments } = payload.unwrap_or_default();
    let kind = match PacketKind::read(kind, text.into(), 0, id, limits)? {
        PacketKind::Event { name, args, id } => {
            PacketKind::Event { name, args: args.attach(attachments)?, id }
        }
        PacketKind::Ack { args, id } => PacketKind::Ack { args: args.attach(attachments)?, id },
        other if attachments.is_empty() => other,
        _ => return Err(bad("only events and acknowledgements may have attachments")),
    };
    Ok(Packet { namespace: namespace.into(), kind })
}

/// The members of a packet's map, before they are checked.
#[derive(Default)]
struct RawMembers {
    kind: Option<Json>,
    payload: Option<Json>,
    id: Option<Json>,
    namespace: Option<Json>,
}

/// Reads the map of a packet, which must be the whole message.
#[inline] // its only caller is on the hot path
fn read_members(data: &Bytes, limits: &DecodeLimits) -> Result<RawMembers, DecodeError> {
    if data.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = MsgpackReader { data, at: 0, limits };
    let count = match reader.marker()? {
        Marker::FixMap(count) => u64::from(count),
        Marker::Map16 => reader.uint(2)?,
        Marker::Map32 => reader.uint(4)?,
        _ => return Err(bad("expected a map as packet")),
    };
    let mut members = RawMembers::default();
    for _ in 0..count {
        let mut key = String::new();
        reader.key(&mut key)?;
        // A member that is `undefined` is read as missing. Clients without `auth` send such data.
        let value = reader.value()?;
        match key.as_str() {
            r#""type""# => members.kind = value,
            r#""data""# => members.payload = value,
            r#""id""# => members.id = value,
            r#""nsp""# => members.namespace = value,
            _ => {}
        }
    }
    if reader.at < data.len() {
        return Err(bad("unexpected data after the packet"));
    }
    Ok(members)
}
