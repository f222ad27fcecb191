//! The sessions of clients that are away, as the streams adapter of Node keeps them: base64 of
//! MessagePack `{sid, pid, rooms, data}`. Servers of this crate add `nsp`, `by` and `ours`, which
//! Node's ignore.

use actix_socketio::{
    Channel, Namespace, SocketId,
    adapter::{ClusterSession, PrivateId, msgpack},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    audience::channel,
    limits::WireLimits,
    members::read_id,
    message::ServerId,
    message_text::{MessageText, parse},
    streams::BASE64,
    wire::Unreadable,
};

/// A session that was in Redis.
pub(crate) struct KeptSession {
    pub(crate) session: ClusterSession,
    /// The server that has kept it. `None`: one of Node.
    pub(crate) by: Option<ServerId>,
}

/// The bytes that Redis keeps for a session of a server. `None`: it can't be written.
pub(crate) fn encode(session: &ClusterSession, by: Option<&ServerId>) -> Option<Bytes> {
    let ClusterSession { pid, id, namespace, channels, context, ours, .. } = session;
    let mut rooms = vec![id.as_str()];
    rooms.extend(channels.iter().map(Channel::as_str));
    let mut members = vec![
        ("sid", json(id.as_str())?),
        ("pid", json(pid.reveal())?),
        ("rooms", json(&rooms)?),
        ("data", json(context)?),
    ];
    if let Some(namespace) = namespace {
        members.push(("nsp", json(namespace.as_str())?));
    }
    if let Some(by) = by {
        members.push(("by", json(&*by.0)?));
    }
    if let Some(ours) = ours {
        members.push(("ours", json(&BASE64_STANDARD.encode(ours))?));
    }
    let mut out = BytesMut::new();
    // A map of up to 15 members.
    out.put_u8(0x80 | members.len() as u8);
    for (name, value) in members {
        out.extend_from_slice(&json(name)?);
        out.extend_from_slice(&value);
    }
    Some(BASE64_STANDARD.encode(out).into())
}

/// MessagePack by way of JSON. No part of it is taken for a binary value.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> Option<Bytes> {
    msgpack::from_json(&serde_json::to_string(value).ok()?, &[]).ok()
}

#[derive(Deserialize)]
struct RawSession<'a> {
    #[serde(borrow)]
    sid: Option<&'a RawValue>,
    #[serde(borrow)]
    pid: Option<&'a RawValue>,
    #[serde(borrow)]
    rooms: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    nsp: Option<&'a RawValue>,
    #[serde(borrow)]
    by: Option<&'a RawValue>,
    #[serde(borrow)]
    ours: Option<&'a RawValue>,
}

