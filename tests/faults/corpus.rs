//! Requests from the corpus of the fuzzer. `src/fuzzing.rs` tests its other inputs.

use std::{fs, path::Path};

#[path = "../fuzz/handshake.rs"]
mod handshake;

#[test]
fn any_request_is_answered_and_leaves_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/handshake");
    let mut count = 0;
    for file in fs::read_dir(corpus).expect("it has a corpus") {
        let file = file.expect("a file").path();
        println!("{}", file.display());
        handshake::handshake(&fs::read(file).expect("it can be read"));
        count += 1;
    }
    assert!(count > 0, "the corpus is empty");
}
