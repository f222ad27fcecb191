//! Events with one more argument: the position of each, for clients that ask for it.

use bytes::{Bytes, BytesMut};

use super::{
    Frame,
    frame::{FIN_BINARY, FIN_TEXT, header, put_frame},
    msgpack,
};

/// Adds an argument to the end of an encoded event: a string that needs no escapes.
///
/// A packet of another encoding than JSON and MessagePack stays as it is.
pub(crate) fn stamped(frame: &Frame, namespace: &str, token: &str) -> Frame {
    let text = frame.text_bytes();
    let stamped = if text.is_empty() {
        stamped_msgpack(frame, namespace, token)
    } else {
        stamped_json(frame, text, token)
    };
    match stamped {
        Some(stamped) if frame.is_deflatable() => stamped.deflatable(),
        Some(stamped) => stamped,
        None => frame.clone(),
    }
}

/// The array of an event has at least one item, its name.
fn stamped_json(frame: &Frame, text: &[u8], token: &str) -> Option<Frame> {
    let open = text.strip_suffix(b"]")?;
    let length = text.len() + token.len() + 3;
    let (head, size) = header(FIN_TEXT, length);
    let attached = &frame.websocket()[frame.websocket_text().len()..];
    let mut websocket = BytesMut::with_capacity(size + length + attached.len());
    websocket.extend_from_slice(&head[..size]);
    for part in [open, b",\"", token.as_bytes(), b"\"]"] {
        websocket.extend_from_slice(part);
    }
    websocket.extend_from_slice(attached);
    let attachments = frame.attachments().to_vec();
    Some(Frame::sealed(websocket.freeze(), size as u8, size + length, attachments))
}

fn stamped_msgpack(frame: &Frame, namespace: &str, token: &str) -> Option<Frame> {
    let [packet] = frame.attachments() else { return None };
    let packet = Bytes::from(msgpack::with_argument(packet, namespace, token)?);
    let mut websocket = BytesMut::new();
    put_frame(&mut websocket, FIN_BINARY, &packet);
    Some(Frame::sealed(websocket.freeze(), 0, 0, vec![packet]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        DecodeLimits, Many, MsgpackParser, PacketCodec, PacketKind, event, to_args,
    };

    const TOKEN: &str = "k3Xa-----0F2----";

    #[test]
    fn the_token_is_the_last_argument() {
        for (args, expected) in [
            (event("/", None, "e", &1), r#"42["e",1,"k3Xa-----0F2----"]"#),
            (event("/x", None, "e", &Many(())), r#"42/x,["e","k3Xa-----0F2----"]"#),
        ] {
            assert_eq!(stamped(&args.unwrap(), "/x", TOKEN).text(), expected);
        }
    }

    #[test]
    fn every_form_of_the_frame_has_it() {
        for length in [0, 90, 108, 109, 70_000] {
            let data = "x".repeat(length);
            let frame = stamped(&event("/", None, "e", &data).unwrap(), "/", TOKEN);
            let expected = event("/", None, "e", &Many((&data, TOKEN))).unwrap();
            assert_eq!(frame, expected, "{length}");
            assert_eq!(frame.len(), expected.len());
        }
        let data = Bytes::from_static(&[1, 2, 3]);
        let frame = stamped(&event("/", None, "e", &data).unwrap(), "/", TOKEN);
        let expected = event("/", None, "e", &Many((&data, TOKEN))).unwrap();
        assert_eq!(
            (frame.websocket(), frame.attachments()),
            (expected.websocket(), expected.attachments())
        );
    }

    #[test]
    fn a_compressible_frame_stays_one() {
        let frame = event("/", None, "e", &"x".repeat(100)).unwrap();
        assert!(stamped(&frame.clone().deflatable(), "/", TOKEN).is_deflatable());
        assert!(!stamped(&frame, "/", TOKEN).is_deflatable());
    }

    #[test]
    fn messagepack_has_it_too() {
        let codec = PacketCodec::new(MsgpackParser);
        for (namespace, many) in [("/", 1), ("/x", 14), ("/nsp", 15), ("/data", 70_000)] {
            let args = to_args(&Many((0..many).collect::<Vec<_>>())).unwrap();
            let frame = codec.relay(namespace, "e", &args, false).seal();
            let frame = stamped(&frame, namespace, TOKEN);
            let limits = DecodeLimits::new(100, 100, usize::MAX);
            let packet = codec.decoder(limits).binary(frame.attachments()[0].clone());
            let PacketKind::Event { name, args, id: None } = packet.unwrap().unwrap().kind else {
                panic!("not an event");
            };
            assert_eq!((&*name, args.len()), ("e", many + 1));
            assert_eq!(args.get::<String>(many).unwrap(), TOKEN);
            assert_eq!(args.get::<usize>(many - 1).unwrap(), many - 1);
        }
    }
}
