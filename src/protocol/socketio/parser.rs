use std::{any::TypeId, fmt, sync::Arc};

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

use super::{ConnectAnswer, encode, json::write_args};
use crate::protocol::{
    AckId, Args, DecodeError, DecodeLimits, Decoder, EnginePacket, Frame, OutgoingPacket, Packet,
    PacketKind, UnsealedPacket, frame_builder::FrameBuilder, msgpack,
};

/// Writes and reads packets: Socket.IO's `parser` option.
///
/// Both ends must use the same one. Without a parser, packets are JSON with attachments.
/// [`MsgpackParser`] is the one of `socket.io-msgpack-parser`. You give a parser of your own to
/// [`Builder::parser`](crate::Builder::parser):
///
/// ```
/// use actix_socketio::protocol::{
///     Args, DecodeError, DecodeLimits, Encoded, Packet, PacketDecoder, PacketKind, Parser,
/// };
/// use bytestring::ByteString;
///
/// /// For clients that send `name [arguments]`, and know one namespace.
/// struct Plain;
///
/// struct PlainDecoder;
///
/// impl Parser for Plain {
///     fn encode(&self, packet: &Packet) -> Encoded {
///         Encoded::text(match &packet.kind {
///             PacketKind::Event { name, args, .. } => {
///                 format!("{name} [{}]", args.iter().collect::<Vec<_>>().join(","))
///             }
///             other => format!("{other:?}"),
///         })
///     }
///
///     fn decoder(&self, _limits: DecodeLimits) -> Box<dyn PacketDecoder> {
///         Box::new(PlainDecoder)
///     }
/// }
///
/// impl PacketDecoder for PlainDecoder {
///     fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
///         let kind = match text.split_once(' ') {
///             None => PacketKind::Connect(None),
///             Some((name, args)) => {
///                 let args = Args::parse(args.into(), 10)?;
///                 PacketKind::Event { name: name.into(), args, id: None }
///             }
///         };
///         Ok(Some(Packet::new("/", kind)))
///     }
///
///     fn binary(&mut self, data: bytes::Bytes) -> Result<Option<Packet>, DecodeError> {
///         Err(DecodeError::UnexpectedBinary)
///     }
/// }
/// ```
pub trait Parser: Send + Sync + 'static {
    /// Writes one packet.
    fn encode(&self, packet: &Packet) -> Encoded;

    /// Makes a decoder for one connection. It returns a [`DecodeError`] for bad input, and never
    /// panics. `limits` bound the memory that it takes.
    fn decoder(&self, limits: DecodeLimits) -> Box<dyn PacketDecoder>;
}

/// Reads the packets of one connection, from the Engine.IO messages in which they come.
pub trait PacketDecoder: Send {
    /// Takes a text message. Returns a packet if the message completes one.
    ///
    /// # Errors
    /// [`DecodeError`], for which the connection is closed with the reason `parse error`.
    fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError>;

    /// Takes a binary message. Returns a packet if the message completes one.
    ///
    /// # Errors
    /// [`DecodeError`], for which the connection is closed with the reason `parse error`.
    fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError>;
}

impl PacketDecoder for Decoder {
    fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        self.text(text)
    }

    fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        self.binary(data)
    }
}

/// A packet as Engine.IO messages: a text message, binary messages, or both, with the text first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The text message, if there is one.
    pub text: Option<String>,
    /// The binary messages.
    pub binary: Vec<Bytes>,
}

impl Encoded {
    /// One message of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), binary: Vec::new() }
    }

    /// One binary message.
    pub fn binary(data: impl Into<Bytes>) -> Self {
        Self { text: None, binary: vec![data.into()] }
    }

    pub(in crate::protocol) fn into_frame(self) -> Frame {
        match self {
            Self { text: Some(text), binary } => {
                let mut out = FrameBuilder::new();
                out.text("4");
                out.text(&text);
                out.attach(binary);
                out.into_frame()
            }
            Self { text: None, binary } => {
                // Known parsers send one message. More messages would be more packets.
                Frame::engine(&EnginePacket::Binary(binary.into_iter().next().unwrap_or_default()))
            }
        }
    }
}

/// The parser of
/// [`socket.io-msgpack-parser`](https://www.npmjs.com/package/socket.io-msgpack-parser): each
/// packet is one binary message.
///
/// ```
/// use actix_socketio::{SocketIo, protocol::MsgpackParser};
///
/// let builder = SocketIo::builder().parser(MsgpackParser);
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs)] // its name is its value
pub struct MsgpackParser;

impl Parser for MsgpackParser {
    fn encode(&self, packet: &Packet) -> Encoded {
        Encoded::binary(msgpack::encode(packet))
    }

    fn decoder(&self, limits: DecodeLimits) -> Box<dyn PacketDecoder> {
        Box::new(MsgpackDecoder(limits))
    }
}

struct MsgpackDecoder(DecodeLimits);

impl PacketDecoder for MsgpackDecoder {
    fn text(&mut self, _: ByteString) -> Result<Option<Packet>, DecodeError> {
        Err(DecodeError::Payload("a text message, where MessagePack is expected".to_owned()))
    }

    fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        msgpack::decode(&data, &self.0).map(Some)
    }
}

/// The parser of a server. The usual form is written straight into frames.
#[derive(Clone, Default)]
pub(crate) struct PacketCodec {
    parser: Option<Arc<dyn Parser>>,
    /// Bytes from which on a frame may be sent compressed.
    deflate_from: Option<usize>,
    /// The parser is one of an application: nothing can be added to its packets.
    is_foreign: bool,
}

impl PacketCodec {
    pub(crate) fn new<P: Parser>(parser: P) -> Self {
        let is_foreign = TypeId::of::<P>() != TypeId::of::<MsgpackParser>();
        Self { parser: Some(Arc::new(parser)), deflate_from: None, is_foreign }
    }

