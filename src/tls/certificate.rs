use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use parking_lot::RwLock;
use rustls::{
    Error as TlsError, InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject},
    },
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{CertificateError, validity};
use crate::log_text::log_line;

/// The time before its end from which on the log warns of a certificate.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// The protocol of all connections. HTTP/2 has no WebSocket of the kind that clients use.
const ALPN: &[u8] = b"http/1.1";

/// The certificate of a server, with its private key: the feature `tls`.
///
/// Clones share it. [`reload`](Self::reload) replaces it for all of them: handshakes from then on
/// get the new one, and clients that are connected stay.
///
/// ```no_run
/// use actix_socketio::{Certificate, SocketIo};
///
/// # async fn example(io: SocketIo) -> Result<(), Box<dyn std::error::Error>> {
/// let certificate = Certificate::from_pem_files("chain.pem", "key.pem")?;
/// io.serve_tls("0.0.0.0:443", &certificate).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Certificate(Arc<Shared>);

struct Shared {
    /// The chain and the key.
    files: Option<(PathBuf, PathBuf)>,
    current: RwLock<Arc<CertifiedKey>>,
    /// Seconds since 1970, or zero if they are not known.
    expires: Arc<AtomicU64>,
}

impl Certificate {
    /// Reads a chain of certificates and a private key from PEM files. The server's own certificate
    /// is the first one of the chain. Both may be in one file.
    ///
    /// A certificate that has expired, or does so within 14 days, is a warning in the log.
    ///
    /// ```
    /// use actix_socketio::{Certificate, CertificateError};
    ///
    /// let error = Certificate::from_pem_files("/does/not/exist", "key.pem").unwrap_err();
    /// assert!(matches!(error, CertificateError::Read { .. }));
    /// assert!(error.to_string().starts_with("/does/not/exist: "));
    /// ```
    ///
    /// # Errors
    /// A file can't be read, has no certificate or no key, or they do not fit each other.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, CertificateError> {
        let files = (chain.as_ref().to_owned(), key.as_ref().to_owned());
        let certified = read(&files)?;
        Ok(Self::new(certified, Some(files)))
    }

    /// Takes a chain of certificates and a private key, each as PEM.
    ///
    /// # Errors
    /// There is no certificate or no key, or they do not fit each other.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self::new(certify(chain, None, key, None)?, None))
    }

    fn new(certified: CertifiedKey, files: Option<(PathBuf, PathBuf)>) -> Self {
        let shared =
            Shared { files, current: RwLock::new(Arc::new(certified)), expires: Arc::default() };
        let certificate = Self(Arc::new(shared));
        certificate.note_end();
        certificate
    }

    /// Reads the files again. Handshakes from now on get the new certificate, and no client loses
    /// its connection.
    ///
    /// ```no_run
    /// # fn example(certificate: actix_socketio::Certificate) {
    /// // After the files were renewed:
    /// if let Err(error) = certificate.reload() {
    ///     log::error!("the old certificate goes on: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::from_pem_files`]. The old certificate then stays in use. It is also an error if
    /// the certificate does not come from files.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let files = self.0.files.as_ref().ok_or(CertificateError::NoFiles)?;
        self.replace(read(files)?);
        Ok(())
    }

    /// Replaces the certificate by another one, as PEM. It is for certificates that do not come
    /// from files.
    ///
    /// # Errors
    /// As [`Self::from_pem`]. The old certificate then stays in use.
    pub fn replace_pem(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        self.replace(certify(chain, None, key, None)?);
        Ok(())
    }

    fn replace(&self, certified: CertifiedKey) {
        *self.0.current.write() = Arc::new(certified);
        self.note_end();
    }

    /// When the certificate expires. `None` if its end can't be read.
    pub fn expires(&self) -> Option<SystemTime> {
        match self.0.expires.load(Ordering::Relaxed) {
            0 => None,
            seconds => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        }
    }

    /// The end of the certificate, in seconds since 1970, as it changes with each reload.
    pub(crate) fn shared_end(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.expires)
    }

    /// Notes when the current certificate ends, and warns if that is soon.
    fn note_end(&self) {
        let end = {
            let current = self.0.current.read();
            current.cert.first().and_then(|first| validity::expires(first))
        };
        let since_1970 = end.and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok());
        self.0.expires.store(since_1970.map_or(0, |time| time.as_secs()), Ordering::Relaxed);
        match end.map(|end| end.duration_since(SystemTime::now())) {
            Some(Ok(left)) if left < EXPIRES_SOON => {
                let days = left.as_secs() / (24 * 3600);
                log_line!(log::Level::Warn, "the TLS certificate expires in {} days", days);
            }
            Some(Err(_)) => log_line!(log::Level::Warn, "the TLS certificate has expired"),
            _ => {}
        }
    }

    /// The settings of rustls for a server with this certificate.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Tickets keep the state of a session with the client, so that the server needs no memory
        // for clients that may come back.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = ring::Ticketer::new()?;
        // Early data can be replayed by others.
        config.max_early_data_size = 0;
        Ok(config)
    }
}

/// Shows when it expires. The key is a secret.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.0.files)
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current.read()))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read((chain, key): &(PathBuf, PathBuf)) -> Result<CertifiedKey, CertificateError> {
    let read = |file: &PathBuf| {
        fs::read(file).map_err(|error| CertificateError::Read { file: file.clone(), error })
    };
    certify(&read(chain)?, Some(chain), &read(key)?, Some(key))
}

fn certify(
    chain: &[u8],
    chain_file: Option<&PathBuf>,
    key: &[u8],
    key_file: Option<&PathBuf>,
) -> Result<CertifiedKey, CertificateError> {
    let invalid = |file: Option<&PathBuf>, error: &dyn fmt::Display| CertificateError::Invalid {
        file: file.cloned(),
        reason: error.to_string(),
    };
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid(chain_file, &error))?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate { file: chain_file.cloned() });
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        PemError::NoItemsFound => CertificateError::NoKey { file: key_file.cloned() },
        error => invalid(key_file, &error),
    })?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::KeyOfAnother,
        TlsError::InvalidCertificate(_) => invalid(chain_file, &error),
        error => CertificateError::UnusableKey { reason: error.to_string() },
    })
}

#[cfg(test)]
mod tests;
