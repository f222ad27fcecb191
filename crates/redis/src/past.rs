//! The past that the servers of a cluster with a stream share: places, sessions, and who has them.

use std::{
    collections::HashMap,
    future::{Future, ready},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_socketio::adapter::{
    AdapterFuture, ClusterSession, PastReceiver, Place, PrivateId, SharedPast, TakenSession,
};
use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::{
    limits::WireLimits,
    link::{EntryId, QuestionFailed, Sent},
    message::ServerId,
    server::Server,
    session::{self, KeptSession},
    session_message::SessionMessage,
    wire::{Outgoing, Subscription},
};

/// The settings of a [`Past`].
pub(crate) struct PastParts {
    pub(crate) receiver: Arc<dyn PastReceiver>,
    /// Begins the names of all channels.
    pub(crate) prefix: String,
    /// Begins the keys of sessions.
    pub(crate) session_keys: String,
    pub(crate) max_questions: usize,
    pub(crate) limits: WireLimits,
}

/// The part of a server that concerns the past.
pub(crate) struct Past {
    pub(crate) receiver: Arc<dyn PastReceiver>,
    session_keys: String,
    /// The channel of messages about sessions.
    channel: ByteString,
    limits: WireLimits,
    progress: watch::Sender<Progress>,
    questions: Mutex<HashMap<u64, AsideQuestion>>,
    max_questions: usize,
    next_question: AtomicU64,
}

/// Up to where the stream is read, and handed on.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    has_started: bool,
    read: Place,
}

/// A question to the other servers whether a client is still connected to one of them.
#[derive(Debug)]
struct AsideQuestion {
    /// The servers that were asked, once they are counted. Their answers may come before.
    asked: Option<usize>,
    answers: usize,
    done: Option<oneshot::Sender<bool>>,
}

impl AsideQuestion {
    fn complete_if(&mut self, was_here: bool) {
        let is_complete = was_here || self.asked.is_some_and(|asked| self.answers >= asked);
        if is_complete && let Some(done) = self.done.take() {
            let _ = done.send(was_here);
        }
    }
}

/// The place of an entry of the stream.
pub(crate) fn place(id: EntryId) -> Place {
    Place::of_entry(id.ms, id.seq)
}

impl Past {
    pub(crate) fn new(parts: PastParts) -> Self {
        let PastParts { receiver, prefix, session_keys, max_questions, limits } = parts;
        Self {
            receiver,
            session_keys,
            channel: format!("{prefix}-sessions").into(),
            limits,
            progress: watch::Sender::default(),
            questions: Mutex::default(),
            max_questions,
            next_question: AtomicU64::new(0),
        }
    }

    fn key(&self, pid: &PrivateId) -> ByteString {
        format!("{}{}", self.session_keys, pid.reveal()).into()
    }

    /// The channel of the answers for a server.
    fn answers_to(&self, server: &ServerId) -> ByteString {
        format!("{}:{}", self.channel, server.0).into()
    }

    /// The channels on which a server hears of sessions.
    pub(crate) fn subscriptions(&self, own: &ServerId) -> Vec<Subscription> {
        let channels = [self.channel.clone(), self.answers_to(own)];
        channels.into_iter().map(Subscription::Channel).collect()
    }

    pub(crate) fn is_its_channel(&self, channel: &[u8]) -> bool {
        channel.starts_with(self.channel.as_bytes())
    }

    /// Entries up to this one were handed on.
    pub(crate) fn has_handed_on(&self, id: EntryId) {
        self.progress.send_modify(|progress| progress.read = progress.read.max(place(id)));
    }

    /// All is read that was there when the server joined.
    pub(crate) fn has_started(&self) {
        self.progress.send_modify(|progress| progress.has_started = true);
    }

    /// Whether the entries that are read now are from before this server joined.
    pub(crate) fn is_reading_past(&self) -> bool {
        !self.progress.borrow().has_started
    }

    /// Waits until a condition holds.
    fn reaches(
        &self,
        holds: impl Fn(&Progress) -> bool + Send + Sync + 'static,
    ) -> AdapterFuture<()> {
        let mut progress = self.progress.subscribe();
        Box::pin(async move {
            // A server that has ended reads nothing more.
            let _ = progress.wait_for(|progress| holds(progress)).await;
        })
    }

