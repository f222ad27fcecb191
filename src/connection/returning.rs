//! Clients that come back for the socket that they had.

use std::{
    fmt,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
};

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use bytestring::ByteString;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::Connection;
use crate::{
    event::DisconnectReason,
    log_text::log_line,
    model::{Handshake, PrivateId, SocketId},
    outbox::Hold,
    state::{ClaimedSession, NamespaceEntry, ReplayPermit, ReturnRequest},
    stats::UnrecoveredKind,
};

impl Connection {
    /// Looks for the session of a client that comes back, and attaches its socket, or a new one.
    /// While it waits, no packets are processed.
    pub(super) fn connect_again(
        &mut self,
        entry: NamespaceEntry,
        handshake: Handshake,
        request: ReturnRequest,
        ctx: &mut Context<Self>,
    ) {
        let Some(recovery) = self.shared.recovery.clone() else {
            return self.attach_socket(entry, handshake, None);
        };
        let name = entry.namespace.name.clone();
        let routes = Arc::clone(entry.router.channel_routes());
        let mut claim = Box::pin(recovery.claim(request, name, routes));
        // Mostly nothing has to be waited for.
        match claim.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(claimed) => self.claimed(entry, handshake, claimed),
            Poll::Pending => {
                self.claims += 1;
                let claimed = claim.into_actor(self).map(|claimed, connection, ctx| {
                    connection.claims -= 1;
                    if !connection.driver.is_ended() {
                        connection.claimed(entry, handshake, claimed);
                    }
                    connection.process(ctx);
                });
                ctx.spawn(claimed);
            }
        }
    }

    fn claimed(
        &mut self,
        entry: NamespaceEntry,
        handshake: Handshake,
        claimed: Result<ClaimedSession, UnrecoveredKind>,
    ) {
        match claimed {
            Ok(claimed) => self.attach_socket(entry, handshake, Some(claimed)),
            Err(kind) => {
                let namespace = &entry.namespace.name;
                let why = format!("{kind:?}");
                log_line!(log::Level::Debug, "\"{}\": not recovered: {}", namespace, why);
                if let Some(recovery) = &self.shared.recovery {
                    recovery.count_unrecovered(kind);
                }
                self.attach_socket(entry, handshake, None);
            }
        }
    }

    /// Admits a socket that comes back. If something that it missed is lost by now, the connection
    /// ends, so that its client comes back once more, and gets a new socket.
    pub(super) fn restore(
        &mut self,
        id: SocketId,
        permit: Option<ReplayPermit>,
        ctx: &mut Context<Self>,
    ) {
        let Some(entry) = self.sockets.get(id) else { return };
        let socket = entry.socket.clone();
        let hold = permit.map(until_released);
        match socket.restore(self.connect_packet(&socket), hold) {
            Ok(()) => {
                if let Some(recovery) = &self.shared.recovery {
                    recovery.returned(&socket);
                }
            }
            Err(_) => {
                socket.set_forgotten();
                self.end(DisconnectReason::TransportError, ctx);
            }
        }
    }
}

/// Keeps a permit until the hold is released, in a task of this thread.
fn until_released(permit: ReplayPermit) -> Hold {
    let (hold, released) = Hold::new();
    actix::spawn(async move {
        released.wait().await;
        drop(permit);
    });
    hold
}

/// Takes what a client shows that comes back out of its `auth`. Handlers do not see it: who has the
/// `pid` can take the client's place.
pub(super) fn take_return_request(
    auth: Option<ByteString>,
) -> (Option<ByteString>, Option<ReturnRequest>) {
    let Some(text) = auth else { return (None, None) };
    let Ok(mut fields) = serde_json::from_str::<AuthFields<'_>>(&text) else {
        return (Some(text), None);
    };
    let Some(pid) = fields.take("pid") else { return (Some(text), None) };
    let offset = fields.take("offset");
    let auth = Some(ByteString::from(fields.to_string()));
    let pid = serde_json::from_str::<String>(pid.get()).ok();
    let Some(pid) = pid.and_then(|pid| PrivateId::parse(&pid)) else { return (auth, None) };
    // Anything but a string cannot be a position.
    let offset = offset.map(|offset| serde_json::from_str(offset.get()).unwrap_or_default());
    (auth, Some(ReturnRequest { pid, offset }))
}

/// The fields of an object as they came. Their values are not read.
struct AuthFields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> AuthFields<'a> {
    /// Takes all fields of a name, and returns the last, as a parser of the object would.
    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let mut taken = None;
        self.0.retain(|(field, value)| {
            let is_it = field == name;
            if is_it {
                taken = Some(*value);
            }
            !is_it
        });
        taken
    }
}

impl fmt::Display for AuthFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}:{value}", serde_json::Value::from(&**name))?;
        }
        f.write_str("}")
    }
}

impl<'de> Deserialize<'de> for AuthFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = AuthFields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(AuthFields(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PID: &str = "AbCdEfGhIjKlMnOpQrSt";

    fn taken(auth: &str) -> (String, Option<(String, Option<String>)>) {
        let (auth, request) = take_return_request(Some(auth.into()));
        let request = request.map(|one| (one.pid.reveal().to_owned(), one.offset));
        (auth.expect("an object").to_string(), request)
    }

    #[test]
    fn the_secret_is_taken_out_and_the_rest_stays_as_it_was() {
        let (auth, request) = taken(&format!(
            r#"{{"pid":"{PID}","offset":"x","n":12345678901234567890123,"é\"":[1, 2]}}"#
        ));
        assert_eq!(auth, r#"{"n":12345678901234567890123,"é\"":[1, 2]}"#);
        assert_eq!(request, Some((PID.to_owned(), Some("x".to_owned()))));
        let (auth, request) = taken(&format!(r#"{{"p\u0069d":"{PID}"}}"#));
        assert_eq!((&*auth, request), ("{}", Some((PID.to_owned(), None))));
        let (auth, request) = taken(&format!(r#"{{"pid":1,"pid":"{PID}","offset":{{}}}}"#));
        assert_eq!((&*auth, request), ("{}", Some((PID.to_owned(), Some(String::new())))));
    }

    #[test]
    fn a_wrong_secret_is_taken_out_too() {
        for pid in ["1", "null", r#""short""#, "[]"] {
            assert_eq!(taken(&format!(r#"{{"a":1,"pid":{pid}}}"#)), (r#"{"a":1}"#.into(), None));
        }
    }

    #[test]
    fn auth_without_the_secret_stays_as_it_is() {
        for auth in [r#"{"offset" : 5}"#, "{}", r#"{"a":{"pid":1}}"#, "[1]"] {
            assert_eq!(taken(auth), (auth.to_owned(), None));
        }
        assert!(take_return_request(None).0.is_none());
    }
}
