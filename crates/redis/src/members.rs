//! The members that messages of all three adapters have, before they are given a meaning.

mod described_socket;
mod opts;

use std::io::Write as _;

use actix_socketio::SocketId;
use bytestring::ByteString;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) use self::{
    described_socket::{read_sockets, write_sockets},
    opts::{read_opts, write_opts},
};
use crate::{
    message::{Heartbeat, Notice, Opts, Payload, RequestId, ServerId},
    message_text::{MessageText, list, parse},
    presence::read_presence,
    wire::Unreadable,
};

/// The most bytes of the id of a server or a request. Node's have 6 or 16.
const MAX_ID: usize = 100;

/// The most bytes of the address of a server.
const MAX_ADDRESS: usize = 1_000;

/// All members that a message, or the `data` of one, may have. Others are ignored, and `null` is
/// read as missing, except where a value of the application stands.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Members<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) uid: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) nsp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) request_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(crate) data: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(crate) packet: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) opts: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) rooms: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) close: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) sockets: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) client_count: Option<&'a RawValue>,
    /// Our own, in acknowledgements: the id of the socket.
    #[serde(borrow)]
    pub(crate) socket: Option<&'a RawValue>,
    /// Of old requests: one socket, and one room.
    #[serde(borrow)]
    pub(crate) sid: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) room: Option<&'a RawValue>,
    /// Of our own heartbeats.
    #[serde(borrow)]
    clients: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
    #[serde(borrow)]
    uptime: Option<&'a RawValue>,
    #[serde(borrow)]
    interval: Option<&'a RawValue>,
    #[serde(borrow)]
    address: Option<&'a RawValue>,
    #[serde(borrow)]
    last: Option<&'a RawValue>,
    /// The version of presence in a heartbeat, or presence itself.
    #[serde(borrow)]
    presence: Option<&'a RawValue>,
}

/// Reads a member that is there, also if it is `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

/// The packet of a broadcast.
#[derive(Deserialize)]
struct Packet<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    nsp: Option<&'a RawValue>,
}

impl<'a> Members<'a> {
    /// The type of the message. `None`: it has a type of no number.
    pub(crate) fn kind(&self) -> Option<u64> {
        self.kind.and_then(whole)
    }

    pub(crate) fn sender(&self, text: &MessageText) -> Result<Option<ServerId>, Unreadable> {
        self.uid.map(|uid| read_id(text, uid).map(ServerId)).transpose()
    }

    /// The id of a request that wants an answer.
    pub(crate) fn request(&self, text: &MessageText) -> Result<Option<RequestId>, Unreadable> {
        self.request_id.map(|id| read_id(text, id).map(RequestId)).transpose()
    }

    /// The id of the request that the message answers.
    pub(crate) fn answered(&self, text: &MessageText) -> Result<RequestId, Unreadable> {
        self.request(text)?.ok_or_else(|| Unreadable::new("an answer without an id"))
    }

    pub(crate) fn opts(&self, text: &MessageText) -> Result<Opts, Unreadable> {
        read_opts(text, self.opts.ok_or_else(|| Unreadable::new("no opts"))?)
    }

    /// The rooms that sockets join or leave.
    pub(crate) fn rooms(&self, text: &MessageText) -> Result<Vec<ByteString>, Unreadable> {
        let rooms = self.rooms.ok_or_else(|| Unreadable::new("no rooms"))?;
        text.rooms(rooms, text.limits().rooms)
    }

    /// The rooms of an answer, of which there may be many.
    pub(crate) fn all_rooms(&self, text: &MessageText) -> Result<Vec<ByteString>, Unreadable> {
        let rooms = self.rooms.ok_or_else(|| Unreadable::new("no rooms"))?;
        text.rooms(rooms, text.limits().answer_entries)
    }

    pub(crate) fn close(&self) -> bool {
        self.close.and_then(truthy).unwrap_or(false)
    }

    pub(crate) fn client_count(&self) -> Result<u64, Unreadable> {
        let count = self.client_count.and_then(whole);
        count.ok_or_else(|| Unreadable::new("no number of clients"))
    }

    /// The sockets that received a broadcast: our own.
    pub(crate) fn socket_ids(
        &self,
        text: &MessageText,
    ) -> Result<Option<Vec<SocketId>>, Unreadable> {
        let ids =
            |ids| list(ids, text.limits().answer_entries)?.into_iter().map(socket_id).collect();
        self.sockets.map(ids).transpose()
    }

    /// The socket that acknowledges: our own.
    pub(crate) fn socket_id(&self) -> Result<Option<SocketId>, Unreadable> {
        self.socket.map(socket_id).transpose()
    }

