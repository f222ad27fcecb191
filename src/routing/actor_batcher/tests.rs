use std::sync::mpsc as std_mpsc;

use actix::{Actor, Handler, Message};
use tokio::task;

use super::*;
use crate::event::HandlerError;

#[derive(Debug, Clone, Message)]
#[rtype(result = "HandlerResult")]
struct Number(usize);

/// Keeps the actor busy until the gate opens.
const HOLD: usize = 1000;

struct Recorder {
    seen: Arc<Mutex<Vec<usize>>>,
    gate: std_mpsc::Receiver<()>,
}

impl Actor for Recorder {
    type Context = actix::Context<Self>;
}

impl Handler<Number> for Recorder {
    type Result = HandlerResult;

    fn handle(&mut self, Number(number): Number, _: &mut actix::Context<Self>) -> HandlerResult {
        if number == HOLD {
            self.gate.recv().unwrap();
        } else {
            self.seen.lock().push(number);
        }
        Ok(())
    }
}

struct BatcherFixture {
    batcher: Arc<ActorBatcher<Number>>,
    seen: Arc<Mutex<Vec<usize>>>,
    gate: std_mpsc::Sender<()>,
}

impl BatcherFixture {
    async fn start(on: &ArbiterHandle) -> Self {
        let (seen, (gate, opened)) = (Arc::<Mutex<Vec<usize>>>::default(), std_mpsc::channel());
        let recorder = Recorder { seen: Arc::clone(&seen), gate: opened };
        let actor = Recorder::start_in_arbiter(on, |_| recorder);
        let batcher = ActorBatcher::new(actor.recipient());
        while batcher.actor_thread.get().is_none() {
            batcher.call(Number(0)).await.unwrap();
        }
        seen.lock().clear();
        Self { batcher, seen, gate }
    }

    fn call(
        &self,
        numbers: impl IntoIterator<Item = usize>,
    ) -> Vec<LocalBoxFuture<'static, HandlerResult>> {
        numbers.into_iter().map(|number| self.batcher.call(Number(number))).collect()
    }

    /// Waits until the batch has left.
    async fn end_of_turn(&self) {
        while !self.batcher.pending.lock().events.is_empty() {
            task::yield_now().await;
        }
    }
}

#[actix_web::test]
async fn a_batch_does_not_overtake_the_one_before() {
    let fixture = BatcherFixture::start(&Arbiter::new().handle()).await;
    let mut answers = fixture.call([HOLD]);
    fixture.end_of_turn().await;
    for batch in 0..3 {
        let first = batch * 3 * MAILBOX_BATCH;
        answers.extend(fixture.call(first..first + 3 * MAILBOX_BATCH));
        assert_eq!(
            fixture.batcher.pending.lock().events.len(),
            3 * MAILBOX_BATCH,
            "they wait for the end of the turn"
        );
        fixture.end_of_turn().await;
    }
    fixture.gate.send(()).unwrap();
    for answer in answers {
        answer.await.unwrap();
    }
    assert_eq!(*fixture.seen.lock(), Vec::from_iter(0..9 * MAILBOX_BATCH));
}

#[actix_web::test]
async fn an_event_that_is_given_up_before_the_actor_has_it_is_not_handled() {
    let fixture = BatcherFixture::start(&Arbiter::new().handle()).await;
    let (held, mut answers) = (fixture.call([HOLD]), fixture.call(0..3));
    drop(answers.remove(1));
    fixture.gate.send(()).unwrap();
    for answer in held.into_iter().chain(answers) {
        answer.await.unwrap();
    }
    assert_eq!(*fixture.seen.lock(), [0, 2]);
}

#[actix_web::test]
async fn an_actor_on_this_thread_receives_events_directly() {
    let fixture = BatcherFixture::start(&Arbiter::current()).await;
    let answers = fixture.call(0..3);
    assert!(fixture.batcher.pending.lock().events.is_empty());
    for answer in answers {
        answer.await.unwrap();
    }
    assert_eq!(*fixture.seen.lock(), [0, 1, 2]);
}

fn stopped() -> String {
    HandlerError::from(Failure::Stopped).to_string()
}

#[actix_web::test]
async fn an_actor_has_stopped_when_its_thread_has_ended() {
    let arbiter = Arbiter::new();
    let fixture = BatcherFixture::start(&arbiter.handle()).await;
    let in_progress = fixture.call([HOLD]);
    fixture.end_of_turn().await;
    arbiter.stop();
    fixture.gate.send(()).unwrap();
    arbiter.join().unwrap();
    for answer in in_progress.into_iter().chain(fixture.call(0..3)) {
        // The event in progress may have been handled before the end.
        if let Err(error) = answer.await {
            assert_eq!(error.to_string(), stopped());
        }
    }
    assert_eq!(fixture.batcher.call(Number(0)).await.unwrap_err().to_string(), stopped());
    assert!(fixture.seen.lock().is_empty());
}
