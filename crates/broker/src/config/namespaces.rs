//! `[[namespaces]]`: namespaces beside the main one, each with channels of its own.

use std::collections::BTreeSet;

use actix_socketio::{BuildError, Config, channel};

use super::{
    channels::{self, Around, ChannelRule},
    reader::Reader,
    tree::{Node, Value},
};

#[derive(Debug, Clone)]
pub(crate) struct NamespaceRule {
    pub(crate) name: NamespaceName,
    pub(crate) channels: Vec<ChannelRule>,
}

/// One namespace, or all whose names match a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NamespaceName {
    Name(String),
    Pattern(String),
}

pub(super) fn read(top: &mut Reader<'_>, around: Around<'_>) -> Vec<NamespaceRule> {
    let mut seen = BTreeSet::new();
    let read = |namespace: &mut Reader<'_>| {
        let name = namespace.value("name", name);
        let pattern = namespace.value("pattern", pattern);
        let channels = channels::read(namespace, around);
        let name = match (namespace.has("name"), namespace.has("pattern")) {
            (true, true) => {
                namespace.rule("pattern", "it must not be there beside a name");
                return None;
            }
            (false, false) => {
                namespace.missing("name", "a name such as \"/news\", or a pattern");
                return None;
            }
            (true, false) => NamespaceName::Name(name?),
            (false, true) => NamespaceName::Pattern(pattern?),
        };
        if !seen.insert(name.clone()) {
            let key = if let NamespaceName::Name(_) = name { "name" } else { "pattern" };
            namespace.rule(key, "it must not be there twice");
        }
        Some(NamespaceRule { name, channels })
    };
    top.list("namespaces", read).unwrap_or_default()
}

/// A comma would end the name in Socket.IO's packets, and a question mark begins a query there.
fn name(node: &Node) -> Result<String, String> {
    match &node.value {
        Value::Text(name)
            if name.len() > 1 && name.starts_with('/') && !name.contains([',', '?']) =>
        {
            Ok(name.clone())
        }
        _ => Err("a name such as \"/news\", without a comma or a question mark".to_owned()),
    }
}

fn pattern(node: &Node) -> Result<String, String> {
    let Value::Text(pattern) = &node.value else {
        return Err("a regular expression, such as '^/tenant-[0-9]+$'".to_owned());
    };
    // Namespaces may be longer than channels, so only the syntax is checked here.
    match channel(pattern.as_str()).mistake(&Config::default()) {
        Some(BuildError::Pattern(error)) => {
            let reason = error.source.to_string();
            Err(format!("a regular expression: {}", reason.lines().last().unwrap_or_default()))
        }
        _ => Ok(pattern.clone()),
    }
}
