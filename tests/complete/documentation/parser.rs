//! Custom parser: each packet is a JSON object.

use actix_socketio::{
    Args, SocketIo,
    protocol::{
        AckId, DecodeError, DecodeLimits, Decoder, Encoded, Packet, PacketDecoder, PacketKind,
        Parser,
    },
};
use actix_web::web::ServiceConfig;
use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    events::{emitting_events, say_hello},
    namespaces::{admin_events, enter_admin},
};
use crate::running::RunningApp;

/// Starts an application with it.
pub(crate) fn start_with_parser() -> RunningApp {
    RunningApp::start(|| {
        let io = SocketIo::builder()
            .parser(JsonParser)
            .on_connect(say_hello)
            .on_message(emitting_events)
            .namespace("/admin", |admin| admin.on_connect(enter_admin).on_message(admin_events))
            .build()
            .expect("the settings are valid");
        (io.clone(), move |services: &mut ServiceConfig| {
            services.configure(io.mount());
        })
    })
}

struct JsonParser;

struct JsonDecoder(Decoder);

#[derive(Serialize, Deserialize)]
struct JsonPacket {
    #[serde(rename = "type")]
    kind: u8,
    nsp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

impl Parser for JsonParser {
    fn encode(&self, packet: &Packet) -> Encoded {
        let list = |name: Option<&ByteString>, args: &Args| {
            let name = name.map(|name| Value::from(&**name));
            Some(name.into_iter().chain(args.iter().map(value)).collect())
        };
        let (kind, data, id) = match &packet.kind {
            PacketKind::Connect(data) => (0, data.as_deref().map(value), None),
            PacketKind::Disconnect => (1, None, None),
            PacketKind::Event { name, args, id } => (2, list(Some(name), args), id.as_ref()),
            PacketKind::Ack { id, args } => (3, list(None, args), id.as_ref()),
            PacketKind::ConnectError(data) => (4, Some(value(data)), None),
            other => unreachable!("{other:?} is not a packet of Socket.IO 5"),
        };
        let id = id.and_then(AckId::to_u64);
        let packet = JsonPacket { kind, nsp: packet.namespace.to_string(), data, id };
        Encoded::text(serde_json::to_string(&packet).expect("plain JSON"))
    }

    fn decoder(&self, limits: DecodeLimits) -> Box<dyn PacketDecoder> {
        Box::new(JsonDecoder(Decoder::new(limits)))
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("written by us, or checked when it came")
}

impl PacketDecoder for JsonDecoder {
    /// Only the usual decoder makes packets, and it checks them.
    fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        let packet: JsonPacket =
            serde_json::from_str(&text).map_err(|error| DecodeError::Payload(error.to_string()))?;
        let JsonPacket { kind: kind @ 0..=4, nsp, data, id } = packet else {
            return Err(DecodeError::Payload("invalid format".to_owned()));
        };
        let [data, id] = [data.map(|data| data.to_string()), id.map(|id| id.to_string())]
            .map(Option::unwrap_or_default);
        self.0.text(format!("{kind}{nsp},{id}{data}").into())
    }

    fn binary(&mut self, _: Bytes) -> Result<Option<Packet>, DecodeError> {
        Err(DecodeError::UnexpectedBinary)
    }
}
