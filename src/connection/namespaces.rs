use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use regex::Regex;

use crate::{
    config::Config,
    model::{Handshake, Namespace},
    protocol::Encoding,
    registry::ChannelRegistry,
    routing::Router,
    socket::{Directory, Population, Space},
    stats::Counters,
};

/// The namespaces that clients may come into.
pub(crate) struct Namespaces {
    makes: SpaceMaker,
    named: HashMap<Namespace, Realm>,
    families: Vec<Family>,
    children: Mutex<Children>,
}

/// A namespace, who handles its events, and the settings that hold for its sockets.
#[derive(Clone)]
pub(crate) struct Realm {
    pub(crate) space: Arc<Space>,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    /// Its sockets, those of its whole family if it has one.
    pub(crate) population: Population,
}

/// What every namespace is made with.
pub(crate) struct SpaceMaker {
    /// The server's settings.
    config: Arc<Config>,
    registry: ChannelRegistry,
    encoding: Encoding,
    counters: Arc<Counters>,
    directory: Arc<dyn Directory>,
}

impl SpaceMaker {
    pub(crate) fn new(
        config: Arc<Config>,
        registry: ChannelRegistry,
        encoding: Encoding,
        counters: Arc<Counters>,
        directory: Arc<dyn Directory>,
    ) -> Self {
        Self { config, registry, encoding, counters, directory }
    }

    fn make(&self, name: Namespace, config: &Arc<Config>) -> Arc<Space> {
        let Self { registry, encoding, counters, directory, .. } = self;
        let (counters, directory) = (Arc::clone(counters), Arc::clone(directory));
        Space::new(
            name,
            Arc::clone(config),
            registry.clone(),
            encoding.clone(),
            counters,
            directory,
        )
    }
}

/// Namespaces which come into being when the first client asks for them, and go with the last one.
pub(crate) struct Family {
    /// What it is called where sockets are counted.
    pub(crate) label: String,
    pub(crate) admits: Admits,
    pub(crate) router: Arc<Router>,
    pub(crate) config: Arc<Config>,
    pub(crate) population: Population,
}

/// Says whether a name belongs to a family, seeing how the client comes.
pub(crate) type Predicate = Box<dyn Fn(&Namespace, &Handshake) -> bool + Send + Sync>;

/// Which names belong to a family.
pub(crate) enum Admits {
    Pattern(Regex),
    Function(Predicate),
}

/// Those that are there: whoever is in one, or has a handle to it, keeps it.
#[derive(Default)]
struct Children {
    spaces: HashMap<Namespace, Weak<Space>>,
    /// When there are as many, those that have gone are cleared out.
    sweep_at: usize,
}

impl Namespaces {
    pub(crate) fn new(
        makes: SpaceMaker,
        named: HashMap<Namespace, (Arc<Router>, Arc<Config>)>,
        families: Vec<Family>,
    ) -> Self {
        let realm = |name, router, config| {
            let space = makes.make(name, &config);
            Realm { space, router, config, population: Population::default() }
        };
        let named = named.into_iter();
        let named = named
            .map(|(name, (router, config))| (name.clone(), realm(name, router, config)))
            .collect();
        Self { makes, named, families, children: Mutex::default() }
    }

    /// What a client comes into that asks for this name, if it may.
    pub(crate) fn enter(&self, name: &str, handshake: &Handshake) -> Option<Realm> {
        if let Some(named) = self.named.get(name) {
            return Some(named.clone());
        }
        let name = Namespace::new(name);
        let family = self.families.iter().find(|family| match &family.admits {
            Admits::Pattern(pattern) => pattern.is_match(name.as_str()),
            Admits::Function(admits) => guarded(|| admits(&name, handshake)),
        })?;
        let space = self.child(name, &family.config);
        let Family { router, config, population, .. } = family;
        let (router, config) = (Arc::clone(router), Arc::clone(config));
        Some(Realm { space, router, config, population: population.clone() })
    }

    /// The namespace of this name, for those who have something to say there, whether anybody is in
    /// it or not.
    pub(crate) fn get(&self, name: Namespace) -> Arc<Space> {
        if let Some(realm) = self.named.get(&name) {
            return Arc::clone(&realm.space);
        }
        // What a function of a client's handshake would say, nobody knows.
        let family = self
            .families
            .iter()
            .find(|family| matches!(&family.admits, Admits::Pattern(pattern) if pattern.is_match(name.as_str())));
        self.child(name, family.map_or(&self.makes.config, |family| &family.config))
    }

    /// The names of all that are there.
    pub(crate) fn names(&self) -> Vec<Namespace> {
        let children = self.children.lock();
        let children = children.spaces.iter().filter(|(_, space)| space.strong_count() > 0);
        self.named.keys().chain(children.map(|(name, _)| name)).cloned().collect()
    }

    /// Sockets by what was added: a name, a pattern, or a function.
    pub(crate) fn populations(&self) -> BTreeMap<String, usize> {
        let named = self.named.iter().map(|(name, realm)| (name.as_str(), realm.population.get()));
        let families = self.families.iter().map(|family| {
            let Family { label, population, .. } = family;
            (label.as_str(), population.get())
        });
        let mut populations = BTreeMap::new();
        for (label, count) in named.chain(families) {
            *populations.entry(label.to_owned()).or_default() += count;
        }
        populations
    }

    fn child(&self, name: Namespace, config: &Arc<Config>) -> Arc<Space> {
        let mut children = self.children.lock();
        if let Some(space) = children.spaces.get(&name).and_then(Weak::upgrade) {
            return space;
        }
        let space = self.makes.make(name.clone(), config);
        children.spaces.insert(name, Arc::downgrade(&space));
        if children.spaces.len() > children.sweep_at {
            children.spaces.retain(|_, space| space.strong_count() > 0);
            // Twice as many as there are: sweeping costs each child the same, however many there
            // are.
            children.sweep_at = 2 * children.spaces.len() + 16;
        }
        space
    }
}

/// What the application's function says; no, if it panics: nobody's connection is to end for it.
fn guarded(admits: impl FnOnce() -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(admits)).unwrap_or_else(|_| {
        log::error!("the function of `namespaces_if` panicked");
        false
    })
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