    /// Whether a position can be added to encoded events.
    pub(crate) fn takes_positions(&self) -> bool {
        !self.is_foreign
    }

    /// Lets frames be sent compressed if they have at least this many bytes.
    pub(crate) fn deflate_from(self, bytes: Option<usize>) -> Self {
        Self { deflate_from: bytes, ..self }
    }

    /// Lets a packet be sent compressed. Clones of its frame share the compressed form, so this
    /// comes before the first clone.
    pub(crate) fn compressible(&self, packet: OutgoingPacket) -> OutgoingPacket {
        match self.deflate_from {
            Some(bytes) => packet.deflatable_from(bytes),
            None => packet,
        }
    }

    pub(crate) fn is_custom(&self) -> bool {
        self.parser.is_some()
    }

    pub(crate) fn decoder(&self, limits: DecodeLimits) -> Box<dyn PacketDecoder> {
        match &self.parser {
            Some(parser) => parser.decoder(limits),
            None => Box::new(Decoder::new(limits)),
        }
    }

    pub(crate) fn connect(&self, namespace: &str, answer: &ConnectAnswer<'_>) -> Frame {
        match &self.parser {
            Some(parser) => {
                let kind = PacketKind::Connect(Some(answer.json().into()));
                write(&**parser, namespace, kind)
            }
            None => encode::connect_with(namespace, answer),
        }
    }

    /// The packet by which a client asks to enter a namespace. `auth` is a JSON object.
    #[cfg(feature = "test")]
    pub(crate) fn ask_to_connect(&self, namespace: &str, auth: Option<&str>) -> Frame {
        match &self.parser {
            Some(parser) => {
                write(&**parser, namespace, PacketKind::Connect(auth.map(ByteString::from)))
            }
            None => {
                let text = format!("0{namespace},{}", auth.unwrap_or_default());
                Frame::engine(&EnginePacket::Message(text.into()))
            }
        }
    }

    pub(crate) fn connect_error(&self, namespace: &str, json: &str) -> Frame {
        match &self.parser {
            Some(parser) => write(&**parser, namespace, PacketKind::ConnectError(json.into())),
            None => encode::connect_error(namespace, json),
        }
    }

    pub(crate) fn disconnect(&self, namespace: &str) -> Frame {
        match &self.parser {
            Some(parser) => write(&**parser, namespace, PacketKind::Disconnect),
            None => encode::disconnect(namespace),
        }
    }

    /// An event. Its sender decides whether it is [compressible](Self::compressible).
    pub(crate) fn event<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        id: Option<u64>,
        name: &str,
        data: &T,
    ) -> Result<OutgoingPacket, serde_json::Error> {
        Ok(match &self.parser {
            Some(parser) => {
                let (name, id) = (name.into(), id.map(AckId::from));
                OutgoingPacket::Frame(write(
                    &**parser,
                    namespace,
                    PacketKind::Event { name, args: to_args(data)?, id },
                ))
            }
            None => OutgoingPacket::FrameBuilder(encode::write_event(namespace, id, name, data)?),
        })
    }

    /// An event for many clients, to be sealed when it has its place. `compress`: whether it may be
    /// sent compressed.
    pub(crate) fn publication<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        name: &str,
        data: &T,
        compress: bool,
    ) -> Result<UnsealedPacket, serde_json::Error> {
        let packet = match &self.parser {
            Some(parser) => {
                UnsealedPacket::custom(parser, namespace.into(), name.into(), to_args(data)?)
            }
            None => encode::write_publication(namespace, name, data)?,
        };
        Ok(packet.deflatable_from(self.deflate_from.filter(|_| compress)))
    }

    /// The same, of arguments that a client or another server has sent.
    pub(crate) fn relay(
        &self,
        namespace: &str,
        name: &str,
        args: &Args,
        compress: bool,
    ) -> UnsealedPacket {
        let packet = match &self.parser {
            Some(parser) => {
                UnsealedPacket::custom(parser, namespace.into(), name.into(), args.clone())
            }
            None => encode::write_forward(namespace, name, args),
        };
        packet.deflatable_from(self.deflate_from.filter(|_| compress))
    }

    pub(crate) fn ack<T: Serialize + ?Sized>(
        &self,
        namespace: &str,
        id: &AckId,
        data: &T,
    ) -> Result<OutgoingPacket, serde_json::Error> {
        let packet = match &self.parser {
            Some(parser) => {
                let kind = PacketKind::Ack { id: Some(id.clone()), args: to_args(data)? };
                OutgoingPacket::Frame(write(&**parser, namespace, kind))
            }
            None => OutgoingPacket::FrameBuilder(encode::write_ack(namespace, id, data)?),
        };
        Ok(self.compressible(packet))
    }
}

impl fmt::Debug for PacketCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.parser.is_some() {
            "PacketCodec(custom)"
        } else {
            "PacketCodec(default)"
        })
    }
}

fn write(parser: &dyn Parser, namespace: &str, kind: PacketKind) -> Frame {
    parser.encode(&Packet { namespace: namespace.into(), kind }).into_frame()
}

/// Data as arguments, as a client would have sent them.
pub(crate) fn to_args<T: Serialize + ?Sized>(data: &T) -> Result<Args, serde_json::Error> {
    let mut json = b"[".to_vec();
    let attachments = write_args(&mut json, true, data)?;
    json.push(b']');
    let bad = |error: DecodeError| serde::ser::Error::custom(error);
    let json = ByteString::try_from(json).map_err(|_| bad(DecodeError::NotUtf8))?;
    Args::parse(json, usize::MAX).and_then(|args| args.attach(attachments)).map_err(bad)
}
