//! The commands of administrators, read from the arguments of events.

use std::fmt;

use crate::{
    model::{Channel, SocketId},
    protocol::{Args, is_reserved},
    stats::AdminCommand,
};

/// A command, and the clients that it is for.
#[derive(Debug)]
pub(super) struct Request {
    /// The name of the namespace, which may not exist.
    pub(super) namespace: String,
    pub(super) filter: Filter,
    pub(super) action: Action,
}

/// The clients in a namespace.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    /// A socket if there is one with this id, and otherwise a channel.
    SocketOrChannel(SocketId, String),
    Channel(String),
}

/// The change that a command makes to them.
#[derive(Debug)]
pub(super) enum Action {
    Emit { event: String, args: Args },
    Join { channel: String },
    Leave { channel: String },
    Disconnect { closes_connection: bool },
}

/// The argument of a command that is wrong, and what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl Request {
    /// Reads the arguments of a command.
    pub(super) fn read(
        command: AdminCommand,
        args: &Args,
        max_channel_length: usize,
    ) -> Result<Self, Malformed> {
        let namespace = namespace(args)?;
        let filter = |index| filter(args, index, max_channel_length);
        let channel = || channel(args, max_channel_length);
        let has = |from, to| match (from..=to).contains(&args.len()) {
            true => Ok(()),
            false => Err(Malformed("the number of arguments")),
        };
        let (filter, action) = match command {
            AdminCommand::Emit => {
                has(3, usize::MAX)?;
                (filter(1)?, Action::Emit { event: event(args)?, args: args.clone().skip(3) })
            }
            AdminCommand::Join => {
                has(2, 3)?;
                (filter(2)?, Action::Join { channel: channel()? })
            }
            AdminCommand::Leave => {
                has(2, 3)?;
                (filter(2)?, Action::Leave { channel: channel()? })
            }
            AdminCommand::Disconnect => {
                has(2, 3)?;
                let expected = Malformed("argument 1: expected true or false");
                let closes_connection = args.get(1).map_err(|_| expected)?;
                (filter(2)?, Action::Disconnect { closes_connection })
            }
        };
        Ok(Self { namespace, filter, action })
    }
}

/// The first argument. Names that would be another namespace with a slash before them are refused.
fn namespace(args: &Args) -> Result<String, Malformed> {
    let name = args.get::<String>(0).ok().filter(|name| name.starts_with('/'));
    name.ok_or(Malformed("argument 0: expected a namespace, which starts with a slash"))
}

fn event(args: &Args) -> Result<String, Malformed> {
    let event = args.get::<String>(2).ok().filter(|event| !is_reserved(event));
    event.ok_or(Malformed("argument 2: expected the name of an event that is not reserved"))
}

/// The second argument.
fn channel(args: &Args, max_length: usize) -> Result<String, Malformed> {
    let name = args.get::<String>(1).ok().filter(|name| is_channel(name, max_length));
    name.ok_or(Malformed("argument 1: expected the name of a channel"))
}

/// An argument that is the id of a socket or the name of a channel, or an empty text, `null` or
/// missing.
fn filter(args: &Args, index: usize, max_length: usize) -> Result<Filter, Malformed> {
    let expected = Malformed("the filter: expected a socket's id, a channel, or null");
    let text = args.get::<Option<String>>(index).map_err(|_| expected)?.unwrap_or_default();
    match text.parse() {
        Ok(id) => Ok(Filter::SocketOrChannel(id, text)),
        Err(_) if text.is_empty() => Ok(Filter::All),
        Err(_) if is_channel(&text, max_length) => Ok(Filter::Channel(text)),
        Err(_) => Err(expected),
    }
}

fn is_channel(name: &str, max_length: usize) -> bool {
    Channel::new(name, max_length).is_ok()
}

