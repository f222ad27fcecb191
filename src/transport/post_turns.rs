use parking_lot::Mutex;
use tokio::sync::Notify;

/// The order of POSTs. The POSTs of a session bring their packets in order.
///
/// A client may not send a POST while the body of another one is on its way. But an answer may
/// wait longer than the body, because handlers are at work. A POST that comes then is no fault of
/// the client: it may have seen no reason to wait.
#[derive(Debug, Default)]
pub(crate) struct PostTurns {
    phase: Mutex<PostPhase>,
    next: Notify,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum PostPhase {
    #[default]
    Idle,
    /// The body of a POST is on its way.
    Reading,
    /// The packets of a POST are handed over.
    Delivering,
    /// The same, and one more POST waits.
    Awaited,
    /// Two POSTs have overlapped. The session has ended.
    Overlapped,
}

/// Whether a POST may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostTurn {
    Now,
    /// After [`PostTurns::turn`].
    Wait,
    Overlap,
}

impl PostTurns {
    pub(super) fn begin(&self) -> PostTurn {
        let phase = &mut *self.phase.lock();
        let (next, turn) = match *phase {
            PostPhase::Idle => (PostPhase::Reading, PostTurn::Now),
            PostPhase::Delivering => (PostPhase::Awaited, PostTurn::Wait),
            _ => (PostPhase::Overlapped, PostTurn::Overlap),
        };
        *phase = next;
        turn
    }

    /// Waits until the POST before is delivered. Its turn then passes to the POST that waits.
    pub(super) async fn turn(&self) {
        self.next.notified().await;
    }

    pub(super) fn body_is_read(&self) {
        let phase = &mut *self.phase.lock();
        if *phase == PostPhase::Reading {
            *phase = PostPhase::Delivering;
        }
    }

    pub(super) fn end(&self) {
        let phase = &mut *self.phase.lock();
        *phase = match *phase {
            PostPhase::Awaited => {
                // The permit is kept if the other one does not wait yet.
                self.next.notify_one();
                PostPhase::Reading
            }
            PostPhase::Overlapped => PostPhase::Overlapped,
            PostPhase::Idle | PostPhase::Reading | PostPhase::Delivering => PostPhase::Idle,
        };
    }

    /// Whether two POSTs have overlapped, which ends the session.
    pub(super) fn is_overlapped(&self) -> bool {
        *self.phase.lock() == PostPhase::Overlapped
    }
}

#[cfg(test)]
mod tests {
    use actix_web::rt;

    use super::*;

    #[test]
    fn posts_overlap_while_the_body_of_one_is_read_or_if_there_are_three() {
        let posts = PostTurns::default();
        assert_eq!(posts.begin(), PostTurn::Now);
        posts.end();
        assert_eq!(posts.begin(), PostTurn::Now);
        posts.body_is_read();
        assert_eq!(posts.begin(), PostTurn::Wait);
        assert!(!posts.is_overlapped());
        assert_eq!(posts.begin(), PostTurn::Overlap);
        assert!(posts.is_overlapped());
        posts.end();
        assert!(posts.is_overlapped(), "the session has ended, however its POSTs end");

        let posts = PostTurns::default();
        assert_eq!(posts.begin(), PostTurn::Now);
        assert_eq!(posts.begin(), PostTurn::Overlap);
    }

    #[actix_web::test]
    async fn a_post_has_its_turn_when_the_one_before_is_delivered() {
        let posts = std::rc::Rc::new(PostTurns::default());
        assert_eq!(posts.begin(), PostTurn::Now);
        posts.body_is_read();
        assert_eq!(posts.begin(), PostTurn::Wait);
        let waiting = rt::spawn({
            let posts = posts.clone();
            async move { posts.turn().await }
        });
        rt::task::yield_now().await;
        assert!(!waiting.is_finished());
        posts.end();
        waiting.await.expect("it has its turn");
        assert_eq!(posts.begin(), PostTurn::Overlap, "the second body is read now");
    }
}