    /// Reads what our own servers tell of themselves: a heartbeat, or presence. `None`: it is a
    /// heartbeat of another server, which has a meaning for other adapters.
    pub(crate) fn own_notice(&self, text: &MessageText) -> Result<Option<Notice>, Unreadable> {
        if let (None, Some(presence)) = (self.version, self.presence) {
            return Ok(Some(Notice::Presence(read_presence(text, presence)?)));
        }
        Ok(self.heartbeat(text)?.map(Notice::Heartbeat))
    }

    fn heartbeat(&self, text: &MessageText) -> Result<Option<Heartbeat>, Unreadable> {
        let Some(version) = self.version else { return Ok(None) };
        let number = |value: Option<&RawValue>| {
            value.and_then(whole).ok_or_else(|| Unreadable::new("a number of a heartbeat"))
        };
        Ok(Some(Heartbeat {
            clients: number(self.clients)?,
            version: read_id(text, version)?,
            uptime: number(self.uptime)?,
            interval: number(self.interval)?,
            address: self.address.map(|address| read_address(text, address)).transpose()?,
            presence: self.presence.map(|version| number(Some(version))).transpose()?,
            is_last: self.last.and_then(truthy).unwrap_or(false),
        }))
    }
}

/// Reads the packet of a broadcast, with the namespace that it may have.
pub(crate) fn read_packet(
    text: &MessageText,
    packet: Option<&RawValue>,
) -> Result<(Payload, Option<ByteString>), Unreadable> {
    let packet: Packet<'_> = parse(packet.map_or("null", RawValue::get))?;
    // Old emitters write 5 where the arguments have bytes.
    if !matches!(packet.kind.and_then(whole), Some(2 | 5)) {
        return Err(Unreadable::new("the packet is not an event"));
    }
    let namespace = packet.nsp.map(|nsp| {
        text.string(nsp).ok_or_else(|| Unreadable::new("the namespace is not a string"))
    });
    Ok((read_event(text, packet.data)?, namespace.transpose()?))
}

/// Reads an event: an array with a name and arguments.
pub(crate) fn read_event(
    text: &MessageText,
    event: Option<&RawValue>,
) -> Result<Payload, Unreadable> {
    event
        .filter(|event| {
            let name = event.get().strip_prefix('[').map(str::trim_start);
            name.is_some_and(|name| {
                name.starts_with(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            })
        })
        .map(|event| text.payload(event))
        .ok_or_else(|| Unreadable::new("the event has no name"))
}

/// Reads an id, with memory of its own: it may outlive its message.
pub(crate) fn read_id(text: &MessageText, value: &RawValue) -> Result<ByteString, Unreadable> {
    let id = text.string(value).filter(|id| id.len() <= MAX_ID);
    let id = id.ok_or_else(|| Unreadable(format!("an id is not a string of {MAX_ID} bytes")))?;
    Ok(ByteString::from(&*id))
}

/// Reads the address of a server, with memory of its own.
fn read_address(text: &MessageText, value: &RawValue) -> Result<ByteString, Unreadable> {
    let address = text.string(value).filter(|address| address.len() <= MAX_ADDRESS);
    let address = address.ok_or_else(|| Unreadable::new("the address of a server"))?;
    Ok(ByteString::from(&*address))
}

fn socket_id(value: &RawValue) -> Result<SocketId, Unreadable> {
    let id = value.get().trim_matches('"').parse();
    id.map_err(|_| Unreadable::new("the id of a socket is invalid"))
}

/// Reads a whole number, in any of the forms that a number may have.
pub(crate) fn whole(value: &RawValue) -> Option<u64> {
    let number: f64 = value.get().parse().ok()?;
    (number.fract() == 0.0 && number >= 0.0).then_some(number as u64)
}

/// Whether JavaScript takes a value as true. `None`: it is `null`.
fn truthy(value: &RawValue) -> Option<bool> {
    match value.get() {
        "null" => None,
        "false" | "0" | r#""""# => Some(false),
        _ => Some(true),
    }
}

/// Writes a string as JSON.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    // A string can always be written as JSON, and a vector accepts every write.
    let _ = serde_json::to_writer(out, text);
}

/// Writes a list of strings as JSON.
pub(crate) fn write_strings<'a>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = &'a str>) {
    out.push(b'[');
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, text);
    }
    out.push(b']');
}

/// Writes the members of our own heartbeat.
pub(crate) fn write_heartbeat(out: &mut Vec<u8>, heartbeat: &Heartbeat) {
    let Heartbeat { clients, version, uptime, interval, address, presence, is_last } = heartbeat;
    // A vector accepts every write.
    let _ = write!(out, r#"{{"clients":{clients},"version":"#);
    write_string(out, version);
    let _ = write!(out, r#","uptime":{uptime},"interval":{interval}"#);
    if let Some(address) = address {
        out.extend_from_slice(br#","address":"#);
        write_string(out, address);
    }
    if let Some(version) = presence {
        let _ = write!(out, r#","presence":{version}"#);
    }
    let _ = write!(out, r#","last":{is_last}}}"#);
}
