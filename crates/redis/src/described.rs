use std::{
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_socketio::{Channel, Handshake, adapter::SocketDescription};
use actix_web::http::{
    Uri,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use bytestring::ByteString;
use serde_json::value::RawValue;

use crate::{
    audience::channel,
    message::{DescribedHandshake, DescribedSocket},
};

/// A socket of this server, for others.
pub(crate) fn for_others(socket: &SocketDescription) -> DescribedSocket {
    let id = ByteString::from(socket.id.as_str());
    let channels = socket.channels.iter().map(|channel| ByteString::from(channel.as_str()));
    let handshake = &socket.handshake;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = handshake.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().into(), text(value).into())).collect();
    let issued = handshake.time().duration_since(UNIX_EPOCH).unwrap_or_default();
    DescribedSocket {
        id: id.clone(),
        handshake: DescribedHandshake {
            headers,
            address: handshake.client_ip().map(|ip| ip.to_string()).unwrap_or_default().into(),
            xdomain: handshake.header("origin").is_some(),
            // A server does not know whether a proxy in front of it speaks TLS.
            secure: false,
            issued: u64::try_from(issued.as_millis()).unwrap_or(u64::MAX),
            url: handshake.uri().to_string().into(),
            auth: auth(handshake),
        },
        rooms: [id].into_iter().chain(channels).collect(),
        data: socket.data.clone(),
    }
}

fn auth(handshake: &Handshake) -> Option<ByteString> {
    let auth = handshake.auth::<Option<Box<RawValue>>>().ok()??;
    Some(auth.get().into())
}

/// A socket of another server. `None`: it has no id of the form that all servers give.
pub(crate) fn of_another(socket: DescribedSocket) -> Option<SocketDescription> {
    let DescribedSocket { id, handshake, rooms, data } = socket;
    let id = id.parse().ok()?;
    let is_its_own = |room: &&ByteString| room.parse() == Ok(id);
    let rooms = rooms.iter().filter(|room| !is_its_own(room));
    let channels: Vec<Channel> = rooms.filter_map(|room| channel(room)).collect();
    Some(SocketDescription::new(id, handshake_of(handshake), channels, data))
}

/// Parts that can't be read are left out: an application may have put anything there.
fn handshake_of(described: DescribedHandshake) -> Handshake {
    let DescribedHandshake { headers, address, issued, url, auth, .. } = described;
    let mut map = HeaderMap::new();
    for (name, value) in &headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            map.append(name, value);
        }
    }
    // Node writes an IPv4 address of a socket that listens on IPv6 in this form.
    let ip = address.strip_prefix("::ffff:").unwrap_or(&address).parse::<IpAddr>().ok();
    let uri = url.parse::<Uri>().unwrap_or_default();
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(issued)).unwrap_or(SystemTime::now());
    Handshake::remote(uri, &map, None, ip, time, auth)
}

/// The bytes of a description, about.
pub(crate) fn cost(socket: &DescribedSocket) -> usize {
    let DescribedSocket { handshake, rooms, data, .. } = socket;
    let headers: usize =
        handshake.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let rooms: usize = rooms.iter().map(|room| room.len() + 32).sum();
    let data: usize = data.iter().map(|(key, value)| key.len() + size(value)).sum();
    let auth = handshake.auth.as_ref().map_or(0, |auth| auth.len());
    256 + handshake.url.len() + headers + rooms + data + auth
}

/// The bytes of a value, about.
fn size(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
