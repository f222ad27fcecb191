//! `[tls]`: the certificate of the public address.

#[cfg(feature = "tls")]
use std::path::PathBuf;

use super::{reader::Reader, values};
#[cfg(feature = "tls")]
use crate::certificate::{self, WrongFile};

/// The files of a certificate. They were right when the configuration was read.
#[cfg(feature = "tls")]
#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// A program without TLS has no value of it.
#[cfg(not(feature = "tls"))]
#[derive(Debug, Clone)]
pub(crate) enum TlsSettings {}

/// Reads the section of this name, if it is there.
pub(super) fn read(top: &mut Reader<'_>) -> Option<TlsSettings> {
    #[cfg(not(feature = "tls"))]
    if top.has("tls") {
        let rule = "it needs one that was built with the feature `tls`: \
                    cargo install actix-socketio-broker --features tls";
        top.rule_of("tls", "not in this program", rule);
    }
    top.section("tls", files).flatten()
}

fn files(section: &mut Reader<'_>) -> Option<TlsSettings> {
    let expected = "the path of a PEM file with the server's certificate and those of its issuers";
    let certificate = section.required("certificate", expected, values::text);
    let expected = "the path of a PEM file with the private key";
    let key = section.required("key", expected, values::text);
    let (certificate, key) = (certificate?, key?);
    #[cfg(feature = "tls")]
    {
        let settings = TlsSettings { certificate: certificate.into(), key: key.into() };
        if let Err((wrong, reason)) = certificate::open(&settings) {
            match wrong {
                WrongFile::Certificate => section.rule("certificate", &reason),
                WrongFile::Key => section.rule("key", &reason),
            }
        }
        Some(settings)
    }
    #[cfg(not(feature = "tls"))]
    {
        let _ = (certificate, key);
        None
    }
}
