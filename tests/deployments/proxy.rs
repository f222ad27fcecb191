//! A proxy that runs as a child process.

use std::{
    fs,
    fs::File,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt as _,
    process::{self, Child, Command, Stdio},
    sync::{
        atomic::{AtomicU8, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use crate::{folder::Folder, wait::wait_until};

/// The time that a proxy has for its end. A part of it is enough.
const LIMIT: Duration = Duration::from_secs(5);
const LOG: &str = "log";

/// The running proxy. It ends when this is dropped. If the test has failed, its log is printed.
pub(crate) struct Proxy {
    child: Option<Child>,
    addr: SocketAddr,
    folder: Folder,
}

impl Proxy {
    /// Runs `command`, which stays in the foreground, and waits until it listens at `addr`.
    pub(crate) fn start(mut command: Command, addr: SocketAddr, folder: Folder) -> Self {
        let log = File::create(folder.path().join(LOG)).expect("a file for the log");
        let errors = log.try_clone().expect("a second descriptor");
        // A group of its own, so that its workers can be ended with it.
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut proxy = Self { child: Some(child), addr, folder };
        wait_until("the proxy listens", || {
            let ended = proxy.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{command:?} ended: {ended:?}\n{}", proxy.log());
            TcpStream::connect(addr).is_ok()
        });
        proxy
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// All that the proxy has written.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the log of the proxy at {}:\n{}", self.addr, self.log());
        }
        let Some(mut child) = self.child.take() else { return };
        let group = format!("-{}", child.id());
        let signal = |name: &str| Command::new("kill").args([name, "--", &group]).status();
        let (sender, ended) = mpsc::channel();
        let _ = signal("-TERM");
        let waiting = thread::spawn(move || {
            let _ = child.wait();
            let _ = sender.send(());
        });
        if ended.recv_timeout(LIMIT).is_err() {
            let _ = signal("-KILL");
        }
        let _ = waiting.join();
    }
}

/// An address that no other test uses. So its port is still free when a program binds it.
pub(crate) fn free_addr() -> SocketAddr {
    static ADDRESSES: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = process::id().to_be_bytes();
    let ip = IpAddr::from([127, high.max(1), low, ADDRESSES.fetch_add(1, SeqCst)]);
    TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr()).expect("an address")
}
