use bytes::Bytes;
use bytestring::ByteString;
use serde_json::value::RawValue;

use super::{Classic, kind};
use crate::{
    members::{Members, read_event, read_id, read_opts, read_packet, read_sockets},
    message::{Answer, Envelope, Message, Notice, Opts, Request, ServerId},
    message_text::{MessageText, list, parse},
    wire::Unreadable,
};

pub(super) fn read(
    wire: &Classic,
    channel: &[u8],
    payload: &Bytes,
) -> Result<Option<Envelope>, Unreadable> {
    let channel = std::str::from_utf8(channel)
        .map_err(|_| Unreadable::new("the name of the channel is not UTF-8"))?;
    let Some(rest) = channel.strip_prefix(&*wire.key) else { return Ok(None) };
    if let Some(namespace) = rest.strip_prefix("-request#") {
        let Some(namespace) = namespace.strip_suffix('#') else { return Ok(None) };
        read_request(wire, namespace, payload)
    } else if let Some(rest) = rest.strip_prefix("-response#") {
        let Some(rest) = rest.strip_suffix('#') else { return Ok(None) };
        let namespace = rest.strip_suffix(&*wire.own.0).and_then(|rest| rest.strip_suffix('#'));
        read_response(wire, namespace.unwrap_or(rest), payload)
    } else if let Some(rest) = rest.strip_prefix('#') {
        read_broadcast(wire, rest, payload)
    } else {
        Ok(None)
    }
}

/// The most parts that a broadcast may have. Only the first three have a meaning.
const MAX_PARTS: usize = 10;

/// Reads a broadcast: `[uid, packet, opts]`. `channel` is the name without the key.
fn read_broadcast(
    wire: &Classic,
    channel: &str,
    payload: &Bytes,
) -> Result<Option<Envelope>, Unreadable> {
    let text = MessageText::msgpack(payload, wire.limits)?;
    let parts = list(text.parse()?, MAX_PARTS)?;
    let [uid, packet, opts, ..] = parts[..] else {
        return Err(Unreadable::new("a broadcast with less than three parts"));
    };
    let (event, namespace) = read_packet(&text, Some(packet))?;
    let namespace = namespace.unwrap_or(ByteString::from_static("/"));
    // The pattern of one namespace also matches the channels of others.
    let room = channel.strip_prefix(&*namespace);
    if !room.is_some_and(|room| room.starts_with('#')) {
        return Ok(None);
    }
    let sender = Some(uid).filter(|uid| uid.get() != "null");
    let sender = sender.map(|uid| read_id(&text, uid).map(ServerId)).transpose()?;
    let message = Message::Notice(Notice::Broadcast { event, opts: read_opts(&text, opts)? });
    Ok(Some(Envelope { sender, namespace, message }))
}

fn read_request(
    wire: &Classic,
    namespace: &str,
    payload: &Bytes,
) -> Result<Option<Envelope>, Unreadable> {
    let text = MessageText::read(payload, wire.limits)?;
    let members: Members<'_> = text.parse()?;
    let Some(message) = read_request_message(&text, &members)? else { return Ok(None) };
    let sender = members.sender(&text)?;
    Ok(Some(Envelope { sender, namespace: namespace.into(), message }))
}

