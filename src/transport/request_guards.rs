use tokio::time::Instant;

use super::{Session, SessionEnd, post_turns::PostTurn};

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
        if !session.outbox.begin_poll() {
            return None;
        }
        session.poll_gap.ends(Instant::now());
        Some(Self(EndOnDrop::new(session)))
    }

    /// The poll has its response.
    pub(super) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.outbox.end_poll();
        session.poll_gap.begins(Instant::now());
    }
}

/// The right to post, which one request has at a time. A POST that is dropped without
/// [`PostGuard::end`] ends the session.
#[must_use]
pub(super) struct PostGuard<'a>(EndOnDrop<'a>);

impl<'a> PostGuard<'a> {
    /// Returns whether the POST has to wait for its turn, too. `None`: it overlaps with another
    /// one.
    pub(super) fn begin(session: &'a Session) -> Option<(Self, bool)> {
        let turn = session.posts.begin();
        (turn != PostTurn::Overlap).then(|| (Self(EndOnDrop::new(session)), turn == PostTurn::Wait))
    }

    /// The body is delivered or refused.
    pub(super) fn end(self) {
        let session = self.0.session;
        self.0.disarm();
        session.posts.end();
    }
}
