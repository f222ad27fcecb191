//! The warnings about pages that can't connect because of their origin.

mod common;

use std::fs;

use common::{RunningBroker, http_with, program};

/// Opens a session as a page of an origin does.
fn poll_as(address: &str, origin: &str) -> u16 {
    let request = "GET /socket.io/?EIO=4&transport=polling";
    http_with(address, request, &format!("Origin: {origin}\r\n"), "").0
}

#[test]
fn a_page_of_another_origin_is_named_with_the_setting() {
    let broker = RunningBroker::start(program(&["127.0.0.1:0"]));
    let own = format!("http://{}", broker.address);
    let forged = r#"http://x" y"#;
    for origin in [&*own, "http://127.0.0.1:8000", "http://127.0.0.1:8000", forged] {
        assert_eq!(poll_as(&broker.address, origin), 200);
    }
    let warning = broker.wait_for(r#"a page of "http://x\" y" polls"#);
    assert!(warning.contains("WARN"), "{warning}");
    let log = broker.log();
    let named: Vec<_> = log.iter().filter(|line| line.contains("a page of ")).collect();
    assert_eq!(named.len(), 2, "each once, and not the broker's own: {named:#?}");
    assert!(named[0].contains(r#"cors.origins = ["http://127.0.0.1:8000"]"#), "{named:#?}");
}

#[test]
fn a_page_that_cors_does_not_list_is_named_with_the_setting() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    let config = "address = \"127.0.0.1:0\"\n[cors]\norigins = [\"https://a.example\"]\n\
                  [[channels]]\npattern = \"\"\n";
    fs::write(&path, config).expect("it can be written");
    let broker = RunningBroker::serve(&path);
    assert_eq!(poll_as(&broker.address, "https://a.example"), 200);
    for _ in 0..2 {
        assert_eq!(poll_as(&broker.address, "https://b.example"), 403);
    }
    let named = r#"a page of "https://b.example" was refused"#;
    let warning = broker.wait_for(named);
    assert!(warning.contains("WARN") && warning.contains("cors.origins"), "{warning}");
    let log = broker.log();
    let warnings: Vec<_> = log.iter().filter(|line| line.contains("a page of ")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
}
