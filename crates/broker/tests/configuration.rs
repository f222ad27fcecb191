//! The commands around a configuration: `checkconfig` and `genconfig`.

mod common;

use std::{fs, path::Path};

use common::{output, program};

/// Each wrong configuration, and what `checkconfig` says about it.
#[test]
fn every_mistake_is_told_with_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut checked = 0;
    for entry in fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        let mut command = program(&["checkconfig", "--strict", "-c", &name]);
        command.current_dir(&folder);
        let told = output(command);
        assert_eq!(told.status.code(), Some(2), "{name}");
        assert!(told.stdout.is_empty());
        let told = String::from_utf8(told.stderr).expect("text");
        assert!(!told.contains("hunter2"), "{told}");
        let expected = fs::read_to_string(path.with_extension("txt")).expect("its answer");
        assert_eq!(told, expected, "{name}");
        checked += 1;
    }
    assert!(checked >= 5, "{checked} files");
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_certificate_is_a_mistake_without_the_feature() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("broker.toml"), "[tls]\ncertificate = 'a'\nkey = 'b'\n")
        .expect("it can be written");
    let mut command = program(&["checkconfig", "-c", "broker.toml"]);
    command.current_dir(folder.path());
    let told = output(command);
    assert_eq!(told.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&told.stderr),
        "broker.toml:1:2: tls is not in this program: it needs one that was built with the feature \
         `tls`: cargo install actix-socketio-broker --features tls\n"
    );
}

#[test]
fn a_generated_configuration_is_right_and_no_file_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    let name = path.to_str().expect("UTF-8");
    let generated = output(program(&["genconfig", "-c", name]));
    assert!(generated.status.success() && generated.stderr.is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "secrets go there");
    }
    let checked = output(program(&["checkconfig", "--strict", "-c", name]));
    let text = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success() && text.is_empty(), "{text}");

    let text = fs::read_to_string(&path).expect("the file");
    let key = |text: &str| {
        let key = text.split_once("key = \"").expect("a key").1.split('"').next();
        key.expect("its end").to_owned()
    };
    let other = folder.path().join("other.toml");
    let other_name = other.to_str().expect("UTF-8");
    assert!(output(program(&["genconfig", "-c", other_name])).status.success());
    let of_other = key(&fs::read_to_string(&other).expect("the file"));
    assert_eq!(key(&text).len(), 32);
    assert_ne!(key(&text), of_other, "each file has a key of its own");
    let secret = text.split_once("# secret = \"").expect("a secret for tokens").1;
    let secret = secret.split('"').next().expect("its end");
    assert_eq!(secret.len(), 64);
    assert_ne!(secret[..32], secret[32..], "each half is fresh");

    fs::write(&path, "mine").expect("it can be written");
    let again = output(program(&["genconfig", "-c", name]));
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    assert_eq!(fs::read_to_string(&path).expect("the file"), "mine");
}

/// The sections that the generated file has as comments are right as well.
#[test]
fn a_generated_configuration_is_right_without_its_comment_marks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    let name = path.to_str().expect("UTF-8");
    assert!(output(program(&["genconfig", "-c", name])).status.success());
    let text = fs::read_to_string(&path).expect("the file");
    let is_key = |line: &str| line.starts_with('[') || line.contains(" = ");
    let uncommented: Vec<_> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line))
        .filter(|line| !line.starts_with(' '))
        .collect();
    assert!(uncommented.contains(&"[cluster]"));
    fs::write(&path, uncommented.join("\n")).expect("it can be written");
    let checked = output(program(&["checkconfig", "--strict", "-c", name]));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn unknown_names_are_warnings_without_strict() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    fs::write(&path, "adress = \"127.0.0.1:0\"\n").expect("it can be written");
    let name = path.to_str().expect("UTF-8");
    let check = |args: &[&str]| {
        let mut command = program(args);
        command.env("SOCKETIO_LOG__LEVL", "info");
        let told = output(command);
        (told.status.code(), String::from_utf8(told.stderr).expect("text"))
    };
    let (code, told) = check(&["checkconfig", "-c", name]);
    assert_eq!(code, Some(0));
    assert!(told.contains("broker.toml:1:1: adress is unknown: did you mean address?"), "{told}");
    assert!(
        told.contains(
            "SOCKETIO_LOG__LEVL: the variable is unknown: did you mean SOCKETIO_LOG__LEVEL?"
        ),
        "{told}"
    );
    assert_eq!(check(&["checkconfig", "--strict", "-c", name]).0, Some(2));
}

#[test]
fn a_configuration_with_mistakes_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broker.toml");
    let name = path.to_str().expect("UTF-8");
    for (file, told) in [
        ("[limits]\nmax_inbox = 0\n", "broker.toml:2:13: limits.max_inbox is 0: it must be"),
        (
            "[cors]\norigins = []\n",
            "cors.origins is []: expected a list of texts that is not empty",
        ),
        ("[cluster]\nredis = \"\"\n", "cluster.redis is \"…\": expected the URL of a Redis"),
        ("channels = []\n", "channels is []: it must not be empty"),
        ("address = \"127.0.0.1\"\n", "address is \"127.0.0.1\": expected an address"),
    ] {
        fs::write(&path, file).expect("it can be written");
        let refused = output(program(&["serve", "-c", name]));
        let text = String::from_utf8(refused.stderr).expect("text");
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(told), "{text}");
    }
    let missing = output(program(&["serve", "-c", "/nowhere/broker.toml"]));
    assert_eq!(missing.status.code(), Some(2));
}
