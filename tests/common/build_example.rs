//! The programs of the examples.

use std::{env, path::PathBuf, process::Command};

use crate::programs::run;

/// Builds an example from the current sources, and returns its program.
///
/// Cargo does not build examples for a single test, so this runs `cargo build`. Mostly the program
/// is up to date.
pub(crate) fn build_example(example: &str) -> PathBuf {
    let this = env::current_exe().expect("this program has a path");
    // <target>/<profile>/deps/<this>
    let profile = this.ancestors().nth(2).expect("it is in the folder that cargo builds in");
    let target = profile.parent().expect("a profile is a folder in it");
    let name = profile.file_name().expect("a profile has a name").to_str().expect("which is text");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--example", example]);
    build.args(["--profile", if name == "debug" { "dev" } else { name }]);
    build.arg("--target-dir").arg(target);
    let output = run(build);
    let program = profile.join("examples").join(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} was not built:\n{output}", program.display());
    program
}
