use serde::Serialize;

use super::{AckId, Frame, frame::FrameWriter};

/// Event names which Socket.IO keeps for itself, in both directions.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Whether Socket.IO keeps the event name for itself.
pub fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event)
}

/// `40{"sid":"…"}`: the client is in the namespace.
pub fn connect(namespace: &str, sid: &str) -> Frame {
    let mut out = start('0', namespace);
    out.text(r#"{"sid":""#);
    out.text(sid); // an id of ours: base64url, nothing to escape
    out.text(r#""}"#);
    out.finish()
}

/// `44{"message":"…"}`: the client is not let into the namespace. `json` is the payload.
pub fn connect_error(namespace: &str, json: &str) -> Frame {
    let mut out = start('4', namespace);
    out.text(json);
    out.finish()
}

/// `41`: the client is out of the namespace.
pub fn disconnect(namespace: &str) -> Frame {
    start('1', namespace).finish()
}

/// `42["name",data]`, or with an id `427["name",data]` to be acknowledged.
///
/// # Errors
/// What `data`'s `Serialize` reports: a map whose keys are no strings, say.
pub fn event<T: Serialize + ?Sized>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    data: &T,
) -> Result<Frame, serde_json::Error> {
    let mut out = start_event(namespace, id, name)?;
    out.text(",");
    serde_json::to_writer(out.json(), data)?;
    out.text("]");
    Ok(out.finish())
}

/// As [`event`], with arguments that are JSON already.
///
/// # Errors
/// None in practice: a `str` is always JSON.
pub fn raw_event<'a>(
    namespace: &str,
    name: &str,
    args: impl IntoIterator<Item = &'a str>,
) -> Result<Frame, serde_json::Error> {
    let mut out = start_event(namespace, None, name)?;
    for json in args {
        out.text(",");
        out.text(json);
    }
    out.text("]");
    Ok(out.finish())
}

/// `437[data]`: the answer to the event which asked with that id.
///
/// # Errors
/// What `data`'s `Serialize` reports.
pub fn ack<T: Serialize + ?Sized>(namespace: &str, id: &AckId, data: &T) -> Result<Frame, serde_json::Error> {
    let mut out = start('3', namespace);
    out.text(id.as_str());
    out.text("[");
    serde_json::to_writer(out.json(), data)?;
    out.text("]");
    Ok(out.finish())
}

fn start_event(namespace: &str, id: Option<u64>, name: &str) -> Result<FrameWriter, serde_json::Error> {
    let mut out = start('2', namespace);
    if let Some(id) = id {
        out.text(&id.to_string());
    }
    out.text("[");
    serde_json::to_writer(out.json(), name)?;
    Ok(out)
}

/// An Engine.IO message with the type and, unless it is the main one, the namespace.
fn start(kind: char, namespace: &str) -> FrameWriter {
    let mut out = FrameWriter::new();
    out.text("4");
    out.text(kind.encode_utf8(&mut [0; 4]));
    if namespace != "/" {
        out.text(namespace);
        out.text(",");
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packets_are_written_as_socket_io_writes_them() {
        let id = AckId::from(12);
        assert_eq!(connect("/", "abc").text(), r#"40{"sid":"abc"}"#);
        assert_eq!(connect("/admin", "abc").text(), r#"40/admin,{"sid":"abc"}"#);
        assert_eq!(connect_error("/", r#"{"message":"no"}"#).text(), r#"44{"message":"no"}"#);
        assert_eq!(disconnect("/").text(), "41");
        assert_eq!(disconnect("/admin").text(), "41/admin,");
        assert_eq!(event("/", None, "goal", &json!({"a": 1})).unwrap().text(), r#"42["goal",{"a":1}]"#);
        assert_eq!(event("/x", Some(7), "q\"", &()).unwrap().text(), r#"42/x,7["q\"",null]"#);
        assert_eq!(raw_event("/", "e", ["1", "[2]"]).unwrap().text(), r#"42["e",1,[2]]"#);
        assert_eq!(ack("/", &id, &[1, 2]).unwrap().text(), r#"4312[[1,2]]"#);
    }
}
