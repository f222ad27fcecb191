//! A WebSocket that a thread of its own reads.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use parking_lot::Mutex;

use super::{
    frame::frame,
    websocket::{Received, WebSocket},
};
use crate::wait::PATIENCE;

/// A WebSocket that a thread of its own reads. The thread answers pings when they arrive. The
/// WebSocket is closed when this is dropped.
pub(crate) struct AttendedWebSocket {
    stream: Arc<Mutex<TcpStream>>,
    texts: mpsc::Receiver<String>,
    pings: Arc<AtomicUsize>,
}

impl AttendedWebSocket {
    pub(crate) fn new(mut websocket: WebSocket) -> Self {
        // Silence is no fault: a test on a busy machine may take longer, and the first ping comes after
        // 25 s. `text` has a limit.
        websocket.stream().set_read_timeout(None).expect("no timeout");
        let stream = Arc::new(Mutex::new(websocket.writer()));
        let pings = Arc::<AtomicUsize>::default();
        let (sender, texts) = mpsc::channel();
        let (writer, ping_count) = (Arc::clone(&stream), Arc::clone(&pings));
        thread::spawn(move || {
            while let Received::Text(text) = websocket.receive() {
                if text == "2" {
                    ping_count.fetch_add(1, SeqCst);
                    // The connection may have ended meanwhile.
                    let _ = writer.lock().write_all(&frame(0x81, b"3"));
                } else if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self { stream, texts, pings }
    }

    #[track_caller]
    pub(crate) fn send(&self, text: &str) {
        self.stream.lock().write_all(&frame(0x81, text.as_bytes())).expect("the server reads");
    }

    /// The next packet that is not a ping.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.texts.recv_timeout(PATIENCE).expect("a packet")
    }

    /// The number of pings that have arrived.
    pub(crate) fn pings(&self) -> usize {
        self.pings.load(SeqCst)
    }
}

impl Drop for AttendedWebSocket {
    fn drop(&mut self) {
        // The thread that reads then receives the end.
        let _ = self.stream.lock().shutdown(Shutdown::Both);
    }
}
