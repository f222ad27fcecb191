use std::{
    fmt,
    future::Future,
    io,
    marker::PhantomData,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    num::NonZeroUsize,
    pin::Pin,
    sync::Arc,
    thread::available_parallelism,
};

use actix_http::HttpService;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{AppConfig, Response, Server},
    http::KeepAlive,
    middleware::from_fn,
    rt::net::TcpStream,
    web,
};
use socket2::{Domain, Socket, Type};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::{
    HTTP_SHUTDOWN_TIMEOUT, SocketIo,
    serve::{BACKLOG, REQUEST_SHUTDOWN_TIMEOUT},
    tls_accept::TlsAccept,
};
use crate::{
    http::close_unread_bodies,
    log_text::log_line,
    tls::{Certificate, HttpTlsStream, SharedTlsStream},
};

/// A server of an actix-web app over TLS, whose WebSockets own their connections: the feature
/// `tls`.
///
/// It takes the place of [`HttpServer`](actix_web::HttpServer) with
/// [`.socketio(&io)`](super::SocketIoServerExt::socketio), and has its defaults. With
/// `bind_rustls_0_23`, a WebSocket stays with actix-http, and takes more memory and work.
///
/// ```no_run
/// use actix_socketio::{Certificate, SocketIo, TlsServer, channel};
/// use actix_web::App;
///
/// #[actix_web::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let io = SocketIo::builder().route(channel("^match-")).build()?;
///     let certificate = Certificate::from_pem_files("chain.pem", "key.pem")?;
///     let app = io.clone();
///     TlsServer::new(&io, &certificate, move || App::new().configure(app.mount()))
///         .bind("0.0.0.0:443")?
///         .run()?
///         .await?;
///     Ok(())
/// }
/// ```
///
/// It speaks TLS 1.2 and 1.3, and HTTP/1.1. Each handshake has
/// [`Config::tls_handshake_timeout`](crate::Config::tls_handshake_timeout), and
/// [`Config::max_tls_handshakes`](crate::Config::max_tls_handshakes) bounds their number.
pub struct TlsServer<F, I, S, B> {
    io: SocketIo,
    certificate: Certificate,
    app: F,
    workers: usize,
    shutdown_timeout: u64,
    shutdown_signal: Pin<Box<dyn Future<Output = ()> + Send>>,
    listeners: Vec<(TcpListener, SocketAddr)>,
    /// The types of the app, as in `HttpServer`.
    app_types: PhantomData<AppTypes<I, S, B>>,
}

/// As a function, so that a server can be sent to another thread whatever its app is.
type AppTypes<I, S, B> = fn() -> (I, S, B);

