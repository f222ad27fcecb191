use std::time::Duration;

use serde::Serialize;

use crate::protocol::{Frame, frame_builder::FrameBuilder};

/// A version of Engine.IO.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // there will be no other of these two
pub enum Version {
    /// Of Socket.IO 2: the client pings.
    V3,
    /// Of Socket.IO 3 and later: the server pings.
    #[default]
    V4,
}

/// The handshake object: the data of the `0` packet that opens a session.
///
/// It has exactly these five members. Durations are milliseconds on the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpenPacket<'a> {
    /// The session's id, the bearer secret of its polls.
    pub sid: &'a str,
    /// Transports that the client may move to: `["websocket"]` or none.
    pub upgrades: &'a [&'a str],
    /// Milliseconds between two pings.
    pub ping_interval: u64,
    /// Milliseconds which a pong may take.
    pub ping_timeout: u64,
    /// Bytes which one body or WebSocket message may have.
    pub max_payload: usize,
}

impl<'a> OpenPacket<'a> {
    /// Puts the object together.
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

    /// The whole packet, ready to send.
    pub fn frame(&self) -> Frame {
        let mut frame = FrameBuilder::new();
        frame.text("0");
        // Strings and numbers in a struct with constant keys: serde_json has nothing to refuse
        // here.
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
