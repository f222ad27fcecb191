use bytestring::ByteString;

use super::depth::check_depth;
use crate::protocol::{Args, DecodeError, DecodeLimits, is_reserved};

/// One Socket.IO v5 packet: the data of an Engine.IO message.
///
/// The format is `<type>[<attachments>-][<namespace>,][<ack id>][JSON]`; the namespace `/` is left
/// out.
///
/// Read by a [`Decoder`](super::Decoder).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet {
    /// The namespace it is for.
    pub namespace: ByteString,
    /// What it says.
    pub kind: PacketKind,
}

/// What a [`Packet`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind {
    /// `0`: let me into the namespace; with a JSON object, if the client has something to show.
    Connect(Option<ByteString>),
    /// `1`: I leave the namespace.
    Disconnect,
    /// `2`: an event. One without any payload (`2`) is legal, and has no name.
    Event {
        /// The event's name; a number is taken by its digits.
        name: ByteString,
        /// Its arguments.
        args: Args,
        /// The sender wants an acknowledgement, with this id.
        id: Option<AckId>,
    },
    /// `3`: an acknowledgement.
    Ack {
        /// The id of the event it answers. One without is legal, and answers nothing.
        id: Option<AckId>,
        /// The answer.
        args: Args,
    },
    /// `4`: you are not let in. Only servers send it.
    ConnectError(ByteString),
}

/// The id with which an event asks to be acknowledged: decimal digits of any number, chosen by
/// whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckId(ByteString);

impl AckId {
    /// Reads decimal digits, of any number; `None` if it is something else.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let significant = digits.trim_start_matches('0');
        is_number.then(|| Self(if significant.is_empty() { "0" } else { significant }.into()))
    }

    /// The digits, without leading zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, if it is one that this server gives.
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<u64> for AckId {
    fn from(id: u64) -> Self {
        Self(id.to_string().into())
    }
}

impl Packet {
    /// A packet for a namespace, whose name has its slash: for a [`Parser`](super::Parser) of one's
    /// own.
    pub fn new(namespace: impl Into<ByteString>, kind: PacketKind) -> Self {
        Self { namespace: namespace.into(), kind }
    }

    /// Reads the text of a packet, whose parts share its memory; answers how many attachments are
    /// to follow.
    pub(in crate::protocol) fn decode(
        text: ByteString,
        limits: &DecodeLimits,
    ) -> Result<(Self, usize), DecodeError> {
        let kind = text.chars().next().ok_or(DecodeError::Empty)?;
        if !kind.is_ascii() {
            return Err(DecodeError::UnknownType(kind));
        }
        let rest = &text[1..];
        let (due, rest) = if matches!(kind, '5' | '6') {
            attachments(rest, limits.attachments)?
        } else {
            (0, rest)
        };
        let (namespace, rest) = match rest.strip_prefix('/') {
            Some(_) => {
                let (name, rest) = rest.split_once(',').unwrap_or((rest, ""));
                (text.slice_ref(name), rest)
            }
            None => (ByteString::from_static("/"), rest),
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, rest) = rest.split_at(digits);
        let id = (!id.is_empty()).then(|| {
            let significant = id.trim_start_matches('0');
            AckId(text.slice_ref(if significant.is_empty() {
                &id[id.len() - 1..]
            } else {
                significant
            }))
        });
        let kind = match kind {
            '0' => PacketKind::Connect(object(text.slice_ref(rest), limits)?),
            '1' if rest.is_empty() => PacketKind::Disconnect,
            '1' => return Err(DecodeError::Payload("DISCONNECT has none".to_owned())),
            '2' | '5' if rest.is_empty() => {
                PacketKind::Event { name: ByteString::new(), args: Args::default(), id }
            }
            '2' | '5' => {
                let start = text.len() - rest.len();
                event(Args::parse_after(text, start, limits.depth)?, id)?
            }
            '3' | '6' => {
                PacketKind::Ack { id, args: Args::parse(text.slice_ref(rest), limits.depth)? }
            }
            '4' => PacketKind::ConnectError(text.slice_ref(rest)),
            other => return Err(DecodeError::UnknownType(other)),
        };
        Ok((Self { namespace, kind }, due))
    }
}

/// `<attachments>-` and the rest.
fn attachments(text: &str, limit: usize) -> Result<(usize, &str), DecodeError> {
    let (count, rest) = text
        .split_once('-')
        .filter(|(count, _)| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| {
            DecodeError::Payload(
                "a binary packet starts with the number of its attachments".to_owned(),
            )
        })?;
    // More digits than a number has are more than any limit.
    match count.parse() {
        Ok(count) if count <= limit => Ok((count, rest)),
        _ => Err(DecodeError::TooManyAttachments { limit }),
    }
}

