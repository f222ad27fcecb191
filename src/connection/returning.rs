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

use super::{Connection, admission::Client};
use crate::{
    event::DisconnectReason,
    log_text::log_line,
    model::{PrivateId, SocketId},
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
        client: Client,
        request: ReturnRequest,
        ctx: &mut Context<Self>,
    ) {
        let Some(recovery) = self.shared.recovery.clone() else {
            return self.attach_socket(entry, client, None);
        };
        let name = entry.namespace.name.clone();
        let routes = Arc::clone(entry.router.channel_routes());
        let mut claim = Box::pin(recovery.claim(request, name, routes));
        // Mostly nothing has to be waited for.
        match claim.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(claimed) => self.claimed(entry, client, claimed),
            Poll::Pending => {
                self.claims += 1;
                let claimed = claim.into_actor(self).map(|claimed, connection, ctx| {
                    connection.claims -= 1;
                    if !connection.driver.is_ended() {
                        connection.claimed(entry, client, claimed);
                    }
                    connection.process(ctx);
                });
                ctx.spawn(claimed);
            }
        }
    }

    /// Takes a CONNECT when the server has read the past of its cluster. Until then, no packets are
    /// processed.
    pub(super) fn connect_later(
        &mut self,
        name: ByteString,
        auth: Option<ByteString>,
        ctx: &mut Context<Self>,
    ) {
        self.claims += 1;
        let opened = self.shared.start_gate.clone().opened().into_actor(self);
        ctx.spawn(opened.map(move |(), connection, ctx| {
            connection.claims -= 1;
            if !connection.driver.is_ended()
                && let Err(client_end) = connection.connect(&name, auth, ctx)
            {
                let reason = connection.driver.log_client_end(&client_end);
                connection.end(reason, ctx);
            }
            connection.process(ctx);
        }));
    }

    fn claimed(
        &mut self,
        entry: NamespaceEntry,
        client: Client,
        claimed: Result<ClaimedSession, UnrecoveredKind>,
    ) {
        match claimed {
            Ok(claimed) => self.attach_socket(entry, client, Some(claimed)),
            Err(kind) => {
                let namespace = &entry.namespace.name;
                let why = format!("{kind:?}");
                log_line!(log::Level::Debug, "\"{}\": not recovered: {}", namespace, why);
                if let Some(recovery) = &self.shared.recovery {
                    recovery.count_unrecovered(kind);
                }
                self.attach_socket(entry, client, None);
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
        let restored = socket.restore(self.connect_packet(&socket), hold);
        self.report_admitted(&socket);
        match restored {
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

/// The things that a client asks of the server itself, in the `auth` of its CONNECT. Handlers do
/// not see them: who has the `pid` can take the client's place, and the clients of this crate ask
/// every server for positions.
#[derive(Default)]
pub(super) struct ConnectRequest {
    pub(super) asks_for_offsets: bool,
    /// The secret id that it shows, and its position.
    pub(super) returning: Option<(PrivateId, Option<String>)>,
    /// The token that it shows. One that is not a string can't be believed, and is empty here.
    #[cfg(feature = "jwt")]
    pub(super) token: Option<String>,
}

impl ConnectRequest {
    /// Takes them out of `auth`, and returns the rest. Without recovery, `pid` and `offset` are the
    /// application's. So is `offsets` with another value than `true`.
    pub(super) fn take_from(
        &mut self,
        auth: Option<ByteString>,
        may_return: bool,
    ) -> Option<ByteString> {
        let text = auth?;
        let Ok(mut fields) = serde_json::from_str::<AuthFields<'_>>(&text) else {
            return Some(text);
        };
        let before = fields.0.len();
        if fields.last("offsets").is_some_and(|value| value.get() == "true") {
            fields.take("offsets");
            self.asks_for_offsets = true;
        }
        if may_return && let Some(pid) = fields.take("pid") {
            let offset = fields.take("offset");
            let pid = serde_json::from_str::<String>(pid.get()).ok();
            // Anything but a string cannot be a position.
            let offset = offset.map(|one| serde_json::from_str(one.get()).unwrap_or_default());
            let pid = pid.and_then(|pid| PrivateId::parse(&pid));
            self.returning = pid.map(|pid| (pid, offset));
        }
        if fields.0.len() == before { Some(text) } else { Some(fields.to_string().into()) }
    }
}

#[cfg(feature = "jwt")]
impl ConnectRequest {
    /// Takes the token out of `auth`, and returns the rest.
    pub(super) fn take_token(&mut self, auth: Option<ByteString>) -> Option<ByteString> {
        let text = auth?;
        let Ok(mut fields) = serde_json::from_str::<AuthFields<'_>>(&text) else {
            return Some(text);
        };
        match fields.take("token") {
            None => Some(text),
            // As if it were not there: an application may have an `auth` that is not complete yet.
            Some(token) if token.get() == "null" => Some(fields.to_string().into()),
            Some(token) => {
                self.token = Some(serde_json::from_str(token.get()).unwrap_or_default());
                Some(fields.to_string().into())
            }
        }
    }
}

/// The fields of an object as they came. Their values are not read.
struct AuthFields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> AuthFields<'a> {
    /// The last field of a name, which a parser of the object would take.
    fn last(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(field, _)| field == name).map(|(_, value)| *value)
    }

    /// Takes all fields of a name, and returns the last.
    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let taken = self.last(name);
        self.0.retain(|(field, _)| field != name);
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

    /// The rest of an `auth`, whether it asks for positions, and the session that it shows.
    fn read(auth: &str, may_return: bool) -> (String, bool, Option<(String, Option<String>)>) {
        let mut request = ConnectRequest::default();
        let auth = request.take_from(Some(auth.into()), may_return).expect("an object");
        let returning = request.returning.map(|(pid, at)| (pid.reveal().to_owned(), at));
        (auth.to_string(), request.asks_for_offsets, returning)
    }

    fn taken(auth: &str) -> (String, Option<(String, Option<String>)>) {
        let (auth, _, returning) = read(auth, true);
        (auth, returning)
    }

    #[test]
    fn the_question_for_positions_is_taken_out_of_any_auth() {
        for may_return in [false, true] {
            let read = |auth| read(auth, may_return);
            let rest = (r#"{"token":1}"#.to_owned(), true, None);
            assert_eq!(read(r#"{"offsets":true,"token":1}"#), rest);
            assert_eq!(read(r#"{"offsets":false,"off\u0073ets":true,"token":1}"#), rest);
            assert_eq!(read(r#"{"offsets" : true}"#), ("{}".to_owned(), true, None));
            // The application's own.
            for auth in [r#"{"offsets":[1, 2]}"#, r#"{"offsets":true,"offsets":"a"}"#, "[true]"] {
                assert_eq!(read(auth), (auth.to_owned(), false, None));
            }
        }
        let auth = format!(r#"{{"pid":"{PID}","offset":"x"}}"#);
        assert_eq!(read(&auth, false), (auth, false, None), "without recovery");
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
        assert!(ConnectRequest::default().take_from(None, true).is_none());
    }
}
