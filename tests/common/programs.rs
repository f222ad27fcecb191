//! Other programs, run to their end.

#![allow(dead_code, reason = "no test needs all of it")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Ten times what a slow machine takes: it ends what hangs, and nothing else.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs the `*.test.*` files of a folder by Node's test runner.
pub(crate) fn node_tests(folder: &Path, prepare: impl FnOnce(&mut Command) -> &mut Command) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().contains(".test."))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no tests in {}", folder.display());
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap"]).args(files);
    prepare(&mut node);
    let output = run(node);
    for sum in ["pass 0", "skipped [1-9]", "todo [1-9]"] {
        let sum = regex::Regex::new(&format!("(?m)^# {sum}")).expect("a regular expression");
        assert!(!sum.is_match(&output), "not all was tested:\n{output}");
    }
}

/// Runs a program to its end, and gives what it said. Fails with that if the program does, or takes
/// too long.
pub(crate) fn run(mut command: Command) -> String {
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let stderr = writer.try_clone().expect("a second end of the pipe");
    command.stdin(Stdio::null()).stdout(writer).stderr(stderr);
    // Whatever it starts is in its group, and can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // With the command go its ends of the pipe, so that the reader sees the end of what the program
    // says.
    drop(command);

    let (say, said) = mpsc::channel();
    let reading = thread::spawn(move || {
        let mut output = Vec::new();
        let outcome = io::copy(&mut reader, &mut output);
        // Nobody listens any more after a timeout has been reported.
        let _ = say.send(());
        outcome.expect("a pipe can be read");
        String::from_utf8_lossy(&output).into_owned()
    });
    let in_time = said.recv_timeout(LIMIT).is_ok();
    if !in_time {
        end(&mut child);
    }
    let output = reading.join().expect("the reader does not panic");
    let status = child.wait().expect("it was started");
    assert!(in_time, "not finished after {LIMIT:?}:\n{output}");
    assert!(status.success(), "{status}:\n{output}");
    output
}

/// Ends a program, and whatever it has started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let ended = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
    #[cfg(not(unix))]
    let ended = child.kill();
    ended.expect("a program that runs can be ended");
}
