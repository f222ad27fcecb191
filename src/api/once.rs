//! Does a request once, however often it comes.

use std::{sync::Arc, time::Instant};

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    handle::ApiInner,
    idempotency::{Begun, OnceKey, RequestDigest},
    problem::{Problem, ProblemCode},
};

/// The identity of a request, and the digest of all that it says.
pub(super) struct OnceRequest {
    key: OnceKey,
    digest: RequestDigest,
}

/// Collects the parts of a digest, each with its length, so that no two lists of parts are alike.
#[derive(Default)]
pub(super) struct Parts(Sha256);

impl Parts {
    pub(super) fn add(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl OnceRequest {
    /// `scope`: the API key's name and the channels.
    pub(super) fn new(scope: Parts, key: &str, content: Parts) -> Result<Self, Problem> {
        if key.is_empty() || key.len() > 255 {
            return Err(Problem::bad_request("expected 1 to 255 bytes").in_field("idempotency_key"));
        }
        Ok(Self { key: scope.add(key.as_bytes()).finish(), digest: content.finish() })
    }
}

/// Forgets a request that ends without a result.
struct Abandon {
    api: Arc<ApiInner>,
    key: OnceKey,
}

impl Drop for Abandon {
    fn drop(&mut self) {
        self.api.idempotency.lock().abandon(&self.key);
    }
}

/// Does a request, or returns the result that it had. One that runs already is waited for.
///
/// The work goes on if the client goes away: its next attempt finds the result.
pub(super) async fn once<F>(
    api: &Arc<ApiInner>,
    request: OnceRequest,
    work: F,
) -> Result<Box<RawValue>, Problem>
where
    F: Future<Output = Result<Box<RawValue>, Problem>> + 'static,
{
    let OnceRequest { key, digest } = request;
    let running = loop {
        let begun = api.idempotency.lock().begin(key, digest, Instant::now());
        match begun {
            Begun::First(running) => break running,
            // It fails when the first has ended.
            Begun::Running(mut ended) => drop(ended.changed().await),
            Begun::Done(result) => return Ok(result),
            Begun::Conflict => {
                let reason = "it was used with another request";
                let conflict = Problem::new(ProblemCode::Conflict, reason);
                return Err(conflict.in_field("idempotency_key"));
            }
            Begun::Full => {
                return Err(Problem::new(
                    ProblemCode::Overloaded,
                    "too many requests with idempotency keys are being done: try again later",
                ));
            }
        }
    };
    let (api, abandon) = (Arc::clone(api), Abandon { api: Arc::clone(api), key });
    let task = actix_web::rt::spawn(async move {
        let result = work.await;
        if let Ok(result) = &result {
            api.idempotency.lock().finish(key, result.clone(), Instant::now());
        }
        // A result stays. Then those who wait are woken.
        drop(abandon);
        drop(running);
        result
    });
    // It ends early with its worker alone.
    task.await.unwrap_or_else(|_| Err(Problem::new(ProblemCode::Internal, "internal error")))
}
