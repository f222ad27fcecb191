//! `[recovery]`: clients that come back have their sockets again.

use actix_socketio::Recovery;

use super::{
    reader::Reader,
    values::{self, Choice, choice},
};

choice! {
    /// The clients that are recovered.
    RecoveredClients {
        /// Those that ask for positions.
        #[default]
        Asking = asking,
        /// All, as on Node.
        Everyone = everyone,
    }
}

pub(super) fn read(section: &mut Reader<'_>) -> Recovery {
    let mut recovery = Recovery::new();
    if let Some(window) = section.value("window", values::some_time) {
        recovery = recovery.window(window);
    }
    if section.value("for", RecoveredClients::read) == Some(RecoveredClients::Everyone) {
        recovery = recovery.for_everyone();
    }
    match section.value("keep_direct", values::size) {
        Some(bytes) => recovery.keep_direct(bytes),
        None => recovery,
    }
}
