//! The reload by SIGHUP. The whole configuration is read and checked first, and a mistake changes
//! nothing. No client is disconnected.

use std::{collections::BTreeSet, mem};

use actix_socketio::{Api, SocketIo, Tokens};

use crate::{
    certificate::{self, Certificate},
    config::{self, Loaded, NamespaceRule, Settings, Sources, Table, Value},
    logging,
    rules::{Rules, SharedRules},
    systemd,
};

/// Reads the configuration again, and takes over what can change while clients are connected.
#[derive(Debug)]
pub(crate) struct Reloader {
    pub(crate) io: SocketIo,
    pub(crate) sources: Sources,
    /// All values that were read last.
    pub(crate) tree: Table,
    /// The rules of the main namespace, and those of the other namespaces in their order.
    pub(crate) rules: Vec<SharedRules>,
    /// The names of the other namespaces, which do not change.
    pub(crate) namespaces: Vec<NamespaceRule>,
    pub(crate) api: Option<Api>,
    /// The server, if it has administrators.
    pub(crate) admin: Option<SocketIo>,
    /// `None`: there is no `[jwt]`.
    pub(crate) tokens: Option<Tokens>,
    /// `None`: there is no `[tls]`.
    pub(crate) certificate: Option<Certificate>,
}

/// The keys of a changed configuration.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    taken: BTreeSet<String>,
    /// They have an effect after a restart.
    left: BTreeSet<String>,
}

impl Reloader {
    pub(crate) fn reload(&mut self) {
        systemd::reloading();
        self.take_over();
        systemd::ready();
    }

    fn take_over(&mut self) {
        let Loaded { settings, mistakes, warnings, tree } = config::load(&self.sources);
        for warning in &warnings {
            log::warn!("{warning}");
        }
        for mistake in &mistakes {
            log::error!("{mistake}");
        }
        let Some(settings) = settings else {
            return log::error!("nothing was reloaded: the configuration has mistakes");
        };
        let rules = match self.rules_of(&settings) {
            Ok(rules) => rules,
            Err(error) => return log::error!("nothing was reloaded: {error}"),
        };
        // From here on nothing fails.
        for (shared, rules) in self.rules.iter().zip(rules) {
            if let Some(rules) = rules {
                shared.replace(rules);
            }
        }
        if let (Some(api), Some(new)) = (&self.api, &settings.api)
            && let Err(error) = api.set_keys(new.keys.iter().cloned())
        {
            log::error!("the keys of the API are those of before: {error}");
        }
        if let (Some(io), Some(new)) = (&self.admin, &settings.admin)
            && let Err(error) = io.set_admin_users(new.users.iter().cloned())
        {
            log::error!("the administrators are those of before: {error}");
        }
        // A list alone may take the place of a list. Every origin in it was checked.
        let takes_origins =
            settings.cors.as_ref().is_some_and(|new| self.io.set_cors(new.cors.clone()).is_ok());
        let takes_tokens = match (&self.tokens, &settings.jwt) {
            (Some(tokens), Some(new)) => {
                // A file of a key may have changed, where the configuration has not.
                tokens.replace(&new.tokens);
                log::info!("the keys of tokens were read again");
                true
            }
            // Tokens begin and end with a restart. Until then, those of before are believed.
            _ => false,
        };
        logging::log_as(&settings.log);
        if let Some(certificate) = &self.certificate {
            certificate::reload(certificate);
        }
        let old = mem::replace(&mut self.tree, tree);
        let changes = changes(&old, &self.tree, takes_origins, takes_tokens);
        log::info!("the configuration was reloaded: {}", listed(&changes.taken));
        if !changes.left.is_empty() {
            log::warn!("not before a restart: {}", listed(&changes.left));
        }
    }

    /// The new rules of each namespace. `None`: the configuration does not have it any more.
    fn rules_of(&self, settings: &Settings) -> Result<Vec<Option<Rules>>, regex::Error> {
        let mut all = vec![Some(Rules::new(&settings.channels, &settings.config)?)];
        for namespace in &self.namespaces {
            let is_same = |new: &&NamespaceRule| new.name == namespace.name;
            let new = settings.namespaces.iter().find(is_same);
            let rules = new.map(|new| Rules::new(&new.channels, &settings.config)).transpose()?;
            all.push(rules);
        }
        Ok(all)
    }
}

