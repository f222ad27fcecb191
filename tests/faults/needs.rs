//! What some of these tests need from the machine. `tests/common/needs.rs` is the same for the
//! tests by other programs.

#[path = "../common/report.rs"]
mod report;

use std::process::{Command, Stdio};

/// Something a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// iproute2, and the right to make network namespaces.
    NetworkNamespaces,
    /// libfaketime, and its program.
    Faketime,
}

impl Need {
    fn is_there(self) -> bool {
        match self {
            Self::NetworkNamespaces => {
                let name = format!("sio-try-{}", std::process::id());
                succeeds("ip", &["netns", "add", &name])
                    && succeeds("ip", &["netns", "delete", &name])
            }
            Self::Faketime => succeeds("faketime", &["-m", "-f", "+0", "true"]),
        }
    }

    /// Its name, and the command that installs it.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::NetworkNamespaces => [
                "network namespaces, by iproute2 and root",
                "apt-get install iproute2, and run the tests as root",
            ],
            Self::Faketime => ["faketime", "apt-get install --no-install-recommends faketime"],
        }
    }
}

/// Whether a test has what it needs. If not, the test must return without testing anything.
///
/// # Panics
/// `CI` is set, and the need is missing.
pub(crate) fn is_there(test: &str, need: Need) -> bool {
    if need.is_there() {
        return true;
    }
    let [name, install] = need.words();
    report::not_tested(test, &[(name.to_owned(), install)], "");
    false
}

fn succeeds(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    let silent =
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
