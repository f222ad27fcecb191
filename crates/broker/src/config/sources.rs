//! The sources of the configuration, and the rule of precedence: an option of the command line
//! before an environment variable, before the file, before the default.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::{
    address, file,
    mistake::Mistake,
    tree::{Node, Origin, Table, Value},
};

/// The begin of each variable of the broker.
pub(super) const PREFIX: &str = "SOCKETIO_";
/// Behind the name of a secret: the variable names a file that has it.
const FILE_SUFFIX: &str = "_FILE";
/// The keys whose values are secrets.
const SECRETS: [&str; 6] = [
    "admin.users",
    "api.keys",
    "cluster.redis",
    "cluster.sentinels",
    "jwt.secret",
    "jwt.previous_secret",
];
/// The older names for the two parts of `address`.
const HOST: &str = "SOCKETIO_HOST";
const PORT: &str = "SOCKETIO_PORT";
/// The level of the log, as every program with env_logger has it.
const RUST_LOG: &str = "RUST_LOG";

/// All that the configuration is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) file: Option<PathBuf>,
    /// The environment, as far as it is the broker's.
    pub(crate) variables: BTreeMap<String, String>,
    /// Options of the command line: the option, its key, and its value.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

impl Sources {
    /// The variables of the environment that the broker knows.
    pub(crate) fn environment() -> BTreeMap<String, String> {
        let all = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            (name.starts_with(PREFIX) || name == RUST_LOG)
                .then(|| (name, value.to_string_lossy().into_owned()))
        });
        all.collect()
    }

    /// The tree of all values, and the mistakes that are not about a key.
    pub(crate) fn tree(&self) -> (Table, Vec<Mistake>) {
        let mut mistakes = Vec::new();
        let mut tree = Table::new();
        if let Some(path) = &self.file {
            match file::read(path) {
                Ok(table) => tree = table,
                Err(errors) => mistakes.extend(errors),
            }
        }
        self.add_older_names(&mut tree);
        for (name, value) in &self.variables {
            if let Err(mistake) = self.add_variable(&mut tree, name, value) {
                mistakes.push(mistake);
            }
        }
        for (flag, key, value) in &self.flags {
            let node = Node::text(value, Origin::Flag(flag));
            mistakes.extend(insert(&mut tree, key, node).err());
        }
        (tree, mistakes)
    }

    /// `SOCKETIO_HOST`, `SOCKETIO_PORT` and `RUST_LOG`: stronger than the file, and weaker than the
    /// variables with the names of the keys.
    fn add_older_names(&self, tree: &mut Table) {
        let (host, port) = (self.variables.get(HOST), self.variables.get(PORT));
        if let Some(name) = port.map(|_| PORT).or(host.map(|_| HOST)) {
            let below = match tree.get("address").map(|node| &node.value) {
                Some(Value::Text(address)) => address.clone(),
                Some(Value::Integer(port)) => port.to_string(),
                _ => String::new(),
            };
            let (below_host, below_port) = address::parts(&below);
            let host = host.map_or(below_host, String::as_str);
            let address = address::join(host, port.map_or(below_port, String::as_str));
            tree.insert("address".to_owned(), Node::text(address, Origin::Variable(name.into())));
        }
        if let Some(level) = self.variables.get(RUST_LOG).filter(|level| !level.is_empty()) {
            // A `log` that is not a table is a mistake of the file, which its reader reports.
            let node = Node::text(level, Origin::Variable(RUST_LOG.into()));
            let _ = insert(tree, "log.level", node);
        }
    }

    fn add_variable(&self, tree: &mut Table, name: &str, value: &str) -> Result<(), Mistake> {
        if [HOST, PORT, RUST_LOG].contains(&name) {
            return Ok(());
        }
        let origin = Origin::Variable(name.to_owned());
        let secret = SECRETS.into_iter().find(|key| name == variable(key) + FILE_SUFFIX);
        if let Some(key) = secret {
            if self.variables.contains_key(&variable(key)) {
                let problem = format!("{} is set as well: one is enough", variable(key));
                return Err(Mistake::other(Some(origin), key, &problem));
            }
            let text = fs::read_to_string(value).map_err(|error| {
                let problem = format!("the file {value:?} can't be read: {error}");
                Mistake::other(Some(origin.clone()), key, &problem)
            })?;
            return insert(tree, key, Node::text(text.trim_end_matches(['\r', '\n']), origin));
        }
        let key = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase().replace("__", ".");
        insert(tree, &key, Node::text(value, origin))
    }
}

/// Whether the value at a path is a secret, or has one.
pub(super) fn is_secret(path: &str) -> bool {
    let path = path.trim_end_matches(['.', '[', ']']);
    SECRETS.iter().any(|key| key.starts_with(path) || path.starts_with(key))
}

/// The variable of a key: `cors.origins` is `SOCKETIO_CORS__ORIGINS`.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// Puts a value at the path of its key, in place of an earlier one.
fn insert(tree: &mut Table, key: &str, node: Node) -> Result<(), Mistake> {
    let Some((first, rest)) = key.split_once('.') else {
        tree.insert(key.to_owned(), node);
        return Ok(());
    };
    let new = || Node::new(Value::Table(Table::new()), node.origin.clone());
    let below = tree.entry(first.to_owned()).or_insert_with(new);
    match &mut below.value {
        Value::Table(table) => insert(table, rest, node),
        _ => {
            let problem = format!("{} has a value that is not a table", below.origin);
            Err(Mistake::other(Some(node.origin), first, &problem))
        }
    }
}
