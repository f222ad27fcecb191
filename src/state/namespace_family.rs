//! Namespaces that exist only while they are used.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use regex::Regex;

use crate::{
    config::Config,
    model::{Handshake, Namespace, Quota},
    panic_guard::call_hook,
    routing::Router,
    socket::NamespaceState,
};

/// A family of namespaces with the same handlers and settings.
///
/// Each namespace of the family is made when the first client connects to it, and is dropped with
/// its last socket and handle.
pub(crate) struct NamespaceFamily {
    /// The name of the family where sockets are counted.
    pub(crate) label: String,
    pub(crate) matcher: NamespaceMatcher,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    /// Counts the sockets of the whole family.
    pub(crate) quota: Quota,
}

/// Decides from its name and the client's handshake whether a namespace belongs to a family.
pub(crate) type NamespacePredicate = Box<dyn Fn(&Namespace, &Handshake) -> bool + Send + Sync>;

/// Decides which namespaces belong to a family.
pub(crate) enum NamespaceMatcher {
    Pattern(Regex),
    Function(NamespacePredicate),
}

impl NamespaceMatcher {
    /// Returns whether a client with this handshake may connect to this namespace of the family.
    pub(super) fn admits(&self, name: &Namespace, handshake: &Handshake) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_match(name.as_str()),
            Self::Function(predicate) => {
                call_hook("namespaces_if", || predicate(name, handshake)).unwrap_or(false)
            }
        }
    }

    /// Returns whether the name alone shows that a namespace belongs to the family. A function
    /// can't decide that, since it also needs a client's handshake.
    pub(super) fn matches_name(&self, name: &Namespace) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.is_match(name.as_str()))
    }
}

/// The namespaces that were made for a name which was not added by itself. The sockets in a
/// namespace and the handles to it keep it alive.
#[derive(Default)]
pub(super) struct LiveNamespaces {
    by_name: HashMap<Namespace, Weak<NamespaceState>>,
    /// Above this number of entries, those of dropped namespaces are removed.
    sweep_at: usize,
}

impl LiveNamespaces {
    /// Returns the namespace of this name, and makes it if it is not alive.
    pub(super) fn get_or_make(
        &mut self,
        name: Namespace,
        make: impl FnOnce(Namespace) -> Arc<NamespaceState>,
    ) -> Arc<NamespaceState> {
        if let Some(namespace) = self.by_name.get(&name).and_then(Weak::upgrade) {
            return namespace;
        }
        let namespace = make(name.clone());
        self.by_name.insert(name, Arc::downgrade(&namespace));
        if self.by_name.len() > self.sweep_at {
            self.by_name.retain(|_, namespace| namespace.strong_count() > 0);
            // With twice the number that is left, the cost of sweeping is constant for each
            // namespace that is made.
            self.sweep_at = 2 * self.by_name.len() + 16;
        }
        namespace
    }

    /// The names of the namespaces that are alive.
    pub(super) fn names(&self) -> impl Iterator<Item = &Namespace> {
        let live = self.by_name.iter().filter(|(_, namespace)| namespace.strong_count() > 0);
        live.map(|(name, _)| name)
    }
}
