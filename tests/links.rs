//! The links in the documents are valid: the files exist, and so do the tests that are named after
//! a link.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// What a link to a file of the repository begins with.
const REPOSITORY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/");

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("the folder of the documents");
    let docs = docs.map(|entry| entry.expect("an entry").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain(["README.md", "CHANGELOG.md"].map(|name| root.join(name))).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A link within the repository, and the names of tests that follow it: `[…](path) "name", "name"`.
fn links(page: &str) -> Vec<(&str, Vec<&str>)> {
    let link =
        Regex::new(r#"\]\(([^)#\s]+)[^)]*\)((?:,? "[^"]+")*)"#).expect("a regular expression");
    let links = link.captures_iter(page).map(|link| link.extract().1);
    let definition = Regex::new(r"(?m)^\[[^\]]+\]: ([^#\s]+)").expect("a regular expression");
    let definitions = definition.captures_iter(page).map(|link| [link.extract::<1>().1[0], ""]);
    let links = links
        .chain(definitions)
        .filter(|[path, _]| path.starts_with(REPOSITORY) || !path.contains("://"));
    links.map(|[path, names]| (path, names.split('"').skip(1).step_by(2).collect())).collect()
}

/// The file that a link leads to. Pages of the documentation are also read on docs.rs, so their
/// links to other files name the repository.
fn target(document: &Path, link: &str) -> PathBuf {
    match link.strip_prefix(REPOSITORY) {
        Some(path) => Path::new(env!("CARGO_MANIFEST_DIR")).join(path),
        None => document.parent().expect("the folder that it is in").join(link),
    }
}

/// Whether a file, in Rust or JavaScript, has a test of this name.
fn has_test(file: &str, name: &str) -> bool {
    let quoted = [format!("fn {name}("), format!("test(\"{name}\""), format!("test(`{name}`")];
    quoted.iter().any(|declaration| file.contains(declaration))
}

#[test]
fn links_lead_to_files_and_named_tests_are_in_them() {
    let mut wrong = Vec::new();
    for document in documents() {
        for (path, names) in links(&read(&document)) {
            let target = target(&document, path);
            if !target.exists() {
                wrong.push(format!("{}: {path} does not exist", document.display()));
            } else if !names.is_empty() {
                let file = read(&target);
                let missing = names.iter().filter(|name| !has_test(&file, name));
                wrong
                    .extend(missing.map(|name| {
                        format!("{}: {path} has no test {name:?}", document.display())
                    }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The last cell of each row names a test, or is `–` for what this crate does not have.
#[test]
fn each_requirement_feature_option_and_failure_names_its_tests() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let protocol = read(&docs.join("protocol.md"));
    let from = protocol.find("## Socket.IO's features").expect("the heading of the tables");
    let conformance = read(&docs.join("conformance.md"));
    let cluster = read(&docs.join("cluster.md"));
    let failures = cluster.split("\n## ").find(|part| part.starts_with("When something fails"));
    let failures = failures.expect("the table of failures").to_owned();
    assert!(failures.lines().filter(|line| line.starts_with('|')).count() > 10);
    let mut rows = 0;
    for line in [&protocol[from..], &conformance, &failures].iter().flat_map(|part| part.lines()) {
        let is_head =
            line.ends_with(" shown by |") || line.ends_with(" test |") || line.starts_with("| ---");
        if !line.starts_with('|') || is_head {
            continue;
        }
        let last = line.trim_end_matches(" |").rsplit(" | ").next().expect("a row has cells");
        let named = links(last).iter().any(|(_, names)| !names.is_empty());
        assert!(named || last == "–", "no test is named: {line}");
        rows += 1;
    }
    assert!(rows > 60, "the tables have {rows} rows");
}
