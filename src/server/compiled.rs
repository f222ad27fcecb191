//! The namespaces of a server before it starts.

use std::{collections::HashMap, iter, sync::Arc};

use super::{BuildError, NamespaceBuilder, builder::Names, server_events::ServerEventTable};
use crate::{
    config::Config,
    model::{DataMap, NameRules, Namespace, Quota, matches_some_name},
    routing::{Router, anchored},
    state::{NamespaceFamily, NamespaceMatcher, RouteFamily},
};

/// A namespace in compiled form: its handlers, and the settings that hold in it.
type Compiled = (Arc<Router>, Arc<Config>);

/// The values that the application has given beside its handlers.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    /// Its values for handlers.
    pub(super) data: &'a DataMap,
    /// Whether clients show tokens.
    pub(super) has_tokens: bool,
}

/// All namespaces in compiled form.
pub(super) struct CompiledNamespaces {
    /// Those that were added by their name.
    pub(super) named: HashMap<Namespace, Compiled>,
    pub(super) dynamic: Vec<NamespaceFamily>,
    pub(super) server_events: ServerEventTable,
}

impl CompiledNamespaces {
    /// # Errors
    /// [`BuildError`]: a pattern is invalid, or a namespace was added twice.
    pub(super) fn compile(
        main: NamespaceBuilder,
        named: Vec<(Namespace, NamespaceBuilder)>,
        dynamic: Vec<(Names, NamespaceBuilder)>,
        config: &Arc<Config>,
        given: Given<'_>,
    ) -> Result<Self, BuildError> {
        let mut server_events = ServerEventTable::default();
        let named = compile_named(main, named, config, given, &mut server_events)?;
        let dynamic = compile_dynamic(dynamic, config, given, &mut server_events)?;
        Ok(Self { named, dynamic, server_events })
    }

    /// The routes of all namespaces. Their names are the same in the next run, if it adds the same
    /// namespaces.
    pub(super) fn families(&self) -> Vec<RouteFamily> {
        let mut functions = 0_usize..;
        let named = self.named.iter().map(|(name, (router, _))| (format!("name {name}"), router));
        let dynamic = self.dynamic.iter().map(|family| {
            let name = match &family.matcher {
                NamespaceMatcher::Pattern(_) => format!("pattern {}", family.label),
                NamespaceMatcher::Function(_) => {
                    format!("function {}", functions.next().unwrap_or_default())
                }
            };
            (name, &family.router)
        });
        let family = |(name, router): (String, &Arc<Router>)| RouteFamily {
            name,
            routes: Arc::clone(router.channel_routes()),
            rules: router.history_rules(),
        };
        named.chain(dynamic).map(family).collect()
    }

    /// Whether a route declares presence.
    pub(super) fn have_presence(&self) -> bool {
        let named = self.named.values().map(|(router, _)| router);
        let mut routers = named.chain(self.dynamic.iter().map(|family| &family.router));
        routers.any(|router| router.members().is_some())
    }
}

fn compile_named(
    main: NamespaceBuilder,
    namespaces: Vec<(Namespace, NamespaceBuilder)>,
    config: &Arc<Config>,
    given: Given<'_>,
    server_events: &mut ServerEventTable,
) -> Result<HashMap<Namespace, Compiled>, BuildError> {
    let mut named = HashMap::new();
    for (name, namespace) in iter::once((Namespace::default(), main)).chain(namespaces) {
        server_events.add(name.clone(), namespace.server_event_handlers(config));
        if named.insert(name.clone(), namespace.compile(config, given)?).is_some() {
            return Err(BuildError::NamespaceTwice(name));
        }
    }
    Ok(named)
}

fn compile_dynamic(
    namespaces: Vec<(Names, NamespaceBuilder)>,
    config: &Arc<Config>,
    given: Given<'_>,
    server_events: &mut ServerEventTable,
) -> Result<Vec<NamespaceFamily>, BuildError> {
    let mut dynamic = Vec::new();
    for (names, namespace) in namespaces {
        let (matcher, label) = match names {
            Names::Matching(pattern) => {
                let regex = anchored(&pattern).map_err(BuildError::Pattern)?;
                check_family(&pattern, &dynamic)?;
                let handlers = namespace.server_event_handlers(config);
                server_events.add_dynamic(regex.clone(), handlers);
                (NamespaceMatcher::Pattern(regex), pattern)
            }
            Names::If(function) => (NamespaceMatcher::Function(function), "function".to_owned()),
        };
        let (router, config) = namespace.compile(config, given)?;
        let quota = Quota::default();
        dynamic.push(NamespaceFamily { label, matcher, router, config, quota });
    }
    Ok(dynamic)
}

/// Finds a family that no client can enter. The pattern is valid.
fn check_family(pattern: &str, earlier: &[NamespaceFamily]) -> Result<(), BuildError> {
    let max_length = usize::MAX;
    let rules = NameRules { prefix: "/", min_rest: 1, max_length, has_controls: true };
    let is_same = |family: &NamespaceFamily| {
        matches!(family.matcher, NamespaceMatcher::Pattern(_)) && family.label == pattern
    };
    let expected = if !matches_some_name(pattern, rules) {
        "it must match some namespace beside \"/\", and all names start with a slash"
    } else if earlier.iter().any(is_same) {
        "it must be added once: clients enter the first family that matches"
    } else {
        return Ok(());
    };
    Err(BuildError::Setting {
        setting: "namespaces_matching",
        value: format!("{pattern:?}"),
        expected: expected.to_owned(),
    })
}
