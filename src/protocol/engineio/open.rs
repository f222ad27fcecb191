use std::time::Duration;

use serde::Serialize;

use crate::protocol::{Frame, frame_builder::FrameBuilder};

/// A version of the Engine.IO protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // the server supports exactly these two
pub enum Version {
    /// The version of Socket.IO 2, in which the client pings.
    V3,
    /// The version of Socket.IO 3 and 4, in which the server pings.
    #[default]
    V4,
}

/// The handshake data of a session, which the `0` packet carries as a JSON object.
///
/// The object has exactly these five members. Durations are milliseconds on the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenPacket<'a> {
    /// The id of the session, which is the bearer secret of its polls.
    pub sid: &'a str,
    /// Transports that the client may upgrade to: `["websocket"]` or an empty list.
    pub upgrades: &'a [&'a str],
    /// Time between two pings, in milliseconds.
    pub ping_interval: u64,
    /// Time that the other side has to answer a ping, in milliseconds.
    pub ping_timeout: u64,
    /// Largest size of a long-polling body or a WebSocket message, in bytes.
    pub max_payload: usize,
}

impl<'a> OpenPacket<'a> {
    /// Makes the object from the session's settings.
    pub fn new(
        sid: &'a str,
        upgrades: &'a [&'a str],
        ping_interval: Duration,
        ping_timeout: Duration,
        max_payload: usize,
    ) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            sid,
            upgrades,
            ping_interval: millis(ping_interval),
            ping_timeout: millis(ping_timeout),
            max_payload,
        }
    }

    /// Encodes the whole packet, ready to send.
    pub fn frame(&self) -> Frame {
        let mut frame = FrameBuilder::new();
        frame.text("0");
        // The struct has constant keys, strings and numbers, all of which serde_json can write.
        let _ = serde_json::to_writer(frame.json(), self);
        frame.into_frame()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_members_of_the_protocol_in_its_order() {
        let open = OpenPacket::new(
            "s1",
            &["websocket"],
            Duration::from_secs(25),
            Duration::from_secs(20),
            1_000_000,
        );
        assert_eq!(
            open.frame().text(),
            r#"0{"sid":"s1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
    }
}
