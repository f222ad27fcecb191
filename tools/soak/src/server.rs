//! The server's process, as the clients' process sees it.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc},
    time::{sleep, timeout},
};

use crate::{
    Fallible,
    net::{PATIENCE, until},
    report::Report,
    serve::{API_LINE, Reading},
};

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    child: Mutex<Child>,
    stdin: Mutex<ChildStdin>,
    answers: AsyncMutex<mpsc::UnboundedReceiver<String>>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server with settings of the form `name=number`.
    pub(crate) async fn start(settings: &[&str]) -> Fallible<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("serve")
            .args(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, answers) = mpsc::unbounded_channel();
        each_line(child.stdout.take(), move |line| drop(sender.send(line)));
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        each_line(child.stderr.take(), move |line| kept.lock().push(line));
        let stdin = Mutex::new(child.stdin.take().ok_or("no standard input")?);
        let mut addr = None;
        until("the server listens", PATIENCE, || {
            addr = log.lock().iter().find_map(|line| address(line));
            addr.is_some()
        })
        .await?;
        Ok(Self {
            addr: addr.ok_or("no address")?,
            child: Mutex::new(child),
            stdin,
            answers: AsyncMutex::new(answers),
            log,
        })
    }

    /// The address of the HTTP API, of a server with `api=1`.
    pub(crate) fn api_addr(&self) -> Fallible<SocketAddr> {
        let log = self.log.lock();
        let addr = log.iter().find_map(|line| line.split_once(API_LINE)?.1.parse().ok());
        Ok(addr.ok_or("no address of the API")?)
    }

    /// Writes a command. Only `read` has an answer.
    pub(crate) fn command(&self, line: &str) -> Fallible {
        Ok(writeln!(self.stdin.lock(), "{line}")?)
    }

    pub(crate) async fn read(&self) -> Fallible<Reading> {
        let mut answers = self.answers.lock().await;
        self.command("read")?;
        let answer =
            timeout(PATIENCE, answers.recv()).await.map_err(|_| "the server does not answer")?;
        Ok(serde_json::from_str(&answer.ok_or("the server has ended")?)?)
    }

    /// Reads until `is_so` returns true or the limit has passed, and returns the last reading.
    pub(crate) async fn read_until(
        &self,
        limit: Duration,
        is_so: impl Fn(&Reading) -> bool,
    ) -> Fallible<Reading> {
        let start = Instant::now();
        loop {
            let reading = self.read().await?;
            if is_so(&reading) || start.elapsed() > limit {
                return Ok(reading);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn terminate(&self) -> Fallible {
        let pid = self.child.lock().id().to_string();
        // The standard library can only send SIGKILL.
        if Command::new("kill").args(["-TERM", &pid]).status()?.success() {
            Ok(())
        } else {
            Err("no SIGTERM".into())
        }
    }

    /// Waits for the exit, and returns its status and the last reading that the server printed.
    pub(crate) async fn exit(&self, limit: Duration) -> Fallible<(ExitStatus, Option<Reading>)> {
        let mut status = None;
        until("the server exits", limit, || {
            status = self.child.lock().try_wait().ok().flatten();
            status.is_some()
        })
        .await?;
        let mut last = None;
        let mut answers = self.answers.lock().await;
        while let Ok(Some(line)) = timeout(PATIENCE, answers.recv()).await {
            last = serde_json::from_str(&line).ok();
        }
        Ok((status.ok_or("no status")?, last))
    }

    pub(crate) fn has_not_panicked(&self, report: &mut Report) {
        let log = self.log.lock();
        let panics: Vec<_> = log.iter().filter(|line| line.contains("panicked")).collect();
        let found = panics
            .first()
            .map_or_else(|| "none".to_owned(), |first| format!("{}: {first}", panics.len()));
        report.criterion("no panics in the server's log", found, panics.is_empty());
        let warnings: Vec<_> =
            log.iter().filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).collect();
        if let Some(first) = warnings.first() {
            report.note(
                "warnings and errors in its log",
                format!("{}, the first: {first}", warnings.len()),
            );
        }
    }

    /// Stops a server that has no clients any more.
    pub(crate) async fn stop(&self, report: &mut Report) -> Fallible {
        self.terminate()?;
        let (status, _) = self.exit(PATIENCE).await?;
        report.criterion("SIGTERM ends the idle server", status, status.success());
        self.has_not_panicked(report);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // It has exited already, unless an experiment failed.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn each_line(
    pipe: Option<impl Read + Send + 'static>,
    mut take: impl FnMut(String) + Send + 'static,
) {
    if let Some(pipe) = pipe {
        thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).for_each(&mut take);
        });
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    line.split_once("listening on http://")?.1.split('/').next()?.parse().ok()
}
