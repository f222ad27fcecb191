use bytestring::ByteString;

use super::kind;
use crate::{
    members::{Members, read_event, read_packet, read_sockets},
    message::{Answer, Envelope, Message, Notice, Request},
    message_text::{MessageText, parse},
    wire::Unreadable,
};

/// Reads a whole message. `None`: Node's servers ignore it, or this version has no use for it.
pub(crate) fn read_envelope(text: &MessageText) -> Result<Option<Envelope>, Unreadable> {
    let members: Members<'_> = text.parse()?;
    let Some(namespace) = members.nsp.and_then(|nsp| text.string(nsp)) else { return Ok(None) };
    let Some(kind) = members.kind() else { return Ok(None) };
    let message = match kind {
        kind::HEARTBEAT if members.data.is_none() => None,
        _ => {
            let data = members.data.map_or("null", |data| data.get());
            read_data(text, kind, data)?
        }
    };
    let sender = members.sender(text)?;
    Ok(message.map(|message| Envelope { sender, namespace, message }))
}

/// Reads the `data` of a message, which is a part of the text.
pub(crate) fn read_data(
    text: &MessageText,
    kind: u64,
    data: &str,
) -> Result<Option<Message>, Unreadable> {
    if kind == kind::SOCKETS && text.has_attachments() {
        // The context of a socket may have bytes, for which its description has no place.
        let text = text.without_attachments();
        let members: Members<'_> = text.parse()?;
        let data = members.data.map_or(text.whole(), |data| data.get());
        return read_data(&text, kind, data);
    }
    if !is_known(kind) {
        return Ok(None);
    }
    read_message(text, kind, &parse(data)?)
}

fn read_message(
    text: &MessageText,
    kind: u64,
    members: &Members<'_>,
) -> Result<Option<Message>, Unreadable> {
    let request = || members.request(text);
    let message = match kind {
        kind::HEARTBEAT => {
            return Ok(members.own_notice(text)?.map(Message::Notice));
        }
        kind::BROADCAST => {
            let (event, _) = read_packet(text, members.packet)?;
            let opts = members.opts(text)?;
            match request()? {
                None => Message::Notice(Notice::Broadcast { event, opts }),
                Some(id) => Message::Request(id, Request::Broadcast { event, opts }),
            }
        }
        kind::JOIN => {
            Message::Notice(Notice::Join { opts: members.opts(text)?, rooms: members.rooms(text)? })
        }
        kind::LEAVE => Message::Notice(Notice::Leave {
            opts: members.opts(text)?,
            rooms: members.rooms(text)?,
        }),
        kind::DISCONNECT => Message::Notice(Notice::Disconnect {
            opts: members.opts(text)?,
            close: members.close(),
        }),
        kind::FETCH => Message::Request(
            members.answered(text)?,
            Request::Sockets { opts: members.opts(text)? },
        ),
        kind::SERVER_EVENT => {
            let event = read_event(text, members.packet)?;
            match request()? {
                None => Message::Notice(Notice::ServerEvent(event)),
                Some(id) => Message::Request(id, Request::ServerEvent(event)),
            }
        }
        kind::ROOMS => Message::Request(members.answered(text)?, Request::Rooms),
        kind::SOCKET_IDS => Message::Request(
            members.answered(text)?,
            Request::SocketIds { rooms: members.rooms(text)? },
        ),
        _ => Message::Answer(members.answered(text)?, read_answer(text, kind, members)?),
    };
    Ok(Some(message))
}

fn is_known(kind: u64) -> bool {
    matches!(kind, kind::HEARTBEAT..=kind::ACKNOWLEDGEMENT | kind::ROOMS..=kind::SOCKET_IDS_ANSWER)
}

fn read_answer(text: &MessageText, kind: u64, members: &Members<'_>) -> Result<Answer, Unreadable> {
    let names = || -> Result<Vec<ByteString>, Unreadable> { members.all_rooms(text) };
    Ok(match kind {
        kind::CLIENT_COUNT => {
            Answer::Receivers { count: members.client_count()?, ids: members.socket_ids(text)? }
        }
        kind::ACKNOWLEDGEMENT => Answer::Acknowledgement {
            argument: members.packet.map(|packet| text.payload(packet)),
            id: members.socket_id()?,
        },
        kind::SOCKETS => Answer::Sockets(read_sockets(text, members.sockets)?),
        kind::SERVER_EVENT_ANSWER => {
            Answer::ServerEvent(members.packet.map(|packet| text.payload(packet)))
        }
        kind::ROOMS_ANSWER => Answer::Rooms(names()?),
        _ => Answer::SocketIds(names()?),
    })
}
