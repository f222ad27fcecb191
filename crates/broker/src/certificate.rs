//! The certificate of the public address, with the feature `tls`. Without it, these types have no
//! values.

use std::{io, net::SocketAddr};

#[cfg(feature = "tls")]
pub(crate) use actix_socketio::Certificate;
use actix_socketio::SocketIo;
use actix_web::dev::Server;

use crate::{config::TlsSettings, health::Health};

/// A program without TLS has no value of it.
#[cfg(not(feature = "tls"))]
#[derive(Debug, Clone)]
pub(crate) enum Certificate {}

/// The file that a mistake is in.
#[cfg(feature = "tls")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongFile {
    Certificate,
    Key,
}

/// Reads the files.
///
/// # Errors
/// The file that can't be used, and the reason.
#[cfg(feature = "tls")]
pub(crate) fn open(files: &TlsSettings) -> Result<Certificate, (WrongFile, String)> {
    use actix_socketio::CertificateError as Error;

    Certificate::from_pem_files(&files.certificate, &files.key).map_err(|error| {
        let is_of_key = match &error {
            Error::Read { file, .. } | Error::Invalid { file: Some(file), .. } => {
                *file == files.key && files.key != files.certificate
            }
            Error::NoKey { .. } | Error::KeyOfAnother | Error::UnusableKey { .. } => true,
            _ => false,
        };
        (if is_of_key { WrongFile::Key } else { WrongFile::Certificate }, error.to_string())
    })
}

/// Reads the files, which were right a moment ago, when the configuration was read. Its log was not
/// there yet, and now it warns of a certificate that ends soon.
///
/// # Errors
/// The reason, if they have become wrong since.
pub(crate) fn at_start(files: &TlsSettings) -> Result<Certificate, String> {
    #[cfg(feature = "tls")]
    return open(files).map_err(|(_, reason)| reason);
    #[cfg(not(feature = "tls"))]
    match *files {}
}

/// Reads the files again. If they are wrong, the old certificate goes on.
pub(crate) fn reload(certificate: &Certificate) {
    #[cfg(feature = "tls")]
    match certificate.reload() {
        Ok(()) => log::info!("the TLS certificate was read again"),
        Err(error) => log::error!("the TLS certificate is that of before: {error}"),
    }
    #[cfg(not(feature = "tls"))]
    match *certificate {}
}

/// The server of clients over TLS.
///
/// # Errors
/// That of the operating system, if the program can't listen there.
pub(crate) fn public(
    certificate: &Certificate,
    io: &SocketIo,
    health: &Health,
    addrs: &[SocketAddr],
) -> io::Result<Server> {
    #[cfg(feature = "tls")]
    {
        let app = crate::endpoints::public_services(io, health);
        let server = actix_socketio::TlsServer::new(io, certificate, move || {
            actix_web::App::new()
                .configure(app.clone())
                .default_service(crate::endpoints::not_found())
        })
        // The program decides when it ends, after the clients have been told.
        .shutdown_signal(std::future::pending())
        .shutdown_timeout(crate::endpoints::REQUEST_SHUTDOWN_TIMEOUT)
        .bind(addrs)?;
        for addr in server.addrs() {
            log::info!("listening on https://{addr}{}", io.config().path);
        }
        server.run()
    }
    #[cfg(not(feature = "tls"))]
    {
        let _ = (io, health, addrs);
        match *certificate {}
    }
}
