use std::task::{Context, Poll, Waker};

use super::*;
use crate::{
    outbox::{Outbox, Taken, Transport},
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
    Publication { audience: audience(), frame: event("/", None, "e", &number).unwrap(), volatile: false }
}

fn taken(outbox: &Outbox) -> Vec<String> {
    match outbox.poll_all(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Taken::One(frame)) => vec![frame.text().to_owned()],
        Poll::Ready(Taken::Frames(frames)) => frames.iter().map(|frame| frame.text().to_owned()).collect(),
        other => panic!("{other:?}"),
    }
}

/// Sockets of this thread's hub, subscribed to the channel.
fn subscribers(registry: &ChannelRegistry) -> Vec<(SocketId, Arc<Outbox>)> {
    let (hub, namespace) = (registry.hub(), Namespace::default());
    let subscribe = |_| {
        let (id, outbox) = (SocketId::random(), Outbox::new(Transport::WebSocket, 1 << 20, |_| {}));
        let lane = Lane::new(Arc::clone(&outbox), 0);
        lane.open(connect("/", ""));
        taken(&outbox);
        registry.attach(hub, namespace.clone(), id, lane);
        registry.subscribe(hub, namespace.clone(), id, channel());
        (id, outbox)
    };
    (0..MANY).map(subscribe).collect()
}

#[actix_web::test]
async fn a_publication_to_many_takes_several_turns_and_keeps_its_place() {
    let registry = ChannelRegistry::start(Feed::new(1), Arc::default(), 100);
    let sockets = subscribers(&registry);
    assert_eq!(registry.publish_and_wait(publication(1)).await, Ok(MANY));
    // While it is under way, another is published, and one of its receivers leaves.
    let last = sockets[MANY - 1].0;
    registry.publish(publication(2)).unwrap();
    let leaves = async {
        tokio::task::yield_now().await;
        registry.unsubscribe(registry.hub(), Namespace::default(), last, channel());
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
async fn a_hub_that_is_gone_is_nobodys() {
    let registry = ChannelRegistry::start(Feed::new(1), Arc::default(), 100);
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