impl<F, I, S, B> fmt::Debug for TlsServer<F, I, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer")
            .field("certificate", &self.certificate)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl<F, I, S, B> TlsServer<F, I, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<actix_http::Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    /// A server of this app. Each worker calls `app` once for each address.
    pub fn new(io: &SocketIo, certificate: &Certificate, app: F) -> Self {
        Self {
            io: io.clone(),
            certificate: certificate.clone(),
            app,
            workers: available_parallelism().map_or(2, NonZeroUsize::get),
            shutdown_timeout: HTTP_SHUTDOWN_TIMEOUT,
            shutdown_signal: Box::pin(io.shutdown_on_signal()),
            listeners: Vec::new(),
            app_types: PhantomData,
        }
    }

    /// Sets the number of workers, which are threads. The default is the number of CPUs.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Self { workers, ..self }
    }

    /// Sets the seconds that requests of the application may take when all sessions have ended. The
    /// default is [`HTTP_SHUTDOWN_TIMEOUT`].
    #[must_use]
    pub fn shutdown_timeout(self, seconds: u64) -> Self {
        Self { shutdown_timeout: seconds, ..self }
    }

    /// Sets what the server waits for before it stops. The default is
    /// [`SocketIo::shutdown_on_signal`].
    ///
    /// ```no_run
    /// # use actix_socketio::{Certificate, SocketIo, TlsServer};
    /// # use actix_web::App;
    /// # fn example(io: SocketIo, certificate: Certificate) -> std::io::Result<()> {
    /// let app = io.clone();
    /// let server = TlsServer::new(&io, &certificate, move || App::new().configure(app.mount()))
    ///     .shutdown_signal(std::future::pending()) // the handle of the server stops it
    ///     .bind("127.0.0.1:0")?
    ///     .run()?;
    /// let handle = server.handle();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn shutdown_signal(self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { shutdown_signal: Box::pin(signal), ..self }
    }

    /// Listens on each of these addresses.
    ///
    /// # Errors
    /// That of the operating system, if it can listen on none of them.
    pub fn bind(mut self, addrs: impl ToSocketAddrs) -> io::Result<Self> {
        let mut last_error = None;
        let listeners_before = self.listeners.len();
        for addr in addrs.to_socket_addrs()? {
            match listen(addr) {
                Ok(listener) => self = self.listen(listener)?,
                Err(error) => last_error = Some(error),
            }
        }
        match last_error {
            Some(error) if self.listeners.len() == listeners_before => Err(error),
            _ if self.listeners.len() == listeners_before => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no address to listen on"))
            }
            _ => Ok(self),
        }
    }

    /// Takes a listener that was made elsewhere.
    ///
    /// # Errors
    /// That of the operating system, if the listener has no address.
    pub fn listen(mut self, listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        self.listeners.push((listener, addr));
        Ok(self)
    }

    /// The addresses that it listens on.
    ///
    /// ```no_run
    /// # use actix_socketio::{Certificate, SocketIo, TlsServer};
    /// # use actix_web::App;
    /// # fn example(io: SocketIo, certificate: Certificate) -> std::io::Result<()> {
    /// let app = io.clone();
    /// let server = TlsServer::new(&io, &certificate, move || App::new().configure(app.mount()))
    ///     .bind("127.0.0.1:0")?;
    /// println!("https://{}", server.addrs()[0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(_, addr)| *addr).collect()
    }

    /// Starts the server. It runs until the returned future completes.
    ///
    /// # Errors
    /// That of the operating system, if a listener can't be used, or if there are no random numbers
    /// for the keys of session tickets.
    ///
    /// # Panics
    /// If there is no listener: call [`bind`](Self::bind) before.
    pub fn run(self) -> io::Result<Server> {
        let tls = self.certificate.server_config().map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let counters = Arc::clone(&self.io.state.engine.counters);
        counters.tls.set_certificate(self.certificate.shared_end());
        let stopping = Arc::new(Notify::new());
        let is_stopping = Arc::clone(&stopping);
        let shutdown_signal = async move {
            self.shutdown_signal.await;
            is_stopping.notify_waiters();
        };
        let mut server = Server::build()
            .workers(self.workers)
            .shutdown_timeout(self.shutdown_timeout)
            .shutdown_signal(shutdown_signal);
        let config = Arc::new(self.io.config().clone());
        for (listener, addr) in self.listeners {
            let (acceptor, counters) = (acceptor.clone(), Arc::clone(&counters));
            let (config, app, stopping) =
                (Arc::clone(&config), self.app.clone(), Arc::clone(&stopping));
            server = server.listen(format!("socketio-tls-{addr}"), listener, move || {
                let accept = TlsAccept::new(
                    acceptor.clone(),
                    config.max_tls_handshakes,
                    Arc::clone(&counters),
                    config.tls_handshake_timeout,
                    config.tcp_timeout,
                );
                let stopping = Arc::clone(&stopping);
                let app = app().into_factory().map_err(|error| error.into().error_response());
                // actix-web's own server makes this value in the same way, by a function that it
                // keeps for itself. This one is public for actix-test.
                let app_config = AppConfig::__priv_test_new(true, addr.to_string(), addr);
                let http = HttpService::build()
                    .graceful_shutdown_signal(move || {
                        let stopping = Arc::clone(&stopping);
                        async move { stopping.notified().await }
                    })
                    .keep_alive(KeepAlive::default())
                    .h1_allow_half_closed(false)
                    .secure()
                    .local_addr(addr)
                    .on_connect_ext(|stream: &HttpTlsStream, data| {
                        data.insert::<SharedTlsStream>(stream.share());
                    })
                    .finish(map_config(app, move |()| app_config.clone()))
                    .map_err(drop);
                fn_service(move |tcp: TcpStream| {
                    let accept = accept.clone();
                    async move {
                        let peer = tcp.peer_addr().ok();
                        let stream = accept.accept(tcp).await?;
                        Ok((stream, actix_http::Protocol::Http1, peer))
                    }
                })
                .and_then(http)
            })?;
        }
        Ok(server.run())
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    // On Windows, this option lets others take the address.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG as i32)?;
    Ok(socket.into())
}

impl SocketIo {
    /// As [`SocketIo::serve`], over TLS: the feature `tls`.
    ///
    /// Call [`Certificate::reload`] on a clone of the certificate when its files were renewed.
    ///
    /// ```no_run
    /// use actix_socketio::{Certificate, SocketIo, channel};
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let io = SocketIo::builder().route(channel("^match-")).build()?;
    ///     let certificate = Certificate::from_pem_files("chain.pem", "key.pem")?;
    ///     io.serve_tls("0.0.0.0:443", &certificate).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// The error of the operating system if the server can't listen on the address.
    pub async fn serve_tls(
        self,
        addr: impl ToSocketAddrs,
        certificate: &Certificate,
    ) -> io::Result<()> {
        let app = self.clone();
        let server = TlsServer::new(&self, certificate, move || {
            let not_found =
                web::route().to(HttpResponse::NotFound).wrap(from_fn(close_unread_bodies));
            App::new().configure(app.mount()).default_service(not_found)
        })
        .shutdown_timeout(REQUEST_SHUTDOWN_TIMEOUT)
        .bind(addr)?;
        for addr in server.addrs() {
            log_line!(log::Level::Info, "listening on https://{}{}", addr, self.config().path);
        }
        server.run()?.await
    }
}
