use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use regex::Regex;

use crate::{
    config::Config,
    model::{Handshake, Namespace},
    protocol::Encoding,
    registry::RegistryHandle,
    routing::Router,
    socket::{Directory, Space},
};

/// The namespaces that clients may come into.
pub(crate) struct Namespaces {
    config: Arc<Config>,
    registry: RegistryHandle,
    encoding: Encoding,
    directory: Arc<dyn Directory>,
    named: HashMap<Namespace, (Arc<Space>, Arc<Router>)>,
    families: Vec<Family>,
    children: Mutex<Children>,
}

/// Namespaces which come into being when the first client asks for them, and go with the last one.
pub(crate) struct Family {
    pub(crate) admits: Admits,
    pub(crate) router: Arc<Router>,
}

/// Which names belong to a family.
pub(crate) enum Admits {
    Pattern(Regex),
    Function(Box<dyn Fn(&Namespace, &Handshake) -> bool + Send + Sync>),
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
        config: Arc<Config>,
        registry: RegistryHandle,
        encoding: Encoding,
        directory: Arc<dyn Directory>,
    ) -> Self {
        Self {
            config,
            registry,
            encoding,
            directory,
            named: HashMap::new(),
            families: Vec::new(),
            children: Mutex::default(),
        }
    }

    /// Adds a namespace; `false` if it is there already.
    pub(crate) fn add(&mut self, name: Namespace, router: Arc<Router>) -> bool {
        let space = self.make(name.clone());
        self.named.insert(name, (space, router)).is_none()
    }

    pub(crate) fn add_family(&mut self, family: Family) {
        self.families.push(family);
    }

    /// What a client comes into that asks for this name, if it may.
    pub(crate) fn enter(&self, name: &str, handshake: &Handshake) -> Option<(Arc<Space>, Arc<Router>)> {
        if let Some(named) = self.named.get(name) {
            return Some(named.clone());
        }
        let name = Namespace::new(name);
        let family = self.families.iter().find(|family| match &family.admits {
            Admits::Pattern(pattern) => pattern.is_match(name.as_str()),
            Admits::Function(admits) => admits(&name, handshake),
        })?;
        Some((self.child(name), Arc::clone(&family.router)))
    }

    /// The namespace of this name, for those who have something to say there, whether anybody is in it or not.
    pub(crate) fn get(&self, name: Namespace) -> Arc<Space> {
        match self.named.get(&name) {
            Some((space, _)) => Arc::clone(space),
            None => self.child(name),
        }
    }

    /// The names of all that are there.
    pub(crate) fn names(&self) -> Vec<Namespace> {
        let children = self.children.lock();
        let children = children.spaces.iter().filter(|(_, space)| space.strong_count() > 0);
        self.named.keys().chain(children.map(|(name, _)| name)).cloned().collect()
    }

    fn child(&self, name: Namespace) -> Arc<Space> {
        let mut children = self.children.lock();
        if let Some(space) = children.spaces.get(&name).and_then(Weak::upgrade) {
            return space;
        }
        let space = self.make(name.clone());
        children.spaces.insert(name, Arc::downgrade(&space));
        if children.spaces.len() > children.sweep_at {
            children.spaces.retain(|_, space| space.strong_count() > 0);
            // Twice as many as there are: sweeping costs each child the same, however many there are.
            children.sweep_at = 2 * children.spaces.len() + 16;
        }
        space
    }

    fn make(&self, name: Namespace) -> Arc<Space> {
        let (config, registry) = (Arc::clone(&self.config), self.registry.clone());
        Space::new(name, config, registry, self.encoding.clone(), Arc::clone(&self.directory))
    }
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
