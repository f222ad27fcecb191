//! Runs other programs to their end.

#![allow(dead_code, reason = "no test needs all of it")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Ten times what a slow machine needs. It only ends what hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs the `*.test.*` files of a folder with Node's test runner. Skipped tests are a failure.
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

/// Runs a program to its end, and returns its output.
///
/// # Panics
/// If the program fails or takes too long, with its output.
pub(crate) fn run(mut command: Command) -> String {
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let stderr = writer.try_clone().expect("a second end of the pipe");
    command.stdin(Stdio::null()).stdout(writer).stderr(stderr);
    // A process group, so that the processes that it starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // The command holds ends of the pipe. Without them the reader sees the end of the output.
    drop(command);

    let (sender, finished) = mpsc::channel();
    let reading = thread::spawn(move || {
        let mut output = Vec::new();
        let outcome = io::copy(&mut reader, &mut output);
        // After a timeout nothing receives it any more.
        let _ = sender.send(());
        outcome.expect("a pipe can be read");
        String::from_utf8_lossy(&output).into_owned()
    });
    let in_time = finished.recv_timeout(LIMIT).is_ok();
    if !in_time {
        end(&mut child);
    }
    let output = reading.join().expect("the reader does not panic");
    let status = child.wait().expect("it was started");
    assert!(in_time, "not finished after {LIMIT:?}:\n{output}");
    assert!(status.success(), "{status}:\n{output}");
    output
}

/// Ends a program and the processes that it has started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let ended = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
    #[cfg(not(unix))]
    let ended = child.kill();
    ended.expect("a program that runs can be ended");
}
