//! The layers of the crate: who may use whom. Arrows point down, so that each layer can be
//! understood, and tested, without those above.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each layer with the layers that it may use, from the bottom up.
const LAYERS: [(&str, &[&str]); 25] = [
    ("deadline", &[]),
    ("log_text", &[]),
    ("message_sink", &[]),
    ("panic_guard", &["log_text"]),
    ("protocol", &["log_text"]),
    ("model", &[]),
    ("store", &["protocol", "model"]),
    ("tls", &["log_text"]),
    ("outbox", &["protocol", "model"]),
    ("tokens", &[]),
    ("stats", &["model", "store", "tokens"]),
    ("config", &["protocol", "model"]),
    ("transport", &["deadline", "message_sink", "protocol", "model", "tls", "outbox", "config"]),
    (
        "engine",
        &["deadline", "log_text", "protocol", "model", "outbox", "stats", "config", "transport"],
    ),
    (
        "http",
        &["panic_guard", "log_text", "protocol", "model", "stats", "config", "transport", "engine"],
    ),
    ("registry", &["deadline", "protocol", "model", "store", "outbox", "stats"]),
    (
        "socket",
        &[
            "deadline",
            "message_sink",
            "protocol",
            "model",
            "outbox",
            "tokens",
            "stats",
            "config",
            "registry",
        ],
    ),
    ("event", &["log_text", "protocol", "model", "stats", "registry", "socket"]),
    (
        "routing",
        &["deadline", "log_text", "panic_guard", "protocol", "model", "stats", "socket", "event"],
    ),
    (
        "state",
        &[
            "deadline",
            "panic_guard",
            "protocol",
            "model",
            "tokens",
            "stats",
            "config",
            "engine",
            "http",
            "registry",
            "socket",
            "routing",
        ],
    ),
    (
        "connection",
        &[
            "deadline",
            "log_text",
            "protocol",
            "model",
            "outbox",
            "tokens",
            "stats",
            "config",
            "transport",
            "engine",
            "registry",
            "socket",
            "event",
            "routing",
            "state",
        ],
    ),
    (
        "server",
        &[
            "deadline",
            "panic_guard",
            "log_text",
            "protocol",
            "model",
            "store",
            "tls",
            "outbox",
            "tokens",
            "stats",
            "config",
            "transport",
            "engine",
            "http",
            "registry",
            "socket",
            "event",
            "routing",
            "state",
            "connection",
        ],
    ),
    (
        "api",
        &[
            "log_text", "protocol", "model", "tokens", "stats", "config", "http", "registry",
            "socket", "server",
        ],
    ),
    ("admin", &["log_text", "protocol", "model", "stats", "registry", "socket", "event", "server"]),
    ("test", &["protocol", "model", "registry", "socket", "event", "routing", "server"]),
];

/// The deprecated crate, and the only file that may name it.
const DEPRECATED: (&str, &str) = ("actix_web_actors", "transport/websocket/mod.rs");

/// Modules that belong to no layer.
const ABOVE: [&str; 5] = ["fuzzing", "guide", "internals", "lib", "main"];

/// A source file of the crate without its comments, with its path under `src`.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder of src");
            paths.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(source(&root, &path));
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn source(root: &Path, path: &PathBuf) -> Source {
    let text = fs::read_to_string(path).expect("a source file is text");
    let lines = text.lines().map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    let path = path
        .strip_prefix(root)
        .expect("it is in src")
        .to_str()
        .expect("a plain name")
        .replace('\\', "/");
    Source { path, code: lines.collect::<Vec<_>>().join("\n") }
}

/// The modules of the crate that some code names, by `use crate::{a, b::C}` or by `crate::a::B`
/// wherever it stands.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // Not `$crate::`, nor a part of another name.
        if code[..at].ends_with(|c: char| c == '$' || c == '_' || c.is_alphanumeric()) {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.push(rest),
            Some(list) => names.extend(top_level(list)),
        }
    }
    names
        .into_iter()
        .map(|name| name.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect())
        .collect()
}

