//! The package of the client: what is built is what its sources give, its typings compile, it can
//! be imported, and it has the sizes that docs/client.md states.

#[path = "common/needs.rs"]
mod needs;
#[path = "common/programs.rs"]
mod programs;

use std::{fs, io::Write, process::Command};

use flate2::{Compression, write::GzEncoder};
use needs::{Need, all_there, client, clients};
use programs::run;

#[test]
fn the_built_files_are_what_the_sources_give() {
    if !all_there("the build of the client", &[Need::Node, Need::ClientPackages]) {
        return;
    }
    let mut node = Command::new("node");
    node.arg(client().join("build.mjs")).arg("--check");
    let output = run(node);
    assert!(output.contains("12 files of dist/ are what src/ gives"), "{output}");
}

#[test]
fn the_typings_compile() {
    if !all_there("the typings of the client", &[Need::Node, Need::ClientPackages]) {
        return;
    }
    let mut node = Command::new("node");
    node.arg(client().join("node_modules/typescript/bin/tsc"));
    node.arg("--project").arg(client().join("types"));
    assert_eq!(run(node), "", "tsc reports nothing");
}

#[test]
fn the_package_can_be_imported_and_required() {
    if !all_there("the package of the client", &[Need::Node]) {
        return;
    }
    let print = "console.log(typeof io, typeof io.Manager, typeof channels)";
    let required = "const io = require('actix-socketio-client');
        const channels = require('actix-socketio-client/channels');";
    let imported = "import * as io from 'actix-socketio-client';
        import { channels } from 'actix-socketio-client/channels';";
    for (kind, uses, expected) in [
        ("commonjs", required, "function function function\n"),
        ("module", imported, "object function function\n"),
    ] {
        let mut node = Command::new("node");
        // A package may name itself.
        node.current_dir(client()).arg(format!("--input-type={kind}"));
        node.args(["--eval", &format!("{uses} {print}")]);
        assert_eq!(run(node), expected, "{kind}");
    }
}

/// The bytes of a file, plain and compressed.
fn sizes(content: &[u8]) -> [usize; 2] {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content).expect("a vector takes all");
    [content.len(), gzip.finish().expect("a vector takes all").len()]
}

/// A cell of the table of sizes: `35,000 / 12,000`.
fn stated(cell: &str) -> Option<[usize; 2]> {
    let (plain, compressed) = cell.trim().split_once(" / ")?;
    let number = |text: &str| text.replace(',', "").parse::<usize>().ok();
    Some([number(plain)?, number(compressed)?])
}

#[test]
fn the_sizes_are_as_documented() {
    let root = env!("CARGO_MANIFEST_DIR");
    let page = fs::read_to_string(format!("{root}/docs/client.md")).expect("a page");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains(" / "))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
    for row in rows {
        let name = row[1].trim_matches('`');
        let file = fs::read(client().join("dist").join(name)).expect("a built file");
        let bounds = stated(row[2]).expect("two numbers");
        for (actual, bound) in sizes(&file).into_iter().zip(bounds) {
            assert!(actual <= bound, "{name} has {actual} bytes, and {bound} are stated");
            assert!(actual * 100 > bound * 90, "{name} has {actual} bytes, far from {bound}");
        }
        let Some(official) = stated(row[3]) else { continue };
        for (ours, theirs) in bounds.into_iter().zip(official) {
            assert!(ours < theirs, "{name}: {ours} bytes, and the official one has {theirs}");
        }
        let path = clients().join("node_modules/socket.io/client-dist").join(name);
        if let Ok(content) = fs::read(path) {
            assert_eq!(content.len(), official[0], "{name} of Socket.IO");
        }
    }
}
