//! Each bound of the configuration: what happens when it is reached.
//!
//! The bounds that only bad input reaches are in `bad_input`: `max_json_depth`, `connect_timeout`,
//! `upgrade_timeout`, `body_timeout`, and `max_payload` for incoming data.

mod answers;
mod channels;
mod handlers;
mod inbox;
mod memory;
mod outbox;
mod rates;
mod settings;
