use super::*;
use crate::protocol::{Many, MsgpackParser, PacketCodec, event};

fn packet(codec: &PacketCodec, namespace: &str, data: &str) -> UnsealedPacket {
    codec.publication(namespace, "e", &data, false).unwrap()
}

#[test]
fn a_sealed_packet_is_the_frame_of_its_event() {
    let codec = PacketCodec::default();
    for length in [0, 110, 125, 126, 70_000] {
        let text = "x".repeat(length);
        for namespace in ["/", "/a[b"] {
            let frame = event(namespace, None, "e", &text).unwrap();
            let packet = packet(&codec, namespace, &text);
            assert_eq!((packet.len(), packet.cost()), (frame.len(), frame.cost()));
            assert_eq!(packet.args_json(), format!(r#"["e","{text}"]"#));
            let sealed = packet.seal();
            assert_eq!((sealed.text(), &sealed), (frame.text(), &frame));
        }
    }
}

#[test]
fn sealing_does_not_copy() {
    let packet = packet(&PacketCodec::default(), "/", "text");
    let text = packet.args_json().as_ptr();
    assert_eq!(packet.seal().text()[2..].as_ptr(), text);
}

#[test]
fn attachments_follow_the_text() {
    let data = || Many((Bytes::from_static(&[1; 200]), 7, Bytes::from_static(&[2])));
    let packet = PacketCodec::default().publication("/x", "e", &data(), false).unwrap();
    let frame = event("/x", None, "e", &data()).unwrap();
    assert_eq!(packet.attachments(), frame.attachments());
    assert!(packet.args_json().starts_with(r#"["e",{"_placeholder":true,"num":0},7,"#));
    assert_eq!((packet.len(), packet.cost()), (frame.len(), frame.cost()));
    let sealed = packet.seal();
    assert_eq!(sealed, frame);
    assert_eq!(sealed.attachments(), frame.attachments());
}

#[test]
fn an_acknowledgement_id_stands_before_the_arguments() {
    let codec = PacketCodec::default();
    for namespace in ["/", "/x"] {
        let data = Bytes::from_static(&[1; 120]);
        let mut packet = codec.publication(namespace, "e", &data, false).unwrap();
        for id in [7, 1234] {
            packet.set_ack_id(id);
            let frame = event(namespace, Some(id), "e", &data).unwrap();
            assert_eq!((packet.len(), packet.cost()), (frame.len(), frame.cost()));
            assert_eq!(packet.args_json(), r#"["e",{"_placeholder":true,"num":0}]"#);
            assert_eq!(packet.clone().seal(), frame);
        }
    }
}

#[test]
fn a_custom_parser_encodes_before_the_packet_is_sealed() {
    let codec = PacketCodec::new(MsgpackParser);
    let mut packet = packet(&codec, "/", "a\"b");
    assert_eq!(packet.args_json(), r#"["e","a\"b"]"#);
    let encoded = |id| codec.event("/", id, "e", "a\"b").unwrap().into_frame();
    assert_eq!(packet.len(), encoded(None).len());
    assert_eq!(packet.clone().seal(), encoded(None));
    packet.set_ack_id(7);
    assert_eq!(packet.seal(), encoded(Some(7)));
}

#[test]
fn a_packet_of_enough_bytes_may_be_compressed() {
    let codec = PacketCodec::default().deflate_from(Some(100));
    for (length, compress, expected) in [(100, true, true), (100, false, false), (10, true, false)]
    {
        let text = "x".repeat(length);
        let packet = codec.publication("/", "e", &text, compress).unwrap();
        assert_eq!(packet.is_compressible(), expected);
        let frame = packet.seal();
        let shorter = frame.deflated(|_| Some(vec![1]));
        assert_eq!(shorter == frame.websocket(), !expected);
    }
}

#[test]
fn clones_have_compressed_forms_of_their_own() {
    let codec = PacketCodec::default().deflate_from(Some(1));
    let packet = codec.publication("/", "e", "x", true).unwrap();
    let mut asking = packet.clone();
    asking.set_ack_id(1);
    let (plain, asking) = (packet.seal(), asking.seal());
    assert_ne!(plain.deflated(|_| Some(vec![1])), asking.deflated(|_| Some(vec![2])));
}

#[test]
fn debug_shows_sizes_and_no_content() {
    let data = || Many((Bytes::from_static(&[77; 200]), "secret"));
    for codec in [PacketCodec::default(), PacketCodec::new(MsgpackParser)] {
        let packet = codec.publication("/", "e", &data(), false).unwrap();
        let length = packet.args_json().len();
        let expected = format!("UnsealedPacket {{ json_length: {length}, attachments: 1, .. }}");
        assert_eq!(format!("{packet:?}"), expected);
    }
}
