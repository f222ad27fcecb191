//! Writes messages. A vector accepts every write, so the results of `write!` are not looked at.

use std::io::Write as _;

use actix_socketio::{SocketId, adapter::msgpack};
use bytes::Bytes;
use bytestring::ByteString;

use super::{Classic, kind};
use crate::{
    members::{write_heartbeat, write_opts, write_sockets, write_string, write_strings},
    message::{Answer, Message, Notice, Opts, Payload, Request, ServerId},
    presence::write_presence,
    wire::Outgoing,
};

/// An empty list, in place of a broadcast that cannot be written. Node's servers ignore it, and end
/// at anything that is not a list.
const NO_BROADCAST: &[u8] = b"\x90";
/// In place of another message that cannot be written. Node's servers ignore broken JSON.
const NO_MESSAGE: &[u8] = b"{";

pub(super) fn write(
    wire: &Classic,
    namespace: &str,
    message: &Message,
    asker: Option<&ServerId>,
) -> Outgoing {
    match message {
        Message::Notice(Notice::Broadcast { event, opts }) => {
            broadcast(wire, namespace, event, opts)
        }
        Message::Notice(notice) => {
            let (json, attachments) = notice_json(&wire.own.0, notice);
            let payload = json_or_msgpack(json, attachments);
            Outgoing::Publish { channel: wire.request_channel(namespace).into(), payload }
        }
        Message::Request(id, request) => {
            let channel = wire.request_channel(namespace).into();
            let payload = request_payload(wire, namespace, &id.0, request);
            Outgoing::Publish { channel, payload }
        }
        Message::Answer(id, answer) => {
            let mut channel = wire.response_channel(namespace);
            // Node's servers send these answers to all in any case.
            let is_for_all = matches!(answer, Answer::ServerEvent(_)) || !wire.answers_to_asker;
            if let Some(asker) = asker.filter(|_| !is_for_all) {
                channel.push_str(&asker.0);
                channel.push('#');
            }
            Outgoing::Publish { channel: channel.into(), payload: answer_payload(&id.0, answer) }
        }
    }
}

fn broadcast(wire: &Classic, namespace: &str, event: &Payload, opts: &Opts) -> Outgoing {
    let mut channel = format!("{}#{namespace}#", wire.key);
    if let [room] = &opts.rooms[..] {
        channel.push_str(room);
        channel.push('#');
    }
    let mut json = Vec::with_capacity(event.json.len() + namespace.len() + 128);
    json.push(b'[');
    write_string(&mut json, &wire.own.0);
    json.push(b',');
    write_packet(&mut json, namespace, event);
    json.push(b',');
    write_opts(&mut json, opts, true);
    json.push(b']');
    let payload = to_msgpack(&json, &event.attachments, NO_BROADCAST);
    Outgoing::Publish { channel: channel.into(), payload }
}

