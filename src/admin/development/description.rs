//! How a socket is shown, without its secrets.

use std::collections::HashSet;

use actix_web::http::header::HeaderMap;
use serde_json::{Map, Value, json};

use super::date;
use crate::{
    model::{Channel, Handshake, SocketId},
    socket::Socket,
};

/// Headers that hold secrets.
const SECRET_HEADERS: [&str; 4] =
    ["authorization", "cookie", "proxy-authorization", "sec-websocket-key"];

/// Parameters of the query that hold secrets.
const SECRET_PARAMETERS: [&str; 10] = [
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "jwt",
    "key",
    "password",
    "secret",
    "sid",
    "token",
];

/// The public id of a connection, which its sockets share. It is made when it is shown for the
/// first time, and says nothing of the session.
struct ClientId(SocketId);

/// A socket as `all_sockets` and `socket_connected` show it.
pub(super) fn socket(socket: &Socket, channels: &HashSet<Channel>) -> Value {
    let id = socket.id();
    let mut rooms: Vec<_> = channels.iter().map(Channel::as_str).collect();
    rooms.sort_unstable();
    // As in Socket.IO, where each socket is in a room of its own id.
    rooms.insert(0, id.as_str());
    json!({
        "id": id,
        "clientId": client_id(socket),
        "transport": socket.transport().as_str(),
        "nsp": socket.namespace(),
        "data": socket.context().entries(),
        "handshake": handshake(socket.handshake()),
        "rooms": rooms,
    })
}

fn client_id(socket: &Socket) -> SocketId {
    let extensions = socket.extensions();
    // Only the one task that watches makes it.
    if let Some(known) = extensions.get::<ClientId>() {
        return known.0;
    }
    let id = SocketId::random();
    extensions.insert(ClientId(id));
    id
}

fn handshake(handshake: &Handshake) -> Value {
    let query = shown_parameters(handshake.uri().query().unwrap_or_default());
    let mut parameters = Map::new();
    for parameter in &query {
        add(&mut parameters, &parameter.name, parameter.value.clone());
    }
    let text: Vec<_> = query.iter().map(|parameter| parameter.text).collect();
    let path = handshake.uri().path();
    json!({
        "address": handshake.client_ip().map(|ip| ip.to_string()).unwrap_or_default(),
        "headers": headers(handshake.headers()),
        "query": parameters,
        "issued": date::milliseconds(handshake.time()),
        "secure": handshake.is_secure(),
        "time": date::text(handshake.time()),
        "url": if text.is_empty() { path.to_owned() } else { format!("{path}?{}", text.join("&")) },
        "xdomain": handshake.header("origin").is_some(),
    })
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in headers {
        if !SECRET_HEADERS.contains(&name.as_str()) {
            let value = String::from_utf8_lossy(value.as_bytes());
            match shown.get_mut(name.as_str()) {
                // As Node joins them.
                Some(Value::String(earlier)) => {
                    earlier.push_str(", ");
                    earlier.push_str(&value);
                }
                _ => drop(shown.insert(name.as_str().to_owned(), value.into())),
            }
        }
    }
    shown
}

/// One parameter of a query.
struct Parameter<'a> {
    text: &'a str,
    name: String,
    value: String,
}

/// The parameters that hold no secret.
fn shown_parameters(query: &str) -> Vec<Parameter<'_>> {
    let parts = query.split('&').filter(|text| !text.is_empty()).filter_map(|text| {
        let read = actix_web::web::Query::<Vec<(String, String)>>::from_query(text).ok()?;
        let (name, value) = read.into_inner().pop()?;
        Some(Parameter { text, name, value })
    });
    let is_secret = |name: &str| SECRET_PARAMETERS.contains(&&*name.to_ascii_lowercase());
    parts.filter(|parameter| !is_secret(&parameter.name)).collect()
}

/// Adds a value. Several of one name are a list, as Node has them.
fn add(to: &mut Map<String, Value>, name: &str, value: String) {
    match to.get_mut(name) {
        None => drop(to.insert(name.to_owned(), value.into())),
        Some(Value::Array(values)) => values.push(value.into()),
        Some(earlier) => *earlier = json!([earlier.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_handshake_is_shown_without_its_secrets() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "localhost"),
            ("cookie", "session=1"),
            ("authorization", "Bearer x"),
            ("proxy-authorization", "Basic x"),
            ("accept", "a"),
            ("accept", "b"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let uri =
            "/socket.io/?who=a%20b&EIO=4&sid=secret&%74oken=x&n=1&n=2".parse().expect("a URI");
        let time = UNIX_EPOCH + Duration::from_millis(951_782_400_001);
        let ip = "192.0.2.1".parse().ok();
        let shown = handshake(&Handshake::remote(uri, &headers, None, ip, time, None));
        let expected = json!({
            "address": "192.0.2.1",
            "headers": {"host": "localhost", "accept": "a, b"},
            "query": {"who": "a b", "EIO": "4", "n": ["1", "2"]},
            "issued": 951_782_400_001_u64,
            "secure": false,
            "time": "Tue Feb 29 2000 00:00:00 GMT+0000 (Coordinated Universal Time)",
            "url": "/socket.io/?who=a%20b&EIO=4&n=1&n=2",
            "xdomain": false,
        });
        assert_eq!(shown, expected);
    }
}