/// For the log.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Emit { event, .. } => write!(f, "emits {event:?} to")?,
            Action::Join { channel } => write!(f, "adds to the channel {channel:?}")?,
            Action::Leave { channel } => write!(f, "removes from the channel {channel:?}")?,
            Action::Disconnect { closes_connection: true } => f.write_str("closes")?,
            Action::Disconnect { closes_connection: false } => f.write_str("disconnects")?,
        }
        match &self.filter {
            Filter::All => f.write_str(" all")?,
            Filter::SocketOrChannel(_, name) | Filter::Channel(name) => write!(f, " {name:?}")?,
        }
        write!(f, " in {:?}", self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "aqQHaqQHaqQHaqQHAAAB";

    fn read(command: AdminCommand, args: &Value) -> Result<Request, Malformed> {
        let args = Args::parse(args.to_string().into(), 100).unwrap();
        Request::read(command, &args, 20)
    }

    #[test]
    fn commands_are_read_as_the_ui_sends_them() {
        use AdminCommand::{Disconnect, Emit, Join, Leave};

        for (command, args, expected) in [
            (
                Join,
                json!(["/", "room-2", "room-1"]),
                r#"adds to the channel "room-2" "room-1" in "/""#,
            ),
            (Join, json!(["/a", "room-2"]), r#"adds to the channel "room-2" all in "/a""#),
            (Join, json!(["/", "room-2", ""]), r#"adds to the channel "room-2" all in "/""#),
            (
                Leave,
                json!(["/", "r", ID]),
                &*format!(r#"removes from the channel "r" "{ID}" in "/""#),
            ),
            (Leave, json!(["/", "r", null]), r#"removes from the channel "r" all in "/""#),
            (Emit, json!(["/", "r", "ev", {"b": 2}, 3]), r#"emits "ev" to "r" in "/""#),
            (Emit, json!(["/", null, "ev"]), r#"emits "ev" to all in "/""#),
            (Disconnect, json!(["/", false, "r"]), r#"disconnects "r" in "/""#),
            (Disconnect, json!(["/", true]), r#"closes all in "/""#),
        ] {
            assert_eq!(read(command, &args).unwrap().to_string(), expected, "{args}");
        }
        let Action::Emit { args, .. } = read(Emit, &json!(["/", "", "ev", 1, "2"])).unwrap().action
        else {
            panic!("another action");
        };
        assert_eq!(args.iter().collect::<Vec<_>>(), ["1", "\"2\""]);
        let filter = read(Leave, &json!(["/", "r", ID])).unwrap().filter;
        assert_eq!(filter, Filter::SocketOrChannel(ID.parse().unwrap(), ID.to_owned()));
    }

    #[test]
    fn malformed_commands_are_refused() {
        use AdminCommand::{Disconnect, Emit, Join, Leave};

        let long = "x".repeat(21);
        // No command takes these as its namespace.
        let wrong_names =
            [json!(null), json!(5), json!(true), json!({}), json!(["/"]), json!(""), json!("x")];
        let mut cases = Vec::new();
        for name in &wrong_names {
            cases.push((Emit, json!([name, null, "ev"])));
            cases.push((Join, json!([name, "room"])));
            cases.push((Leave, json!([name, "room"])));
            cases.push((Disconnect, json!([name, false])));
        }
        // No command takes these as its filter.
        for filter in [json!(5), json!(false), json!({}), json!(["a"]), json!("a\n"), json!(long)] {
            cases.push((Emit, json!(["/", filter, "ev"])));
            cases.push((Join, json!(["/", "room", filter])));
            cases.push((Leave, json!(["/", "room", filter])));
            cases.push((Disconnect, json!(["/", false, filter])));
        }
        for room in [json!(null), json!(5), json!(""), json!({}), json!("a\0"), json!(long)] {
            cases.push((Join, json!(["/", room])));
            cases.push((Leave, json!(["/", room, null])));
        }
        for event in [json!(null), json!(5), json!({}), json!("connect"), json!("disconnect")] {
            cases.push((Emit, json!(["/", null, event])));
        }
        for close in [json!(null), json!(0), json!(1), json!("true"), json!({})] {
            cases.push((Disconnect, json!(["/", close, "room"])));
        }
        for command in [Emit, Join, Leave, Disconnect] {
            cases.push((command, json!([])));
            cases.push((command, json!(["/"])));
        }
        cases.push((Emit, json!(["/", null])));
        cases.push((Join, json!(["/", "room", null, 1])));
        cases.push((Leave, json!(["/", "room", null, null])));
        cases.push((Disconnect, json!(["/", false, null, 1])));
        assert!(cases.len() >= 60, "{}", cases.len());
        for (command, args) in cases {
            let error = read(command, &args).map(|request| request.to_string());
            assert!(error.is_err(), "{command:?} {args}: {error:?}");
        }
    }

    #[test]
    fn attachments_stand_for_no_name_and_are_passed_on() {
        let text = r#"["/",{"_placeholder":true,"num":0},"ev"]"#;
        let parse = |text: &str| {
            let args = Args::parse(text.to_owned().into(), 100).unwrap();
            args.attach(vec![Bytes::from_static(b"bytes")]).unwrap()
        };
        assert!(Request::read(AdminCommand::Emit, &parse(text), 20).is_err());
        let args = parse(r#"["/","","ev",{"_placeholder":true,"num":0}]"#);
        let Action::Emit { args, .. } =
            Request::read(AdminCommand::Emit, &args, 20).unwrap().action
        else {
            panic!("another action");
        };
        assert_eq!(args.binary(0), Some(Bytes::from_static(b"bytes")));
    }
}
