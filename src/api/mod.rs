//! The HTTP API, by which programs in other languages publish, look and act. It is behind the
//! feature `api`.
//!
//! A request goes through `answer.rs` from its key to its answer. `perform.rs` has the method for
//! each. Nothing of a request's body is repeated in an answer or in the log.

mod answer;
mod batch;
mod body;
mod command;
mod data;
mod error;
mod handle;
mod history;
mod idempotency;
mod key;
mod keys;
mod members;
mod method;
mod mount;
mod once;
mod openapi;
mod overview;
mod perform;
mod presence;
mod problem;
mod publish;
mod read;
mod refusals;
mod replies;
mod requests;
mod scope;
mod settings;

pub use error::ApiError;
pub use handle::Api;
pub use key::ApiKey;
pub use method::ApiMethod;
pub use settings::ApiBuilder;