fn listed(keys: &BTreeSet<String>) -> String {
    if keys.is_empty() {
        return "nothing else is in it".to_owned();
    }
    keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The keys that are in one of the two, or have another value.
///
/// `takes_origins`: the origins of pages are taken over. `takes_tokens`: so are the keys of tokens.
fn changes(old: &Table, new: &Table, takes_origins: bool, takes_tokens: bool) -> Changes {
    let mut changes = Changes::default();
    let (old, new) = (leaves(old), leaves(new));
    for (key, value) in old.symmetric_difference(&new) {
        let is_taken = if key.starts_with("jwt.") {
            takes_tokens
        } else if key == "cors.origins" {
            takes_origins
        } else {
            is_taken_over(key) && !is_for_tokens(key, value)
        };
        let keys = if is_taken { &mut changes.taken } else { &mut changes.left };
        keys.insert(key.clone());
    }
    // A right that changes to `token`, or from it, has another value as well.
    changes.taken = &changes.taken - &changes.left;
    changes
}

/// Whether a right is that of tokens for channels, which the routes of the start check.
fn is_for_tokens(key: &str, value: &str) -> bool {
    value == "\"token\"" && (key.ends_with(".subscribe") || key.ends_with(".publish"))
}

/// Whether a reload takes over a key.
fn is_taken_over(key: &str) -> bool {
    let of_channel = key
        .rsplit_once(']')
        .filter(|(list, _)| list.starts_with("channels[") || list.contains(".channels["));
    match of_channel {
        Some((_, option)) => [".pattern", ".subscribe", ".publish"].contains(&option),
        None => {
            ["log.", "api.keys", "admin.users"].iter().any(|taken| key.starts_with(taken))
                || key == "limits.open_channels"
        }
    }
}

/// Each value by its path, as text. Those of secrets are compared and never shown.
fn leaves(table: &Table) -> BTreeSet<(String, String)> {
    fn walk(path: &str, value: &Value, into: &mut BTreeSet<(String, String)>) {
        match value {
            Value::Table(table) => {
                for (key, node) in table {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(&format!("{path}{dot}{key}"), &node.value, into);
                }
            }
            // The items of these lists are tables, whose keys are told apart.
            Value::List(items)
                if matches!(items.first().map(|item| &item.value), Some(Value::Table(_))) =>
            {
                for (at, item) in items.iter().enumerate() {
                    walk(&format!("{path}[{at}]"), &item.value, into);
                }
            }
            _ => {
                into.insert((path.to_owned(), value.to_string()));
            }
        }
    }
    let mut leaves = BTreeSet::new();
    for (key, node) in table {
        // A list or table in a variable is text here, and is as one key.
        let parsed = node.as_json_text();
        let node = parsed.as_ref().unwrap_or(node);
        walk(key, &node.value, &mut leaves);
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Table {
        config::parse("old.toml", text).unwrap()
    }

    #[test]
    fn changed_keys_are_named_and_those_that_need_a_restart_are_told_apart() {
        let old = tree(
            "path = \"/a\"\n[limits]\nmax_inbox = 1\n[log]\nlevel = \"info\"\n\
             [[channels]]\npattern = \"a\"\nhistory = { last = 1 }\n",
        );
        let new = tree(
            "path = \"/a\"\n[limits]\nmax_inbox = 2\n[cluster]\nredis = \"redis://:x@h\"\n\
             [log]\nlevel = \"warn\"\n\
             [[channels]]\npattern = \"a\"\npublish = \"subscriber\"\nhistory = { last = 2 }\n",
        );
        let changes = changes(&old, &new, false, false);
        let taken: Vec<_> = changes.taken.iter().map(String::as_str).collect();
        let left: Vec<_> = changes.left.iter().map(String::as_str).collect();
        assert_eq!(taken, ["channels[0].publish", "log.level"]);
        assert_eq!(left, ["channels[0].history.last", "cluster.redis", "limits.max_inbox"]);
    }

    #[test]
    fn origins_need_a_restart_where_they_are_not_taken_over() {
        let cors = |origin: &str| tree(&format!("[cors]\norigins = [\"{origin}\"]\n"));
        let (old, new) = (cors("https://a.example"), cors("https://b.example"));
        let key = BTreeSet::from(["cors.origins".to_owned()]);
        assert_eq!(
            changes(&old, &new, true, false),
            Changes { taken: key.clone(), ..Changes::default() }
        );
        assert_eq!(changes(&old, &new, false, false), Changes { left: key, ..Changes::default() });
    }

    #[test]
    fn tokens_are_taken_over_where_there_were_some_and_those_for_channels_need_a_restart() {
        let old = tree(
            "[jwt]\nsecret = \"a\"\n[[channels]]\npattern = \"a\"\nsubscribe = \"token\"\n\
             [[channels]]\npattern = \"b\"\nsubscribe = \"user\"\n",
        );
        let new = tree(
            "[jwt]\nsecret = \"b\"\n[[channels]]\npattern = \"a\"\nsubscribe = \"user\"\n\
             [[channels]]\npattern = \"b\"\nsubscribe = \"anyone\"\npublish = \"token\"\n",
        );
        let listed = |keys: &BTreeSet<String>| keys.iter().cloned().collect::<Vec<_>>().join(" ");
        let with_tokens = changes(&old, &new, false, true);
        assert_eq!(listed(&with_tokens.taken), "channels[1].subscribe jwt.secret");
        assert_eq!(listed(&with_tokens.left), "channels[0].subscribe channels[1].publish");
        let without = changes(&old, &new, false, false);
        assert!(without.left.contains("jwt.secret") && !without.taken.contains("jwt.secret"));
    }
}
