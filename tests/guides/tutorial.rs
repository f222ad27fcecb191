//! The files of docs/tutorial.md: cargo builds them, and the page's own test runs with them.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    needs::{Need, all_there, clients},
    programs::{node_tests, run},
};

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md");
    fs::read_to_string(page).expect("the page")
}

/// The files that the page names before a block, in its order. A later one replaces an earlier one.
fn files(page: &str) -> Vec<(&str, &str)> {
    let file =
        regex::Regex::new(r"(?s)`([\w./]+)`:\n\n```[\w,]+\n(.*?)```\n").expect("an expression");
    file.captures_iter(page).map(|file| file.extract::<2>().1.into()).collect()
}

/// Dependencies as the repository has them: this crate's sources, and the features that it builds.
fn manifest(text: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let replacements = [
        ("actix-socketio = \"0.1\"", format!("actix-socketio = {{ path = {root:?} }}")),
        (
            "actix-web = \"4\"",
            "actix-web = { version = \"4\", default-features = false, features = [\"macros\"] }"
                .to_owned(),
        ),
    ];
    let text = replacements.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "Cargo.toml has {old:?}");
        text.replace(old, new)
    });
    format!("{text}\n[workspace]\n")
}

/// Builds the package, and returns its program.
fn build(folder: &Path) -> PathBuf {
    let this = env::current_exe().expect("this program has a path");
    // <target>/<profile>/deps/<this>
    let target = this.ancestors().nth(3).expect("it is in the folder that cargo builds in");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(folder).args(["build", "--offline", "--target-dir"]).arg(target);
    run(build);
    target.join("debug").join(format!("chat{}", env::consts::EXE_SUFFIX))
}

/// The program of the page. Dropping it kills the process.
struct Chat {
    child: Child,
    url: String,
}

impl Chat {
    fn start(program: &Path) -> Self {
        let mut child = Command::new(program)
            .env("ADDRESS", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("the program says its address");
        let url = line.trim().strip_prefix("open ").expect("an address").to_owned();
        Self { child, url }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started");
    }
}

#[test]
fn the_tutorials_chat_is_built_from_its_page_and_passes_its_test() {
    if !all_there("the chat of the tutorial", &[Need::Node, Need::NodePackages]) {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the last run's folder");
    }
    fs::create_dir_all(folder.join("src")).expect("a new folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the tested versions");
    let page = page();
    let mut program = None;
    for (name, text) in files(&page) {
        let text = if name == "Cargo.toml" { manifest(text) } else { text.to_owned() };
        fs::write(folder.join(name), text).expect("a file of the page");
        // Each server of the page is built with the page that follows it.
        if name == "src/page.html" {
            program = Some(build(&folder));
        }
    }
    let chat = Chat::start(&program.expect("the page has a server"));
    // Node looks for packages from the folder of the file up, so this one is beside them.
    let tests = clients().join("tutorial");
    let test = fs::read_to_string(tests.join("chat.test.mjs")).expect("the test");
    let shown = files(&page).into_iter().find(|(name, _)| *name == "chat.test.mjs");
    assert_eq!(shown.expect("the page has a test").1, test);
    node_tests(&tests, |node| node.env("URL", &chat.url));
}

#[test]
fn the_steps_of_the_tutorial_are_in_its_whole_server() {
    let page = page();
    let blocks: Vec<&str> = page
        .split("```rust,ignore\n")
        .skip(1)
        .map(|rest| rest.split_once("```\n").expect("the block ends").0)
        .collect();
    let (server, steps) = blocks.split_last().expect("the page has a server");
    for step in &steps[1..] {
        assert!(server.contains(step), "not in the whole server:\n{step}");
    }
    assert_eq!(steps.len(), 4);
}
