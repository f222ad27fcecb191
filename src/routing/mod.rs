//! From events to handlers: who is asked, in which order, and what becomes of the answers.

mod actor_batcher;
mod catch_panic;
mod event_set;
mod handler;
mod handlers;
mod route;
mod router;
mod server_events;

pub use event_set::{ChannelEventSet, EventSet, SocketHandler};
pub(crate) use handler::HandlerFn;
pub use handler::{IntoHandler, ViaActor, ViaFn};
pub(crate) use handlers::Handlers;
pub use handlers::{ChannelEvent, Event};
pub use route::{Route, channel};
pub use router::PatternError;
pub(crate) use router::{Router, Scope, anchored};
pub(crate) use server_events::ServerEventHandlers;
