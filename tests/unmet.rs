//! The list of what was not tested, which the last program of `cargo test` prints.

#[path = "common/unmet.rs"]
mod unmet;

use std::{fs, path::Path, thread};

#[test]
fn each_need_is_listed_once_with_all_tests_that_lack_it() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unmet_test").join("run");
    assert_eq!(unmet::take_from(&file), [], "nothing was recorded");
    thread::scope(|scope| {
        for test in ["one", "two", "one"] {
            let file = &file;
            scope.spawn(move || unmet::record_in(file, test, "nginx", "apt-get install nginx"));
        }
    });
    unmet::record_in(&file, "two", "curl", "apt-get install curl");
    let entries = unmet::take_from(&file);
    assert_eq!(
        unmet::summary(&entries),
        "\nNOT TESTED: 2 tests did nothing.\n\
         \n  curl is missing\n    apt-get install curl\n      two\n\
         \n  nginx is missing\n    apt-get install nginx\n      one\n      two\n\
         \n  .ci/install installs everything that the tests use.\n\n"
    );
    assert!(!fs::exists(&file).expect("a readable folder"), "a run is listed once");
    assert_eq!(unmet::summary(&[]), "\nNo test of this run lacked anything.\n\n");
}
