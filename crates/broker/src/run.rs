//! The life of the broker: listen, serve, reload, stop.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use actix_socketio::{Api, SocketIo};
use actix_web::{
    dev::{Server, ServerHandle},
    rt,
};
use tokio::{task::JoinHandle, time};

use crate::{
    certificate::{self, Certificate},
    config::AdminSettings,
    descriptors, endpoints,
    health::Health,
    reload::Reloader,
    signals::{Signals, Wish},
    systemd,
};

/// The time for which requests are still answered after all sessions have ended, so that clients
/// learn of the end.
const FINAL_RESPONSES: Duration = Duration::from_millis(250);

/// A server to run, and where it listens.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) io: SocketIo,
    pub(crate) address: Vec<SocketAddr>,
    /// `None`: clients come without TLS, or through a proxy that does it.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) internal_address: Option<Vec<SocketAddr>>,
    /// The API at the internal address.
    pub(crate) api: Option<Api>,
    /// The Admin UI, a part of which may be there.
    pub(crate) admin: Option<AdminSettings>,
    /// The time between a stop signal and the end of the first connection.
    pub(crate) shutdown_delay: Duration,
    /// `None`: there is no file to read again.
    pub(crate) reloader: Option<Reloader>,
}

/// The end of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All clients were told.
    Clean,
    /// Some connections were cut.
    Cut,
}

/// Runs until a signal ends it. The signals were taken before the server was built.
///
/// # Errors
/// The program can't listen on an address, or an HTTP server has ended by itself.
pub(crate) async fn run(plan: Plan, mut signals: Signals) -> Result<End, Box<dyn Error>> {
    let Plan { io, address, certificate, internal_address, api, admin, .. } = plan;
    let Plan { shutdown_delay, mut reloader, .. } = plan;
    descriptors::raise(io.config().max_connections);
    let health = Health::new(io.clone());
    let cannot_listen = |addrs: &[SocketAddr], error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {addrs:?}: {error}"))
    };
    let public = match &certificate {
        None => endpoints::public(&io, &health, &address),
        Some(certificate) => certificate::public(certificate, &io, &health, &address),
    };
    let mut public = Listener::start(public.map_err(|error| cannot_listen(&address, error))?);
    let mut internal = match internal_address {
        Some(addrs) => {
            let server = endpoints::internal(&io, &health, api.as_ref(), admin.as_ref(), &addrs);
            Some(Listener::start(server.map_err(|error| cannot_listen(&addrs, error))?))
        }
        None => None,
    };
    health.probe().await;
    health.first_path().await;
    let probing = rt::spawn(health.clone().probe_for_ever());
    systemd::ready();
    loop {
        tokio::select! {
            wish = signals.next() => match (wish, &mut reloader) {
                (Wish::Stop, _) => break,
                (Wish::Reload, Some(reloader)) => reloader.reload(),
                // As without a handler: the terminal has been closed.
                (Wish::Reload, None) => break,
            },
            error = public.ended() => return Err(error.into()),
            error = ended(&mut internal) => return Err(error.into()),
        }
    }
    health.stop();
    systemd::stopping();
    let end = tokio::select! {
        end = shut_down(&io, shutdown_delay) => end,
        () = signals.stop() => {
            log::warn!("a second signal: {} connections are cut", io.connections());
            return Ok(End::Cut);
        }
    };
    // The last probes and scrapes come while the public server is closing.
    public.stop().await;
    if let Some(internal) = internal {
        internal.stop().await;
    }
    probing.abort();
    Ok(end)
}

async fn shut_down(io: &SocketIo, delay: Duration) -> End {
    if !delay.is_zero() {
        log::info!("shutting down in {delay:?}");
        time::sleep(delay).await;
    }
    log::info!("shutting down {} connections", io.connections());
    let end = if io.shutdown().await {
        End::Clean
    } else {
        log::warn!("{} connections are left after shutdown_timeout", io.connections());
        End::Cut
    };
    time::sleep(FINAL_RESPONSES).await;
    end
}

/// An HTTP server that runs.
struct Listener {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Listener {
    fn start(server: Server) -> Self {
        Self { handle: server.handle(), task: rt::spawn(server) }
    }

    /// Waits until it has ended by itself, which it should not.
    async fn ended(&mut self) -> io::Error {
        match (&mut self.task).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => io::Error::other("an HTTP server has ended"),
            Err(error) => io::Error::other(error),
        }
    }

    async fn stop(self) {
        self.handle.stop(true).await;
    }
}

async fn ended(listener: &mut Option<Listener>) -> io::Error {
    match listener {
        Some(listener) => listener.ended().await,
        None => std::future::pending().await,
    }
}
