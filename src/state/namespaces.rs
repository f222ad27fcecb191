use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use parking_lot::Mutex;

#[cfg(any(feature = "admin", feature = "api"))]
use super::namespace_family::NamespaceMatcher;
#[cfg(feature = "admin")]
use super::sockets::SocketTable;
use super::{
    namespace_factory::NamespaceFactory,
    namespace_family::{LiveNamespaces, NamespaceFamily},
};
#[cfg(feature = "api")]
use crate::model::ChannelRoutes;
use crate::{
    config::Config,
    model::{Handshake, Namespace, Quota},
    routing::Router,
    socket::NamespaceState,
};

/// The namespaces that clients may connect to.
pub(crate) struct Namespaces {
    factory: NamespaceFactory,
    /// Those that were added by their name.
    named: HashMap<Namespace, NamespaceEntry>,
    dynamic: Vec<NamespaceFamily>,
    live: Mutex<LiveNamespaces>,
}

/// A namespace, the handlers of its events, and the settings of its sockets.
#[derive(Clone)]
pub(crate) struct NamespaceEntry {
    pub(crate) namespace: Arc<NamespaceState>,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    /// Counts its sockets, or those of the whole family for a dynamic namespace.
    pub(crate) quota: Quota,
}

impl Namespaces {
    pub(crate) fn new(
        factory: NamespaceFactory,
        named: HashMap<Namespace, (Arc<Router>, Arc<Config>)>,
        dynamic: Vec<NamespaceFamily>,
    ) -> Self {
        let entry = |name, router: Arc<Router>, config| {
            let namespace = factory.make(name, &config, &router.history_rules());
            NamespaceEntry { namespace, router, config, quota: Quota::default() }
        };
        let named = named
            .into_iter()
            .map(|(name, (router, config))| (name.clone(), entry(name, router, config)))
            .collect();
        Self { factory, named, dynamic, live: Mutex::default() }
    }

    /// Returns the namespace that a client asks for. Returns `None` if there is no such namespace,
    /// or if no dynamic namespace admits the client.
    pub(crate) fn enter(&self, name: &str, handshake: &Handshake) -> Option<NamespaceEntry> {
        if let Some(entry) = self.named.get(name) {
            return Some(entry.clone());
        }
        let name = Namespace::new(name);
        let dynamic =
            self.dynamic.iter().find(|dynamic| dynamic.matcher.admits(&name, handshake))?;
        let namespace = self.get_or_make(name, Some(dynamic));
        let NamespaceFamily { router, config, quota, .. } = dynamic;
        let (router, config) = (Arc::clone(router), Arc::clone(config));
        Some(NamespaceEntry { namespace, router, config, quota: quota.clone() })
    }

    /// Returns the namespace of this name for a handle, which may send to it before the first
    /// client connects. A name that was not added gets the server's settings.
    pub(crate) fn get(&self, name: Namespace) -> Arc<NamespaceState> {
        if let Some(entry) = self.named.get(&name) {
            return Arc::clone(&entry.namespace);
        }
        let dynamic = self.dynamic.iter().find(|dynamic| dynamic.matcher.matches_name(&name));
        self.get_or_make(name, dynamic)
    }

    /// Whether clients may be in a namespace. A function decides with the handshake of a client, so
    /// where there is one, they may be in any.
    #[cfg(any(feature = "admin", feature = "api"))]
    pub(crate) fn may_exist(&self, name: &Namespace) -> bool {
        let may_be = |family: &NamespaceFamily| {
            matches!(family.matcher, NamespaceMatcher::Function(_))
                || family.matcher.matches_name(name)
        };
        self.named.contains_key(name) || self.dynamic.iter().any(may_be)
    }

    /// The routes of a namespace. `None`: a function decides which.
    #[cfg(feature = "api")]
    pub(crate) fn routes(&self, name: &Namespace) -> Option<Arc<ChannelRoutes>> {
        if let Some(entry) = self.named.get(name) {
            return Some(Arc::clone(entry.router.channel_routes()));
        }
        let family = self.dynamic.iter().find(|family| family.matcher.matches_name(name))?;
        Some(Arc::clone(family.router.channel_routes()))
    }

    /// The names of all namespaces: those that were added, and the others that are alive.
    pub(crate) fn names(&self) -> Vec<Namespace> {
        let live = self.live.lock();
        self.named.keys().chain(live.names()).cloned().collect()
    }

    /// Counts sockets by what the application added: a name, a pattern, or a function.
    pub(crate) fn socket_counts(&self) -> BTreeMap<String, usize> {
        let named = self.named.iter().map(|(name, entry)| (name.as_str(), entry.quota.in_use()));
        let dynamic = self.dynamic.iter().map(|dynamic| {
            let NamespaceFamily { label, quota, .. } = dynamic;
            (label.as_str(), quota.in_use())
        });
        let mut socket_counts = BTreeMap::new();
        for (label, count) in named.chain(dynamic) {
            *socket_counts.entry(label.to_owned()).or_default() += count;
        }
        socket_counts
    }

    /// The namespaces with the number of their sockets. Those of families are counted one by one.
    #[cfg(feature = "admin")]
    pub(crate) fn sizes(&self, sockets: &SocketTable) -> BTreeMap<Namespace, usize> {
        let named = self.named.iter().map(|(name, entry)| (name.clone(), entry.quota.in_use()));
        let mut sizes: BTreeMap<_, _> = named.collect();
        if !self.dynamic.is_empty() {
            sockets.each(|socket| {
                let name = socket.namespace();
                if !self.named.contains_key(name) {
                    match sizes.get_mut(name) {
                        Some(size) => *size += 1,
                        None => drop(sizes.insert(name.clone(), 1)),
                    }
                }
            });
        }
        sizes
    }

    fn get_or_make(
        &self,
        name: Namespace,
        family: Option<&NamespaceFamily>,
    ) -> Arc<NamespaceState> {
        let config = family.map_or(self.factory.config(), |family| &family.config);
        let history = family.map(|family| family.router.history_rules()).unwrap_or_default();
        self.live.lock().get_or_make(name, |name| self.factory.make(name, config, &history))
    }
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
