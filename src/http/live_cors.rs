use std::sync::Arc;

use parking_lot::RwLock;

use super::{Cors, origin::OwnHost};
use crate::config::InvalidSetting;

/// The [`Cors`] of a server that runs. Other origins may take the place of its list.
#[derive(Debug, Clone)]
pub(crate) struct LiveCors(Arc<RwLock<Arc<Cors>>>);

impl From<Cors> for LiveCors {
    fn from(cors: Cors) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(cors))))
    }
}

impl LiveCors {
    fn now(&self) -> Arc<Cors> {
        Arc::clone(&self.0.read())
    }

    /// Replaces the list. A request sees the old one or the new one as a whole.
    ///
    /// The middleware is made when a worker starts, and knows by then whether any origin may
    /// connect, and whether cookies may come. So these two stay.
    ///
    /// # Errors
    /// An origin that no browser sends, or what can't be replaced. Nothing changes then.
    pub(crate) fn replace(&self, cors: Cors) -> Result<(), InvalidSetting> {
        cors.check()?;
        let mut now = self.0.write();
        if !now.is_of_the_kind_of(&cors) {
            let expected = "it must be a list of origins as at the start, and with the same \
                            credentials: a server that runs can't change them";
            return Err(InvalidSetting {
                setting: "cors",
                value: cors.kind().to_owned(),
                expected: expected.to_owned(),
            });
        }
        *now = Arc::new(cors);
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), InvalidSetting> {
        self.now().check()
    }

    pub(super) fn allows(&self, origin: &str, own: impl FnOnce() -> Option<OwnHost>) -> bool {
        self.now().allows(origin, own)
    }

    /// Makes the middleware that sends the headers of CORS and answers preflights.
    pub(super) fn middleware(&self) -> actix_cors::Cors {
        let live = self.clone();
        self.now().middleware(move |origin| live.now().lists(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_replaced_as_a_whole_by_another_list_alone() {
        let live = LiveCors::from(Cors::origins(["https://a.example"]));
        let allows = |origin: &str| live.allows(origin, || None);
        live.replace(Cors::origins(["https://b.example"])).unwrap();
        assert!(allows("https://b.example") && !allows("https://a.example"));
        for wrong in [
            Cors::any_origin(),
            Cors::origins(["https://c.example"]).credentials(),
            Cors::origins(["https://c.example", "c.example/"]),
        ] {
            let error = live.replace(wrong).unwrap_err();
            assert!(error.setting == "cors" && error.expected.starts_with("it must "), "{error:?}");
            assert!(allows("https://b.example") && !allows("https://c.example"));
        }
        let any = LiveCors::from(Cors::any_origin());
        assert!(any.replace(Cors::origins(["https://a.example"])).is_err());
        assert!(any.allows("https://b.example", || None));
    }
}