/// Writes the packet of a broadcast. It is always of type 2, also with bytes: Node's servers write
/// anything else in a form that their clients cannot read.
fn write_packet(out: &mut Vec<u8>, namespace: &str, event: &Payload) {
    out.extend_from_slice(br#"{"type":2,"data":"#);
    out.extend_from_slice(event.json.as_bytes());
    out.extend_from_slice(br#","nsp":"#);
    write_string(out, namespace);
    out.push(b'}');
}

fn write_kind(out: &mut Vec<u8>, kind: u64) {
    let _ = write!(out, r#","type":{kind}"#);
}

/// Writes a notice other than a broadcast, and returns its attachments.
fn notice_json<'a>(own: &str, notice: &'a Notice) -> (Vec<u8>, &'a [Bytes]) {
    let mut out = br#"{"uid":"#.to_vec();
    write_string(&mut out, own);
    let mut attachments = &[][..];
    match notice {
        Notice::Join { opts, rooms } | Notice::Leave { opts, rooms } => {
            let is_join = matches!(notice, Notice::Join { .. });
            write_kind(&mut out, if is_join { kind::JOIN } else { kind::LEAVE });
            out.extend_from_slice(br#","opts":"#);
            write_opts(&mut out, opts, false);
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(&mut out, rooms);
        }
        Notice::Disconnect { opts, close } => {
            write_kind(&mut out, kind::DISCONNECT);
            out.extend_from_slice(br#","opts":"#);
            write_opts(&mut out, opts, false);
            let _ = write!(out, r#","close":{close}"#);
        }
        Notice::ServerEvent(event) | Notice::Broadcast { event, .. } => {
            write_kind(&mut out, kind::SERVER_EVENT);
            out.extend_from_slice(br#","data":"#);
            out.extend_from_slice(event.json.as_bytes());
            attachments = &event.attachments;
        }
        Notice::Heartbeat(heartbeat) => {
            write_kind(&mut out, kind::HEARTBEAT);
            out.extend_from_slice(br#","data":"#);
            write_heartbeat(&mut out, heartbeat);
        }
        Notice::Presence(presence) => {
            write_kind(&mut out, kind::HEARTBEAT);
            out.extend_from_slice(br#","data":"#);
            write_presence(&mut out, presence);
        }
    }
    out.push(b'}');
    (out, attachments)
}

fn request_payload(wire: &Classic, namespace: &str, id: &str, request: &Request) -> Bytes {
    let mut out = br#"{"uid":"#.to_vec();
    write_string(&mut out, &wire.own.0);
    out.extend_from_slice(br#","requestId":"#);
    write_string(&mut out, id);
    match request {
        Request::Broadcast { event, opts } => {
            write_kind(&mut out, kind::BROADCAST);
            out.extend_from_slice(br#","packet":"#);
            write_packet(&mut out, namespace, event);
            out.extend_from_slice(br#","opts":"#);
            write_opts(&mut out, opts, true);
            out.push(b'}');
            return to_msgpack(&out, &event.attachments, NO_MESSAGE);
        }
        Request::ServerEvent(event) => {
            write_kind(&mut out, kind::SERVER_EVENT);
            out.extend_from_slice(br#","data":"#);
            out.extend_from_slice(event.json.as_bytes());
            out.push(b'}');
            return json_or_msgpack(out, &event.attachments);
        }
        Request::Sockets { opts } => {
            write_kind(&mut out, kind::FETCH);
            out.extend_from_slice(br#","opts":"#);
            write_opts(&mut out, opts, false);
        }
        Request::SocketIds { rooms } => {
            write_kind(&mut out, kind::SOCKET_IDS);
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(&mut out, rooms);
        }
        Request::Rooms => write_kind(&mut out, kind::ROOMS),
    }
    out.push(b'}');
    out.into()
}

fn answer_payload(id: &str, answer: &Answer) -> Bytes {
    let mut out = match answer {
        Answer::Receivers { .. } => format!(r#"{{"type":{},"#, kind::CLIENT_COUNT),
        Answer::Acknowledgement { .. } => format!(r#"{{"type":{},"#, kind::ACKNOWLEDGEMENT),
        Answer::ServerEvent(_) => format!(r#"{{"type":{},"#, kind::SERVER_EVENT),
        Answer::Sockets(_) | Answer::SocketIds(_) | Answer::Rooms(_) => "{".to_owned(),
    }
    .into_bytes();
    out.extend_from_slice(br#""requestId":"#);
    write_string(&mut out, id);
    match answer {
        Answer::Receivers { count, ids } => {
            let _ = write!(out, r#","clientCount":{count}"#);
            if let Some(ids) = ids {
                out.extend_from_slice(br#","sockets":"#);
                write_strings(&mut out, ids.iter().map(SocketId::as_str));
            }
        }
        Answer::Acknowledgement { argument, id } => {
            if let Some(argument) = argument {
                out.extend_from_slice(br#","packet":"#);
                out.extend_from_slice(argument.json.as_bytes());
            }
            if let Some(id) = id {
                let _ = write!(out, r#","socket":"{id}""#);
            }
            out.push(b'}');
            let attachments = argument.as_ref().map_or(&[][..], |value| &value.attachments);
            return to_msgpack(&out, attachments, NO_MESSAGE);
        }
        Answer::ServerEvent(Some(value)) => {
            out.extend_from_slice(br#","data":"#);
            out.extend_from_slice(value.json.as_bytes());
            out.push(b'}');
            return json_or_msgpack(out, &value.attachments);
        }
        Answer::ServerEvent(None) => {}
        Answer::Sockets(sockets) => {
            out.extend_from_slice(br#","sockets":"#);
            write_sockets(&mut out, sockets);
        }
        Answer::SocketIds(ids) => {
            out.extend_from_slice(br#","sockets":"#);
            write_rooms(&mut out, ids);
        }
        Answer::Rooms(rooms) => {
            out.extend_from_slice(br#","rooms":"#);
            write_rooms(&mut out, rooms);
        }
    }
    out.push(b'}');
    out.into()
}

fn write_rooms(out: &mut Vec<u8>, rooms: &[ByteString]) {
    write_strings(out, rooms.iter().map(|room| &**room));
}

/// JSON where there are no bytes, as Node writes it. Node has bytes in JSON as lists of numbers.
/// MessagePack keeps them, and servers of both kinds read it.
fn json_or_msgpack(json: Vec<u8>, attachments: &[Bytes]) -> Bytes {
    if attachments.is_empty() { json.into() } else { to_msgpack(&json, attachments, NO_MESSAGE) }
}

/// Writes JSON as MessagePack. A payload is always JSON, with its own placeholders. If one is not,
/// a message leaves that all servers ignore.
fn to_msgpack(json: &[u8], attachments: &[Bytes], otherwise: &'static [u8]) -> Bytes {
    let json = std::str::from_utf8(json).unwrap_or_default();
    msgpack::from_json(json, attachments).unwrap_or_else(|_| Bytes::from_static(otherwise))
}
