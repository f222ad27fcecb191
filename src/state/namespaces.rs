use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use regex::Regex;

use crate::{
    config::Config,
    model::{Handshake, Namespace, Quota},
    panic_guard::call_hook,
    registry::Adapter,
    routing::Router,
    socket::{LocalAdapter, NamespaceState},
    stats::Counters,
};

/// The namespaces that clients may come into.
pub(crate) struct Namespaces {
    factory: NamespaceFactory,
    named: HashMap<Namespace, NamespaceEntry>,
    dynamic: Vec<DynamicNamespace>,
    children: Mutex<DynamicChildren>,
}

/// A namespace, who handles its events, and the settings that hold for its sockets.
#[derive(Clone)]
pub(crate) struct NamespaceEntry {
    pub(crate) namespace: Arc<NamespaceState>,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    /// Its sockets, those of its whole family if it has one.
    pub(crate) quota: Quota,
}

/// What every namespace is made with.
pub(crate) struct NamespaceFactory {
    /// The server's settings.
    config: Arc<Config>,
    counters: Arc<Counters>,
    adapter: Arc<dyn Adapter>,
    local: Arc<LocalAdapter>,
}

impl NamespaceFactory {
    /// `adapter`: the one to use, which is the local one or wraps it.
    pub(crate) fn new(
        config: Arc<Config>,
        counters: Arc<Counters>,
        adapter: Arc<dyn Adapter>,
        local: Arc<LocalAdapter>,
    ) -> Self {
        Self { config, counters, adapter, local }
    }

    fn make(&self, name: Namespace, config: &Arc<Config>) -> Arc<NamespaceState> {
        let Self { counters, adapter, local, .. } = self;
        let (config, counters) = (Arc::clone(config), Arc::clone(counters));
        NamespaceState::new(name, config, counters, Arc::clone(adapter), Arc::clone(local))
    }
}

/// Namespaces which come into being when the first client asks for them, and go with the last one.
pub(crate) struct DynamicNamespace {
    /// What it is called where sockets are counted.
    pub(crate) label: String,
    pub(crate) matches: NamespaceMatcher,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    pub(crate) quota: Quota,
}

/// Says whether a name belongs to a family, seeing how the client comes.
pub(crate) type NamespacePredicate = Box<dyn Fn(&Namespace, &Handshake) -> bool + Send + Sync>;

/// Which names belong to a family.
pub(crate) enum NamespaceMatcher {
    Pattern(Regex),
    Function(NamespacePredicate),
}

/// Those that are there: whoever is in one, or has a handle to it, keeps it.
#[derive(Default)]
struct DynamicChildren {
    spaces: HashMap<Namespace, Weak<NamespaceState>>,
    /// When there are as many, those that have gone are cleared out.
    sweep_at: usize,
}

impl Namespaces {
    pub(crate) fn new(
        factory: NamespaceFactory,
        named: HashMap<Namespace, (Arc<Router>, Arc<Config>)>,
        dynamic: Vec<DynamicNamespace>,
    ) -> Self {
        let realm = |name, router, config| {
            let namespace = factory.make(name, &config);
            NamespaceEntry { namespace, router, config, quota: Quota::default() }
        };
        let named = named.into_iter();
        let named = named
            .map(|(name, (router, config))| (name.clone(), realm(name, router, config)))
            .collect();
        Self { factory, named, dynamic, children: Mutex::default() }
    }

    /// What a client comes into that asks for this name, if it may.
    pub(crate) fn enter(&self, name: &str, handshake: &Handshake) -> Option<NamespaceEntry> {
        if let Some(named) = self.named.get(name) {
            return Some(named.clone());
        }
        let name = Namespace::new(name);
        let dynamic = self.dynamic.iter().find(|dynamic| match &dynamic.matches {
            NamespaceMatcher::Pattern(pattern) => pattern.is_match(name.as_str()),
            NamespaceMatcher::Function(matches) => {
                call_hook("namespaces_if", || matches(&name, handshake)).unwrap_or(false)
            }
        })?;
        let namespace = self.child(name, &dynamic.config);
        let DynamicNamespace { router, config, quota, .. } = dynamic;
        let (router, config) = (Arc::clone(router), Arc::clone(config));
        Some(NamespaceEntry { namespace, router, config, quota: quota.clone() })
    }

    /// The namespace of this name, for those who have something to say there, whether anybody is in
    /// it or not.
    pub(crate) fn get(&self, name: Namespace) -> Arc<NamespaceState> {
        if let Some(realm) = self.named.get(&name) {
            return Arc::clone(&realm.namespace);
        }
        // What a function of a client's handshake would say, nobody knows.
        let dynamic = self
            .dynamic
            .iter()
            .find(|dynamic| matches!(&dynamic.matches, NamespaceMatcher::Pattern(pattern) if pattern.is_match(name.as_str())));
        self.child(name, dynamic.map_or(&self.factory.config, |dynamic| &dynamic.config))
    }

    /// The names of all that are there.
    pub(crate) fn names(&self) -> Vec<Namespace> {
        let children = self.children.lock();
        let children = children.spaces.iter().filter(|(_, namespace)| namespace.strong_count() > 0);
        self.named.keys().chain(children.map(|(name, _)| name)).cloned().collect()
    }

    /// Sockets by what was added: a name, a pattern, or a function.
    pub(crate) fn populations(&self) -> BTreeMap<String, usize> {
        let named = self.named.iter().map(|(name, realm)| (name.as_str(), realm.quota.in_use()));
        let dynamic = self.dynamic.iter().map(|dynamic| {
            let DynamicNamespace { label, quota, .. } = dynamic;
            (label.as_str(), quota.in_use())
        });
        let mut populations = BTreeMap::new();
        for (label, count) in named.chain(dynamic) {
            *populations.entry(label.to_owned()).or_default() += count;
        }
        populations
    }

    fn child(&self, name: Namespace, config: &Arc<Config>) -> Arc<NamespaceState> {
        let mut children = self.children.lock();
        if let Some(namespace) = children.spaces.get(&name).and_then(Weak::upgrade) {
            return namespace;
        }
        let namespace = self.factory.make(name.clone(), config);
        children.spaces.insert(name, Arc::downgrade(&namespace));
        if children.spaces.len() > children.sweep_at {
            children.spaces.retain(|_, namespace| namespace.strong_count() > 0);
            // Twice as many as there are: sweeping costs each child the same, however many there
            // are.
            children.sweep_at = 2 * children.spaces.len() + 16;
        }
        namespace
    }
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
