use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// A TCP proxy before a Redis that does harm when it is told to.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Bytes are read and not passed on, in both directions.
    swallows: AtomicBool,
    /// The bytes from Redis until a connection is cut. Zero: never.
    cut_after: AtomicU64,
    closed: AtomicBool,
    accepted: AtomicU64,
    /// Bytes from clients of connections before this one are held back. Zero: of no connection.
    held_before: AtomicU64,
    /// Connections whose bytes were held back and then passed on, after the client was gone.
    released: AtomicU64,
}

impl Proxy {
    pub(crate) fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.closed.load(SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let pair =
                    (client.try_clone().expect("a socket"), server.try_clone().expect("one"));
                let (there, back) = (shared.clone(), shared.clone());
                let number = shared.accepted.fetch_add(1, SeqCst);
                thread::spawn(move || pass(&there, client, server, Way::There(number)));
                thread::spawn(move || pass(&back, pair.1, pair.0, Way::Back));
            }
        });
        Self { port: own, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn swallow(&self, swallows: bool) {
        self.state.swallows.store(swallows, SeqCst);
    }

    /// Cuts the connection by which these bytes come from Redis, in the middle of an answer.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.state.cut_after.store(bytes, SeqCst);
    }

    /// Holds back what clients send by the connections of now, also when they end them.
    pub(crate) fn hold_back(&self) {
        self.state.held_before.store(self.state.accepted.load(SeqCst), SeqCst);
    }

    /// Passes on what was held back.
    pub(crate) fn release(&self) {
        let held = self.state.held_before.swap(0, SeqCst);
        while self.state.released.load(SeqCst) < held {
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.state.cut_after.load(SeqCst) == 0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To Redis, by the connection with this number.
    There(u64),
    Back,
}

impl Way {
    fn is_held(self, state: &State) -> bool {
        matches!(self, Self::There(number) if number < state.held_before.load(SeqCst))
    }
}

fn pass(state: &State, mut from: TcpStream, mut to: TcpStream, way: Way) {
    from.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let mut buffer = vec![0; 16 * 1024];
    let mut held = Vec::new();
    while !state.closed.load(SeqCst) {
        let mut count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if is_timeout(&error) => continue,
            Err(_) => break,
        };
        if state.swallows.load(SeqCst) {
            continue;
        }
        if way.is_held(state) {
            held.extend_from_slice(&buffer[..count]);
            continue;
        }
        let left = state.cut_after.load(SeqCst);
        let cuts = way == Way::Back && left > 0 && left <= count as u64;
        if cuts {
            count = left as usize;
        }
        if way == Way::Back && left > 0 {
            state.cut_after.store(left - count as u64, SeqCst);
        }
        if to.write_all(&buffer[..count]).is_err() || cuts {
            break;
        }
    }
    if way.is_held(state) {
        while way.is_held(state) {
            thread::sleep(Duration::from_millis(5));
        }
        // Redis may have ended the connection.
        let _ = to.write_all(&held);
        state.released.fetch_add(1, SeqCst);
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