    /// Begins to ask. `None`: too many questions wait for their answers.
    fn ask(&self) -> Option<(u64, oneshot::Receiver<bool>)> {
        let mut questions = self.questions.lock();
        if questions.len() >= self.max_questions {
            return None;
        }
        let number = self.next_question.fetch_add(1, Relaxed);
        let (done, is_done) = oneshot::channel();
        questions.insert(number, AsideQuestion { asked: None, answers: 0, done: Some(done) });
        Some((number, is_done))
    }

    /// This many other servers were asked.
    fn has_asked(&self, question: u64, servers: usize) {
        if let Some(question) = self.questions.lock().get_mut(&question) {
            question.asked = Some(servers);
            question.complete_if(false);
        }
    }

    fn answered(&self, question: u64, was_here: bool) {
        if let Some(question) = self.questions.lock().get_mut(&question) {
            question.answers += 1;
            question.complete_if(was_here);
        }
    }

    fn forget(&self, question: u64) {
        self.questions.lock().remove(&question);
    }
}

/// # Messages about sessions
impl Server {
    /// Does what a message of another server says of a session.
    pub(crate) fn session_message(self: &Arc<Self>, payload: &Bytes) {
        let Some(past) = &self.past else { return };
        match SessionMessage::read(payload) {
            Err(unreadable) => self.count_unreadable(&unreadable),
            Ok(SessionMessage::Taken { from, pid }) if from != self.id => {
                past.receiver.session_taken(&pid);
            }
            Ok(SessionMessage::PutAside { from, request, pid }) if from != self.id => {
                drop(tokio::spawn(Arc::clone(self).put_aside(from, request, pid)));
            }
            Ok(SessionMessage::IsAside { request, was_here }) => past.answered(request, was_here),
            // Its own.
            Ok(SessionMessage::Taken { .. } | SessionMessage::PutAside { .. }) => {}
        }
    }

    /// Puts a client aside that has come back to another server, and answers when that one can take
    /// its session.
    async fn put_aside(self: Arc<Self>, from: ServerId, request: u64, pid: PrivateId) {
        let (Some(past), Some(link)) = (&self.past, self.link()) else { return };
        let was_here = past.receiver.put_aside(&pid).await && link.has_set_all().await;
        let answer = SessionMessage::IsAside { request, was_here }.write();
        let channel = past.answers_to(&from);
        self.hand_over(Outgoing::Publish { channel, payload: answer });
    }

    /// Tells all servers something about a session. The future gives the number of other servers
    /// that hear it, or `None` if Redis does not get it.
    fn tell_of_session(
        &self,
        message: &SessionMessage,
    ) -> impl Future<Output = Option<usize>> + Send + use<> {
        let sent = self.past.as_ref().zip(self.link()).map(|(past, link)| {
            let channel = past.channel.clone();
            link.send_confirmed(Outgoing::Publish { channel, payload: message.write() })
        });
        async move {
            match sent?.ok()?.1.await {
                // This server is one of them.
                Ok(Sent::Receivers(all)) => usize::try_from(all.saturating_sub(1)).ok(),
                _ => None,
            }
        }
    }
}

/// The past as the core asks for it.
pub(crate) struct ClusterPast(Weak<Server>);

impl ClusterPast {
    pub(crate) fn new(server: &Arc<Server>) -> Self {
        // The core keeps it for the local adapter, which the server has.
        Self(Arc::downgrade(server))
    }

    fn with<T>(&self, act: impl FnOnce(&Arc<Server>, &Past) -> T) -> Option<T> {
        let server = self.0.upgrade()?;
        let past = server.past.as_ref()?;
        Some(act(&server, past))
    }
}

impl SharedPast for ClusterPast {
    fn started(&self) -> AdapterFuture<()> {
        let started = self.with(|_, past| past.reaches(|progress| progress.has_started));
        started.unwrap_or_else(|| Box::pin(ready(())))
    }