/// Reads the session that was kept for a secret.
///
/// # Errors
/// [`Unreadable`]: it is not one, it is that of another secret, or it is beyond a limit.
pub(crate) fn decode(
    value: &[u8],
    expected: &PrivateId,
    limits: WireLimits,
) -> Result<KeptSession, Unreadable> {
    if value.len() > limits.message_bytes {
        return Err(Unreadable(format!("a session of more than {} bytes", limits.message_bytes)));
    }
    let packed = BASE64.decode(value).map_err(|_| Unreadable::new("invalid base64"))?;
    let mut text = MessageText::msgpack(&packed.into(), limits)?;
    // An application of Node may keep bytes in `socket.data`.
    if text.has_attachments() {
        text = text.without_attachments();
    }
    let raw: RawSession<'_> = text.parse()?;
    let string = |value: Option<&RawValue>| value.and_then(|value| text.string(value));
    let missing = |what| move || Unreadable::new(format_args!("a session without {what}"));
    let id =
        string(raw.sid).and_then(|id| id.parse::<SocketId>().ok()).ok_or_else(missing("sid"))?;
    let pid = string(raw.pid).and_then(|pid| PrivateId::parse(&pid)).ok_or_else(missing("pid"))?;
    if pid != *expected {
        return Err(Unreadable::new("a session of another client"));
    }
    let rooms = raw.rooms.map(|rooms| text.rooms(rooms, limits.rooms)).transpose()?;
    let rooms = rooms.unwrap_or_default();
    let is_its_own = |room: &str| room.parse() == Ok(id);
    let rooms = rooms.iter().filter(|room| !is_its_own(room));
    let mut session = ClusterSession::new(pid, id);
    session.channels = rooms.filter_map(|room| channel(room)).collect();
    let context = raw.data.filter(|data| data.get().starts_with('{'));
    session.context = context.map(|data| parse(data.get())).transpose()?.unwrap_or_default();
    session.namespace = string(raw.nsp).map(|name| Namespace::new(&name));
    let ours = string(raw.ours).map(|ours| BASE64_STANDARD.decode(ours.as_bytes()));
    let ours = ours.transpose().map_err(|_| Unreadable::new("a session with invalid base64"))?;
    session.ours = ours.map(Bytes::from);
    let by = raw.by.map(|by| read_id(&text, by).map(ServerId)).transpose()?;
    Ok(KeptSession { session, by })
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    const PID: &str = "i0LIE3TZ-E61qPLZAAAB";
    const SID: &str = "dLmqf1QMcFHS4oViAAAA";

    fn pid() -> PrivateId {
        PrivateId::parse(PID).expect("a secret")
    }

    fn session() -> ClusterSession {
        let mut session = ClusterSession::new(pid(), SID.parse().expect("an id"));
        session.namespace = Some(Namespace::new("/chat"));
        session.channels = vec![channel("room1").expect("a name"), channel("ü").expect("a name")];
        // It looks like a placeholder for bytes, and has another meaning.
        let data = value!({ "name": "ann", "x": { "_placeholder": true, "num": 0 } });
        session.context = data.as_object().expect("an object").clone();
        session.ours = Some(Bytes::from_static(&[0, 255, 7]));
        session
    }

    #[test]
    fn a_session_is_read_as_it_was_written() {
        let by = ServerId("0123456789abcdef".into());
        let kept = encode(&session(), Some(&by)).expect("it can be written");
        let read = decode(&kept, &pid(), WireLimits::default()).expect("a session");
        assert_eq!(read.by, Some(by));
        let read = read.session;
        let expected = session();
        assert_eq!((read.pid, read.id), (expected.pid, expected.id));
        assert_eq!((read.namespace, read.channels), (expected.namespace, expected.channels));
        assert_eq!((read.context, read.ours), (expected.context, expected.ours));
    }

    #[test]
    fn a_session_of_node_is_read() {
        let map = value!({ "sid": SID, "pid": PID, "rooms": [SID, "room1", 5], "data": null });
        let packed = msgpack::from_json(&map.to_string(), &[]).expect("JSON");
        let kept = BASE64_STANDARD.encode(packed);
        let read = decode(kept.as_bytes(), &pid(), WireLimits::default()).expect("a session");
        assert_eq!(read.by, None);
        let read = read.session;
        let names: Vec<_> = read.channels.iter().map(Channel::as_str).collect();
        assert_eq!(names, ["room1", "5"]);
        assert!(read.namespace.is_none() && read.ours.is_none() && read.context.is_empty());
    }

    #[test]
    fn other_values_are_refused() {
        let map = |map: serde_json::Value| {
            let packed = msgpack::from_json(&map.to_string(), &[]).expect("JSON");
            BASE64_STANDARD.encode(packed).into_bytes()
        };
        let deep = (0..200).fold(value!({}), |inner, _| value!({ "a": inner }));
        let rooms: Vec<_> = (0..20_000).collect();
        for kept in [
            b"".to_vec(),
            b"{}".to_vec(),
            b"!".to_vec(),
            BASE64_STANDARD.encode([0xdd, 0xff, 0xff, 0xff, 0xff]).into_bytes(),
            map(value!([SID, PID])),
            map(value!({ "sid": SID })),
            map(value!({ "sid": "x", "pid": PID })),
            map(value!({ "sid": SID, "pid": SID })),
            map(value!({ "sid": SID, "pid": PID, "data": deep })),
            map(value!({ "sid": SID, "pid": PID, "rooms": rooms })),
            map(value!({ "sid": SID, "pid": PID, "ours": "%" })),
            vec![b'A'; 9 << 20],
        ] {
            let read = decode(&kept, &pid(), WireLimits::default());
            assert!(read.is_err(), "{:?}", String::from_utf8_lossy(&kept[..kept.len().min(40)]));
        }
    }
}
