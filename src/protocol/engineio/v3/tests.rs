use proptest::prelude::*;

use super::*;
use crate::protocol::{Many, event};

fn frames() -> [Frame; 2] {
    let data = Bytes::from_static(&[1, 2, 3]);
    [event("/", None, "é", &Many(("𝄞", &data))).unwrap(), Frame::NOOP]
}

#[test]
fn bodies_have_the_format_of_old_clients() {
    let json = r#"451-["é","𝄞",{"_placeholder":true,"num":0}]"#;
    // `𝄞` has two UTF-16 code units and four bytes.
    let text = format!("{}:{json}6:b4AQID1:6", json.encode_utf16().count());
    assert_eq!(encode(&frames(), false), EncodedBody::Text(text));
    let digits = json.len().to_string();
    let mut bytes = vec![0, digits.as_bytes()[0] - b'0', digits.as_bytes()[1] - b'0', 255];
    bytes.extend_from_slice(json.as_bytes());
    bytes.extend_from_slice(&[1, 4, 255, 4, 1, 2, 3, 0, 1, 255, b'6']);
    assert_eq!(encode(&frames(), true), EncodedBody::Bytes(bytes));
    assert_eq!(encode(&[Frame::NOOP], true), EncodedBody::Text("1:6".to_owned()));
}

#[test]
fn decode_reverses_encode() {
    let packets = [
        EnginePacket::Message(r#"51-["é","𝄞",{"_placeholder":true,"num":0}]"#.into()),
        EnginePacket::Binary(Bytes::from_static(&[1, 2, 3])),
        EnginePacket::Noop,
    ];
    let EncodedBody::Text(text) = encode(&frames(), false) else { panic!() };
    assert_eq!(decode(text.into()).collect::<Result<Vec<_>, _>>().unwrap(), packets);
    let EncodedBody::Bytes(bytes) = encode(&frames(), true) else { panic!() };
    assert_eq!(decode_bytes(bytes.into()).collect::<Result<Vec<_>, _>>().unwrap(), packets);
}

#[test]
fn a_body_with_a_wrong_length_is_refused() {
    for body in ["", "4", ":4", "2:4", "-1:4", "1:", "1:𝄞", "99999999999999999999999:4", "x:4"] {
        assert!(decode(body.into()).any(|packet| packet.is_err()), "{body:?}");
    }
    for body in [
        &[][..],
        &[255],
        &[0],
        &[0, 255],
        &[0, 2, 255, b'4'],
        &[2, 1, 255, b'4'],
        &[0, 10, 255, b'4'],
        &[1, 1, 255, 3],
    ] {
        assert!(
            decode_bytes(Bytes::copy_from_slice(body)).any(|packet| packet.is_err()),
            "{body:?}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bodies_never_panic(
        text in ".*",
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        decode(text.into()).for_each(drop);
        decode_bytes(bytes.into()).for_each(drop);
    }
}

#[test]
fn base64_may_have_line_breaks() {
    for packet in ["b4AQID\n", "b4AQ\r\nID\r\n", "b4AQID"] {
        let body = format!("{}:{packet}1:6", packet.len());
        let packets: Vec<_> = decode(body.into()).collect();
        let data = EnginePacket::Binary(Bytes::from_static(&[1, 2, 3]));
        assert_eq!(packets, [Ok(data), Ok(EnginePacket::Noop)]);
    }
    assert_eq!(decode_text("b4\n".into()), Ok(EnginePacket::Binary(Bytes::new())));
}
