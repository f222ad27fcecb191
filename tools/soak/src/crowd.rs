//! Clients that connect, retry until they are admitted, and subscribe to one channel.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use actix_web::rt;
use futures_util::future::join_all;
use tokio::time::sleep;

use crate::{
    Fallible,
    net::until,
    ws::{Refused, Ws},
};

/// How many connect at the same time in [`Crowd::connect_in_batches`].
const BATCH: usize = 250;
/// How long a client waits before a retry where the answer has no `Retry-After`.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Subscribers of the channel `room`.
pub(crate) struct Crowd {
    server: SocketAddr,
    inside: RefCell<Vec<Ws>>,
    /// Clients that are connecting or waiting for a retry.
    pub(crate) outside: Cell<usize>,
    /// Handshakes that were answered 101, and 503.
    pub(crate) admitted: Cell<u64>,
    pub(crate) refused: Cell<u64>,
    /// 503 answers without `Retry-After`.
    pub(crate) without_retry_after: Cell<u64>,
    /// Handshakes that were answered 408: the server has seen nothing of the request for 5 s.
    unseen: Cell<u64>,
    /// Connections that TCP refused or reset.
    broken: Cell<u64>,
    fault: RefCell<Option<String>>,
}

fn add(count: &Cell<u64>) {
    count.set(count.get() + 1);
}

impl Crowd {
    pub(crate) fn new(server: SocketAddr) -> Rc<Self> {
        Rc::new(Self {
            server,
            inside: RefCell::default(),
            outside: Cell::default(),
            admitted: Cell::default(),
            refused: Cell::default(),
            without_retry_after: Cell::default(),
            unseen: Cell::default(),
            broken: Cell::default(),
            fault: RefCell::default(),
        })
    }

    /// Starts `count` more clients at the same time.
    pub(crate) fn start_clients(self: &Rc<Self>, count: usize) {
        for _ in 0..count {
            let crowd = Rc::clone(self);
            self.outside.set(self.outside.get() + 1);
            rt::spawn(async move {
                match crowd.connect().await {
                    Ok(ws) => crowd.inside.borrow_mut().push(ws),
                    Err(error) => *crowd.fault.borrow_mut() = Some(error.to_string()),
                }
                crowd.outside.set(crowd.outside.get() - 1);
            });
        }
    }

    /// Connects `count` more clients in batches, and waits until all are inside.
    pub(crate) async fn connect_in_batches(
        self: &Rc<Self>,
        count: usize,
        limit: Duration,
    ) -> Fallible {
        let before = self.inside();
        for started in (0..count).step_by(BATCH) {
            self.start_clients(BATCH.min(count - started));
            self.gather(before + (started + BATCH).min(count), limit).await?;
        }
        Ok(())
    }

    async fn connect(&self) -> Fallible<Ws> {
        loop {
            match Ws::connect(self.server).await {
                Ok(mut ws) => {
                    add(&self.admitted);
                    ws.join().await?;
                    ws.subscribe("room").await?;
                    return Ok(ws);
                }
                Err(Refused::Http(503, wait)) => {
                    add(&self.refused);
                    if wait.is_none() {
                        add(&self.without_retry_after);
                    }
                    sleep(wait.map_or(RETRY_DELAY, Duration::from_secs)).await;
                }
                Err(Refused::Http(408, _)) => {
                    add(&self.unseen);
                    sleep(RETRY_DELAY).await;
                }
                Err(Refused::Io(_)) => {
                    add(&self.broken);
                    sleep(RETRY_DELAY).await;
                }
                Err(refused) => return Err(refused.into()),
            }
        }
    }

    /// Attempts that failed by TCP, and by a 408; all of them were retried.
    pub(crate) fn failed(&self) -> String {
        format!("{}, {}", self.broken.get(), self.unseen.get())
    }

    pub(crate) fn inside(&self) -> usize {
        self.inside.borrow().len()
    }

    /// Waits until `count` clients are inside.
    pub(crate) async fn gather(&self, count: usize, limit: Duration) -> Fallible<Duration> {
        let took = until(&format!("{count} clients are inside"), limit, || {
            self.inside() >= count || self.fault.borrow().is_some()
        })
        .await
        .map_err(|error| format!("{error}: there are {}", self.inside()))?;
        match self.fault.take() {
            Some(fault) => Err(fault.into()),
            None => Ok(took),
        }
    }

    /// Cuts the connections of `count` clients: every second one by RST, the others by FIN.
    pub(crate) fn cut(&self, count: usize) {
        let mut inside = self.inside.borrow_mut();
        let rest = inside.len().saturating_sub(count);
        for (number, ws) in inside.drain(rest..).enumerate() {
            if number % 2 == 0 {
                ws.reset();
            }
        }
    }

    /// Returns how many clients have received `news` exactly once by the time that `last`, which
    /// was published after it, arrives.
    pub(crate) async fn receive_once(&self, news: &str, last: &str) -> Fallible<usize> {
        let (news, last) =
            (format!(r#"42["message","{news}"]"#), format!(r#"42["message","{last}"]"#));
        let mut inside = self.inside.take();
        let counts = inside.iter_mut().map(async |ws| -> Fallible<usize> {
            let mut count = 0;
            loop {
                let text = ws.text().await?;
                if text == last {
                    return Ok(count);
                }
                count += usize::from(text == news);
            }
        });
        let counts = join_all(counts).await;
        *self.inside.borrow_mut() = inside;
        Ok(counts.into_iter().filter(|count| matches!(count, Ok(1))).count())
    }
}
