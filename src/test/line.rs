//! The connection of a client: requests out, packets in.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use actix_web::{
    body::to_bytes,
    http::StatusCode,
    rt::{spawn, task::JoinHandle},
    test::TestRequest,
};
use bytes::Bytes;
use bytestring::ByteString;
use serde_json::Value;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

use super::{Refused, TestEvent, server::CallApp};
use crate::{
    model::{Namespace, SessionId, SocketId},
    protocol::{Args, DecodeLimits, EnginePacket, Frame, PacketDecoder, PacketKind, payload},
    server::SocketIo,
};

/// Adds headers and address to a request.
type Prepare = Box<dyn Fn(TestRequest) -> TestRequest>;

/// The requests of one client.
pub(super) struct Requests {
    call: CallApp,
    uri: String,
    prepare: Prepare,
}

impl Requests {
    pub(super) fn new(call: CallApp, uri: String, prepare: Prepare) -> Self {
        Self { call, uri, prepare }
    }

    async fn send(&self, request: TestRequest) -> (StatusCode, Bytes) {
        let request = (self.prepare)(request.uri(&self.uri)).to_request();
        let response = (self.call)(request).await;
        let status = response.status();
        // A body that fails is one that is cut short.
        (status, to_bytes(response.into_body()).await.unwrap_or_default())
    }
}

/// A client's connection. Two tasks work on it: one polls, and one posts what is sent.
pub(super) struct Line {
    pub(super) io: SocketIo,
    pub(super) namespace: Namespace,
    pub(super) session: SessionId,
    pub(super) patience: Duration,
    requests: Requests,
    pub(super) state: RefCell<LineState>,
    /// Notified at each change of the state.
    pub(super) changed: Notify,
    outgoing: mpsc::UnboundedSender<(Frame, oneshot::Sender<()>)>,
}

#[derive(Default)]
pub(super) struct LineState {
    /// The answer to the CONNECT.
    pub(super) verdict: Option<Result<SocketId, Refused>>,
    /// The events that were not read yet.
    pub(super) inbox: VecDeque<TestEvent>,
    /// Wait for answers, by id.
    pub(super) answers: HashMap<u64, oneshot::Sender<Args>>,
    pub(super) last_id: u64,
    /// Why the client is not connected any more.
    pub(super) ended: Option<&'static str>,
    /// The number of pings that have arrived.
    pub(super) pings: usize,
    pub(super) is_silent: bool,
}

/// The two tasks of a line.
pub(super) struct LineTasks([JoinHandle<()>; 2]);

impl LineTasks {
    /// Drops the tasks and the requests that they wait for.
    pub(super) async fn cut(&mut self) {
        for task in &mut self.0 {
            task.abort();
            // The error says that it was aborted.
            let _ = task.await;
        }
    }
}

/// A client that is dropped is gone without a word.
impl Drop for LineTasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Line {
    /// Opens a session.
    pub(super) async fn open(
        io: SocketIo,
        namespace: Namespace,
        mut requests: Requests,
        patience: Duration,
    ) -> Result<(Rc<Self>, LineTasks), Refused> {
        let (status, body) = requests.send(TestRequest::get()).await;
        let refused = || Refused::from_http(status, &body);
        if status != StatusCode::OK {
            return Err(refused());
        }
        let open = body.strip_prefix(b"0").and_then(|json| serde_json::from_slice(json).ok());
        let sid = open.and_then(|open: Value| open["sid"].as_str().map(str::to_owned));
        let sid = sid.ok_or_else(refused)?;
        let session = SessionId::parse(&sid).ok_or_else(refused)?;
        requests.uri += &format!("&sid={sid}");
        let (outgoing, frames) = mpsc::unbounded_channel();
        let line = Rc::new(Self {
            io,
            namespace,
            session,
            patience,
            requests,
            state: RefCell::default(),
            changed: Notify::new(),
            outgoing,
        });
        let tasks = [spawn(Rc::clone(&line).poll()), spawn(Rc::clone(&line).post(frames))];
        Ok((line, LineTasks(tasks)))
    }

    /// Queues a frame. The receiver is notified when the server has taken it.
    pub(super) fn send(&self, frame: Frame) -> oneshot::Receiver<()> {
        let (taken, is_taken) = oneshot::channel();
        // The task that posts is gone only with the client.
        let _ = self.outgoing.send((frame, taken));
        is_taken
    }

    async fn post(
        self: Rc<Self>,
        mut frames: mpsc::UnboundedReceiver<(Frame, oneshot::Sender<()>)>,
    ) {
        while let Some((frame, taken)) = frames.recv().await {
            let body = payload::encode([frame]);
            let (status, _) = self.requests.send(TestRequest::post().set_payload(body)).await;
            // The test may not wait for it.
            let _ = taken.send(());
            if status != StatusCode::OK {
                return self.end("transport error");
            }
        }
    }

