use bytes::Bytes;
use serde::Serialize;

use super::json::{write_args, write_text};
use crate::protocol::{AckId, Args, Frame, UnsealedPacket, frame_builder::FrameBuilder};

/// Whether Socket.IO reserves the event name, in both directions.
#[inline]
pub fn is_reserved(event: &str) -> bool {
    matches!(
        event,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
            // python-socketio's `SimpleClient` takes it for the end of its connection.
            | "__disconnect_final"
    )
}

/// The payload for a client that is in a namespace now.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConnectAnswer<'a> {
    /// The id of the socket.
    pub(crate) sid: &'a str,
    /// The secret by which the client comes back.
    pub(crate) pid: Option<&'a str>,
    /// Events bear their position.
    pub(crate) offsets: bool,
}

impl ConnectAnswer<'_> {
    /// The ids are ours: base64url, with nothing to escape.
    pub(super) fn json(&self) -> String {
        let offsets = if self.offsets { r#","offsets":true"# } else { "" };
        let pid = self.pid.map(|pid| format!(r#","pid":"{pid}""#)).unwrap_or_default();
        format!(r#"{{"sid":"{}"{pid}{offsets}}}"#, self.sid)
    }
}

/// Encodes the CONNECT packet that answers the client's: `0{"sid":"…"}`.
pub(crate) fn connect_with(namespace: &str, answer: &ConnectAnswer<'_>) -> Frame {
    let mut out = start('0', namespace);
    out.text(&answer.json());
    out.into_frame()
}

/// The same with the id alone.
#[cfg(any(test, fuzzing, feature = "internals"))]
pub fn connect(namespace: &str, sid: &str) -> Frame {
    connect_with(namespace, &ConnectAnswer { sid, ..ConnectAnswer::default() })
}

/// `40`: the same for a client of Socket.IO 2, which makes an id of its own.
pub fn connect_v3(namespace: &str) -> Frame {
    start('0', namespace).into_frame()
}

/// `44{"message":"…"}`: the client is not let into the namespace. `json` is the payload.
pub fn connect_error(namespace: &str, json: &str) -> Frame {
    let mut out = start('4', namespace);
    out.text(json);
    out.into_frame()
}

/// `41`: the client is out of the namespace.
pub fn disconnect(namespace: &str) -> Frame {
    start('1', namespace).into_frame()
}

/// `42["name",data]`, or with an id `427["name",data]` to be acknowledged. With bytes in the data,
/// `451-["name",…]`.
///
/// # Errors
/// The error of `data`'s `Serialize`, such as for a map whose keys are not strings.
#[cfg(any(test, fuzzing, feature = "internals"))]
pub fn event<T: Serialize + ?Sized>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    data: &T,
) -> Result<Frame, serde_json::Error> {
    write_event(namespace, id, name, data).map(FrameBuilder::into_frame)
}

/// Writes an event, for a caller that may not need a frame.
pub(in crate::protocol) fn write_event<T: Serialize + ?Sized>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    data: &T,
) -> Result<FrameBuilder, serde_json::Error> {
    let mut out = start_event(namespace, id, name);
    let attachments = write_args(out.json(), false, data)?;
    out.text("]");
    Ok(finish(out, attachments))
}

/// Writes an event without an id, to be sealed later.
pub(in crate::protocol) fn write_publication<T: Serialize + ?Sized>(
    namespace: &str,
    name: &str,
    data: &T,
) -> Result<UnsealedPacket, serde_json::Error> {
    write_event(namespace, None, name, data).map(|out| unsealed(namespace, out))
}

/// As [`event`], with arguments that a client has sent.
#[cfg(any(test, fuzzing))]
pub fn forward(namespace: &str, name: &str, args: &Args) -> Result<Frame, serde_json::Error> {
    Ok(write_forward(namespace, name, args).seal())
}

/// Writes an event with arguments that a client has sent, to be sealed later.
pub(in crate::protocol) fn write_forward(
    namespace: &str,
    name: &str,
    args: &Args,
) -> UnsealedPacket {
    let mut out = start_event(namespace, None, name);
    for json in args.iter() {
        out.text(",");
        out.text(json);
    }
    out.text("]");
    // Copies, since a slice would keep the whole buffer that it was read into.
    let attachments = args.attachments().iter().map(|data| Bytes::copy_from_slice(data)).collect();
    unsealed(namespace, finish(out, attachments))
}

/// An event without an id, to be sealed later.
fn unsealed(namespace: &str, out: FrameBuilder) -> UnsealedPacket {
    let namespace = if namespace == "/" { 0 } else { namespace.len() + ",".len() };
    let count = match out.attachment_count().checked_ilog10() {
        None => 0,
        Some(log) => log as usize + 1 + "-".len(),
    };
    out.into_unsealed("42".len() + count + namespace)
}

/// `437[data]`: the answer to the event that came with this id. With bytes in the data,
/// `461-7[…]`.
///
/// # Errors
/// The error of `data`'s `Serialize`.
#[cfg(any(test, fuzzing, feature = "internals"))]
pub fn ack<T: Serialize + ?Sized>(
    namespace: &str,
    id: &AckId,
    data: &T,
) -> Result<Frame, serde_json::Error> {
    write_ack(namespace, id, data).map(FrameBuilder::into_frame)
}

/// Writes an acknowledgement, for a caller that may not need a frame.
pub(in crate::protocol) fn write_ack<T: Serialize + ?Sized>(
    namespace: &str,
    id: &AckId,
    data: &T,
) -> Result<FrameBuilder, serde_json::Error> {
    let mut out = start('3', namespace);
    out.text(id.as_str());
    out.text("[");
    let attachments = write_args(out.json(), true, data)?;
    out.text("]");
    Ok(finish(out, attachments))
}

fn start_event(namespace: &str, id: Option<u64>, name: &str) -> FrameBuilder {
    let mut out = start('2', namespace);
    if let Some(id) = id {
        out.text(&id.to_string());
    }
    out.text("[");
    write_text(out.json(), name);
    out
}

/// An Engine.IO message with the type and, unless it is the main one, the namespace.
fn start(kind: char, namespace: &str) -> FrameBuilder {
    let mut out = FrameBuilder::new();
    out.text("4");
    out.text(kind.encode_utf8(&mut [0; 4]));
    if namespace != "/" {
        out.text(namespace);
        out.text(",");
    }
    out
}

/// Makes the packet a binary one if it has attachments, which is known only once its data is
/// written.
fn finish(mut out: FrameBuilder, attachments: Vec<Bytes>) -> FrameBuilder {
    if !attachments.is_empty() {
        out.bytes()[1] += b'5' - b'2'; // event to binary event, ack to binary ack
        out.insert(2, &format!("{}-", attachments.len()));
        out.attach(attachments);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::Many, *};

    #[test]
    fn packets_are_written_as_socket_io_writes_them() {
        let id = AckId::from(12);
        assert_eq!(connect("/", "abc").text(), r#"40{"sid":"abc"}"#);
        assert_eq!(connect("/admin", "abc").text(), r#"40/admin,{"sid":"abc"}"#);
        assert_eq!(connect_error("/", r#"{"message":"no"}"#).text(), r#"44{"message":"no"}"#);
        assert_eq!(disconnect("/").text(), "41");
        assert_eq!(disconnect("/admin").text(), "41/admin,");
        assert_eq!(
            event("/", None, "goal", &json!({"a": 1})).unwrap().text(),
            r#"42["goal",{"a":1}]"#
        );
        assert_eq!(
            event("/", None, "goal", &Many(("a", 1))).unwrap().text(),
            r#"42["goal","a",1]"#
        );
        assert_eq!(event("/x", Some(7), "q\"", &()).unwrap().text(), r#"42/x,7["q\"",null]"#);
        assert_eq!(ack("/", &id, &[1, 2]).unwrap().text(), r#"4312[[1,2]]"#);
        assert_eq!(ack("/", &id, &Many([1, 2])).unwrap().text(), r#"4312[1,2]"#);
    }

    #[test]
    fn bytes_make_a_packet_binary() {
        let data = Bytes::from_static(&[1, 2]);
        let frame = event("/x", Some(7), "e", &data).unwrap();
        assert_eq!(frame.text(), r#"451-/x,7["e",{"_placeholder":true,"num":0}]"#);
        assert_eq!(frame.attachments(), std::slice::from_ref(&data));
        let frame = ack("/", &AckId::from(3), &Many((&data, &data))).unwrap();
        let [a, b] = [0, 1].map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#));
        assert_eq!(frame.text(), format!("462-3[{a},{b}]"));
        assert_eq!(frame.attachments().len(), 2);
    }

    #[test]
    fn what_a_client_sent_is_passed_on_as_it_was() {
        let json = r#"["to", {"_placeholder":true,"num":1}, 1.0]"#;
        let args = Args::parse(json.into(), 10)
            .unwrap()
            .attach(vec![Bytes::new(), Bytes::from_static(&[1])])
            .unwrap();
        let frame = forward("/", "e", &args.skip(1)).unwrap();
        assert_eq!(frame.text(), r#"452-["e",{"_placeholder":true,"num":1},1.0]"#);
        assert_eq!(frame.attachments().len(), 2);
    }
}
