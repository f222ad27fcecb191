//! How events are shown.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::{
    protocol::{Args, Frame, PacketCodec},
    socket::read_event,
};

/// An event as a list of its name and its arguments. Binary values are shown by their length.
pub(super) fn event(name: &str, args: &Args) -> Value {
    let mut list = vec![Value::from(name)];
    list.extend(args.iter().map(|json| {
        // The decoder has read it as JSON before.
        let mut value = serde_json::from_str(json).unwrap_or_default();
        if !args.attachments().is_empty() {
            show_binary(&mut value, args);
        }
        value
    }));
    Value::Array(list)
}

/// An event that is larger than what is shown.
pub(super) fn large(name: &str, bytes: usize) -> Value {
    json!([name, format!("({bytes} bytes, which are too many to show)")])
}

fn show_binary(value: &mut Value, args: &Args) {
    match value {
        Value::Object(fields) if fields.get("_placeholder") == Some(&Value::Bool(true)) => {
            let at = fields.get("num").and_then(Value::as_u64).and_then(|at| at.try_into().ok());
            let length =
                at.and_then(|at: usize| args.attachments().get(at)).map_or(0, bytes::Bytes::len);
            *value = format!("({length} bytes)").into();
        }
        Value::Object(fields) => fields.values_mut().for_each(|value| show_binary(value, args)),
        Value::Array(values) => values.iter_mut().for_each(|value| show_binary(value, args)),
        _ => {}
    }
}

/// Reads the frames that go out. A broadcast has one frame for all its receivers, whose taps show
/// it one after the other, so it is read once.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    last: Option<(Frame, Option<Rc<Value>>)>,
}

impl FrameReader {
    /// The event of a frame. `None`: it is another packet.
    pub(super) fn read(&mut self, frame: &Frame, codec: &PacketCodec) -> Option<Rc<Value>> {
        if let Some((last, event)) = &self.last
            // `last` keeps its memory, so the same address is the same frame.
            && last.websocket().as_ptr() == frame.websocket().as_ptr()
            && last.websocket().len() == frame.websocket().len()
        {
            return event.clone();
        }
        let read = read_event(frame, codec).map(|read| Rc::new(event(&read.name, &read.args)));
        self.last = Some((frame.clone(), read.clone()));
        read
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::{AckId, Many, ack, event as event_frame};

    #[test]
    fn an_event_is_shown_with_the_length_of_what_is_binary() {
        let codec = PacketCodec::default();
        let mut reader = FrameReader::default();
        let data = Many((1, json!({"a": [2]}), Bytes::from_static(b"abc")));
        let frame = event_frame("/x", Some(3), "e", &data).expect("it is encoded");
        let shown = reader.read(&frame, &codec).expect("an event");
        assert_eq!(*shown, json!(["e", 1, {"a": [2]}, "(3 bytes)"]));
        let again = reader.read(&frame.clone(), &codec).expect("an event");
        assert!(Rc::ptr_eq(&shown, &again), "it is read once");
        let other = event_frame("/x", None, "f", &1).expect("it is encoded");
        assert_eq!(*reader.read(&other, &codec).expect("an event"), json!(["f", 1]));
        let answer = ack("/", &AckId::from(1), "x").expect("it is encoded");
        assert!(reader.read(&answer, &codec).is_none());
    }
}
