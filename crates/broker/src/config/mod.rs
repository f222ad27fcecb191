//! The configuration: a file, the environment and the command line, read into one [`Settings`].
//!
//! `sources` puts the values of all sources into one tree (`tree`), the stronger over the weaker.
//! `reader` reads the tree, and notes in a `report` every mistake, and every key that the program
//! does not know. The other modules read one section each.

mod address;
mod admin;
mod api;
mod channels;
mod cluster;
mod date;
mod file;
mod jwt;
mod limits;
mod log;
mod mistake;
mod namespaces;
mod nearest;
mod network;
mod reader;
mod recovery;
mod report;
mod secret;
mod sources;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod tree;
mod values;

use std::time::Duration;

use actix_socketio::{Config, Recovery};

pub(crate) use address::{Address, DEFAULT_HOST, DEFAULT_PORT, join};
pub(crate) use admin::AdminSettings;
pub(crate) use api::ApiSettings;
use channels::Around;
pub(crate) use channels::{ChannelRule, PresenceRule, Publishers, Subscribers, names_user};
pub(crate) use cluster::{ClusterKind, ClusterSettings};
#[cfg(test)]
pub(crate) use file::parse;
pub(crate) use jwt::JwtSettings;
pub(crate) use log::{LogFormat, LogSettings};
pub(crate) use mistake::Mistake;
pub(crate) use namespaces::{NamespaceName, NamespaceRule};
pub(crate) use network::CorsSettings;
use reader::Reader;
use report::Report;
pub(crate) use sources::Sources;
pub(crate) use store::StoreSettings;
pub(crate) use tls::TlsSettings;
pub(crate) use tree::{Node, Origin, Table, Value};
pub(crate) use values::time;

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) address: Address,
    pub(crate) internal_address: Option<Address>,
    pub(crate) api: Option<ApiSettings>,
    pub(crate) admin: Option<AdminSettings>,
    /// `None`: there are no tokens, and so no users.
    pub(crate) jwt: Option<JwtSettings>,
    /// `[limits]` and `path`.
    pub(crate) config: Config,
    /// Whether `[limits]` has `max_memory`, which otherwise depends on the machine.
    pub(crate) has_max_memory: bool,
    pub(crate) tls: Option<TlsSettings>,
    pub(crate) cors: Option<CorsSettings>,
    /// The rules for the channels of the main namespace, the first one first.
    pub(crate) channels: Vec<ChannelRule>,
    pub(crate) namespaces: Vec<NamespaceRule>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) store: Option<StoreSettings>,
    pub(crate) cluster: Option<ClusterSettings>,
    pub(crate) log: LogSettings,
    /// The time between a stop signal and the end of the first connection.
    pub(crate) shutdown_delay: Duration,
}

/// The outcome of reading a configuration.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// `None`: there are mistakes.
    pub(crate) settings: Option<Settings>,
    pub(crate) mistakes: Vec<Mistake>,
    /// Keys and variables that the program does not know.
    pub(crate) warnings: Vec<Mistake>,
    /// All values, for the comparison with a later configuration.
    pub(crate) tree: Table,
}

/// Reads all sources.
pub(crate) fn load(sources: &Sources) -> Loaded {
    let (tree, mistakes) = sources.tree();
    let report = Report::default();
    // A file that can't be read has no keys, and complaints about missing ones would mislead.
    let is_complete = mistakes.is_empty();
    for mistake in mistakes {
        report.mistake(mistake);
    }
    let settings = if is_complete { settings(&tree, &report) } else { None };
    let settings = settings.filter(|_| !report.has_mistakes());
    let (mistakes, warnings) = report.finish();
    Loaded { settings, mistakes, warnings, tree }
}

/// The names of all keys, such as `channels[].pattern`.
#[cfg(test)]
fn all_keys() -> std::collections::BTreeSet<String> {
    let report = Report::default();
    let _ = settings(&Table::new(), &report);
    report.keys()
}

fn settings(tree: &Table, report: &Report) -> Option<Settings> {
    let mut top = Reader::new(tree, report);
    let network = network::read(&mut top);
    let limits = limits::read(&mut top);
    let api = top.section("api", api::read).flatten();
    if api.is_some() && !top.has("internal_address") {
        top.rule_of("api", "without an internal_address", "it must have one, where it listens");
    }
    let tls = tls::read(&mut top);
    let admin = top.section("admin", admin::read).flatten();
    let is_at_internal = |admin: &AdminSettings| admin.is_internal || admin.ui_dir.is_some();
    if admin.as_ref().is_some_and(is_at_internal) && !top.has("internal_address") {
        let rule = "it must have one, for ui_dir and internal";
        top.rule_of("admin", "without an internal_address", rule);
    }
    let jwt = top.section("jwt", jwt::read).flatten();
    let (has_store, has_tokens) = (top.has("store"), top.has("jwt"));
    let around = Around { config: &limits.config, has_store, has_tokens };
    let channels = channels::read(&mut top, around);
    let namespaces = namespaces::read(&mut top, around);
    let is_admin = |namespace: &NamespaceRule| match (&namespace.name, &admin) {
        (NamespaceName::Name(name), Some(admin)) => *name == admin.namespace,
        _ => false,
    };
    if namespaces.iter().any(is_admin) {
        let rule = "it must not be one of [[namespaces]]";
        top.rule_of("admin", "in a namespace of clients", rule);
    }
    let recovery = top.section("recovery", recovery::read);
    let store = top.section("store", store::read).flatten();
    let cluster = top.section("cluster", cluster::read).flatten();
    let log = top.section("log", log::read).unwrap_or_default();
    let delay = top.section("shutdown", |shutdown| shutdown.value("delay", values::time));
    Some(Settings {
        address: network.address?,
        internal_address: network.internal_address,
        api,
        admin,
        jwt,
        config: limits.config,
        has_max_memory: limits.has_max_memory,
        tls,
        cors: network.cors,
        channels,
        namespaces,
        recovery,
        store,
        cluster,
        log,
        shutdown_delay: delay.flatten().unwrap_or_default(),
    })
}
