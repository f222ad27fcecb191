use actix_socketio::{Args, Channel, Namespace, SocketId, adapter::Audience};
use bytestring::ByteString;

use crate::message::{Flags, Opts, Payload};

/// The longest name of a room that a client here may be in, in bytes. Rooms with longer names have
/// no client: the server's own bound is lower.
const MAX_ROOM: usize = 65_536;

/// The rooms that an audience is for, or `None` if it has none, and so no client.
///
/// A socket that is included although its channel is left out is left out on other servers, since
/// rooms have no word for that. It is nearly always a socket of this server, to which it does not
/// apply.
pub(crate) fn opts(audience: &Audience, flags: Flags) -> Option<Opts> {
    let Audience { to, except, except_sockets, sockets, including, .. } = audience;
    let is_everyone = to.is_empty() && !audience.only_named;
    let ids = |ids: &[SocketId]| ids.iter().map(|id| ByteString::from(id.as_str())).collect();
    let names = |channels: &[Channel]| -> Vec<ByteString> {
        channels.iter().map(|channel| ByteString::from(channel.as_str())).collect()
    };
    let mut rooms = names(to);
    if !is_everyone {
        rooms.extend::<Vec<_>>(ids(sockets));
        rooms.extend::<Vec<_>>(ids(including));
        if rooms.is_empty() {
            return None;
        }
    }
    let mut except = names(except);
    except.extend::<Vec<_>>(ids(except_sockets));
    Some(Opts { rooms, except, flags })
}

/// The audience here of a message from another server.
pub(crate) fn audience(namespace: Namespace, opts: &Opts) -> Audience {
    let mut audience = Audience::everyone(namespace);
    audience.only_named = !opts.rooms.is_empty();
    (audience.to, audience.sockets) = channels_and_sockets(&opts.rooms);
    (audience.except, audience.except_sockets) = channels_and_sockets(&opts.except);
    audience
}

/// A room is a channel and, if it has the form of an id, a socket. A name that no channel here can
/// have is a room without clients.
fn channels_and_sockets(rooms: &[ByteString]) -> (Vec<Channel>, Vec<SocketId>) {
    let channels = rooms.iter().filter_map(|room| channel(room)).collect();
    (channels, rooms.iter().filter_map(|room| room.parse().ok()).collect())
}

pub(crate) fn channel(room: &str) -> Option<Channel> {
    Channel::new(room, MAX_ROOM).ok()
}

/// The name and the arguments of an event of another server. `None`: it is not one.
pub(crate) fn event(event: Payload, max_depth: usize) -> Option<(ByteString, Args)> {
    args(event, max_depth)?.into_event()
}

/// The answer of a client or a server: no argument, or one.
pub(crate) fn answer(answer: Option<Payload>, max_depth: usize) -> Option<Args> {
    let Some(Payload { json, attachments }) = answer else { return Some(Args::default()) };
    let list = format!("[{json}]");
    args(Payload { json: list.into(), attachments }, max_depth + 1)
}

fn args(Payload { json, attachments }: Payload, max_depth: usize) -> Option<Args> {
    let args = Args::parse(json, max_depth).ok()?;
    // Without attachments, what looks like a placeholder is plain data.
    if attachments.is_empty() { Some(args) } else { args.attach(attachments).ok() }
}

/// The first argument of an acknowledgement. Node's servers pass on no other.
pub(crate) fn first(args: &Args) -> Option<Payload> {
    let json = args.raw(0)?;
    // Its placeholders have the numbers of all attachments, of which it may have some.
    Some(Payload { json: json.into(), attachments: args.attachments().to_vec() })
}

/// An event for other servers: its name, and its arguments.
pub(crate) fn server_event(name: &str, args: &Args) -> Payload {
    // A string is always valid JSON.
    let mut json = format!("[{}", serde_json::Value::from(name));
    for arg in args.iter() {
        json.push(',');
        json.push_str(arg);
    }
    json.push(']');
    Payload { json: json.into(), attachments: args.attachments().to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AbCdEfGhIjKlMnOpQrSt";

    fn rooms(names: &[&'static str]) -> Vec<ByteString> {
        names.iter().map(|name| ByteString::from_static(name)).collect()
    }

    #[test]
    fn an_audience_is_the_same_on_another_server() {
        let (id, namespace) = (ID.parse().expect("an id"), Namespace::default());
        let everyone = Audience::everyone(namespace.clone());
        let mut some = everyone.clone();
        some.to = vec![channel("a").expect("a name")];
        some.except = vec![channel("b").expect("a name")];
        some.except_sockets = vec![id];
        let one = Audience::sockets(namespace.clone(), vec![id]);
        for audience_here in [everyone, some.clone(), one] {
            let opts = opts(&audience_here, Flags::default()).expect("clients");
            let there = audience(namespace.clone(), &opts);
            assert_eq!(there.except_sockets, audience_here.except_sockets);
            assert_eq!(there.sockets, audience_here.sockets);
            // The id of a socket is the name of a channel as well, which has no subscriber.
            let named = |channels: &[Channel]| -> Vec<String> {
                let names = channels.iter().map(|channel| channel.as_str().to_owned());
                names.filter(|name| name != ID).collect()
            };
            assert_eq!(named(&there.to), named(&audience_here.to));
            assert_eq!(named(&there.except), named(&audience_here.except));
            assert_eq!(there.only_named, !opts.rooms.is_empty());
        }
        let mut including = some;
        including.including = vec![id];
        let opts = opts(&including, Flags::default()).expect("clients");
        assert_eq!((opts.rooms, opts.except), (rooms(&["a", ID]), rooms(&["b", ID])));
    }

    #[test]
    fn rooms_that_no_client_can_be_in_are_not_everyone() {
        let opts = Opts { rooms: rooms(&["", "a\nb"]), ..Opts::default() };
        let there = audience(Namespace::default(), &opts);
        assert!(there.only_named && there.to.is_empty() && there.sockets.is_empty());
        let nobody = Audience::sockets(Namespace::default(), Vec::new());
        assert_eq!(super::opts(&nobody, Flags::default()), None);
    }

    #[test]
    fn events_and_answers_keep_their_bytes() {
        let payload = |json: &'static str, attachments| Payload {
            json: ByteString::from_static(json),
            attachments,
        };
        let one = vec![bytes::Bytes::from_static(b"\x01")];
        let sent = payload(r#"["e",{"_placeholder":true,"num":0}]"#, one);
        let (name, args) = event(sent.clone(), 100).expect("an event");
        assert_eq!((&*name, args.binary(0)), ("e", Some(sent.attachments[0].clone())));
        assert_eq!(server_event(&name, &args), sent);
        let literal = payload(r#"["e",{"_placeholder":true,"num":0}]"#, Vec::new());
        let (_, args) = event(literal, 100).expect("plain data");
        assert_eq!(args.raw(0), Some(r#"{"_placeholder":true,"num":0}"#));
        for bad in ["{}", "[]", "[null]", "[", "[[[]]]"] {
            assert!(event(payload(bad, Vec::new()), 2).is_none(), "{bad}");
        }
        let answered = answer(Some(payload("{\"a\":1}", Vec::new())), 2).expect("an answer");
        assert_eq!(first(&answered), Some(payload("{\"a\":1}", Vec::new())));
        assert_eq!(first(&answer(None, 2).expect("no answer")), None);
    }
}
