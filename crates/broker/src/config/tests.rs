use std::{fs, path::Path};

use super::*;

fn sources(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.toml");
    fs::write(&path, file).unwrap();
    let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    load(&Sources {
        file: Some(path),
        variables: variables.iter().map(variable).collect(),
        flags: flags.iter().map(|(flag, key, value)| (*flag, *key, (*value).to_owned())).collect(),
    })
}

fn settings_of(file: &str, variables: &[(&str, &str)]) -> Settings {
    let loaded = sources(file, variables, &[]);
    loaded.settings.unwrap_or_else(|| panic!("{:?}", loaded.mistakes))
}

#[test]
fn the_api_has_listed_keys_or_one() {
    const KEY: &str = "4f9b1c70a2d85e36";
    let internal = "internal_address = \"127.0.0.1:0\"\n";
    let listed = format!("{internal}[api]\nkeys = [{{ name = \"a\", key = \"{KEY}\" }}]\n");
    let one = format!("{internal}[api]\nkeys = \"{KEY}\"\n");
    let json = format!("[{{\"name\":\"b\",\"key\":\"{KEY}x\"}}]");
    for (file, variables, name) in [
        (&*listed, &[][..], "a"),
        (&one, &[], "backend"),
        (internal, &[("SOCKETIO_API__KEYS", KEY)], "backend"),
        (&listed, &[("SOCKETIO_API__KEYS", &*json)], "b"),
    ] {
        let api = settings_of(file, variables).api.expect("an API");
        let shown = format!("{api:?}");
        assert!(shown.contains(&format!("{name:?}")) && !shown.contains(KEY), "{shown}");
    }
    let told = sources(&format!("[api]\nkeys = \"{KEY}\"\n"), &[], &[]).mistakes;
    assert!(format!("{told:?}").contains("without an internal_address"), "{told:?}");
    for wrong in
        ["[\"hunter2\"]", "5", "[{ name = \"a\", key = \"hunter2\" }]", "{ a = \"hunter2\" }"]
    {
        let told = sources(&format!("{internal}[api]\nkeys = {wrong}\n"), &[], &[]).mistakes;
        let told = format!("{told:?}");
        assert!(told.contains("api.keys") && !told.contains("hunter2"), "{wrong}: {told}");
    }
}

#[test]
fn a_flag_comes_before_a_variable_before_the_file_before_the_default() {
    const FILE: &str = "address = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\n";
    const HOST: (&str, &str) = ("SOCKETIO_HOST", "127.0.0.9");
    const PORT: (&str, &str) = ("SOCKETIO_PORT", "2");
    const ADDRESS: (&str, &str) = ("SOCKETIO_ADDRESS", "127.0.0.1:3");
    const LEVEL: (&str, &str) = ("SOCKETIO_LOG__LEVEL", "debug");
    const RUST_LOG: (&str, &str) = ("RUST_LOG", "error");
    type Row = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, &'static str, &'static str)],
        (&'static str, &'static str),
    );
    let table: &[Row] = &[
        ("", &[], &[], ("127.0.0.1:9000", "info")),
        ("address = 8000", &[], &[], ("127.0.0.1:8000", "info")),
        (FILE, &[], &[], ("127.0.0.1:1", "warn")),
        (FILE, &[PORT], &[], ("127.0.0.1:2", "warn")),
        (FILE, &[HOST], &[], ("127.0.0.9:1", "warn")),
        ("", &[HOST], &[], ("127.0.0.9:9000", "info")),
        ("", &[HOST, PORT], &[], ("127.0.0.9:2", "info")),
        (FILE, &[PORT, ADDRESS], &[], ("127.0.0.1:3", "warn")),
        (FILE, &[RUST_LOG], &[], ("127.0.0.1:1", "error")),
        (FILE, &[RUST_LOG, LEVEL], &[], ("127.0.0.1:1", "debug")),
        (
            FILE,
            &[PORT, ADDRESS, RUST_LOG, LEVEL],
            &[("--address", "address", "4"), ("--log-level", "log.level", "trace")],
            ("127.0.0.1:4", "trace"),
        ),
    ];
    for (file, variables, flags, expected) in table {
        let loaded = sources(file, variables, flags);
        let settings = loaded.settings.unwrap_or_else(|| panic!("{:?}", loaded.mistakes));
        let address = settings.address.resolved[0].to_string();
        assert_eq!((&*address, &*settings.log.level), *expected, "{variables:?} {flags:?}");
        assert_eq!(loaded.warnings, [], "{variables:?}");
    }
}

