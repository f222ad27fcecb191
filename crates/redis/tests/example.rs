//! The example of a cluster, `examples/cluster/run`, with all that it starts.

#[path = "../../../tests/common/needs.rs"]
mod needs;
#[path = "../../../tests/common/programs.rs"]
mod programs;

use std::{env, path::Path, process::Command};

use needs::{Need, all_there, chromium, clients};
use programs::{node_tests, run};

#[test]
fn three_servers_show_the_same_scores() {
    let needs = [Need::Redis, Need::Nginx, Need::Node, Need::NodePackages, Need::Chromium];
    if !all_there("the example of a cluster", &needs) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // <target>/<profile>/deps/<this>
    let this = env::current_exe().expect("this program has a path");
    let target = this.ancestors().nth(3).expect("cargo's folder");
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.current_dir(&root).args(["build", "--package", "live_scores", "--features", "cluster"]);
    build.args(["--example", "live_scores_cluster", "--target-dir"]).arg(target);
    run(build);
    let program = target.join("debug/examples/live_scores_cluster");
    assert!(program.is_file(), "{}", program.display());
    node_tests(&clients().join("cluster_example"), |node| {
        node.env("RUN", root.join("examples/cluster/run"));
        node.env("PROGRAM", program).env("CHROMIUM", chromium())
    });
}
