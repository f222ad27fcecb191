//! Presence in messages: `{"presence":{…}}`, which Node's servers ignore.

use std::io::Write as _;

use bytestring::ByteString;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    members::{read_id, write_string, write_strings},
    message::{ChannelPresence, MemberPresence, PresenceNotice, PresencePart, ServerId},
    message_text::{MessageText, list, parse},
    wire::Unreadable,
};

/// The parts of a notice.
#[derive(Deserialize)]
struct NoticeMembers<'a> {
    version: Option<u64>,
    part: Option<u8>,
    #[serde(borrow)]
    channels: Option<&'a RawValue>,
    #[serde(borrow)]
    ask: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChannelParts<'a> {
    #[serde(borrow)]
    nsp: &'a RawValue,
    #[serde(borrow)]
    name: &'a RawValue,
    max: u64,
    whole: Option<bool>,
    counts: Option<(u64, u64)>,
    unlisted: Option<u64>,
    #[serde(borrow)]
    joins: Option<&'a RawValue>,
    #[serde(borrow)]
    leaves: Option<&'a RawValue>,
}

/// A member: id, info as the text of its JSON, sockets, revision. As text, it has no part in the
/// depth of the message, and none that looks like a binary value.
#[derive(Deserialize)]
struct MemberParts<'a>(#[serde(borrow)] &'a RawValue, #[serde(borrow)] &'a RawValue, u64, u64);

fn number_of(part: PresencePart) -> u8 {
    match part {
        PresencePart::Changes => 0,
        PresencePart::Begins => 1,
        PresencePart::Ends => 2,
    }
}

/// Reads the value of `presence`.
pub(crate) fn read_presence(
    text: &MessageText,
    value: &RawValue,
) -> Result<PresenceNotice, Unreadable> {
    let NoticeMembers { version, part, channels, ask } = parse(value.get())?;
    if let Some(ask) = ask {
        let servers = list(ask, text.limits().rooms)?;
        let servers = servers.into_iter().map(|id| read_id(text, id).map(ServerId));
        return Ok(PresenceNotice::Ask { servers: servers.collect::<Result<_, _>>()? });
    }
    let part = match part {
        None | Some(0) => PresencePart::Changes,
        Some(1) => PresencePart::Begins,
        Some(2) => PresencePart::Ends,
        Some(_) => return Err(Unreadable::new("an unknown part of presence")),
    };
    let version = version.ok_or_else(|| Unreadable::new("presence without a version"))?;
    let channels = channels.map(|channels| list(channels, text.limits().answer_entries));
    let channels = channels.transpose()?.unwrap_or_default();
    let channels = channels.into_iter().map(|channel| read_channel(text, channel));
    Ok(PresenceNotice::Told { version, part, channels: channels.collect::<Result<_, _>>()? })
}

fn read_channel(text: &MessageText, value: &RawValue) -> Result<ChannelPresence, Unreadable> {
    let ChannelParts { nsp, name, max, whole, counts, unlisted, joins, leaves } =
        parse(value.get())?;
    let entries = |value: Option<&RawValue>| -> Result<Vec<ByteString>, Unreadable> {
        let all = value.map(|value| list(value, text.limits().answer_entries)).transpose()?;
        all.unwrap_or_default().into_iter().map(|value| string(text, value)).collect()
    };
    let joins = joins.map(|joins| list(joins, text.limits().answer_entries)).transpose()?;
    let joins = joins.unwrap_or_default().into_iter().map(|member| read_member(text, member));
    Ok(ChannelPresence {
        namespace: string(text, nsp)?,
        channel: string(text, name)?,
        max_members: max,
        is_whole: whole.unwrap_or(false),
        counts,
        unlisted: unlisted.unwrap_or(0),
        joins: joins.collect::<Result<_, _>>()?,
        leaves: entries(leaves)?,
    })
}

fn read_member(text: &MessageText, value: &RawValue) -> Result<MemberPresence, Unreadable> {
    let MemberParts(id, info, sockets, revision) = parse(value.get())?;
    let (id, info) = (string(text, id)?, string(text, info)?);
    // Clients are sent it as it is.
    parse::<&RawValue>(&info)?;
    Ok(MemberPresence { id, info, sockets, revision })
}

fn string(text: &MessageText, value: &RawValue) -> Result<ByteString, Unreadable> {
    text.string(value).ok_or_else(|| Unreadable::new("a text of presence is not a string"))
}

/// Writes the `data` of a message. A vector accepts every write.
pub(crate) fn write_presence(out: &mut Vec<u8>, notice: &PresenceNotice) {
    match notice {
        PresenceNotice::Ask { servers } => {
            out.extend_from_slice(br#"{"presence":{"ask":"#);
            write_strings(out, servers.iter().map(|id| &*id.0));
        }
        PresenceNotice::Told { version, part, channels } => {
            let _ = write!(
                out,
                r#"{{"presence":{{"version":{version},"part":{},"channels":["#,
                number_of(*part)
            );
            for (index, channel) in channels.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_channel(out, channel);
            }
            out.push(b']');
        }
    }
    out.extend_from_slice(b"}}");
}

fn write_channel(out: &mut Vec<u8>, told: &ChannelPresence) {
    let ChannelPresence { namespace, channel, max_members, is_whole, counts, .. } = told;
    let ChannelPresence { unlisted, joins, leaves, .. } = told;
    out.extend_from_slice(br#"{"nsp":"#);
    write_string(out, namespace);
    out.extend_from_slice(br#","name":"#);
    write_string(out, channel);
    let _ = write!(out, r#","max":{max_members}"#);
    if *is_whole {
        out.extend_from_slice(br#","whole":true"#);
    }
    if let Some((clients, users)) = counts {
        let _ = write!(out, r#","counts":[{clients},{users}]"#);
    }
    if *unlisted > 0 {
        let _ = write!(out, r#","unlisted":{unlisted}"#);
    }
    if !joins.is_empty() {
        out.extend_from_slice(br#","joins":["#);
        for (index, member) in joins.iter().enumerate() {
            let MemberPresence { id, info, sockets, revision } = member;
            out.extend_from_slice(if index > 0 { b",[" } else { b"[" });
            write_string(out, id);
            out.push(b',');
            write_string(out, info);
            let _ = write!(out, ",{sockets},{revision}]");
        }
        out.push(b']');
    }
    if !leaves.is_empty() {
        out.extend_from_slice(br#","leaves":"#);
        write_strings(out, leaves.iter().map(|id| &**id));
    }
    out.push(b'}');
}
