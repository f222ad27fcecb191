use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{sync::mpsc, time::sleep};

use super::{
    LinkStatus, Listener,
    back_off::BackOff,
    broken::Broken,
    connecting::{Connections, Memory, connect},
    keys::keep_keys,
    listening::probe,
    publishing::publish,
    questions::{Question, ask_all},
    shared::Shared,
};

/// How often the patience is looked at while Redis is away.
const EXPIRY: Duration = Duration::from_millis(50);

/// The work of the link's thread, from the start to the end.
pub(super) struct Session {
    shared: Arc<Shared>,
    listener: Arc<dyn Listener>,
    questions: mpsc::Receiver<Question>,
    memory: Memory,
    back_off: BackOff,
    is_away: bool,
}

impl Session {
    pub(super) fn new(
        shared: Arc<Shared>,
        listener: Arc<dyn Listener>,
        questions: mpsc::Receiver<Question>,
    ) -> Self {
        let memory = Memory::new(&shared.options.streams);
        Self { shared, listener, questions, memory, back_off: BackOff::default(), is_away: false }
    }

    pub(super) async fn run(mut self) {
        while let Some(broken) = self.live().await {
            self.lose(&broken);
            let wait = self.back_off.next(rand::random());
            if while_away(&self.shared, &*self.listener, sleep(wait)).await.is_none() {
                break;
            }
        }
        self.shared.vitals.is_connected.store(false, Relaxed);
        self.shared.hold.lock().abandon();
        self.shared.keys.lock().abandon();
        self.shared.subscriptions.lock().abandon();
        self.shared.tell_given_up(&*self.listener);
        self.shared.end();
    }

    /// From a connection to its loss. `None`: the link was closed.
    async fn live(&mut self) -> Option<Broken> {
        let (shared, listener) = (self.shared.clone(), self.listener.clone());
        let connecting = connect(&shared, &listener, &mut self.memory);
        // A listener that panics must not end the link for good.
        let connecting = AssertUnwindSafe(connecting).catch_unwind();
        let connections = match while_away(&shared, &*listener, connecting).await? {
            Ok(Ok(connections)) => connections,
            Ok(Err(broken)) => return Some(broken),
            Err(_) => return Some(Broken::new("the listener has panicked")),
        };
        self.announce(&connections);
        match AssertUnwindSafe(self.serve(connections)).catch_unwind().await {
            Ok(ended) => ended.err(),
            Err(_) => Some(Broken::new("the listener has panicked")),
        }
    }

    fn announce(&mut self, connections: &Connections) {
        self.back_off.reset();
        self.is_away = false;
        self.shared.vitals.is_connected.store(true, Relaxed);
        self.shared.keys.lock().connected();
        let epoch = connections.epoch.clone();
        let status = if self.memory.has_been_ready {
            log::info!("Redis is back at {}", self.shared.options.target);
            LinkStatus::Back { missed: connections.missed, epoch }
        } else {
            LinkStatus::Ready { epoch }
        };
        self.memory.has_been_ready = true;
        self.listener.on_status(status);
    }

    /// Everything at once, until the connections are lost. `Ok`: the link was closed.
    async fn serve(&mut self, connections: Connections) -> Result<(), Broken> {
        let (shared, listener) = (&*self.shared, &*self.listener);
        let Connections { nodes, channels, reader, .. } = connections;
        let nodes = &nodes;
        let positions = &mut self.memory.positions;
        let read = async {
            match reader {
                Some(reader) => reader.follow(shared, listener, positions).await,
                None => std::future::pending().await,
            }
        };
        let mut read = pin!(read);
        // It may have panicked with the connections before.
        shared.is_handing_on.store(false, Relaxed);
        let send_all = async {
            tokio::try_join!(publish(shared, listener, nodes), keep_keys(shared, nodes)).map(drop)
        };
        let ended = tokio::select! {
            ended = send_all => ended,
            broken = &mut read => Err(broken),
            broken = channels.keep(shared, nodes) => Err(broken),
            broken = probe(shared, nodes) => Err(broken),
            broken = ask_all(&mut self.questions, nodes) => Err(broken),
            () = nodes.disconnected.notified() => Err(Broken::new("the connection has ended")),
            () = shared.closed_and_late() => return Ok(()),
        };
        shared.vitals.is_connected.store(false, Relaxed);
        // The listener has entries that are not read again: it takes them to the end.
        let handed_on = poll_fn(|context| match shared.is_handing_on.load(Relaxed) {
            true => read.as_mut().poll(context).map(drop),
            false => Poll::Ready(()),
        });
        tokio::select! {
            () = handed_on => ended,
            () = shared.closed(shared.options.response_timeout) => Ok(()),
        }
    }

    fn lose(&mut self, broken: &Broken) {
        self.shared.hold.lock().lost();
        self.shared.keys.lock().lost();
        let was = self.memory.current.take();
        if self.shared.hold.lock().is_in_doubt() {
            self.memory.lost.extend(was);
        }
        self.shared.vitals.is_connected.store(false, Relaxed);
        // Those who have asked are told that there is no answer.
        while self.questions.try_recv().is_ok() {}
        self.shared.tell_given_up(&*self.listener);
        if !self.is_away {
            self.is_away = true;
            self.shared.vitals.losses.fetch_add(1, Relaxed);
            log::warn!("Redis is away at {}: {broken}", self.shared.options.target);
            self.listener.on_status(LinkStatus::Away { reason: broken.to_string() });
        }
    }
}

/// Waits for something while Redis is away. `None`: the link was closed.
async fn while_away<F: Future>(
    shared: &Shared,
    listener: &dyn Listener,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            output = &mut future => return Some(output),
            () = shared.closed(Duration::ZERO) => return None,
            () = sleep(EXPIRY) => shared.expire(listener),
        }
    }
}
