//! The addresses, and the origins of pages.

use actix_socketio::{BuildError, Cors};

use super::{
    address::{Address, DEFAULT_HOST, DEFAULT_PORT},
    reader::Reader,
    values,
};

#[derive(Debug)]
pub(super) struct Network {
    /// `None`: it is a mistake.
    pub(super) address: Option<Address>,
    pub(super) internal_address: Option<Address>,
    pub(super) cors: Option<CorsSettings>,
}

#[derive(Debug, Clone)]
pub(crate) struct CorsSettings {
    pub(crate) cors: Cors,
    /// Whether pages of every origin may connect.
    pub(crate) is_open: bool,
}

pub(super) fn read(top: &mut Reader<'_>) -> Network {
    let address = top.value("address", Address::read);
    let default = || Address::resolve(DEFAULT_PORT, DEFAULT_HOST).ok();
    let address = if top.has("address") { address } else { default() };
    let internal_address = top.value("internal_address", Address::read);
    if let (Some(public), Some(internal)) = (&address, &internal_address) {
        let is_shared = |addr| internal.resolved.contains(addr) && addr.port() != 0;
        if public.resolved.iter().any(is_shared) {
            top.rule("internal_address", "it must not be the address of clients");
        }
    }
    Network { address, internal_address, cors: top.section("cors", cors).flatten() }
}

fn cors(section: &mut Reader<'_>) -> Option<CorsSettings> {
    const EXPECTED: &str = "a list of origins, such as [\"https://app.example.com\"]";
    let credentials = section.value("credentials", values::switch).unwrap_or(false);
    let origins = section.required("origins", EXPECTED, values::texts)?;
    let is_open = origins == ["*"];
    let cors = Cors::origins(origins);
    for mistake in cors.mistakes() {
        if let BuildError::Setting { value, expected, .. } = mistake {
            section.rule_of("origins", &value, &expected);
        }
    }
    if is_open && credentials {
        // Every page on the internet could act with the cookies of its visitor.
        section.rule("credentials", "it must be false where origins is [\"*\"]");
    }
    Some(CorsSettings { cors: if credentials { cors.credentials() } else { cors }, is_open })
}
