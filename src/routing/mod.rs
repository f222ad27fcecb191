//! From events to handlers: which handlers receive an event, in which order, and what their
//! answers lead to.

mod actor_batcher;
mod answer;
mod catch_panic;
mod event_set;
mod handler;
mod handlers;
mod member_id;
mod message_handlers;
mod messages;
mod parameters;
mod presence;
mod received;
mod registrations;
mod report;
mod route;
mod router;
mod routes_by_event;
mod server_events;

pub use answer::{Answer, Later};
pub use event_set::{ChannelEventSet, ChannelListed, EventSet, Listed, SocketHandler};
pub(crate) use handler::HandlerFn;
pub use handler::{IntoHandler, ViaActor, ViaFn};
pub(crate) use handlers::Handlers;
pub use handlers::{AnyEvent, ChannelEvent, Event};
pub use member_id::MemberId;
pub use parameters::{Auth, Call, Data, FromEvent, Parameters, Rest};
pub use presence::Presence;
pub use received::{ClientEvent, Received};
pub(crate) use registrations::registrations;
pub use route::{Route, channel};
pub(crate) use router::{Router, Scope};
pub(crate) use server_events::ServerEventHandlers;

pub use crate::model::PatternError;
pub(crate) use crate::model::anchored;
