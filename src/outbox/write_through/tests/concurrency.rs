use std::{
    thread,
    time::{Duration, Instant},
};

use actix_http::ws::{Codec, Frame as WsFrame};
use bytes::BytesMut;
use socket2::SockRef;
use tokio_util::codec::Decoder;

use super::*;
use crate::protocol::PacketCodec;

/// Three threads send in three different ways while a transport takes what is queued. The client
/// receives whole frames, and those of each thread in order.
#[actix_web::test]
async fn threads_that_send_in_different_ways_keep_their_order() {
    const EACH: u64 = 3000;
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    let message =
        |sender: char, n: u64| frame(&format!("{sender}{n}:{}", "x".repeat(n as usize % 700)));
    let packet = |sender: char, n: u64| {
        PacketCodec::default().event("/", None, &format!("{sender}{n}:"), "").unwrap()
    };
    // A small buffer is often full, also in the middle of a frame.
    fixture
        .outbox
        .with_stream(|stream| SockRef::from(stream).set_send_buffer_size(16 * 1024))
        .unwrap()
        .unwrap();
    let (outbox, mut unwritten, start) = (&fixture.outbox, Vec::new(), Instant::now());
    let received = thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..EACH {
                assert_eq!(
                    outbox.deliver(
                        &batch(vec![message('a', n)]),
                        Some(WriteThroughTurn::after(n)),
                        None
                    ),
                    Pushed::Queued
                );
            }
        });
        scope.spawn(move || {
            (0..EACH).for_each(|n| assert_eq!(outbox.push(message('b', n)), Pushed::Queued));
        });
        scope.spawn(move || {
            (0..EACH).for_each(|n| assert_eq!(outbox.push_packet(packet('c', n)), Pushed::Queued));
        });
        let (mut received, mut codec) = (vec![Vec::new(); 3], Codec::new().client_mode());
        let mut buffer = BytesMut::new();
        while received.iter().any(|from: &Vec<u64>| from.len() < EACH as usize) {
            assert!(start.elapsed() < Duration::from_secs(30), "frames are lost");
            if unwritten.is_empty() {
                unwritten = match fixture.poll() {
                    Poll::Ready(TakenFrames::Bytes(bytes)) => bytes.to_vec(),
                    Poll::Ready(TakenFrames::One(frame)) => frame.websocket().to_vec(),
                    Poll::Ready(TakenFrames::Frames(frames)) => {
                        frames.iter().flat_map(|one| one.websocket().to_vec()).collect()
                    }
                    Poll::Ready(other) => panic!("{other:?}"),
                    Poll::Pending => Vec::new(),
                };
            }
            if let Some(Ok(count)) = outbox
                .with_stream(|stream| SockRef::from(stream).send(&unwritten))
                .filter(|_| !unwritten.is_empty())
            {
                unwritten.drain(..count);
            }
            buffer.extend_from_slice(&fixture.read());
            while let Some(WsFrame::Text(text)) = codec.decode(&mut buffer).expect("whole frames") {
                let text = String::from_utf8(text.to_vec()).unwrap();
                let (sender, rest) = ['a', 'b', 'c']
                    .iter()
                    .enumerate()
                    .find_map(|(at, sender)| Some((at, text.split_once(*sender)?.1)))
                    .unwrap();
                received[sender].push(rest.split(':').next().unwrap().parse::<u64>().unwrap());
            }
        }
        received
    });
    for from in received {
        assert!(from.into_iter().eq(0..EACH));
    }
}
