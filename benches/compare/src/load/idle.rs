//! Idle WebSockets: the cost of their handshakes, and their memory.

use std::time::Duration;

use super::{
    Figures, WARM_UP,
    clients::{Clients, Nobody},
    meter::Meter,
};
use crate::{Fallible, server::Server};

/// By then memory of the handshakes is freed, if it ever is.
const REST: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Idle {
    pub(crate) clients: usize,
}

impl Idle {
    pub(super) fn run(&self, server: &Server) -> Fallible<Figures> {
        // Memory that the server takes once, for any number of clients.
        let mut first = Clients::connect(server.addr, 1)?;
        first.listen(&mut Nobody, WARM_UP)?;
        let before = server.process().rss_kib()?;
        let meter = Meter::start(server.process())?;
        let mut clients = Clients::connect(server.addr, self.clients)?;
        let mut figures = meter.stop(self.clients as u64)?;
        clients.listen(&mut Nobody, REST)?;
        let grown = server.process().rss_kib()?.saturating_sub(before);
        figures.rss_kib = Some(grown as f64 / self.clients as f64);
        Ok(figures)
    }
}
