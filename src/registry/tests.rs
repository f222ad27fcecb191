use std::task::{Context, Poll, Waker};

use super::*;
use crate::{
    model::Transport,
    outbox::{Outbox, TakenFrames},
    protocol::{connect, event},
};

/// More than a hub delivers to in one turn, and in two.
const MANY: usize = 300;

fn channel() -> Channel {
    Channel::new("a", 100).unwrap()
}

fn audience() -> Audience {
    Audience { to: vec![channel()], ..Audience::everyone(Namespace::default()) }
}

fn publication(number: u32) -> Publication {
    Publication {
        audience: audience(),
        frame: event("/", None, "e", &number).unwrap(),
        volatile: false,
    }
}

fn taken(outbox: &Outbox) -> Vec<String> {
    match outbox.poll_all(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(TakenFrames::One(frame)) => vec![frame.text().to_owned()],
        Poll::Ready(TakenFrames::Frames(frames)) => {
            frames.iter().map(|frame| frame.text().to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Sockets of this thread's hub, subscribed to the channel.
fn subscribers(registry: &Sequencer) -> Vec<(SocketId, Arc<Outbox>)> {
    let (registry_id, namespace) = (registry.registry_id(), Namespace::default());
    let subscribe = |_| {
        let (id, outbox) = (SocketId::random(), Outbox::new(Transport::WebSocket, 1 << 20, |_| {}));
        let sender = SocketSender::new(Arc::clone(&outbox), 0);
        sender.open(connect("/", ""));
        taken(&outbox);
        registry.attach(registry_id, namespace.clone(), id, sender);
        registry.subscribe(registry_id, namespace.clone(), id, channel());
        (id, outbox)
    };
    (0..MANY).map(subscribe).collect()
}

#[actix_web::test]
async fn a_publication_to_many_takes_several_turns_and_keeps_its_place() {
    let registry = Sequencer::start(ChangeSender::new(1), Arc::default(), 100);
    let sockets = subscribers(&registry);
    assert_eq!(registry.publish_and_wait(publication(1)).await, Ok(MANY));
    // While it is under way, another is published, and one of its receivers leaves.
    let last = sockets[MANY - 1].0;
    registry.publish(publication(2)).unwrap();
    let leaves = async {
        tokio::task::yield_now().await;
        registry.unsubscribe(registry.registry_id(), Namespace::default(), last, channel());
        registry.publish_and_wait(publication(3)).await
    };
    assert_eq!(leaves.await, Ok(MANY - 1));
    for (id, outbox) in &sockets {
        let expected = [r#"42["e",1]"#, r#"42["e",2]"#, r#"42["e",3]"#];
        assert_eq!(taken(outbox), expected[..if *id == last { 2 } else { 3 }]);
    }
    assert_eq!(registry.select(audience()).await.len(), MANY - 1);
    assert_eq!(registry.waiting(), 0);
}

#[actix_web::test]
async fn of_publications_that_leave_together_each_is_reported() {
    let registry = Sequencer::start(ChangeSender::new(1), Arc::default(), 100);
    let sockets = subscribers(&registry);
    let (left_out, large) = (sockets[0].0, "x".repeat(40_000));
    let sent = |number: u32| Publication {
        frame: event("/", None, &large, &number).unwrap(),
        ..publication(number)
    };
    let to_others = Publication {
        audience: Audience { except_sockets: vec![left_out], ..audience() },
        ..publication(4)
    };
    // All of them wait before the hub hears of the first; two of the large ones are more than one
    // burst.
    let (first, second, third, fourth, fifth) = tokio::join!(
        registry.publish_and_wait(publication(1)),
        registry.publish_to_known(sent(2)),
        registry.publish_and_wait(sent(3)),
        registry.publish_and_wait(to_others),
        registry.publish_and_wait(publication(5)),
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
    assert_eq!(registry.waiting(), 0);
}

#[actix_web::test]
async fn a_hub_that_is_gone_is_nobodys() {
    let registry = Sequencer::start(ChangeSender::new(1), Arc::default(), 100);
    let arbiter = actix::Arbiter::new();
    let (sender, done) = oneshot::channel();
    let theirs = registry.clone();
    arbiter.spawn_fn(move || {
        // Its sockets outlive it, as those of a worker that has stopped.
        let _ = sender.send(subscribers(&theirs));
    });
    let sockets = done.await.unwrap();
    assert_eq!(registry.publish_and_wait(publication(1)).await, Ok(MANY));
    arbiter.stop();
    arbiter.join().unwrap();
    assert_eq!(registry.publish_and_wait(publication(2)).await, Err(PublishError::Gone));
    registry.publish(publication(3)).unwrap();
    assert_eq!(registry.select(audience()).await, []);
    assert_eq!(registry.waiting(), 0, "what nobody hears gives its permit back");
    drop(sockets);
}
