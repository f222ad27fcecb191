use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use tokio::sync::oneshot;

use super::*;
use crate::{
    model::{Channel, Namespace, SocketId, Transport},
    outbox::{Outbox, SocketSender, TakenFrames},
    protocol::{PacketCodec, UnsealedPacket, connect},
};

/// More than a registry delivers to in one turn, and in two.
const MANY: usize = 300;

fn channel() -> Channel {
    Channel::new("a", 100).unwrap()
}

fn audience() -> Audience {
    Audience { to: vec![channel()], ..Audience::everyone(Namespace::default()) }
}

fn packet(name: &str, number: u32) -> UnsealedPacket {
    PacketCodec::default().publication("/", name, &number, false).unwrap()
}

fn publication(number: u32) -> Publication {
    Publication::new(audience(), packet("e", number))
}

fn sequencer(max_publications: usize, max_outbox: usize) -> Sequencer {
    let limits = SequencerLimits { max_publications, max_outbox, history: None, is_shared: false };
    Sequencer::start(ChangeSender::new(1), Arc::default(), limits, None)
}

/// The number of receivers.
async fn delivered(
    receipt: impl Future<Output = Result<Receipt, PublishError>>,
) -> Result<usize, PublishError> {
    Ok(receipt.await?.delivered)
}

/// Everything that is queued, chunk by chunk.
fn taken(outbox: &Outbox) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        match outbox.poll_chunk(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(TakenFrames::One(frame)) => texts.push(frame.text().to_owned()),
            Poll::Ready(TakenFrames::Frames(frames)) => {
                texts.extend(frames.iter().map(|frame| frame.text().to_owned()));
            }
            Poll::Pending => return texts,
            other => panic!("{other:?}"),
        }
    }
}

/// Sockets of this thread's registry, subscribed to the channel.
fn subscribers(sequencer: &Sequencer) -> Vec<(SocketId, Arc<Outbox>)> {
    let (registry_id, namespace) = (sequencer.registry_id(), Namespace::default());
    let subscribe = |_| {
        let (id, outbox) = (SocketId::random(), Outbox::new(Transport::WebSocket, 1 << 20, |_| {}));
        let sender = SocketSender::new(Arc::clone(&outbox));
        sender.open(connect("/", ""), &[]);
        taken(&outbox);
        sequencer.attach(registry_id, namespace.clone(), id, sender);
        sequencer.subscribe(registry_id, namespace.clone(), id, channel(), None, None);
        (id, outbox)
    };
    (0..MANY).map(subscribe).collect()
}

#[actix_web::test]
async fn a_publication_to_many_takes_several_turns_and_keeps_its_place() {
    let sequencer = sequencer(100, 1 << 20);
    let sockets = subscribers(&sequencer);
    assert_eq!(delivered(sequencer.publish_and_count(publication(1))).await, Ok(MANY));
    // While the second is in progress, one of its receivers leaves.
    let last = sockets[MANY - 1].0;
    sequencer.publish(publication(2)).unwrap();
    let leaves = async {
        tokio::task::yield_now().await;
        sequencer.unsubscribe(sequencer.registry_id(), Namespace::default(), last, channel());
        delivered(sequencer.publish_and_count(publication(3))).await
    };
    assert_eq!(leaves.await, Ok(MANY - 1));
    for (id, outbox) in &sockets {
        let expected = [r#"42["e",1]"#, r#"42["e",2]"#, r#"42["e",3]"#];
        assert_eq!(taken(outbox), expected[..if *id == last { 2 } else { 3 }]);
    }
    assert_eq!(sequencer.select(audience()).await.len(), MANY - 1);
    assert_eq!(sequencer.waiting(), 0);
}

#[actix_web::test]
async fn each_of_the_publications_that_leave_together_is_reported() {
    let sequencer = sequencer(100, 1 << 20);
    let sockets = subscribers(&sequencer);
    let (left_out, large) = (sockets[0].0, "x".repeat(40_000));
    let sent = |number: u32| Publication { packet: packet(&large, number), ..publication(number) };
    let to_others = Publication {
        audience: Audience { except_sockets: vec![left_out], ..audience() },
        ..publication(4)
    };
    // All of them wait before the registry takes the first. Two of the large ones are more than one
    // batch.
    let (first, second, third, fourth, fifth) = tokio::join!(
        delivered(sequencer.publish_and_count(publication(1))),
        sequencer.publish_and_list(sent(2)),
        delivered(sequencer.publish_and_count(sent(3))),
        delivered(sequencer.publish_and_count(to_others)),
        delivered(sequencer.publish_and_count(publication(5))),
    );
    assert_eq!([first, third, fourth, fifth], [Ok(MANY), Ok(MANY), Ok(MANY - 1), Ok(MANY)]);
    let mut names = second.unwrap();
    names.sort();
    let mut expected: Vec<_> = sockets.iter().map(|(id, _)| *id).collect();
    expected.sort();
    assert_eq!(names, expected);
    for (id, outbox) in &sockets {
        let numbers: Vec<_> =
            taken(outbox).iter().map(|text| text[text.len() - 2..].to_owned()).collect();
        let expected: &[_] = if *id == left_out {
            &["1]", "2]", "3]", "5]"]
        } else {
            &["1]", "2]", "3]", "4]", "5]"]
        };
        assert_eq!(numbers, expected);
    }
    assert_eq!(sequencer.waiting(), 0);
}

#[actix_web::test]
async fn a_registry_that_has_stopped_receives_nothing() {
    let sequencer = sequencer(100, 1 << 20);
    let arbiter = actix::Arbiter::new();
    let (sender, done) = oneshot::channel();
    let theirs = sequencer.clone();
    arbiter.spawn_fn(move || {
        // Its sockets outlive it, as those of a worker that has stopped.
        let _ = sender.send(subscribers(&theirs));
    });
    let sockets = done.await.unwrap();
    assert_eq!(delivered(sequencer.publish_and_count(publication(1))).await, Ok(MANY));
    arbiter.stop();
    arbiter.join().unwrap();
    assert_eq!(
        delivered(sequencer.publish_and_count(publication(2))).await,
        Err(PublishError::Closed)
    );
    sequencer.publish(publication(3)).unwrap();
    assert_eq!(sequencer.select(audience()).await, []);
    assert_eq!(sequencer.waiting(), 0, "a publication that no registry receives releases its slot");
    drop(sockets);
}

#[actix_web::test]
async fn a_publication_larger_than_an_outbox_is_refused_and_disconnects_nobody() {
    let frame = packet("e", 1);
    let sequencer = sequencer(100, frame.cost());
    let sockets = subscribers(&sequencer);
    let large = Publication { packet: packet("e", 10), ..publication(1) };
    let error = PublishError::TooLarge { length: frame.cost() + 1, limit: frame.cost() };
    assert_eq!(sequencer.publish(large), Err(error));
    assert_eq!(delivered(sequencer.publish_and_count(publication(1))).await, Ok(MANY));
    assert_eq!(taken(&sockets[0].1), [r#"42["e",1]"#]);
    assert_eq!(sequencer.waiting(), 0);
}
