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
        /// The name of the event. A name that is a number is kept as its digits. Half of a
        /// surrogate pair, which JSON can escape and Rust cannot hold, becomes U+FFFD.
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
        let start = text.len() - rest.len();
        Ok((Self { namespace, kind: PacketKind::read(kind, text, start, id, limits)? }, due))
    }
}

impl PacketKind {
    /// Reads the payload of a packet, which is the part of `text` from `start`. The parser of each
    /// format has read the other parts.
    pub(in crate::protocol) fn read(
        kind: char,
        text: ByteString,
        start: usize,
        id: Option<AckId>,
        limits: &DecodeLimits,
    ) -> Result<Self, DecodeError> {
        let json = |text: ByteString| text.slice_ref(&text[start..]);
        let is_empty = start == text.len();
        Ok(match kind {
            '0' if is_empty => Self::Connect(None),
            '0' => {
                if !text[start..].trim_ascii_start().starts_with('{') {
                    return Err(DecodeError::Payload(
                        "expected an object as payload of CONNECT".to_owned(),
                    ));
                }
                check_json(&text[start..], limits)?;
                Self::Connect(Some(json(text)))
            }
            '1' if is_empty => Self::Disconnect,
            '1' => return Err(DecodeError::Payload("DISCONNECT has no payload".to_owned())),
            '2' | '5' if is_empty => {
                Self::Event { name: ByteString::new(), args: Args::default(), id }
            }
            '2' | '5' => event(Args::parse_after(text, start, limits.depth)?, id)?,
            '3' | '6' => Self::Ack { id, args: Args::parse_after(text, start, limits.depth)? },
            '4' => {
                if !is_empty {
                    check_json(&text[start..], limits)?;
                }
                Self::ConnectError(json(text))
            }
            other => return Err(DecodeError::UnknownType(other)),
        })
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

/// Checks that a payload is JSON, as [`Args::parse`] does. Its values are not parsed.
fn check_json(json: &str, limits: &DecodeLimits) -> Result<(), DecodeError> {
    check_depth(json, limits.depth)?;
    serde_json::from_str::<serde::de::IgnoredAny>(json)
        .map(|_| ())
        .map_err(|error| DecodeError::Payload(error.to_string()))
}

/// Makes an event from an array whose first value is the name.
fn event(args: Args, id: Option<AckId>) -> Result<PacketKind, DecodeError> {
    let unnamed =
        || DecodeError::Payload("expected the name of the event, a string or a number".to_owned());
    let name = args.name(0).ok_or_else(unnamed)?;
    if is_reserved(&name) {
        return Err(DecodeError::Reserved(name.to_string()));
    }
    Ok(PacketKind::Event { name, args: args.skip(1), id })
}

#[cfg(test)]
mod tests;
