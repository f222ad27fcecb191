use std::{future::poll_fn, time::Duration};

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::StatusCode, web::Bytes};
use smallvec::{SmallVec, smallvec};
use tokio::time::timeout;

use super::{OCTETS, TEXT, compression, ok, status};
use crate::{
    outbox::TakenFrames,
    protocol::{Frame, Version, payload, v3},
    transport::{Session, SessionEnd, request_guards::PollGuard, session::wants_base64},
};

/// How long a poll waits for frames while a WebSocket probes: the client finishes its poll before
/// it upgrades.
const POLL_DURING_PROBE: Duration = Duration::from_millis(100);

/// Answers a poll as soon as there is something to send. `None`: the session is over.
pub(crate) async fn get(session: &Session, request: &HttpRequest) -> Option<HttpResponse> {
    let Some(poll) = PollGuard::begin(session) else {
        session.end(SessionEnd::Broken("two polls at the same time"));
        return Some(status(StatusCode::BAD_REQUEST));
    };
    // A client that polls and does not answer pings is gone, even if its poll comes before the
    // timer of the deadline fires.
    if session.pong_deadline.is_over() && !Box::pin(session.outlasts_late_pong()).await {
        poll.end();
        return None;
    }
    let frames = match take(session).await {
        TakenFrames::One(frame) => smallvec![frame],
        TakenFrames::Frames(frames) => frames.into(),
        TakenFrames::Last(mut frames) => {
            frames.push(Frame::CLOSE);
            frames.into()
        }
        TakenFrames::Nothing => smallvec![Frame::NOOP],
        // Bytes are for a WebSocket only, from which no client comes back to polling.
        TakenFrames::Bytes(_) | TakenFrames::Closed => {
            poll.end();
            return None;
        }
    };
    let body = PollBody::new(session, request, frames);
    let response = compression::respond(session, request, body).await;
    // Only now: until there is a response, a client that goes away takes the frames with it.
    poll.end();
    Some(response)
}

async fn take(session: &Session) -> TakenFrames {
    let (max_bytes, max_packets) = (session.config.max_payload, session.config.max_poll_packets);
    let batch = poll_fn(|cx| session.outbox.poll_batch(max_bytes, max_packets, cx));
    if session.outbox.is_probing() {
        Box::pin(timeout(POLL_DURING_PROBE, batch)).await.unwrap_or(TakenFrames::Nothing)
    } else {
        batch.await
    }
}

/// The body of the response to a poll.
pub(super) struct PollBody {
    pub(super) bytes: Bytes,
    /// A body for an old client may be binary.
    is_text: bool,
}

impl PollBody {
    pub(super) fn text(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), is_text: true }
    }

    fn new(session: &Session, request: &HttpRequest, frames: SmallVec<[Frame; 1]>) -> Self {
        match session.version {
            Version::V4 => Self::text(payload::encode(frames)),
            Version::V3 => match v3::encode(&frames, !wants_base64(request)) {
                v3::EncodedBody::Text(text) => Self::text(text),
                v3::EncodedBody::Bytes(bytes) => Self { bytes: bytes.into(), is_text: false },
            },
        }
    }

    /// Starts the response.
    pub(super) fn response(&self) -> HttpResponseBuilder {
        ok(if self.is_text { TEXT } else { OCTETS })
    }
}
