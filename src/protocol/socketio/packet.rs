use bytestring::ByteString;

use super::depth::check_depth;
use crate::protocol::{Args, DecodeError, DecodeLimits, is_reserved};

/// One Socket.IO v5 packet, which is the data of an Engine.IO message.
///
/// The text format is `<type>[<attachments>-][<namespace>,][<ack id>][JSON]`. The namespace `/` is
/// left out. A [`Decoder`](super::Decoder) decodes it.
///
/// ```
/// use actix_socketio::protocol::{DecodeLimits, Decoder, Packet, PacketKind};
///
/// let packet = Decoder::new(DecodeLimits::default()).text("0/admin,".into())?.unwrap();
/// assert_eq!(packet, Packet::new("/admin", PacketKind::Connect(None)));
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet {
    /// The namespace of the packet, with its leading slash.
    pub namespace: ByteString,
    /// The type of the packet, with its data.
    pub kind: PacketKind,
}

/// The type of a [`Packet`], with the data of this type.
///
/// ```
/// use actix_socketio::protocol::{Args, PacketKind};
///
/// let args = Args::parse("[7]".into(), 100)?;
/// let kind = PacketKind::Event { name: "goal".into(), args, id: None };
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketKind {
    /// `0`: the client asks to join the namespace, with its `auth` as a JSON object if it has one.
    /// The server answers with the same type, and an object that has the socket's id.
    Connect(Option<ByteString>),
    /// `1`: the client leaves the namespace, or the server removes it.
    Disconnect,
    /// `2`: an event. An event without a payload (`2`) is valid, and its name is empty.
    Event {
        /// The name of the event. A name that is a number is kept as its digits.
        name: ByteString,
        /// The arguments of the event.
        args: Args,
        /// The id of the acknowledgement, if the sender asks for one.
        id: Option<AckId>,
    },
    /// `3`: an acknowledgement.
    Ack {
        /// The id of the event that is acknowledged. A packet without an id is valid, and has no
        /// effect.
        id: Option<AckId>,
        /// The arguments of the answer.
        args: Args,
    },
    /// `4`: the server refuses the namespace, with the error as JSON. Only servers send it.
    ConnectError(ByteString),
}

/// The id that links an event to its acknowledgement.
///
/// The sender of the event chooses it. It consists of decimal digits, of a number of any size.
///
/// ```
/// # use actix_socketio::protocol::AckId;
/// assert_eq!(AckId::from(7), AckId::parse("007").unwrap());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckId(ByteString);

impl AckId {
    /// Parses decimal digits. Returns `None` if `digits` is empty or has another character.
    ///
    /// ```
    /// # use actix_socketio::protocol::AckId;
    /// assert!(AckId::parse("12345678901234567890123").is_some());
    /// assert!(AckId::parse("-1").is_none());
    /// ```
    pub fn parse(digits: &str) -> Option<Self> {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let significant = digits.trim_start_matches('0');
        is_number.then(|| Self(if significant.is_empty() { "0" } else { significant }.into()))
    }

    /// Returns the digits without leading zeros.
    ///
    /// ```
    /// # use actix_socketio::protocol::AckId;
    /// assert_eq!(AckId::from(7).as_str(), "7");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number, or `None` if it does not fit into a `u64`. All ids that this server
    /// chooses fit.
    ///
    /// ```
    /// # use actix_socketio::protocol::AckId;
    /// assert_eq!(AckId::from(7).to_u64(), Some(7));
    /// ```
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
    /// Makes a packet, in a [`Parser`](super::Parser) of your own. The namespace must have its
    /// leading slash.
    ///
    /// ```
    /// # use actix_socketio::protocol::{Packet, PacketKind};
    /// let packet = Packet::new("/", PacketKind::Disconnect);
    /// ```
    pub fn new(namespace: impl Into<ByteString>, kind: PacketKind) -> Self {
        Self { namespace: namespace.into(), kind }
    }

    /// Decodes the text of a packet, whose parts share the memory of `text`. Also returns how many
    /// attachments follow.
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
            '1' => return Err(DecodeError::Payload("DISCONNECT has no payload".to_owned())),
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

/// Splits `<attachments>-` off the text. Returns the number of attachments and the rest.
fn attachments(text: &str, limit: usize) -> Result<(usize, &str), DecodeError> {
    let (count, rest) = text
        .split_once('-')
        .filter(|(count, _)| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| {
            DecodeError::Payload("expected the number of attachments of a binary packet".to_owned())
        })?;
    // A count that does not fit into a `usize` is beyond any limit.
    match count.parse() {
        Ok(count) if count <= limit => Ok((count, rest)),
        _ => Err(DecodeError::TooManyAttachments { limit }),
    }
}

/// Checks that the payload of a CONNECT is a JSON object, or empty.
fn object(json: ByteString, limits: &DecodeLimits) -> Result<Option<ByteString>, DecodeError> {
    if json.is_empty() {
        return Ok(None);
    }
    check_depth(&json, limits.depth)?;
    if !json.trim_ascii_start().starts_with('{') {
        return Err(DecodeError::Payload("expected an object as payload of CONNECT".to_owned()));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(&json)
        .map_err(|error| DecodeError::Payload(error.to_string()))?;
    Ok(Some(json))
}

/// Makes an event from an array whose first value is the name.
fn event(args: Args, id: Option<AckId>) -> Result<PacketKind, DecodeError> {
    let unnamed =
        || DecodeError::Payload("expected the name of the event, a string or a number".to_owned());
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
    fn a_namespace_may_lack_its_comma() {
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
    fn errors_name_the_fault_of_an_invalid_packet() {
        let payload = |text| match decode(text) {
            Err(DecodeError::Payload(why)) => why,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(payload("1{}"), "DISCONNECT has no payload");
        assert_eq!(payload("0[]"), "expected an object as payload of CONNECT");
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

    /// Returns the Engine.IO message of an encoded frame, as a client receives it.
    fn message(frame: &crate::protocol::Frame) -> ByteString {
        frame.text().strip_prefix('4').unwrap().into()
    }

    proptest! {
        #[test]
        fn decode_reverses_encode(
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
                let PacketKind::Event { name: read_name, args, id: None } = event.kind else {
                    panic!()
                };
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
