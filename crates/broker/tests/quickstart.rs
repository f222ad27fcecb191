//! The quick starts of docs/quickstart.md. Their files and commands are taken from the page, so a
//! reader copies what runs here.

mod common;
#[path = "../../../tests/common/needs.rs"]
mod needs;
#[path = "../../../tests/common/programs.rs"]
mod programs;

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{PATIENCE, RunningBroker, get, program};
use needs::{Need, all_there, chromium, clients, python};
use programs::node_tests;
use regex::{Captures, Regex};
use tempfile::TempDir;

/// The page promises fewer lines than this.
const LINES: usize = 30;

/// A fence of the page.
#[derive(Debug)]
struct Fence {
    language: String,
    /// The sentence before it.
    before: String,
    text: String,
}

/// The fences of a section.
fn section(title: &str) -> Vec<Fence> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/quickstart.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, rest) = page.split_once(&format!("\n## {title}\n")).expect("the section");
    let section = rest.split("\n## ").next().expect("its text");
    let mut fences = Vec::new();
    let mut parts = section.split("```");
    while let (Some(before), Some(fence)) = (parts.next(), parts.next()) {
        let (language, text) = fence.split_once('\n').expect("a language");
        let before = before.trim().rsplit("\n\n").next().expect("a paragraph").replace('\n', " ");
        fences.push(Fence { language: language.to_owned(), before, text: text.to_owned() });
    }
    fences
}

/// The ports of a quick start, in place of those of the page.
struct Ports {
    page: u16,
    clients: u16,
    api: u16,
}

impl Ports {
    /// Three ports that are free. They are held together, so that they differ.
    fn free() -> Self {
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [page, clients, api] = held.map(|port| port.local_addr().expect("its address").port());
        Self { page, clients, api }
    }

    fn put_into(&self, text: &str) -> String {
        let port = Regex::new(r"\b(8000|9000|9001)\b").expect("a regular expression");
        let own = |found: &Captures<'_>| match &found[0] {
            "8000" => self.page.to_string(),
            "9000" => self.clients.to_string(),
            _ => self.api.to_string(),
        };
        port.replace_all(text, own).into_owned()
    }
}

/// A reader's folder with the files of a quick start, and the broker that runs in it.
struct QuickStart {
    folder: TempDir,
    ports: Ports,
    /// The lines that the reader has written.
    lines: usize,
    _broker: RunningBroker,
}

impl QuickStart {
    fn new() -> Self {
        let fences = section("The broker");
        let [install, run] = &*fences else { panic!("{fences:#?}") };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let package = install.text.trim().strip_prefix("cargo install --path ").expect("a path");
        assert_eq!(
            fs::canonicalize(repository.join(package)).expect("the package"),
            fs::canonicalize(env!("CARGO_MANIFEST_DIR")).expect("this package"),
        );
        let ports = Ports::free();
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = bash(folder.path(), &ports.put_into(&run.text));
        // `genconfig` writes the usual ports.
        command.env("SOCKETIO_ADDRESS", format!("127.0.0.1:{}", ports.clients));
        command.env("SOCKETIO_INTERNAL_ADDRESS", format!("127.0.0.1:{}", ports.api));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let broker = RunningBroker::start(command);
        let mut lines = 0;
        // Those between the marks of the shell are the reader's.
        let mut config = run.text.split("END").skip(1).step_by(2);
        lines +=
            config.next().map_or(0, |config| config.trim_matches(['\'', '\n']).lines().count());
        assert_eq!(lines, 2, "[cors]");
        let mut this = Self { folder, ports, lines, _broker: broker };
        let page = section("The page");
        this.write("index.html", &page[0]);
        this
    }

    fn write(&mut self, name: &str, fence: &Fence) {
        assert!(fence.before.contains(&format!("`{name}`")), "{fence:#?}");
        let text = self.ports.put_into(&fence.text);
        self.lines += text.lines().count();
        fs::write(self.folder.path().join(name), text).expect("a file");
    }

