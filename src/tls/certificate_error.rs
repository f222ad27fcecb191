use std::{error::Error, fmt, io, path::PathBuf};

/// The reason why a [`Certificate`](super::Certificate) can't be used.
///
/// Its text names the file, if the certificate comes from files.
///
/// ```
/// use actix_socketio::{Certificate, CertificateError};
///
/// let error = Certificate::from_pem(b"", b"").unwrap_err();
/// assert!(matches!(error, CertificateError::NoCertificate { .. }));
/// assert_eq!(error.to_string(), "the certificate: there is no CERTIFICATE in this PEM");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file can't be read.
    Read {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The PEM of the chain has no certificate.
    NoCertificate {
        /// The file, if there is one.
        file: Option<PathBuf>,
    },
    /// The PEM of the key has no private key. An encrypted key is one that can't be read.
    NoKey {
        /// The file, if there is one.
        file: Option<PathBuf>,
    },
    /// The PEM is damaged, or the first certificate is.
    Invalid {
        /// The file, if there is one.
        file: Option<PathBuf>,
        /// The reason, for operators.
        reason: String,
    },
    /// The private key is that of another certificate.
    KeyOfAnother,
    /// The key is of a kind, or a size, that can't sign.
    UnusableKey {
        /// The reason, for operators.
        reason: String,
    },
    /// [`Certificate::reload`](super::Certificate::reload) of a certificate without files.
    NoFiles,
}

/// A file, or what else has these bytes.
struct Source<'a>(&'a Option<PathBuf>, &'static str);

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(file) => write!(f, "{}", file.display()),
            None => f.write_str(self.1),
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, error } => write!(f, "{}: {error}", file.display()),
            Self::NoCertificate { file } => {
                write!(
                    f,
                    "{}: there is no CERTIFICATE in this PEM",
                    Source(file, "the certificate")
                )
            }
            Self::NoKey { file } => write!(
                f,
                "{}: there is no PRIVATE KEY in this PEM (a key with a password can't be read)",
                Source(file, "the key")
            ),
            Self::Invalid { file, reason } => {
                write!(f, "{}: {reason}", Source(file, "the PEM"))
            }
            Self::KeyOfAnother => f.write_str(
                "the private key does not fit the first certificate: put the server's own \
                 certificate first, and those of its issuers behind it",
            ),
            Self::UnusableKey { reason } => write!(f, "the private key can't be used: {reason}"),
            Self::NoFiles => f.write_str("the certificate has no files to read again"),
        }
    }
}

impl Error for CertificateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { error, .. } => Some(error),
            _ => None,
        }
    }
}