fn object(json: ByteString, limits: &DecodeLimits) -> Result<Option<ByteString>, DecodeError> {
    if json.is_empty() {
        return Ok(None);
    }
    check_depth(&json, limits.depth)?;
    if !json.trim_ascii_start().starts_with('{') {
        return Err(DecodeError::Payload("CONNECT takes an object".to_owned()));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(&json)
        .map_err(|error| DecodeError::Payload(error.to_string()))?;
    Ok(Some(json))
}

/// An event, whose name is the first of these.
fn event(args: Args, id: Option<AckId>) -> Result<PacketKind, DecodeError> {
    let unnamed =
        || DecodeError::Payload("an event starts with its name, a string or a number".to_owned());
    let raw = args.raw(0).ok_or_else(unnamed)?;
    let name = match raw.as_bytes() {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => args.share(&raw[1..raw.len() - 1]),
        [b'"', ..] => serde_json::from_str::<String>(raw)
            .map_err(|error| DecodeError::Payload(error.to_string()))?
            .into(),
        [b'-' | b'0'..=b'9', ..] => args.share(raw),
        _ => return Err(unnamed()),
    };
    if is_reserved(&name) {
        return Err(DecodeError::Reserved(name.to_string()));
    }
    Ok(PacketKind::Event { name, args: args.skip(1), id })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{ack, connect, connect_error, disconnect, forward};

    fn decode(text: &str) -> Result<Packet, DecodeError> {
        Packet::decode(text.to_owned().into(), &DecodeLimits::default()).map(|(packet, _)| packet)
    }

    #[test]
    fn namespaces_with_and_without_a_comma() {
        let namespaces =
            ["0", "0/", "0/custom", "0/custom,", "0/custom,{}", "0/c?a=b,"].map(|text| {
                let packet = decode(text).unwrap();
                assert!(matches!(packet.kind, PacketKind::Connect(_)));
                packet.namespace.to_string()
            });
        assert_eq!(namespaces, ["/", "/", "/custom", "/custom", "/custom", "/c?a=b"]);
        assert_eq!(decode("0 {}").unwrap().kind, PacketKind::Connect(Some(" {}".into())));
    }

    #[test]
    fn ack_ids_are_numbers_of_any_size() {
        let id = |text| match decode(text).unwrap().kind {
            PacketKind::Event { id, .. } | PacketKind::Ack { id, .. } => {
                id.map(|id| id.as_str().to_owned())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(id(r#"2["e"]"#), None);
        assert_eq!(id(r#"2007["e"]"#), Some("7".to_owned()));
        assert_eq!(id(r#"3000[]"#), Some("0".to_owned()));
        assert_eq!(
            id(r#"312345678901234567890123[1]"#),
            Some("12345678901234567890123".to_owned())
        );
    }

    #[test]
    fn names_are_strings_or_numbers() {
        let name = |text| match decode(text).unwrap().kind {
            PacketKind::Event { name, .. } => name.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(name(r#"2["goal"]"#), "goal");
        assert_eq!(name(r#"2["a\n\u00e9"]"#), "a\né");
        assert_eq!(name("2[-1.5,2]"), "-1.5");
        assert_eq!(name("2"), "");
    }

    #[test]
    fn what_is_no_packet_says_why() {
        let payload = |text| match decode(text) {
            Err(DecodeError::Payload(why)) => why,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(payload("1{}"), "DISCONNECT has none");
        assert_eq!(payload("0[]"), "CONNECT takes an object");
        payload("0{]");
        payload("2{}");
        payload("2[]");
        payload("2[{}]");
        payload("2[null]");
        payload("3");
        payload("31{}");
        assert_eq!(decode(""), Err(DecodeError::Empty));
        assert_eq!(decode("9"), Err(DecodeError::UnknownType('9')));
        assert_eq!(decode("€"), Err(DecodeError::UnknownType('€')));
        assert_eq!(decode(r#"2["connect"]"#), Err(DecodeError::Reserved("connect".to_owned())));
        assert_eq!(
            decode(r#"2["\u0063onnect"]"#),
            Err(DecodeError::Reserved("connect".to_owned()))
        );
        let deep = format!(r#"2["e",{}"#, "[".repeat(100_000));
        assert_eq!(decode(&deep), Err(DecodeError::TooDeep { limit: 100 }));
    }

    /// What a client would read of one of our frames.
    fn message(frame: &crate::protocol::Frame) -> ByteString {
        frame.text().strip_prefix('4').unwrap().into()
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(
            namespace in "(/[^,]*)?",
            name in ".*",
            texts in proptest::collection::vec(".*", 0..4),
            id in any::<u64>(),
        ) {
            let namespace = if namespace.is_empty() { "/" } else { &namespace };
            let limits = DecodeLimits::default();
            let read = |frame| Packet::decode(message(&frame), &limits).map(|(packet, _)| packet);
            let json = serde_json::to_string(&texts).unwrap();
            let sent = Args::parse(json.into(), 10).unwrap();

            let event = read(forward(namespace, &name, &sent).unwrap());
            if is_reserved(&name) {
                prop_assert_eq!(event, Err(DecodeError::Reserved(name)));
            } else {
                let event = event.unwrap();
                prop_assert_eq!(&*event.namespace, namespace);
                let PacketKind::Event { name: read_name, args, id: None } = event.kind else { panic!() };
                prop_assert_eq!(&*read_name, &name);
                prop_assert!(args.iter().eq(sent.iter()));
            }

            let answer = read(ack(namespace, &AckId::from(id), &texts).unwrap()).unwrap();
            let PacketKind::Ack { id: read_id, args } = answer.kind else { panic!() };
            prop_assert_eq!(read_id.unwrap().to_u64(), Some(id));
            prop_assert_eq!(args.get::<Vec<String>>(0).unwrap(), texts);

            prop_assert_eq!(read(disconnect(namespace)).unwrap().kind, PacketKind::Disconnect);
            let refusal = read(connect_error(namespace, "{}")).unwrap().kind;
            prop_assert_eq!(refusal, PacketKind::ConnectError("{}".into()));
            let admission = read(connect(namespace, "id")).unwrap().kind;
            prop_assert_eq!(admission, PacketKind::Connect(Some(r#"{"sid":"id"}"#.into())));
        }

        #[test]
        fn arbitrary_text_never_panics(text in r#"[0-9b]?(/[a-z]{0,3},?)?[0-9]{0,3}[\[{"]?.*"#) {
            let _ = decode(&text);
        }
    }
}