    fn has_read(&self, place: Place) -> AdapterFuture<()> {
        let read = self.with(|_, past| past.reaches(move |progress| progress.read >= place));
        read.unwrap_or_else(|| Box::pin(ready(())))
    }

    fn keep_session(&self, session: ClusterSession, rest: Duration) {
        self.with(|server, past| {
            let kept = session::encode(&session, Some(&server.id));
            let kept = kept.filter(|kept| kept.len() <= past.limits.message_bytes);
            let is_set = kept.zip(server.link()).is_some_and(|(kept, link)| {
                link.set_px(past.key(&session.pid), kept, rest).is_ok()
            });
            if !is_set {
                server.stats.refused.fetch_add(1, Relaxed);
            }
        });
    }

    fn drop_session(&self, pid: &PrivateId) {
        self.with(|server, past| {
            if server.link().is_none_or(|link| link.del(past.key(pid)).is_err()) {
                server.stats.refused.fetch_add(1, Relaxed);
            }
        });
    }

    fn take_session(&self, pid: &PrivateId) -> AdapterFuture<TakenSession> {
        let pid = *pid;
        let taken = self.with(|server, past| {
            Some((server.link()?.get_del(past.key(&pid)), past.limits, Arc::clone(server)))
        });
        let Some((taken, limits, server)) = taken.flatten() else {
            return Box::pin(ready(TakenSession::Away));
        };
        Box::pin(async move {
            let kept = match taken.await {
                Ok(Some(kept)) => kept,
                Ok(None) => return TakenSession::Unknown,
                Err(QuestionFailed::Away | QuestionFailed::Refused) => return TakenSession::Away,
            };
            // The server that has kept it, hears of it. It is sent when it is told.
            let taken = SessionMessage::Taken { from: server.id.clone(), pid };
            drop(server.tell_of_session(&taken));
            match session::decode(&kept, &pid, limits) {
                Ok(KeptSession { session, by }) => {
                    // A session that is away here is older, also if no message said so.
                    if by.as_ref() != Some(&server.id)
                        && let Some(past) = &server.past
                    {
                        past.receiver.session_taken(&pid);
                    }
                    TakenSession::Taken(Box::new(session))
                }
                Err(unreadable) => {
                    server.count_unreadable(&unreadable);
                    TakenSession::Unknown
                }
            }
        })
    }

    fn end_elsewhere(&self, pid: &PrivateId) -> AdapterFuture<bool> {
        let pid = *pid;
        let Some(server) = self.0.upgrade() else { return Box::pin(ready(false)) };
        Box::pin(async move {
            let Some(past) = &server.past else { return false };
            let Some((question, is_done)) = past.ask() else { return false };
            let _forget = Forget { server: &server, question };
            let message =
                SessionMessage::PutAside { from: server.id.clone(), request: question, pid };
            let Some(servers) = server.tell_of_session(&message).await else { return false };
            past.has_asked(question, servers);
            is_done.await.unwrap_or(false)
        })
    }
}

/// Forgets a question when nothing waits for its answer any more.
struct Forget<'a> {
    server: &'a Server,
    question: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(past) = &self.server.past {
            past.forget(self.question);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(asked: Option<usize>) -> (AsideQuestion, oneshot::Receiver<bool>) {
        let (done, is_done) = oneshot::channel();
        (AsideQuestion { asked, answers: 0, done: Some(done) }, is_done)
    }

    #[test]
    fn a_question_ends_with_the_server_that_has_the_client() {
        let (mut asked, mut is_done) = question(None);
        asked.answers += 1;
        asked.complete_if(false);
        assert!(is_done.try_recv().is_err(), "nothing is known yet");
        asked.answers += 1;
        asked.complete_if(true);
        assert_eq!(is_done.try_recv(), Ok(true));
    }

    #[test]
    fn a_question_ends_when_all_have_answered() {
        let (mut asked, mut is_done) = question(Some(2));
        asked.answers = 1;
        asked.complete_if(false);
        assert!(is_done.try_recv().is_err());
        asked.answers = 2;
        asked.complete_if(false);
        assert_eq!(is_done.try_recv(), Ok(false));
    }
}
