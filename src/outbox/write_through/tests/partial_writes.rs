//! Writes that the kernel takes only a part of.

use super::*;

/// Delivers until the kernel's buffers are full. Returns whether the last frame was written in
/// part, so that the transport is woken for the rest.
fn fills_up_within_a_frame(fixture: &OutboxFixture, turns: &mut impl Iterator<Item = u64>) -> bool {
    while fixture.woken() == 0 {
        let turn = turns.next().unwrap();
        fixture.deliver(&"x".repeat(50_000 + turn as usize), turn);
    }
    fixture.outbox.depth().0 == 0
}

#[actix_web::test]
async fn a_frame_that_is_begun_is_completed_before_the_close() {
    let mut turns = 1..;
    let mut fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    while !fills_up_within_a_frame(&fixture, &mut turns) {
        // The buffers filled up between two frames. Try again with a new connection.
        fixture = OutboxFixture::start(Transport::WebSocket).await;
        assert!(fixture.poll().is_pending());
    }
    fixture.outbox.finish_discarding();
    assert!(matches!(fixture.poll(), Poll::Ready(TakenFrames::Bytes(_))));
    assert_eq!(fixture.poll(), Poll::Ready(TakenFrames::Last(Vec::new())));
    assert_eq!(fixture.outbox.stop_waiting(), None);
}

#[actix_web::test]
async fn what_the_kernel_does_not_take_follows_byte_for_byte() {
    let fixture = OutboxFixture::start(Transport::WebSocket).await;
    assert!(fixture.poll().is_pending());
    // Until the kernel's buffers are full, within a frame or between two.
    let (mut expected, mut turn) = (Vec::new(), 0);
    while fixture.woken() == 0 {
        turn += 1;
        let text = format!("{turn:0>50000}");
        assert_eq!(fixture.deliver(&text, turn), Pushed::Queued);
        expected.extend_from_slice(frame(&text).websocket());
    }
    fixture.deliver("last", turn + 1);
    expected.extend_from_slice(frame("last").websocket());
    let mut rest = Vec::new();
    while let Poll::Ready(taken) = fixture.poll() {
        match taken {
            TakenFrames::Bytes(bytes) => rest.extend_from_slice(&bytes),
            TakenFrames::One(frame) => rest.extend_from_slice(frame.websocket()),
            TakenFrames::Frames(frames) => {
                frames.iter().for_each(|frame| rest.extend_from_slice(frame.websocket()));
            }
            other => panic!("{other:?}"),
        }
    }
    let mut received = Vec::new();
    while received.len() < expected.len() {
        received.append(&mut fixture.read());
        if let Some(Ok(count)) = fixture.outbox.with_stream(|stream| stream.try_write(&rest)) {
            rest.drain(..count);
        }
        tokio::task::yield_now().await;
    }
    assert!(
        received == expected,
        "{} bytes arrived of {}, or different ones",
        received.len(),
        expected.len()
    );
}
