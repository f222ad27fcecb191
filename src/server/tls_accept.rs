use std::{cell::RefCell, io, rc::Rc, sync::Arc, time::Duration};

use actix_web::rt::net::TcpStream;
use rustls::Error as TlsError;
use tokio::{sync::oneshot, time::timeout};
use tokio_rustls::TlsAcceptor;

use super::http_server::set_user_timeout;
use crate::{
    stats::{Counters, HandshakeFailure},
    tls::{HttpTlsStream, PendingHandshakes},
};

/// Does the TLS handshakes of one worker. Dropping a value of the table ends a handshake.
#[derive(Clone)]
pub(super) struct TlsAccept {
    acceptor: TlsAcceptor,
    pending: Rc<RefCell<PendingHandshakes<oneshot::Sender<()>>>>,
    counters: Arc<Counters>,
    handshake_timeout: Duration,
    tcp_timeout: Duration,
}

impl TlsAccept {
    /// `max`: the handshakes at once.
    pub(super) fn new(
        acceptor: TlsAcceptor,
        max: usize,
        counters: Arc<Counters>,
        handshake_timeout: Duration,
        tcp_timeout: Duration,
    ) -> Self {
        let pending = Rc::new(RefCell::new(PendingHandshakes::new(max)));
        Self { acceptor, pending, counters, handshake_timeout, tcp_timeout }
    }

    /// Returns the stream after its handshake.
    ///
    /// # Errors
    /// There is no stream. The reason is counted, and the connection closed.
    pub(super) async fn accept(self, tcp: TcpStream) -> Result<HttpTlsStream, ()> {
        // A message of a client waits for no other one. If this fails, the client has gone.
        let _ = tcp.set_nodelay(true);
        set_user_timeout(&tcp, self.tcp_timeout);
        let (cancel, cancelled) = oneshot::channel();
        let (number, crowded_out) = self.pending.borrow_mut().begin(cancel);
        drop(crowded_out);
        let result = tokio::select! {
            _ = cancelled => Err(HandshakeFailure::CrowdedOut),
            result = timeout(self.handshake_timeout, self.acceptor.accept(tcp)) => match result {
                Err(_) => Err(HandshakeFailure::Timeout),
                Ok(result) => result.map_err(|error| kind(&error)),
            },
        };
        self.pending.borrow_mut().end(number);
        match result {
            Ok(stream) => {
                self.counters.tls.handshakes.add(1);
                Ok(HttpTlsStream::new(stream))
            }
            Err(failure) => {
                self.counters.tls.failures.add(failure);
                Err(())
            }
        }
    }
}

fn kind(error: &io::Error) -> HandshakeFailure {
    let source = error.get_ref().and_then(|source| source.downcast_ref::<TlsError>());
    match source {
        // The connection was closed, or reset.
        None => HandshakeFailure::Closed,
        Some(TlsError::InvalidMessage(_)) => HandshakeFailure::NotTls,
        Some(TlsError::AlertReceived(_)) => HandshakeFailure::Alert,
        Some(_) => HandshakeFailure::Incompatible,
    }
}
