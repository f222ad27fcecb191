//! What the compiler says of mistakes with handlers: it names the parameter, the result or the
//! event that is wrong, and what to write.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of compiled crates, which this program is in.
fn crates() -> PathBuf {
    let this = env::current_exe().expect("this program has a path");
    this.parent().expect("it is in a folder").to_owned()
}

/// The library that cargo has compiled for this test: the last one.
fn library(crates: &Path) -> PathBuf {
    let files = fs::read_dir(crates).expect("the folder can be read");
    let files = files.map(|file| file.expect("an entry").path());
    let is_library = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libactix_socketio-") && name.ends_with(".rlib")
    };
    let age = |file: &PathBuf| file.metadata().and_then(|file| file.modified()).ok();
    files.filter(is_library).max_by_key(age).expect("the library is compiled")
}

/// The compiler's words about a program with one expression.
fn compile(name: &str, expression: &str) -> (bool, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_errors");
    fs::create_dir_all(&folder).expect("cargo's folder for tests can be written to");
    let file = folder.join(format!("{name}.rs"));
    let program = format!(
        "use actix_socketio::{{prelude::*, *}};\n\
         pub struct Move;\n\
         pub struct Board;\n\
         pub fn mistake(builder: Builder) {{ let _ = builder.{expression}; }}\n"
    );
    fs::write(&file, program).expect("it can be written");
    let crates = crates();
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--color=never"]);
    rustc.arg("--crate-name").arg(name).arg("--out-dir").arg(&folder);
    rustc.arg("-L").arg(format!("dependency={}", crates.display()));
    rustc.arg("--extern").arg(format!("actix_socketio={}", library(&crates).display()));
    let output = rustc.arg(&file).output().expect("rustc runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_mistake_is_named_with_its_cure() {
    let (compiles, said) = compile("right", r#"on("m", async |_: String| Ok(()))"#);
    assert!(compiles, "{said}");
    for (name, expression, words) in [
        (
            "no_deserialize",
            r#"on("m", async |_: Move| Ok(()))"#,
            &["`Move: ", "Deserialize<'de>` is not satisfied", "#[derive(serde::Deserialize)]"][..],
        ),
        (
            "no_arguments",
            "on_connect(async |_: String| Ok(()))",
            &[
                "a handler of `OnConnect` can't have a parameter `String`",
                "every handler may have the event itself, `Socket`, `SocketIo`, `Data<T>`",
            ],
        ),
        (
            "another_event",
            "on_connect(async |_: OnSubscribe| Ok(()))",
            &["a handler of `OnConnect` can't have a parameter `", "OnSubscribe`"],
        ),
        (
            "no_answer",
            r#"on("m", async || Ok(Board))"#,
            &[
                "an event can't be acknowledged with `Board`",
                "it needs `#[derive(serde::Serialize)]`",
                "returns `Ok(Later)`",
            ],
        ),
        (
            "a_value_without_effect",
            "on_connect(async |_: Socket| Ok(5))",
            &["expected `Result<(), HandlerError>`"],
        ),
        (
            "not_async",
            r#"on("m", |_: Socket| Ok(()))"#,
            &["this can't handle `", "a function is an `async fn`, or an `async` closure"],
        ),
        (
            "no_result",
            "on_message(async |_: OnMessage| ())",
            &["this can't handle `", "it returns `Result<_, HandlerError>`"],
        ),
        (
            "nine_parameters",
            r#"on("m", async |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8| Ok(()))"#,
            &["this can't handle `", "8 at most"],
        ),
        ("no_type", r#"on("m", async |text| Ok(()))"#, &["type annotations needed"]),
        (
            "not_about_a_channel",
            r#"route(channel("room-").on_connect(async |_: OnConnect| Ok(())))"#,
            &["no method named `on_connect` found for struct `Route`"],
        ),
    ] {
        let (compiles, said) = compile(name, expression);
        assert!(!compiles, "{name} compiles");
        for words in words {
            assert!(said.contains(words), "{name}: no word of {words:?}:\n{said}");
        }
    }
}
