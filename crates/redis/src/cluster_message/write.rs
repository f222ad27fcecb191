//! Writes messages. A vector accepts every write, so the results of `write!` are not looked at.

use std::io::Write as _;

use super::kind;
use crate::{
    members::{write_heartbeat, write_opts, write_sockets, write_string, write_strings},
    message::{Answer, Message, Notice, Opts, Payload, Request},
    presence::write_presence,
};
use actix_socketio::SocketId;
use bytestring::ByteString;

/// How an answer without a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undefined {
    /// Its member is left out, as in JSON.
    LeftOut,
    /// It is null, as `@msgpack/msgpack` writes it.
    Null,
}

/// The `type` of a message.
pub(crate) fn kind_of(message: &Message) -> u64 {
    match message {
        Message::Notice(notice) => match notice {
            Notice::Broadcast { .. } => kind::BROADCAST,
            Notice::Join { .. } => kind::JOIN,
            Notice::Leave { .. } => kind::LEAVE,
            Notice::Disconnect { .. } => kind::DISCONNECT,
            Notice::ServerEvent(_) => kind::SERVER_EVENT,
            Notice::Heartbeat(_) | Notice::Presence(_) => kind::HEARTBEAT,
        },
        Message::Request(_, request) => match request {
            Request::Broadcast { .. } => kind::BROADCAST,
            Request::Sockets { .. } => kind::FETCH,
            Request::ServerEvent(_) => kind::SERVER_EVENT,
            Request::SocketIds { .. } => kind::SOCKET_IDS,
            Request::Rooms => kind::ROOMS,
        },
        Message::Answer(_, answer) => match answer {
            Answer::Receivers { .. } => kind::CLIENT_COUNT,
            Answer::Acknowledgement { .. } => kind::ACKNOWLEDGEMENT,
            Answer::Sockets(_) => kind::SOCKETS,
            Answer::ServerEvent(_) => kind::SERVER_EVENT_ANSWER,
            Answer::SocketIds(_) => kind::SOCKET_IDS_ANSWER,
            Answer::Rooms(_) => kind::ROOMS_ANSWER,
        },
    }
}

/// Writes a whole message as JSON, with placeholders for its attachments.
pub(crate) fn envelope(
    sender: &str,
    namespace: &str,
    message: &Message,
    undefined: Undefined,
) -> Vec<u8> {
    let payload = message.payload().map_or(0, |payload| payload.json.len());
    let mut out = Vec::with_capacity(payload + namespace.len() + 256);
    let _ = write!(out, r#"{{"type":{},"data":"#, kind_of(message));
    write_data(&mut out, message, undefined);
    out.extend_from_slice(br#","uid":"#);
    write_string(&mut out, sender);
    out.extend_from_slice(br#","nsp":"#);
    write_string(&mut out, namespace);
    out.push(b'}');
    out
}

/// Writes the `data` of a message as JSON. The JSON of an event goes in as it is.
pub(crate) fn write_data(out: &mut Vec<u8>, message: &Message, undefined: Undefined) {
    match message {
        Message::Notice(notice) => write_notice(out, notice),
        Message::Request(id, request) => write_request(out, &id.0, request),
        Message::Answer(id, answer) => write_answer(out, &id.0, answer, undefined),
    }
}

fn write_notice(out: &mut Vec<u8>, notice: &Notice) {
    match notice {
        Notice::Broadcast { event, opts } => write_broadcast(out, event, None, opts),
        Notice::Join { opts, rooms } | Notice::Leave { opts, rooms } => {
            out.extend_from_slice(br#"{"opts":"#);
            write_opts(out, opts, true);
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(out, rooms);
            out.push(b'}');
        }
        Notice::Disconnect { opts, close } => {
            out.extend_from_slice(br#"{"opts":"#);
            write_opts(out, opts, true);
            let _ = write!(out, r#","close":{close}}}"#);
        }
        Notice::ServerEvent(event) => {
            out.extend_from_slice(br#"{"packet":"#);
            out.extend_from_slice(event.json.as_bytes());
            out.push(b'}');
        }
        Notice::Heartbeat(heartbeat) => write_heartbeat(out, heartbeat),
        Notice::Presence(presence) => write_presence(out, presence),
    }
}

/// Writes the data of a broadcast. Its packet is always of type 2, also with bytes: Node's servers
/// write anything else in a form that their clients cannot read.
fn write_broadcast(out: &mut Vec<u8>, event: &Payload, request: Option<&str>, opts: &Opts) {
    out.extend_from_slice(br#"{"packet":{"type":2,"data":"#);
    out.extend_from_slice(event.json.as_bytes());
    out.push(b'}');
    if let Some(request) = request {
        out.extend_from_slice(br#","requestId":"#);
        write_string(out, request);
    }
    out.extend_from_slice(br#","opts":"#);
    write_opts(out, opts, true);
    out.push(b'}');
}

fn write_request(out: &mut Vec<u8>, id: &str, request: &Request) {
    match request {
        Request::Broadcast { event, opts } => write_broadcast(out, event, Some(id), opts),
        Request::Sockets { opts } => {
            out.extend_from_slice(br#"{"opts":"#);
            write_opts(out, opts, true);
            out.extend_from_slice(br#","requestId":"#);
            write_string(out, id);
            out.push(b'}');
        }
        Request::ServerEvent(event) => {
            write_start(out, id);
            out.extend_from_slice(br#","packet":"#);
            out.extend_from_slice(event.json.as_bytes());
            out.push(b'}');
        }
        Request::SocketIds { rooms } => {
            write_start(out, id);
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(out, rooms);
            out.push(b'}');
        }
        Request::Rooms => {
            write_start(out, id);
            out.push(b'}');
        }
    }
}

fn write_answer(out: &mut Vec<u8>, id: &str, answer: &Answer, undefined: Undefined) {
    write_start(out, id);
    match answer {
        Answer::Receivers { count, ids } => {
            let _ = write!(out, r#","clientCount":{count}"#);
            if let Some(ids) = ids {
                out.extend_from_slice(br#","sockets":"#);
                write_strings(out, ids.iter().map(SocketId::as_str));
            }
        }
        Answer::Acknowledgement { argument, id } => {
            write_value(out, argument.as_ref(), undefined);
            if let Some(id) = id {
                let _ = write!(out, r#","socket":"{id}""#);
            }
        }
        Answer::ServerEvent(answer) => write_value(out, answer.as_ref(), undefined),
        Answer::Sockets(sockets) => {
            out.extend_from_slice(br#","sockets":"#);
            write_sockets(out, sockets);
        }
        Answer::SocketIds(names) | Answer::Rooms(names) => {
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(out, names);
        }
    }
    out.push(b'}');
}

/// Writes the start of an object that has the id of a request first.
fn write_start(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(br#"{"requestId":"#);
    write_string(out, id);
}

fn write_value(out: &mut Vec<u8>, value: Option<&Payload>, undefined: Undefined) {
    let json = match value {
        Some(value) => &value.json,
        None if undefined == Undefined::Null => "null",
        None => return,
    };
    out.extend_from_slice(br#","packet":"#);
    out.extend_from_slice(json.as_bytes());
}

fn write_rooms(out: &mut Vec<u8>, rooms: &[ByteString]) {
    write_strings(out, rooms.iter().map(|room| &**room));
}