    async fn poll(self: Rc<Self>) {
        let limits = DecodeLimits::new(usize::MAX, usize::MAX, usize::MAX);
        let mut decoder = self.io.codec().decoder(limits);
        while !self.has_left() {
            let (status, body) = self.requests.send(TestRequest::get()).await;
            let body = ByteString::try_from(body).unwrap_or_default();
            if status != StatusCode::OK {
                break;
            }
            for packet in payload::decode(body) {
                let packet = packet.unwrap_or_else(|error| panic!("not a packet: {error}"));
                self.receive(packet, &mut *decoder);
            }
            self.changed.notify_waiters();
        }
        self.end("transport close");
    }

    /// Whether the session is closed, by either side.
    fn has_left(&self) -> bool {
        self.state.borrow().ended.is_some_and(|reason| reason.starts_with("transport"))
    }

    pub(super) fn end(&self, reason: &'static str) {
        let mut state = self.state.borrow_mut();
        state.ended.get_or_insert(reason);
        // Their receivers see that no answer will come.
        state.answers.clear();
        drop(state);
        self.changed.notify_waiters();
    }

    fn receive(&self, packet: EnginePacket, decoder: &mut dyn PacketDecoder) {
        let packet = match packet {
            EnginePacket::Message(text) => decoder.text(text),
            EnginePacket::Binary(data) => decoder.binary(data),
            EnginePacket::Ping(data) => {
                self.state.borrow_mut().pings += 1;
                if !self.state.borrow().is_silent {
                    self.send(Frame::engine(&EnginePacket::Pong(data)));
                }
                return;
            }
            EnginePacket::Close => return self.end("transport close"),
            _ => return,
        };
        let packet = packet.unwrap_or_else(|error| panic!("not a packet of Socket.IO: {error}"));
        match packet {
            Some(packet) if self.namespace == *packet.namespace => self.dispatch(packet.kind),
            _ => {}
        }
    }

    fn dispatch(&self, packet: PacketKind) {
        let mut state = self.state.borrow_mut();
        match packet {
            PacketKind::Connect(json) => {
                let json: Value =
                    serde_json::from_str(&json.unwrap_or_default()).unwrap_or_default();
                let id = json["sid"].as_str().and_then(|id| id.parse().ok());
                state.verdict = Some(id.ok_or_else(|| Refused::new("CONNECT has no `sid`")));
            }
            PacketKind::ConnectError(json) => {
                state.verdict = Some(Err(Refused::from_json(&json)));
            }
            PacketKind::Disconnect => {
                drop(state);
                self.end("io server disconnect");
                // Clients close a connection that is in no namespace any more.
                self.send(Frame::CLOSE);
            }
            PacketKind::Event { name, args, id } => {
                state.inbox.push_back(TestEvent { name: name.to_string(), args, id });
            }
            PacketKind::Ack { id, args } => {
                let id = id.and_then(|id| id.to_u64());
                if let Some(answer) = id.and_then(|id| state.answers.remove(&id)) {
                    // The test may not wait any more.
                    let _ = answer.send(args);
                }
            }
        }
    }

    /// The id of an event that wants an acknowledgement, and the receiver of the answer.
    pub(super) fn expect_answer(&self) -> (u64, oneshot::Receiver<Args>) {
        let (sender, answer) = oneshot::channel();
        let mut state = self.state.borrow_mut();
        let id = state.last_id;
        state.last_id += 1;
        if state.ended.is_none() {
            state.answers.insert(id, sender);
        }
        (id, answer)
    }

    /// Waits until `look` finds something. `None`: it does not in time.
    pub(super) async fn wait<T>(&self, look: impl Fn(&mut LineState) -> Option<T>) -> Option<T> {
        let found = async {
            loop {
                // Made before the look, so that no change is missed in between.
                let changed = self.changed.notified();
                if let Some(found) = look(&mut self.state.borrow_mut()) {
                    return found;
                }
                changed.await;
            }
        };
        timeout(self.patience, found).await.ok()
    }

    /// The events that the test has not read, for a panic.
    pub(super) fn shown(&self) -> String {
        let state = self.state.borrow();
        let inbox = match state.inbox.len() {
            0 => "nothing else came".to_owned(),
            _ => format!("these came and were not read: {:?}", state.inbox),
        };
        match state.ended {
            Some(reason) => format!("{inbox}; the client is disconnected: {reason}"),
            None => inbox,
        }
    }
}
