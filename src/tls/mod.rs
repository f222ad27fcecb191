//! TLS of the server's own, by rustls: certificates, the bound of handshakes, and the stream of a
//! client, first as actix-http uses it and then as a WebSocket owns it.

mod certificate;
mod certificate_error;
mod connection;
mod handshakes;
mod stream;
mod validity;

pub use certificate::Certificate;
pub use certificate_error::CertificateError;
pub(crate) use connection::TlsConnection;
pub(crate) use handshakes::PendingHandshakes;
pub(crate) use stream::{HttpTlsStream, SharedTlsStream};
