//! One value of MessagePack as JSON and attachments, for the messages between servers.

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::IgnoredAny;

use super::{
    super::{DecodeError, DecodeLimits, socketio::placeholders},
    encode::write_json,
    reader::{Json, MsgpackReader, bad},
};

/// Reads one MessagePack value, which must be the whole message, as JSON and its attachments.
///
/// Binary values become attachments, which share the memory of the message. In the JSON, the
/// placeholder `{"_placeholder":true,"num":0}` stands for the first of them, and so on in the order
/// of the text. Values that JSON does not have are read as `JSON.stringify` would write them. So a
/// date becomes a string, and NaN becomes `null`.
///
/// No memory is reserved for lengths that a message only claims, and nothing recurses. The JSON has
/// at most seven bytes for each byte of the message, and 50 more for each attachment.
///
/// ```
/// use actix_socketio::{adapter::msgpack, protocol::DecodeLimits};
///
/// // {"a": [1, bytes]}
/// let message = (&[0x81, 0xa1, b'a', 0x92, 1, 0xc4, 2, 0xca, 0xfe][..]).into();
/// let (json, attachments) = msgpack::to_json(&message, &DecodeLimits::default())?;
/// assert_eq!(json, r#"{"a":[1,{"_placeholder":true,"num":0}]}"#);
/// assert_eq!(attachments, [&[0xca, 0xfe][..]]);
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
///
/// # Errors
/// [`DecodeError`] if the message is not one MessagePack value, or exceeds the limits. Also if it
/// has attachments, and an object with the key `_placeholder` that could be taken for one of their
/// placeholders. Without attachments, such an object is ordinary data.
pub fn to_json(
    message: &Bytes,
    limits: &DecodeLimits,
) -> Result<(ByteString, Vec<Bytes>), DecodeError> {
    if message.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = MsgpackReader { data: message, at: 0, limits };
    let value = reader.value()?;
    if reader.at < message.len() {
        return Err(bad("unexpected data after the value"));
    }
    let Some(Json { text, attachments }) = value else { return Ok(("null".into(), Vec::new())) };
    if !attachments.is_empty() {
        let bytes: usize = attachments.iter().map(Bytes::len).sum();
        if bytes > limits.attachment_bytes {
            return Err(DecodeError::AttachmentsTooLarge { limit: limits.attachment_bytes });
        }
        placeholders::find(&text, attachments.len())?;
    }
    Ok((text.into(), attachments))
}

/// Writes JSON as one MessagePack value, with attachments in place of their placeholders.
///
/// Members keep their order. Whole numbers that fit into 64 bits take their shortest form, and all
/// other numbers are doubles. An attachment without a placeholder is left out.
///
/// ```
/// use actix_socketio::adapter::msgpack;
///
/// let json = r#"[1.0,{"_placeholder":true,"num":0}]"#;
/// let message = msgpack::from_json(json, &[vec![0xff].into()])?;
/// assert_eq!(message, [0x92, 1, 0xc4, 1, 0xff][..]);
/// # Ok::<(), actix_socketio::protocol::DecodeError>(())
/// ```
///
/// # Errors
/// [`DecodeError::Payload`] if the text is not JSON, or has a placeholder that is not one of an
/// attachment, as [`Args::attach`](crate::Args::attach) finds it. Without attachments, nothing is a
/// placeholder.
pub fn from_json(json: &str, attachments: &[Bytes]) -> Result<Bytes, DecodeError> {
    serde_json::from_str::<IgnoredAny>(json).map_err(|error| bad(&error.to_string()))?;
    if !attachments.is_empty() {
        placeholders::find(json, attachments.len())?;
    }
    let bytes: usize = attachments.iter().map(Bytes::len).sum();
    let mut out = Vec::with_capacity(json.len() + bytes);
    write_json(&mut out, json, attachments).map_err(|error| bad(&error.to_string()))?;
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Bytes {
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    fn read(hex: &str) -> Result<(String, Vec<Bytes>), DecodeError> {
        let limits = DecodeLimits::new(4, 2, 8);
        to_json(&bytes(hex), &limits).map(|(json, attachments)| (json.into(), attachments))
    }

    #[test]
    fn values_are_read_and_written() {
        for (hex, json) in [
            ("c0", "null"),
            ("a161", r#""a""#),
            ("92a7656d697474657282a474797065020102", r#"["emitter",{"type":2,"1":2}]"#),
            ("cb7e37e43c8800759c", "1e300"),
            ("81a16180", r#"{"a":{}}"#),
        ] {
            assert_eq!(read(hex).map(|(read, _)| read), Ok(json.to_owned()), "{hex}");
        }
        for (json, hex) in
            [("1e300", "cb7e37e43c8800759c"), ("1e21", "cb444b1ae4d6e2ef50"), ("-0.0", "00")]
        {
            assert_eq!(from_json(json, &[]), Ok(bytes(hex)), "{json}");
        }
        // `undefined` of notepack 2.
        assert_eq!(read("d40000").map(|(json, _)| json), Ok("null".to_owned()));
    }

    #[test]
    fn attachments_are_numbered_in_the_order_of_the_text() {
        let hex = "82a16192c40101c40102a16203";
        let (json, attachments) = read(hex).unwrap();
        assert_eq!(
            json,
            r#"{"a":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}],"b":3}"#
        );
        assert_eq!(attachments, [&[1][..], &[2]]);
        assert_eq!(from_json(&json, &attachments), Ok(bytes(hex)));
    }

    #[test]
    fn a_literal_placeholder_cannot_stand_for_an_attachment() {
        let literal = "82ac5f706c616365686f6c646572c3a36e756d00";
        assert_eq!(
            read(literal),
            Ok((r#"{"_placeholder":true,"num":0}"#.to_owned(), Vec::new())),
            "data, where nothing is attached"
        );
        assert_eq!(from_json(r#"{"_placeholder":true,"num":0}"#, &[]), Ok(bytes(literal)));
        for hex in [format!("92{literal}c40101"), format!("92c40101{literal}")] {
            assert!(matches!(read(&hex), Err(DecodeError::Payload(_))), "{hex}");
        }
        let attachment = [Bytes::from_static(b"x")];
        for json in [
            r#"[{"_placeholder":true,"num":1}]"#,
            r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
            r#"{"_placeholder":1}"#,
            "[",
            "",
            "1 2",
        ] {
            assert!(matches!(from_json(json, &attachment), Err(DecodeError::Payload(_))), "{json}");
        }
    }

    #[test]
    fn limits_hold() {
        assert_eq!(read(""), Err(DecodeError::Empty));
        assert_eq!(read("c0c0"), Err(bad("unexpected data after the value")));
        assert_eq!(read("9191919190"), Err(DecodeError::TooDeep { limit: 4 }));
        assert_eq!(read("93c400c400c400"), Err(DecodeError::TooManyAttachments { limit: 2 }));
        assert_eq!(
            read("c409000000000000000000"),
            Err(DecodeError::AttachmentsTooLarge { limit: 8 })
        );
        assert_eq!(read("ddffffffff"), Err(bad("unexpected end of the packet")));
    }

    proptest! {
        #[test]
        fn what_is_read_can_be_written_and_read_again(message: Vec<u8>) {
            let limits = DecodeLimits::new(8, 3, 64);
            let message = Bytes::from(message);
            if let Ok((json, attachments)) = to_json(&message, &limits) {
                let attached: usize = attachments.len();
                prop_assert!(json.len() <= 7 * message.len() + 50 * attached);
                let written = from_json(&json, &attachments).unwrap();
                prop_assert_eq!(to_json(&written, &limits), Ok((json, attachments)));
            }
        }
    }
}
