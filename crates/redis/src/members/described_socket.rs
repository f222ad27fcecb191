use std::{collections::HashMap, fmt};

use bytestring::ByteString;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{truthy, whole, write_string, write_strings};
use crate::{
    js_date,
    message::{DescribedHandshake, DescribedSocket},
    message_text::{MessageText, list, parse},
    wire::Unreadable,
};

/// A socket as it is written.
#[derive(Deserialize)]
struct RawSocket<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    handshake: Option<&'a RawValue>,
    #[serde(borrow)]
    rooms: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawHandshake<'a> {
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    address: Option<&'a RawValue>,
    #[serde(borrow)]
    xdomain: Option<&'a RawValue>,
    #[serde(borrow)]
    secure: Option<&'a RawValue>,
    #[serde(borrow)]
    issued: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    auth: Option<&'a RawValue>,
}

/// Reads the sockets of an answer.
pub(crate) fn read_sockets(
    text: &MessageText,
    sockets: Option<&RawValue>,
) -> Result<Vec<DescribedSocket>, Unreadable> {
    let sockets = sockets.ok_or_else(|| Unreadable::new("no sockets"))?;
    let sockets = list(sockets, text.limits().answer_entries)?;
    sockets.into_iter().map(|socket| read_socket(text, socket)).collect()
}

fn read_socket(text: &MessageText, socket: &RawValue) -> Result<DescribedSocket, Unreadable> {
    let socket: RawSocket<'_> = parse(socket.get())?;
    let id = text.string(socket.id).ok_or_else(|| Unreadable::new("a socket without an id"))?;
    let rooms = socket.rooms.map(|rooms| text.rooms(rooms, text.limits().answer_entries));
    let data = socket.data.filter(|data| data.get().starts_with('{'));
    Ok(DescribedSocket {
        id,
        handshake: socket
            .handshake
            .map(|handshake| read_handshake(text, handshake))
            .transpose()?
            .unwrap_or_default(),
        rooms: rooms.transpose()?.unwrap_or_default(),
        data: data.map(|data| parse(data.get())).transpose()?.unwrap_or_default(),
    })
}

fn read_handshake(
    text: &MessageText,
    handshake: &RawValue,
) -> Result<DescribedHandshake, Unreadable> {
    let raw: RawHandshake<'_> = parse(handshake.get())?;
    let string =
        |value: Option<&RawValue>| value.and_then(|value| text.string(value)).unwrap_or_default();
    let is_set = |value: Option<&RawValue>| value.and_then(truthy).unwrap_or(false);
    let auth = raw.auth.filter(|auth| auth.get().starts_with('{'));
    Ok(DescribedHandshake {
        headers: raw
            .headers
            .map(|headers| read_headers(text, headers))
            .transpose()?
            .unwrap_or_default(),
        address: string(raw.address),
        xdomain: is_set(raw.xdomain),
        secure: is_set(raw.secure),
        issued: raw.issued.and_then(whole).unwrap_or_default(),
        url: string(raw.url),
        auth: auth.map(|auth| text.payload(auth).json),
    })
}

/// Reads headers. Node has a list where a header may not be joined, such as `set-cookie`.
fn read_headers(
    text: &MessageText,
    headers: &RawValue,
) -> Result<Vec<(ByteString, ByteString)>, Unreadable> {
    let mut read = Vec::new();
    for (name, value) in parse::<Pairs<'_>>(headers.get())?.0 {
        let values = match value.get().as_bytes().first() {
            Some(b'[') => list(value, text.limits().answer_entries)?,
            _ => vec![value],
        };
        let name = ByteString::from(name);
        let values = values.into_iter().filter_map(|value| text.string(value));
        read.extend(values.map(|value| (name.clone(), value)));
    }
    Ok(read)
}

/// The members of an object, in their order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(pairs: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        pairs.deserialize_map(Members).map(Self)
    }
}

/// Writes sockets as Node's servers describe theirs.
pub(crate) fn write_sockets(out: &mut Vec<u8>, sockets: &[DescribedSocket]) {
    out.push(b'[');
    for (index, socket) in sockets.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_socket(out, socket);
    }
    out.push(b']');
}

fn write_socket(out: &mut Vec<u8>, socket: &DescribedSocket) {
    let DescribedSocket { id, handshake, rooms, data } = socket;
    out.extend_from_slice(br#"{"id":"#);
    write_string(out, id);
    out.extend_from_slice(br#","handshake":"#);
    write_handshake(out, handshake);
    out.extend_from_slice(br#","rooms":"#);
    write_strings(out, rooms.iter().map(|room| &**room));
    out.extend_from_slice(br#","data":"#);
    let _ = serde_json::to_writer(&mut *out, data); // keys are strings, and a vector takes all
    out.push(b'}');
}

fn write_handshake(out: &mut Vec<u8>, handshake: &DescribedHandshake) {
    let DescribedHandshake { headers, address, xdomain, secure, issued, url, auth } = handshake;
    out.extend_from_slice(br#"{"headers":"#);
    write_headers(out, headers);
    out.extend_from_slice(br#","time":"#);
    write_string(out, &js_date::text(*issued));
    out.extend_from_slice(br#","address":"#);
    write_string(out, address);
    let numbers = format!(r#","xdomain":{xdomain},"secure":{secure},"issued":{issued},"url":"#);
    out.extend_from_slice(numbers.as_bytes());
    write_string(out, url);
    out.extend_from_slice(br#","query":"#);
    write_query(out, url);
    out.extend_from_slice(br#","auth":"#);
    out.extend_from_slice(auth.as_ref().map_or("{}", |auth| auth).as_bytes());
    out.push(b'}');
}

/// Writes headers. Several of one name are joined, but for `set-cookie`, as Node does it.
fn write_headers(out: &mut Vec<u8>, headers: &[(ByteString, ByteString)]) {
    write_grouped(out, headers, |out, name, values| match (name, values) {
        ("set-cookie", values) => write_strings(out, values.iter().copied()),
        ("cookie", values) => write_string(out, &values.join("; ")),
        (_, values) => write_string(out, &values.join(", ")),
    });
}

/// Writes the parameters of a URL. One that comes several times is a list.
fn write_query(out: &mut Vec<u8>, url: &str) {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    write_grouped(out, &pairs, |out, _, values| match values {
        [value] => write_string(out, value),
        values => write_strings(out, values.iter().copied()),
    });
}

/// Writes an object with one member for each name, in the order in which they come first.
fn write_grouped<S: AsRef<str>>(
    out: &mut Vec<u8>,
    pairs: &[(S, S)],
    write_values: impl Fn(&mut Vec<u8>, &str, &[&str]),
) {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for (name, value) in pairs {
        let place = *places.entry(name.as_ref()).or_insert_with(|| {
            groups.push((name.as_ref(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(value.as_ref());
    }
    out.push(b'{');
    for (index, (name, values)) in groups.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(out, name);
        out.push(b':');
        write_values(out, name, values);
    }
    out.push(b'}');
}