fn read_request_message(
    text: &MessageText,
    members: &Members<'_>,
) -> Result<Option<Message>, Unreadable> {
    let Some(kind) = members.kind() else { return Ok(None) };
    Ok(Some(match kind {
        kind::SOCKET_IDS => {
            let rooms = members.rooms.map(|rooms| text.rooms(rooms, text.limits().rooms));
            let rooms = rooms.transpose()?.unwrap_or_default();
            Message::Request(members.answered(text)?, Request::SocketIds { rooms })
        }
        kind::ROOMS => Message::Request(members.answered(text)?, Request::Rooms),
        kind::JOIN | kind::LEAVE => {
            let opts = opts_or_socket(text, members)?;
            let rooms = match (members.opts, members.room) {
                (None, Some(room)) => vec![text.room(room)],
                _ => members.rooms(text)?,
            };
            Message::Notice(match kind {
                kind::JOIN => Notice::Join { opts, rooms },
                _ => Notice::Leave { opts, rooms },
            })
        }
        kind::DISCONNECT => {
            let opts = opts_or_socket(text, members)?;
            Message::Notice(Notice::Disconnect { opts, close: members.close() })
        }
        kind::FETCH => {
            let opts = members.opts(text)?;
            Message::Request(members.answered(text)?, Request::Sockets { opts })
        }
        kind::SERVER_EVENT => {
            let event = read_event(text, members.data)?;
            match members.request(text)? {
                None => Message::Notice(Notice::ServerEvent(event)),
                Some(id) => Message::Request(id, Request::ServerEvent(event)),
            }
        }
        kind::BROADCAST => {
            let (event, _) = read_packet(text, members.packet)?;
            let request = Request::Broadcast { event, opts: members.opts(text)? };
            Message::Request(members.answered(text)?, request)
        }
        kind::HEARTBEAT => {
            let Some(data) = members.data else { return Ok(None) };
            let Some(notice) = parse::<Members<'_>>(data.get())?.own_notice(text)? else {
                return Ok(None);
            };
            Message::Notice(notice)
        }
        _ => return Ok(None),
    }))
}

/// Reads the sockets that a request is about. Old servers name one socket in place of rooms. They
/// also wait for an answer, without which they go on after their timeout.
fn opts_or_socket(text: &MessageText, members: &Members<'_>) -> Result<Opts, Unreadable> {
    match (members.opts, members.sid) {
        (None, Some(sid)) => Ok(Opts { rooms: vec![text.room(sid)], ..Opts::default() }),
        _ => members.opts(text),
    }
}

fn read_response(
    wire: &Classic,
    namespace: &str,
    payload: &Bytes,
) -> Result<Option<Envelope>, Unreadable> {
    let mut text = MessageText::read(payload, wire.limits)?;
    let members: Members<'_> = text.parse()?;
    if members.kind.is_none() && text.has_attachments() {
        text = text.without_attachments();
    }
    let members: Members<'_> = text.parse()?;
    let Some(answer) = read_answer(&text, &members)? else { return Ok(None) };
    let message = Message::Answer(members.answered(&text)?, answer);
    Ok(Some(Envelope { sender: members.sender(&text)?, namespace: namespace.into(), message }))
}

/// Reads an answer. Those without a type are told by what they have.
fn read_answer(text: &MessageText, members: &Members<'_>) -> Result<Option<Answer>, Unreadable> {
    Ok(Some(match members.kind() {
        Some(kind::CLIENT_COUNT) => {
            Answer::Receivers { count: members.client_count()?, ids: members.socket_ids(text)? }
        }
        Some(kind::ACKNOWLEDGEMENT) => Answer::Acknowledgement {
            argument: members.packet.map(|packet| text.payload(packet)),
            id: members.socket_id()?,
        },
        Some(kind::SERVER_EVENT) => {
            Answer::ServerEvent(members.data.map(|data| text.payload(data)))
        }
        Some(_) => return Ok(None),
        None => match (members.sockets, members.rooms) {
            (Some(sockets), _) if is_list_of_strings(sockets) => {
                Answer::SocketIds(text.rooms(sockets, text.limits().answer_entries)?)
            }
            (Some(sockets), _) => Answer::Sockets(read_sockets(text, Some(sockets))?),
            (None, Some(rooms)) => Answer::Rooms(text.rooms(rooms, text.limits().answer_entries)?),
            // The answer to an old form of request.
            (None, None) => return Ok(None),
        },
    }))
}

fn is_list_of_strings(value: &RawValue) -> bool {
    let first = value.get().strip_prefix('[').map(str::trim_start);
    first.is_some_and(|first| first.starts_with('"'))
}