/// The items of a `{a, b::{c, d}, e}`, whose opening brace is gone.
fn top_level(list: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            ',' if depth == 0 => {
                items.push(list[start..at].trim());
                start = at + 1;
            }
            '}' if depth == 0 => {
                items.push(list[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

#[test]
fn no_arrow_points_up() {
    let mut upward = Vec::new();
    let mut arrows = 0;
    for source in sources().iter().filter(|source| !ABOVE.contains(&source.layer())) {
        let layer = LAYERS.iter().find(|(layer, _)| *layer == source.layer());
        let (layer, below) = layer.unwrap_or_else(|| panic!("src/{} is in no layer", source.path));
        for used in named(&source.code).iter().filter(|used| used != layer) {
            arrows += 1;
            if !below.contains(&used.as_str()) {
                upward.push(format!("src/{}: {layer} must not use {used}", source.path));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
    assert!(
        arrows > 50,
        "only {arrows} uses were found: is this test still reading what it means to?"
    );
}

#[test]
fn every_layer_is_there_and_is_above_those_that_it_uses() {
    let sources = sources();
    for (at, (layer, below)) in LAYERS.iter().enumerate() {
        assert!(sources.iter().any(|source| source.layer() == *layer), "there is no {layer}");
        for used in *below {
            assert!(
                LAYERS[..at].iter().any(|(other, _)| other == used),
                "{layer} is not above {used}"
            );
        }
    }
}

#[test]
fn the_deprecated_crate_is_named_in_one_file() {
    let (name, file) = DEPRECATED;
    let naming: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.code.contains(name))
        .map(|source| source.path)
        .collect();
    assert_eq!(naming, [file]);
}

/// `log_line!` escapes and cuts each value that it is given. A value that the format captures by its
/// name would pass by it.
#[test]
fn there_is_one_way_into_the_log() {
    for Source { path, code } in sources() {
        if path == "log_text.rs" {
            continue;
        }
        // The docs that macros write have quotes behind a backslash.
        let mut calls = code.split("log::").skip(1).filter_map(|call| call.split_once("!("));
        let past = calls.find(|(name, rest)| {
            ["trace", "debug", "info", "warn", "error", "log"].contains(name)
                && !rest.starts_with('\\')
        });
        assert_eq!(past, None, "{path}");
        for call in code.split("log_line!(").skip(1) {
            let (_, literal) = call.split_once('"').expect("a format");
            let format = literal.replace("\\\"", "").replace("\\\n", "");
            // The end of a line is that of a comment, or of an address in the text.
            let format = format.split(['"', '\n']).next().unwrap_or_default();
            assert!(!format.replace("{}", "").contains('{'), "{path}: {format}");
        }
    }
}

#[test]
fn uses_are_read_as_rust_reads_them() {
    let code = "use crate::{\n    model::{Channel, Id},\n    event,\n    socket::Socket as S,\n};\nuse crate::config::Config;\n\
                fn f(x: crate::outbox::Outbox) {}\nuse other_crate::nothing;\nuse $crate::nothing;";
    assert_eq!(named(code), ["model", "event", "socket", "config", "outbox"]);
}

#[test]
fn each_type_name_is_defined_once() {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        for name in defined(&source.code) {
            files.entry(name).or_default().insert(source.path.clone());
        }
    }
    assert!(
        files.len() > 200,
        "only {} types were found: does this test still read them?",
        files.len()
    );
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "these names stand for several types: {files:#?}");
}

/// The types that some code defines. An associated type (`type Output = …`) is not one.
fn defined(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in code.lines() {
        let is_nested = line.starts_with(' ');
        let line = line.trim_start();
        let line = match line.strip_prefix("pub(") {
            Some(rest) => rest.split_once(')').map_or(line, |(_, rest)| rest),
            None => line.strip_prefix("pub ").unwrap_or(line),
        };
        let mut words = line.split_whitespace();
        let (keyword, name) = (words.next(), words.next());
        let is_type = match keyword {
            Some("struct" | "enum" | "trait" | "union") => true,
            Some("type") => !is_nested,
            _ => false,
        };
        // A macro's `$name` stands for several.
        if is_type && let Some(name) = name.filter(|name| !name.starts_with('$')) {
            names.push(name.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect());
        }
    }
    names
}

#[test]
fn definitions_are_read_as_rust_reads_them() {
    let code = "pub(crate) struct A<T>(T);\n    enum B {\ntrait C: D {\n    type Output = ();\ntype E = u8;\n\
                pub(in crate::a) struct F;\nfn structure() {}";
    assert_eq!(defined(code), ["A", "B", "C", "E", "F"]);
}