    /// Serves the page by a command, and publishes by another one, with both clients in a browser.
    fn page_changes(&self, serve: &Fence, publish: &Fence, text: &str) {
        assert_eq!([&*serve.language, &*publish.language], ["sh"; 2]);
        assert!(self.lines < LINES, "{} lines", self.lines);
        let mut backend = Backend::run(self.folder.path(), &self.ports.put_into(&serve.text));
        let address = format!("127.0.0.1:{}", self.ports.page);
        backend.wait_until_it_listens(&address);
        assert_eq!(get(&address, "/").0, 200);
        let page = section("The page");
        let ours = page[0].text.lines().find(|line| line.starts_with("<script src="));
        let ours = self.ports.put_into(ours.expect("a client"));
        node_tests(&clients().join("quickstart"), |node| {
            node.current_dir(self.folder.path())
                .env("PAGE", format!("http://{address}/"))
                .env("PUBLISH", self.ports.put_into(&publish.text))
                .env("TEXT", text)
                .env("OURS", ours)
                .env("OFFICIAL", page[1].text.trim())
                .env("CHROMIUM", chromium())
        });
    }
}

/// A shell in a folder, with the programs of this build and of the tests in its `PATH`. The last
/// command of a fence runs until it is stopped, and takes the place of the shell.
fn bash(folder: &Path, fence: &str) -> Command {
    let mut lines: Vec<_> = fence.trim().lines().collect();
    let last = format!("exec {}", lines.pop().expect("a command"));
    lines.push(&last);
    let broker = Path::new(env!("CARGO_BIN_EXE_actix-socketio")).parent().expect("its folder");
    let python = python();
    let mut folders = vec![broker.to_owned(), python.parent().expect("its folder").to_owned()];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    // It has no variables of the tests themselves.
    let clean = program(&[]);
    let mut command = Command::new("bash");
    command.args(["-euc", &lines.join("\n")]).current_dir(folder).stdin(Stdio::null());
    for (name, value) in clean.get_envs() {
        assert!(value.is_none(), "{name:?}");
        command.env_remove(name);
    }
    command.env("PATH", env::join_paths(folders).expect("a path"));
    command
}

/// The application of the reader. Dropping it kills the process.
struct Backend(Child);

impl Backend {
    fn run(folder: &Path, command: &str) -> Self {
        let mut command = bash(folder, command);
        // Its log is that of the test.
        Self(command.stdout(Stdio::null()).spawn().expect("bash runs"))
    }

    fn wait_until_it_listens(&mut self, address: &str) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(self.0.try_wait().expect("it was started").is_none(), "it has ended");
            assert!(Instant::now() < deadline, "it does not listen on {address}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn can_run(test: &str, more: &[Need]) -> bool {
    let needs = [Need::Node, Need::NodePackages, Need::Chromium, Need::Curl];
    all_there(test, &[&needs, more].concat())
}

#[test]
fn the_page_changes_from_curl() {
    if !can_run("the quick start with curl", &[Need::PythonPackages]) {
        return;
    }
    let fences = section("From curl, or PHP");
    let [serve, publish] = &*fences else { panic!("{fences:#?}") };
    QuickStart::new().page_changes(serve, publish, "hello from curl");
}

#[test]
fn the_page_changes_from_flask() {
    if !can_run("the quick start with Flask", &[Need::PythonPackages]) {
        return;
    }
    let fences = section("From Python, with Flask");
    let [app, serve, publish] = &*fences else { panic!("{fences:#?}") };
    let mut quick_start = QuickStart::new();
    quick_start.write("app.py", app);
    quick_start.page_changes(serve, publish, "hello from Flask");
}

#[test]
fn the_page_changes_from_node() {
    if !can_run("the quick start with Node", &[]) {
        return;
    }
    let fences = section("From Node");
    let [app, serve, publish] = &*fences else { panic!("{fences:#?}") };
    let mut quick_start = QuickStart::new();
    quick_start.write("app.mjs", app);
    quick_start.page_changes(serve, publish, "hello from Node");
}
