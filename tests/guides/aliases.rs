//! Socket.IO's names find their items in the search of the documentation.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// In the table, and not a name of Socket.IO's server.
const OTHER: [&str; 3] = ["io", "socket", "Buffer"];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// The names that the search finds: those of public items, and their aliases.
fn found() -> BTreeSet<String> {
    let item = Regex::new(r"pub (?:async )?(?:fn|struct|enum|trait) (\w+)|^ {12}(on_\w+)\(On")
        .expect("a regular expression");
    let setting = Regex::new(r"^ +(\w+): .+ = .+, set ").expect("a regular expression");
    let alias = Regex::new(r"doc\(alias(.+)\)\]").expect("a regular expression");
    let text = Regex::new(r#""([^"]+)""#).expect("a regular expression");
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    let mut names = BTreeSet::new();
    for path in paths {
        for line in fs::read_to_string(path).expect("a source").lines() {
            let captures = item.captures(line).or_else(|| setting.captures(line));
            let name = captures.and_then(|found| found.get(1).or(found.get(2)));
            names.extend(name.map(|name| name.as_str().to_owned()));
            if let Some(aliases) = alias.captures(line) {
                names.extend(text.captures_iter(&aliases[1]).map(|name| name[1].to_owned()));
            }
        }
    }
    names
}

/// The names in one inline code of the table, as `io.of("/admin")`.
fn names_of(code: &str) -> Vec<String> {
    let event = Regex::new(r#"^(?:\w+\.)*on\("([^"]+)".*\)$"#).expect("a regular expression");
    let arguments = Regex::new(r"\([^)]*\)").expect("a regular expression");
    let mut names: Vec<String> =
        event.captures(code).map(|event| event[1].to_owned()).into_iter().collect();
    let path = arguments.replace_all(code, "");
    names.extend(path.split('.').filter(|name| !name.is_empty()).map(str::to_owned));
    names.retain(|name| !OTHER.contains(&name.as_str()));
    names
}

#[test]
fn the_search_finds_the_names_of_socket_io() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, table) = page.split_once("| Socket.IO | here | shown by |\n").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("the end of the table");
    let code = Regex::new("`([^`]+)`").expect("a regular expression");
    let found = found();
    let mut known = 0;
    let mut unknown = Vec::new();
    for row in table.lines().skip(1) {
        let theirs = row.split('|').nth(1).expect("a cell");
        for code in code.captures_iter(theirs) {
            if found.contains(&code[1]) {
                known += 1;
                continue;
            }
            for name in names_of(&code[1]) {
                if found.contains(&name) {
                    known += 1;
                } else {
                    unknown.push(name);
                }
            }
        }
    }
    assert!(unknown.is_empty(), "neither an item nor its alias: {unknown:?}");
    assert!(known > 60, "{known} names in the table");
}
