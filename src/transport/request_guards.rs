use super::{Session, SessionEnd};

/// Ends the session when it is dropped, unless it was disarmed: a request that is dropped halfway
/// takes frames with it.
struct EndOnDrop<'a> {
    session: &'a Session,
    armed: bool,
}

impl<'a> EndOnDrop<'a> {
    fn new(session: &'a Session) -> Self {
        Self { session, armed: true }
    }

    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.session.end(SessionEnd::Broken("the client broke off a request"));
        }
    }
}

/// The right to poll, which one request has at a time. A poll that is dropped without
/// [`PollGuard::end`] ends the session.
#[must_use]
pub(super) struct PollGuard<'a>(EndOnDrop<'a>);

impl<'a> PollGuard<'a> {
    /// `None`: another request polls already.
    pub(super) fn begin(session: &'a Session) -> Option<Self> {
        session.outbox.begin_poll().then(|| Self(EndOnDrop::new(session)))
    }

    /// The poll has its response.
    pub(super) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.outbox.end_poll();
    }
}

/// The right to post, which one request has at a time. A POST that is dropped without
/// [`PostGuard::end`] ends the session.
#[must_use]
pub(super) struct PostGuard<'a>(EndOnDrop<'a>);

impl<'a> PostGuard<'a> {
    /// `None`: another request posts already.
    pub(super) fn begin(session: &'a Session) -> Option<Self> {
        session.begin_post().then(|| Self(EndOnDrop::new(session)))
    }

    /// The body is read or refused.
    pub(super) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.end_post();
    }
}
