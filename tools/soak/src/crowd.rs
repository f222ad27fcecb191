//! Clients that come by themselves, as often as it takes, and hear the same.

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

/// Clients that arrive at once when there is no hurry.
const CALM: usize = 250;
/// After this a client tries again which was not told when.
const AGAIN: Duration = Duration::from_millis(500);

/// Subscribers of the channel `room`.
pub(crate) struct Crowd {
    server: SocketAddr,
    inside: RefCell<Vec<Ws>>,
    /// On their way.
    pub(crate) outside: Cell<usize>,
    /// Handshakes that were answered 101, and 503.
    pub(crate) admitted: Cell<u64>,
    pub(crate) refused: Cell<u64>,
    /// Of those refused: without a word on when to come back.
    pub(crate) untold: Cell<u64>,
    /// Handshakes that were answered 408: the server has seen nothing of the request for 5 s.
    unseen: Cell<u64>,
    /// Connections that TCP refused or broke off.
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
            untold: Cell::default(),
            unseen: Cell::default(),
            broken: Cell::default(),
            fault: RefCell::default(),
        })
    }

    /// So many more set out, all at once.
    pub(crate) fn send_off(self: &Rc<Self>, count: usize) {
        for _ in 0..count {
            let crowd = Rc::clone(self);
            self.outside.set(self.outside.get() + 1);
            rt::spawn(async move {
                match crowd.come().await {
                    Ok(ws) => crowd.inside.borrow_mut().push(ws),
                    Err(error) => *crowd.fault.borrow_mut() = Some(error.to_string()),
                }
                crowd.outside.set(crowd.outside.get() - 1);
            });
        }
    }

    /// So many more come, in no hurry, as far as they are let in.
    pub(crate) async fn come_calmly(self: &Rc<Self>, count: usize, limit: Duration) -> Fallible {
        let before = self.inside();
        for arrived in (0..count).step_by(CALM) {
            self.send_off(CALM.min(count - arrived));
            self.gather(before + (arrived + CALM).min(count), limit).await?;
        }
        Ok(())
    }

    async fn come(&self) -> Fallible<Ws> {
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
                        add(&self.untold);
                    }
                    sleep(wait.map_or(AGAIN, Duration::from_secs)).await;
                }
                Err(Refused::Http(408, _)) => {
                    add(&self.unseen);
                    sleep(AGAIN).await;
                }
                Err(Refused::Io(_)) => {
                    add(&self.broken);
                    sleep(AGAIN).await;
                }
                Err(refused) => return Err(refused.into()),
            }
        }
    }

    /// What went wrong on the way, and was tried again.
    pub(crate) fn failed(&self) -> String {
        format!("{}, {}", self.broken.get(), self.unseen.get())
    }

    pub(crate) fn inside(&self) -> usize {
        self.inside.borrow().len()
    }

    /// Waits until so many are inside.
    pub(crate) async fn gather(&self, count: usize, limit: Duration) -> Fallible<Duration> {
        let took = until(&format!("{count} clients are inside"), limit, || {
            self.inside() >= count || self.fault.borrow().is_some()
        })
        .await
        .map_err(|error| format!("{error}, but {}", self.inside()))?;
        match self.fault.take() {
            Some(fault) => Err(fault.into()),
            None => Ok(took),
        }
    }

    /// So many are cut off: every second by a RST, the others by a FIN.
    pub(crate) fn cut(&self, count: usize) {
        let mut inside = self.inside.borrow_mut();
        let rest = inside.len().saturating_sub(count);
        for (number, ws) in inside.drain(rest..).enumerate() {
            if number % 2 == 0 {
                ws.reset();
            }
        }
    }

    /// How many have heard what was published exactly once, when what was published after it has
    /// come, too.
    pub(crate) async fn hear_once(&self, news: &str, last: &str) -> Fallible<usize> {
        let (news, last) =
            (format!(r#"42["message","{news}"]"#), format!(r#"42["message","{last}"]"#));
        let mut inside = self.inside.take();
        let heard = inside.iter_mut().map(async |ws| -> Fallible<usize> {
            let mut count = 0;
            loop {
                let text = ws.text().await?;
                if text == last {
                    return Ok(count);
                }
                count += usize::from(text == news);
            }
        });
        let heard = join_all(heard).await;
        *self.inside.borrow_mut() = inside;
        Ok(heard.into_iter().filter(|count| matches!(count, Ok(1))).count())
    }
}