#[test]
fn variables_are_read_as_the_kinds_of_their_keys() {
    let settings = settings_of(
        "[cors]\norigins = [\"https://a.example\"]\n",
        &[
            ("SOCKETIO_LIMITS__MAX_INBOX", "7"),
            ("SOCKETIO_LIMITS__MAX_OUTBOX", "1MiB"),
            ("SOCKETIO_LIMITS__ALLOW_EIO3", "true"),
            ("SOCKETIO_LIMITS__TRANSPORTS", r#"["websocket"]"#),
            ("SOCKETIO_LIMITS__EVENT_RATE", r#"{"per_second": 20, "burst": 50}"#),
            ("SOCKETIO_CORS__CREDENTIALS", "true"),
            ("SOCKETIO_CHANNELS", r#"[{"pattern": "^a", "history": {"last": 3}}]"#),
            ("SOCKETIO_STORE", r#"{"path": "x.redb"}"#),
        ],
    );
    assert_eq!((settings.config.max_inbox, settings.config.max_outbox), (7, 1 << 20));
    assert!(settings.config.allow_eio3 && settings.config.transports.len() == 1);
    assert_eq!(settings.config.event_rate.unwrap().to_string(), "20/s with a burst of 50");
    assert!(settings.cors.is_some_and(|cors| !cors.is_open));
    assert!(settings.channels[0].history.is_some() && settings.store.is_some());
}

#[test]
fn a_secret_comes_from_a_file_and_is_in_no_debug_output() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("redis");
    fs::write(&file, "redis://:hunter2@127.0.0.1/1\n").unwrap();
    let name = file.to_str().unwrap();
    let settings = settings_of("", &[("SOCKETIO_CLUSTER__REDIS_FILE", name)]);
    assert!(settings.cluster.is_some());
    let shown = format!("{settings:?}");
    assert!(shown.contains("ClusterSettings") && !shown.contains("hunter2"), "{shown}");

    let both = [("SOCKETIO_CLUSTER__REDIS_FILE", name), ("SOCKETIO_CLUSTER__REDIS", "redis://h")];
    let mistakes = sources("", &both, &[]).mistakes;
    assert!(mistakes[0].to_string().contains("SOCKETIO_CLUSTER__REDIS is set as well"));
    let gone = [("SOCKETIO_CLUSTER__REDIS_FILE", "/nowhere")];
    assert!(sources("", &gone, &[]).mistakes[0].to_string().contains("can't be read"));
    for wrong in [
        "cluster = 'redis://:hunter2@h'\n",
        "[cluster]\nredis = { url = 'redis://:hunter2@h' }\n",
        "[cluster]\nredis = 'redis://m'\nsentinels = 'redis://:hunter2@h'\n",
        "[cluster]\nredis = 'redis://:hunter2@h:port'\n",
    ] {
        let loaded = sources(wrong, &[], &[]);
        let told: String = loaded.mistakes.iter().map(ToString::to_string).collect();
        assert!(told.contains("…") && !told.contains("hunter2"), "{told}");
    }
    let sentinels = "redis = 'redis://m'\nsentinels = ['redis://:hunter2@h']\n";
    let shown = format!("{:?}", settings_of(&format!("[cluster]\n{sentinels}"), &[]));
    assert!(!shown.contains("hunter2"), "{shown}");
    fs::write(&file, "\n").unwrap();
    let empty = sources("", &[("SOCKETIO_CLUSTER__REDIS_FILE", name)], &[]);
    assert!(empty.settings.is_none(), "an empty secret does not start");
}

#[test]
fn keys_of_tokens_come_from_files_and_are_in_no_debug_output() {
    const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let name = file.to_str().unwrap();
    let jwt = "[jwt]\nalgorithm = \"HS256\"\n";
    for (file, variables) in [
        (format!("{jwt}secret = \"{SECRET}\"\n"), vec![]),
        (jwt.to_owned(), vec![("SOCKETIO_JWT__SECRET", SECRET)]),
        (jwt.to_owned(), vec![("SOCKETIO_JWT__SECRET_FILE", name)]),
        (
            format!("{jwt}secret = \"{SECRET}+\"\nprevious_until = 2099-01-01T00:00:00Z\n"),
            vec![("SOCKETIO_JWT__PREVIOUS_SECRET_FILE", name)],
        ),
        (
            String::new(),
            vec![("SOCKETIO_JWT__ALGORITHM", "HS256"), ("SOCKETIO_JWT__SECRET", SECRET)],
        ),
    ] {
        let settings = settings_of(&file, &variables);
        let shown = format!("{settings:?}");
        assert!(shown.contains("JwtSettings") && !shown.contains("hunter2"), "{shown}");
        let jwt = settings.jwt.expect("it is there");
        let claims = actix_socketio::Claims::new("ada", std::time::SystemTime::now());
        assert!(jwt.tokens.sign(&claims).is_ok());
    }
    fs::write(&file, "\n").unwrap();
    let empty = sources(jwt, &[("SOCKETIO_JWT__SECRET_FILE", name)], &[]);
    assert!(empty.settings.is_none(), "an empty secret does not start");
    for wrong in ["secret = 5\n", "secret = [\"hunter2\"]\n", "secret = { a = \"hunter2\" }\n"] {
        let told = sources(&format!("{jwt}{wrong}"), &[], &[]).mistakes;
        let told = format!("{told:?}");
        assert!(told.contains("jwt.secret") && !told.contains("hunter2"), "{wrong}: {told}");
    }
}

#[test]
fn unknown_variables_are_told_with_the_nearest_name() {
    let loaded = sources("", &[("SOCKETIO_LIMITS__MAX_OUTBX", "1"), ("SOCKETIO_ABC", "1")], &[]);
    assert!(loaded.settings.is_some());
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "SOCKETIO_ABC: the variable is unknown",
            "SOCKETIO_LIMITS__MAX_OUTBX: the variable is unknown: did you mean \
             SOCKETIO_LIMITS__MAX_OUTBOX?",
        ]
    );
}

#[test]
fn a_variable_below_a_value_that_is_not_a_table_is_a_mistake() {
    let loaded = sources("cors = 5\n", &[("SOCKETIO_CORS__ORIGINS", "[\"*\"]")], &[]);
    assert!(loaded.settings.is_none());
    assert!(loaded.mistakes[0].to_string().starts_with("SOCKETIO_CORS__ORIGINS: cors: "));
}

/// The page names each key once, as the first cell of a row. The keys of `[limits]` are those of
/// docs/limits.md, and stand in one row.
#[test]
fn the_manual_has_all_keys_and_no_others() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/broker.md");
    let page = fs::read_to_string(page).unwrap();
    let reference = page.split_once("## All keys").unwrap().1;
    let reference = reference.split_once("\n## ").unwrap().0;
    let cell = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let documented: Vec<String> = reference.lines().filter_map(cell).collect();
    let is_limit = |key: &String| key.starts_with("limits.");
    // The rules of a namespace have the keys of the others.
    let of_namespace = |key: &String| key.starts_with("namespaces[].channels[].");
    let mut keys: Vec<_> = all_keys().into_iter().filter(|key| !is_limit(key)).collect();
    keys.retain(|key| !of_namespace(key));
    keys.extend(["limits.*", "namespaces[].channels[].*"].map(str::to_owned));
    let (mut sorted, mut expected) = (documented, keys);
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    assert_eq!(all_keys().iter().filter(|key| is_limit(key)).count() + 1, Config::SETTINGS.len());
}

#[test]
fn secrets_have_keys() {
    let keys = all_keys();
    assert!(keys.contains("cluster.redis") && keys.contains("channels[].history.last"));
}
