use actix_http::ws::{Codec, Frame as WsFrame};
use tokio_util::codec::Decoder;

use super::*;

fn read(websocket: &[u8]) -> Vec<WsFrame> {
    let mut codec = Codec::new().client_mode().max_size(1 << 20);
    let mut buffer = BytesMut::from(websocket);
    let frames = std::iter::from_fn(|| codec.decode(&mut buffer).unwrap()).collect();
    assert!(buffer.is_empty());
    frames
}

#[test]
fn is_a_websocket_frame_at_every_header_size() {
    for length in [0, 1, 124, 125, 126, 65_534, 65_535, 65_536, 100_000] {
        let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let frame = Frame::engine(&EnginePacket::Message(text.clone().into()));
        assert_eq!(frame.text(), format!("4{text}"));
        assert_eq!(read(frame.websocket()), [WsFrame::Text(format!("4{text}").into())]);
        let data = Bytes::from(text);
        let frame = Frame::engine(&EnginePacket::Binary(data.clone()));
        assert_eq!(read(frame.websocket()), [WsFrame::Binary(data)]);
    }
}

#[test]
fn attachments_follow_the_text() {
    let mut frame_builder = FrameBuilder::new();
    frame_builder.text("451-[…]");
    frame_builder.attach(vec![Bytes::from_static(&[1, 2, 3]), Bytes::new()]);
    let frame = frame_builder.into_frame();
    assert_eq!(frame.text(), "451-[…]");
    let text = WsFrame::Text("451-[…]".into());
    let binary = [WsFrame::Binary(Bytes::from_static(&[1, 2, 3])), WsFrame::Binary(Bytes::new())];
    assert_eq!(read(frame.websocket())[0], text);
    assert_eq!(read(frame.websocket())[1..], binary);
    let base64 = [text, WsFrame::Text("bAQID".into()), WsFrame::Text("b".into())];
    assert_eq!(read(&frame.websocket_base64()), base64);
    let mut body = b"6".to_vec();
    frame.polling(&mut body);
    assert_eq!(body, "6\x1e451-[…]\x1ebAQID\x1eb".as_bytes());
    assert!(frame.polling_len() >= body.len() - 1);
}

#[test]
fn is_compressed_once_for_all_clones() {
    const LENGTH: usize = 300_000;
    let frame = Frame::engine(&EnginePacket::Message("x".repeat(LENGTH).into())).deflatable();
    let clone = frame.clone();
    let shorter = |payload: &[u8]| {
        assert_eq!(payload, frame.text().as_bytes());
        Some(vec![1, 2, 3])
    };
    assert_eq!(frame.deflated(shorter)[..], [FIN_TEXT | RSV1, 3, 1, 2, 3]);
    assert_eq!(
        clone.deflated(|_| panic!("again")).as_ptr(),
        frame.deflated(|_| panic!("again")).as_ptr()
    );
    assert_eq!(clone, frame);

    let frame = Frame::engine(&EnginePacket::Message("x".repeat(LENGTH).into())).deflatable();
    assert_eq!(frame.deflated(|_| None), frame.websocket());
    assert_eq!(frame.deflated(|_| panic!("again")), frame.websocket());
}

#[test]
fn attachments_are_compressed_one_by_one() {
    let mut frame_builder = FrameBuilder::new();
    frame_builder.text("452-[…]");
    frame_builder.attach(vec![Bytes::from_static(&[7; 100]), Bytes::from_static(&[1])]);
    let plain = frame_builder.into_frame();
    assert_eq!(plain.deflated(|_| panic!("the frame is not deflatable")), plain.websocket());
    let frame = plain.deflatable();
    let deflated = frame.deflated(|payload| (payload.len() == 100).then(|| vec![9])).clone();
    let text = &frame.websocket()[..frame.first];
    assert_eq!(deflated, [text, &[FIN_BINARY | RSV1, 1, 9, FIN_BINARY, 1, 1]].concat());
}

#[test]
fn takes_at_most_one_cache_line() {
    assert!(size_of::<Frame>() <= 64);
}

#[test]
fn constants_match_the_encoder() {
    assert_eq!(Frame::PING, Frame::engine(&EnginePacket::Ping("".into())));
    assert_eq!(Frame::NOOP, Frame::engine(&EnginePacket::Noop));
    assert_eq!(Frame::CLOSE, Frame::engine(&EnginePacket::Close));
}
