//! The properties of each format that hold for any bytes from another server: one function for
//! each, which panics if a property does not hold.
//!
//! `tests/fuzz` calls these functions with generated inputs, and the tests below with the inputs of
//! its corpus. Each `expect` in the module is a property under test.

use actix_socketio::adapter::PrivateId;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;

use crate::{
    classic::Classic,
    limits::WireLimits,
    message::{Envelope, Message, ServerId},
    session::{self, KeptSession},
    session_message::SessionMessage,
    sharded::{Sharded, SubscriptionMode},
    streams::Streams,
    wire::{Outgoing, Unreadable, Wire},
};

const LIMITS: WireLimits =
    WireLimits { message_bytes: 4096, depth: 8, rooms: 4, answer_entries: 4, attachments: 3 };

fn own() -> ServerId {
    ServerId("own".into())
}

/// Reads a message of the classic adapter. The first byte says on which channel it comes.
pub fn classic(data: &[u8]) {
    let wire = Classic {
        key: "socket.io".to_owned(),
        own: own(),
        answers_to_asker: false,
        limits: LIMITS,
    };
    let Some((channel, payload)) = data.split_first() else { return };
    let channel = match channel % 3 {
        0 => "socket.io#/#",
        1 => "socket.io-request#/#",
        _ => "socket.io-response#/#",
    };
    check(&wire, wire.read(channel.as_bytes(), &Bytes::copy_from_slice(payload)));
}

/// Reads a message of the sharded adapter.
pub fn sharded(data: &[u8]) {
    let wire = Sharded {
        channel_prefix: "socket.io".to_owned(),
        mode: SubscriptionMode::Dynamic,
        own: own(),
        limits: LIMITS,
    };
    check(&wire, wire.read(b"socket.io#/#", &Bytes::copy_from_slice(data)));
}

/// Reads a message of the streams adapter. The first byte is the type of an entry, or 0 for a
/// message on the channel.
pub fn streams(data: &[u8]) {
    let wire = Streams {
        stream_name: "socket.io".to_owned(),
        stream_count: 1,
        channel_prefix: "socket.io".to_owned(),
        sharded_pub_sub: false,
        own: own(),
        limits: LIMITS,
    };
    let Some((kind, rest)) = data.split_first() else { return };
    let rest = Bytes::copy_from_slice(rest);
    if *kind == 0 {
        return check(&wire, wire.read(b"socket.io#/#", &rest));
    }
    let fields = [("nsp", "/".into()), ("type", kind.to_string().into()), ("data", rest)];
    let fields = fields.map(|(name, value)| (Bytes::from_static(name.as_bytes()), value));
    check(&wire, wire.read_entry(&fields));
}

/// Reads the session of a client that is away. The first byte says whether it is base64 already.
pub fn session(data: &[u8]) {
    let Some((form, rest)) = data.split_first() else { return };
    let value = match form % 2 {
        0 => rest.to_vec(),
        _ => BASE64_STANDARD.encode(rest).into_bytes(),
    };
    let pid = PrivateId::parse("i0LIE3TZ-E61qPLZAAAB").expect("it has the form of one");
    let Ok(KeptSession { session: read, by }) = session::decode(&value, &pid, LIMITS) else {
        return;
    };
    assert!(read.channels.len() <= LIMITS.rooms);
    let written = session::encode(&read, by.as_ref()).expect("it can be written");
    // A room that was a number can be longer as text.
    if written.len() <= LIMITS.message_bytes {
        let again = session::decode(&written, &pid, LIMITS);
        let channels = again.map(|again| again.session.channels);
        assert!(channels.is_ok_and(|channels| channels == read.channels));
    }
}

/// Reads a message about a session.
pub fn session_message(data: &[u8]) {
    if let Ok(message) = SessionMessage::read(data) {
        let written = message.write();
        // A name may be longer with the escapes of JSON.
        if written.len() <= data.len() {
            assert_eq!(SessionMessage::read(&written), Ok(message));
        }
    }
}

/// Checks that a message is within the limits, and that what is written for it is read again.
fn check(wire: &impl Wire, read: Result<Option<Envelope>, Unreadable>) {
    let Ok(Some(Envelope { namespace, message, .. })) = read else { return };
    assert!(message.attachments().len() <= LIMITS.attachments);
    // A number may be beyond a double, and so is not the name of an event everywhere.
    let is_named = |json: &str| !json.starts_with('[') || json.starts_with("[\"");
    if message.payload().is_some_and(|payload| !is_named(&payload.json)) {
        return;
    }
    let read_again = |message: &Message| {
        let written = wire.write(&namespace, message, None);
        let read = match &written {
            Outgoing::Publish { channel, payload }
            | Outgoing::ShardPublish { channel, payload } => wire.read(channel.as_bytes(), payload),
            Outgoing::Append { fields, .. } => {
                let own = |(name, value): &(&'static str, Bytes)| {
                    (Bytes::from_static(name.as_bytes()), value.clone())
                };
                wire.read_entry(&fields.iter().map(own).collect::<Vec<_>>())
            }
        };
        match read {
            Err(Unreadable(reason)) if reason.contains("bytes") => None,
            read => Some(read.expect("it can be read").expect("it has a meaning").message),
        }
    };
    // The first time, values may take another form, such as a date or a large number.
    let Some(first) = read_again(&message) else { return };
    let Some(second) = read_again(&first) else { return };
    assert_eq!(first, second);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    /// Inputs of the corpus, with some bytes changed, taken out and put in.
    fn check_mutations(inputs: Vec<Vec<u8>>, format: fn(&[u8])) {
        let changes =
            prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..6);
        let input = prop::sample::select(inputs);
        proptest!(|(mut input in input, changes in changes)| {
            for (at, byte, change) in changes {
                let at = at.index(input.len() + 1);
                match change {
                    0 => input.insert(at, byte),
                    1 if at < input.len() => input[at] = byte,
                    _ if at < input.len() => drop(input.remove(at)),
                    _ => {}
                }
            }
            format(&input);
        });
    }

    fn check_corpus(name: &str, format: fn(&[u8])) {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let corpus = repository.join("tests/fuzz/corpus").join(format!("redis_{name}"));
        if !repository.join("tests/fuzz").exists() {
            assert!(std::env::var_os("CI").is_none(), "the corpus is missing");
            return eprintln!("the corpus is not part of the package: skipped {name}");
        }
        let mut inputs = Vec::new();
        for file in fs::read_dir(corpus).expect("each format has a corpus") {
            let file = file.expect("a file").path();
            eprintln!("{}", file.display());
            let input = fs::read(file).expect("it can be read");
            format(&input);
            inputs.push(input);
        }
        assert!(!inputs.is_empty(), "{name} has an empty corpus");
        check_mutations(inputs, format);
    }

    macro_rules! formats {
        ($($format:ident)*) => {$(
            #[test]
            fn $format() {
                check_corpus(stringify!($format), super::$format);
            }
        )*};
    }

    formats! { classic session session_message sharded streams }
}
