//! A program that takes commands by lines, and answers by lines.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStderr, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::PATIENCE;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// The program. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct LinePeer {
    process: Child,
    input: Mutex<ChildStdin>,
    waiting: Waiting,
    last_id: AtomicU64,
    errors: Arc<Mutex<String>>,
}

impl LinePeer {
    /// Starts it, and returns its first line with it.
    pub(crate) fn start(mut command: Command) -> (Self, Value) {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = process.stdin.take().expect("it is piped").into();
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let waiting = Waiting::default();
        let (first, started) = mpsc::channel();
        let answers = Arc::clone(&waiting);
        thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            // A test program prints the names of its tests.
            for line in lines.filter(|line| line.starts_with('{')) {
                let line: Value = serde_json::from_str(&line).expect("lines are JSON");
                match line["id"].as_u64() {
                    // A test that has failed receives nothing any more.
                    Some(id) => {
                        let answer = answers.lock().expect("no thread panics").remove(&id);
                        let _ = answer.map(|answer| answer.send(line));
                    }
                    None => drop(first.send(line)),
                }
            }
            // Whatever waits learns that the program has ended.
            answers.lock().expect("no thread panics").clear();
        });
        let errors = collect(process.stderr.take().expect("it is piped"));
        let peer = Self { process, input, waiting, last_id: AtomicU64::new(0), errors };
        let first = started.recv_timeout(PATIENCE);
        (peer, first.unwrap_or_else(|_| panic!("it does not start: {command:?}")))
    }

    fn send(&self, verb: &str, mut command: Value) -> oneshot::Receiver<Value> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        command["id"] = id.into();
        command["verb"] = verb.into();
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().expect("no thread panics").insert(id, sender);
        let mut input = self.input.lock().expect("no thread panics");
        writeln!(input, "{command}").expect("the program reads");
        answer
    }

    /// Runs a command. The program may wait for this thread meanwhile.
    pub(crate) async fn call(&self, verb: &str, command: Value) -> Value {
        let answer = tokio::time::timeout(PATIENCE, self.send(verb, command)).await;
        value(verb, answer.unwrap_or_else(|_| panic!("no answer to {verb}")))
    }

    /// Runs a command in a thread that may block.
    pub(crate) fn call_blocking(&self, verb: &str, command: Value) -> Value {
        value(verb, self.send(verb, command).blocking_recv())
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The text that it has written to its standard error.
    pub(crate) fn errors(&self) -> String {
        self.errors.lock().expect("no thread panics").clone()
    }
}

/// Keeps and shows the lines that a program writes to its standard error.
fn collect(output: ChildStderr) -> Arc<Mutex<String>> {
    let errors = Arc::<Mutex<String>>::default();
    let lines = Arc::clone(&errors);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            eprintln!("{line}");
            let mut lines = lines.lock().expect("no thread panics");
            lines.push_str(&line);
            lines.push('\n');
        }
    });
    errors
}

fn value(verb: &str, answer: Result<Value, oneshot::error::RecvError>) -> Value {
    let mut answer = answer.unwrap_or_else(|_| panic!("the program ended at {verb}"));
    assert_eq!(answer.get("error"), None, "{verb}");
    answer["value"].take()
}

impl Drop for LinePeer {
    fn drop(&mut self) {
        self.process.kill().expect("it was started");
        self.process.wait().expect("it was started");
    }
}

/// Bytes as the programs write them.
pub(crate) fn bytes(base64: &str) -> Value {
    json!({ "$bytes": base64 })
}
