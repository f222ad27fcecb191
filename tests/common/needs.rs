//! The programs that some tests need and a machine may lack.
//!
//! A test that needs a program calls [`all_there`] first. If a program is missing, the function
//! prints its name and how to install it, in a way that libtest does not hide. The test then does
//! nothing. If the environment variable `CI` is set, it fails.

#![allow(dead_code, reason = "no test needs all of it")]

mod report;

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The oldest Node.js whose test runner and WebSockets do what the tests use.
const OLDEST_NODE: u32 = 20;

/// Something a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Node.js.
    Node,
    /// The packages of tests/clients/package.json.
    NodePackages,
    /// The packages of client/package.json.
    ClientPackages,
    /// The packages of tests/clients/requirements.txt, in the environment that [`python`] belongs
    /// to.
    PythonPackages,
    /// The program of tests/clients/rust.
    RustClient,
    /// A browser.
    Chromium,
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Caddy.
    Caddy,
    /// curl, with HTTP/2.
    Curl,
    /// `systemd-analyze`, which reads unit files.
    Systemd,
    /// Redis 7, as a server that tests start themselves.
    Redis,
}

impl Need {
    fn is_there(self) -> bool {
        match self {
            Self::Node => node_version().is_some_and(|version| version >= OLDEST_NODE),
            Self::NodePackages => clients().join("node_modules/.package-lock.json").is_file(),
            Self::ClientPackages => client().join("node_modules/.package-lock.json").is_file(),
            Self::PythonPackages => succeeds(
                Command::new(python()).args(["-c", "import aiohttp, flask, msgpack, socketio"]),
            ),
            Self::RustClient => rust_client().is_file(),
            Self::Chromium => succeeds(Command::new(chromium()).arg("--version")),
            Self::Nginx => succeeds(Command::new(system_program("nginx")).arg("-v")),
            Self::Haproxy => succeeds(Command::new(system_program("haproxy")).arg("-v")),
            Self::Caddy => succeeds(Command::new("caddy").arg("version")),
            Self::Redis => succeeds(Command::new("redis-server").arg("--version")),
            Self::Systemd => succeeds(Command::new("systemd-analyze").arg("--version")),
            Self::Curl => succeeds(Command::new("curl").args(["--http2", "--version"])),
        }
    }

    /// The command that installs it.
    fn install(self) -> &'static str {
        match self {
            Self::Node => "install Node.js, https://nodejs.org/",
            Self::NodePackages => "npm ci --prefix tests/clients",
            Self::ClientPackages => "npm ci --prefix client",
            Self::PythonPackages => {
                "python3 -m venv tests/clients/.venv && \
                 tests/clients/.venv/bin/pip install --requirement tests/clients/requirements.txt"
            }
            Self::RustClient => {
                "cargo build --manifest-path tests/clients/rust/Cargo.toml --target-dir tests/clients/rust/target"
            }
            Self::Chromium => {
                "apt-get install --no-install-recommends chromium, or set CHROMIUM to the program of another one"
            }
            Self::Nginx => "apt-get install --no-install-recommends nginx",
            Self::Haproxy => "apt-get install --no-install-recommends haproxy",
            Self::Caddy => "apt-get install --no-install-recommends caddy",
            Self::Redis => "apt-get install --no-install-recommends redis-server",
            Self::Systemd => "apt-get install --no-install-recommends systemd",
            Self::Curl => "apt-get install --no-install-recommends curl",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => write!(f, "Node.js {OLDEST_NODE} or newer"),
            Self::NodePackages => write!(f, "the Node packages of tests/clients"),
            Self::ClientPackages => write!(f, "the Node packages of client"),
            Self::PythonPackages => {
                write!(f, "Python with the packages of tests/clients/requirements.txt")
            }
            Self::RustClient => write!(f, "the program of tests/clients/rust"),
            Self::Chromium => write!(f, "Chromium"),
            Self::Nginx => write!(f, "nginx"),
            Self::Haproxy => write!(f, "HAProxy"),
            Self::Caddy => write!(f, "Caddy"),
            Self::Redis => write!(f, "redis-server"),
            Self::Systemd => write!(f, "systemd-analyze"),
            Self::Curl => write!(f, "curl with HTTP/2"),
        }
    }
}

/// Whether a test has what it needs. If not, the test must return without testing anything.
///
/// # Panics
/// `CI` is set, and something is missing.
pub(crate) fn all_there(test: &str, needs: &[Need]) -> bool {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return true;
    }
    let missing: Vec<_> = missing.iter().map(|need| (need.to_string(), need.install())).collect();
    report::not_tested(test, &missing, "!!! .ci/install installs everything that the tests use.\n");
    false
}

/// The folder of the repository, also for tests of its other packages.
fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = package.ancestors().find(|folder| folder.join(".ci").is_dir());
    folder.unwrap_or(package).to_owned()
}

/// The folder of the tests by other programs.
pub(crate) fn clients() -> PathBuf {
    repository().join("tests/clients")
}

/// The folder of the client.
pub(crate) fn client() -> PathBuf {
    repository().join("client")
}

/// The Python of the tests' virtual environment.
pub(crate) fn python() -> PathBuf {
    clients().join(if cfg!(windows) { ".venv/Scripts/python.exe" } else { ".venv/bin/python" })
}

/// The program with the client for Rust.
pub(crate) fn rust_client() -> PathBuf {
    let program = format!("rust-client-tests{}", env::consts::EXE_SUFFIX);
    clients().join("rust/target/debug").join(program)
}

/// The browser: `$CHROMIUM`, or `chromium`. The path includes the folder if the program is found,
/// because Playwright does not search `PATH`.
pub(crate) fn chromium() -> PathBuf {
    let program = env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("chromium"), PathBuf::from);
    let folders = env::var_os("PATH").unwrap_or_default();
    let found =
        env::split_paths(&folders).map(|folder| folder.join(&program)).find(|path| path.is_file());
    found.unwrap_or(program)
}

/// A program of an administrator: users may have no `/usr/sbin` in their `PATH`.
pub(crate) fn system_program(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.is_file() { path } else { PathBuf::from(name) }
}

fn node_version() -> Option<u32> {
    let output = Command::new("node").arg("--version").stdin(Stdio::null()).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn succeeds(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
