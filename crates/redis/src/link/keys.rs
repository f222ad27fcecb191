use std::{
    collections::VecDeque,
    fmt,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use bytes::Bytes;
use bytestring::ByteString;
use redis::{Pipeline, RedisError, Value};
use tokio::sync::oneshot;

use super::{
    broken::Broken, hold::HoldFull, nodes::Nodes, publishing::ends_connection,
    questions::QuestionFailed, shared::Shared, value,
};

/// The queue counts this for each command besides its bytes.
const OVERHEAD: usize = 128;

/// The commands of one pipeline. Many come at once when a server stops.
const MOST_AT_ONCE: usize = 1_000;

/// The value of a key that was taken. `None`: the key had no value.
pub(super) type TakenValue = Result<Option<Bytes>, QuestionFailed>;

/// Commands for values at keys, in the order in which they were given. Bounded in bytes.
///
/// Keys and values are secret: `Debug` shows none.
pub(super) struct Keys {
    queue: VecDeque<KeyCommand>,
    /// The first ones, which are on their way.
    sent: usize,
    bytes: usize,
    max_bytes: usize,
    is_up: bool,
    is_closed: bool,
}

struct KeyCommand {
    key: ByteString,
    action: KeyAction,
}

enum KeyAction {
    Set {
        value: Bytes,
        until: Instant,
        /// The connection was lost after it was sent.
        is_doubtful: bool,
    },
    Delete,
    /// Reads and deletes.
    Take(oneshot::Sender<TakenValue>),
    /// Waits for the answers to all before.
    Wait(oneshot::Sender<()>),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("waiting", &self.queue.len()).finish_non_exhaustive()
    }
}

impl KeyCommand {
    fn cost(&self) -> usize {
        let value = match &self.action {
            KeyAction::Set { value, .. } => value.len(),
            KeyAction::Delete | KeyAction::Take(_) | KeyAction::Wait(_) => 0,
        };
        OVERHEAD + self.key.len() + value
    }

    /// Adds the command. Returns how many answers it has.
    fn write(&self, pipeline: &mut Pipeline, now: Instant) -> usize {
        let key = &self.key[..];
        match &self.action {
            KeyAction::Set { value, until, is_doubtful } if *until > now => {
                let rest = until.saturating_duration_since(now).as_millis().max(1);
                let command = pipeline.cmd("SET").arg(key).arg(&value[..]).arg("PX");
                command.arg(u64::try_from(rest).unwrap_or(u64::MAX));
                // If it has arrived, another server may have taken it since.
                if *is_doubtful {
                    command.arg("XX");
                }
                1
            }
            // The time of a value is over that was not sent yet.
            KeyAction::Set { .. } | KeyAction::Delete => {
                pipeline.cmd("DEL").arg(key);
                1
            }
            KeyAction::Wait(_) => {
                pipeline.cmd("PING");
                1
            }
            // GETDEL is of Redis 6.2. Node's servers take a session in the same way.
            KeyAction::Take(_) => {
                pipeline.cmd("MULTI");
                pipeline.cmd("GET").arg(key);
                pipeline.cmd("DEL").arg(key);
                pipeline.cmd("EXEC");
                4
            }
        }
    }
}

impl Keys {
    pub(super) fn new(max_bytes: usize) -> Self {
        let queue = VecDeque::new();
        Self { queue, sent: 0, bytes: 0, max_bytes, is_up: false, is_closed: false }
    }

    /// # Errors
    /// There is no room, or the link is closed.
    pub(super) fn set(
        &mut self,
        key: ByteString,
        value: Bytes,
        until: Instant,
    ) -> Result<(), HoldFull> {
        self.push(KeyCommand { key, action: KeyAction::Set { value, until, is_doubtful: false } })
    }

    /// # Errors
    /// As [`set`](Self::set).
    pub(super) fn delete(&mut self, key: ByteString) -> Result<(), HoldFull> {
        self.push(KeyCommand { key, action: KeyAction::Delete })
    }

    /// While Redis is away, nothing is taken: the sender is dropped.
    pub(super) fn take(&mut self, key: ByteString, answer: oneshot::Sender<TakenValue>) {
        if self.is_up {
            // Dropped with the command if there is no room.
            let _ = self.push(KeyCommand { key, action: KeyAction::Take(answer) });
        }
    }

    /// The sender is told when all commands before are done. It is dropped while Redis is away.
    pub(super) fn wait(&mut self, done: oneshot::Sender<()>) {
        if self.is_up {
            let _ = self.push(KeyCommand { key: ByteString::new(), action: KeyAction::Wait(done) });
        }
    }

    fn push(&mut self, command: KeyCommand) -> Result<(), HoldFull> {
        let bytes = self.bytes + command.cost();
        if self.is_closed || bytes > self.max_bytes {
            return Err(HoldFull);
        }
        self.bytes = bytes;
        self.queue.push_back(command);
        Ok(())
    }

    /// The commands that go next by one pipeline to the server of the first one's key.
    fn send(
        &mut self,
        now: Instant,
        node_of: impl Fn(&str) -> usize,
    ) -> Option<(usize, Pipeline, usize)> {
        let node = node_of(&self.queue.front()?.key);
        let (mut pipeline, mut answers) = (Pipeline::new(), 0);
        let next = self.queue.iter().take(MOST_AT_ONCE);
        for command in next.take_while(|command| node_of(&command.key) == node) {
            answers += command.write(&mut pipeline, now);
            self.sent += 1;
        }
        Some((node, pipeline, answers))
    }

    fn pop(&mut self) -> Option<KeyCommand> {
        let command = self.queue.pop_front()?;
        self.bytes -= command.cost();
        Some(command)
    }

    /// Redis has answered all that was sent. Returns how many commands it has refused.
    ///
    /// # Errors
    /// It takes no commands now. They wait for the next connection.
    fn settle(&mut self, answers: Vec<Value>) -> Result<u64, Broken> {
        let mut answers = answers.into_iter();
        let (mut refused, mut again, mut broken) = (0, Vec::new(), None);
        for _ in 0..std::mem::take(&mut self.sent) {
            let Some(command) = self.pop() else { break };
            let count = if matches!(command.action, KeyAction::Take(_)) { 4 } else { 1 };
            // The last one of several is the one that counts.
            match answers.by_ref().take(count).last().unwrap_or_default() {
                Value::ServerError(error) if ends_connection(error.code()) => {
                    broken = Some(Broken::from(RedisError::from(error)));
                    again.push(command);
                }
                Value::ServerError(_) => {
                    refused += 1;
                    if let KeyAction::Take(sender) = command.action {
                        let _ = sender.send(Err(QuestionFailed::Refused));
                    }
                }
                answer => match command.action {
                    KeyAction::Take(sender) => {
                        // `[value, count]`
                        let value = value::array(answer).and_then(|pair| pair.into_iter().next());
                        let _ = sender.send(Ok(value.and_then(value::bytes)));
                    }
                    KeyAction::Wait(done) => drop(done.send(())),
                    KeyAction::Set { .. } | KeyAction::Delete => {}
                },
            }
        }
        for command in again.into_iter().rev() {
            self.bytes += command.cost();
            self.queue.push_front(command);
        }
        broken.map_or(Ok(refused), Err)
    }

    /// Redis is there.
    pub(super) fn connected(&mut self) {
        self.is_up = true;
    }

    /// How long it may take to send what waits, with so much time for each heap.
    pub(super) fn time_to_send(&self, of_a_heap: Duration) -> Duration {
        let heaps = 1 + self.queue.len() / MOST_AT_ONCE;
        of_a_heap.saturating_mul(u32::try_from(heaps).unwrap_or(u32::MAX))
    }

    /// The connection was lost, with all answers that are still to come.
    pub(super) fn lost(&mut self) {
        self.is_up = false;
        let sent = std::mem::take(&mut self.sent);
        for command in self.queue.iter_mut().take(sent) {
            if let KeyAction::Set { is_doubtful, .. } = &mut command.action {
                *is_doubtful = true;
            }
        }
        // Those who wait are told by the dropped senders.
        self.queue
            .retain(|command| !matches!(command.action, KeyAction::Take(_) | KeyAction::Wait(_)));
        self.bytes = self.queue.iter().map(KeyCommand::cost).sum();
    }

    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// The link has ended: nothing is sent any more.
    pub(super) fn abandon(&mut self) {
        self.close();
        (self.sent, self.bytes) = (0, 0);
        self.queue.clear();
    }
}

/// Sends the commands for keys, one heap after the other, until the connection is lost, or until
/// the link is closed and all is sent: `Ok`.
pub(super) async fn keep_keys(shared: &Shared, nodes: &Nodes) -> Result<(), Broken> {
    loop {
        let heap = shared.keys.lock().send(Instant::now(), |key| nodes.of_key(key.as_bytes()));
        let Some((node, pipeline, count)) = heap else {
            if shared.is_closed() {
                return Ok(());
            }
            shared.keys_filled.notified().await;
            continue;
        };
        let mut connection = nodes.get(node).publishing;
        let answers = connection.send_packed_commands(&pipeline, 0, count).await?;
        let refused = shared.keys.lock().settle(answers)?;
        if refused > 0 {
            log::warn!("Redis has refused {refused} commands for sessions");
            shared.vitals.given_up.fetch_add(refused, Relaxed);
        }
    }
}

/// The time at which a value ends.
pub(super) fn until(window: Duration, now: Instant) -> Instant {
    // A window that has no end in this clock is a year.
    now.checked_add(window).unwrap_or_else(|| now + Duration::from_secs(365 * 24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (Keys, Instant) {
        let mut keys = Keys::new(10_000);
        keys.is_up = true;
        (keys, Instant::now())
    }

    fn words(pipeline: &Pipeline) -> String {
        String::from_utf8_lossy(&pipeline.get_packed_pipeline()).into_owned()
    }

    fn send(keys: &mut Keys, now: Instant) -> Option<(String, usize)> {
        let (_, pipeline, answers) = keys.send(now, |_| 0)?;
        Some((words(&pipeline), answers))
    }

    #[test]
    fn a_value_that_may_have_been_taken_is_not_put_back() {
        let (mut keys, now) = keys();
        keys.set("a".into(), "1".into(), now + Duration::from_secs(5)).expect("room");
        let (sent, answers) = send(&mut keys, now).expect("a command");
        assert!(sent.contains("5000") && !sent.contains("XX"), "{sent}");
        assert_eq!(answers, 1);
        keys.lost();
        keys.set("b".into(), "2".into(), now + Duration::from_secs(5)).expect("room");
        let (sent, _) = send(&mut keys, now).expect("commands");
        assert_eq!(sent.matches("XX").count(), 1, "only of the one that was sent: {sent}");
    }

    #[test]
    fn a_server_that_takes_no_commands_has_not_taken_them() {
        let (mut keys, now) = keys();
        keys.set("a".into(), "1".into(), now + Duration::from_secs(5)).expect("room");
        keys.delete("b".into()).expect("room");
        assert_eq!(send(&mut keys, now).expect("commands").1, 2);
        let error = redis::parse_redis_value(b"-READONLY x\r\n").expect("an answer");
        assert!(keys.settle(vec![error, Value::Int(1)]).is_err());
        keys.lost();
        let (sent, answers) = send(&mut keys, now).expect("commands");
        assert!(!sent.contains("XX") && answers == 1, "{sent}");
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_those_who_wait_are_told() {
        let (mut keys, now) = keys();
        let large = Bytes::from(vec![0; 6_000]);
        keys.set("a".into(), large.clone(), now + Duration::from_secs(5)).expect("room");
        assert!(keys.set("b".into(), large, now + Duration::from_secs(5)).is_err());
        let (sender, receiver) = oneshot::channel();
        keys.take("a".into(), sender);
        keys.lost();
        assert!(receiver.await.is_err(), "it is told");
        let (sender, receiver) = oneshot::channel();
        keys.take("a".into(), sender);
        assert!(receiver.await.is_err(), "Redis is away");
        // The time of the value is over.
        let (sent, answers) = send(&mut keys, now + Duration::from_secs(6)).expect("a command");
        assert!(sent.contains("DEL") && !sent.contains("SET") && answers == 1, "{sent}");
        assert_eq!(keys.settle(vec![Value::Int(0)]).expect("it goes on"), 0);
        assert_eq!(keys.bytes, 0);
    }

    #[tokio::test]
    async fn a_value_is_taken_once() {
        let (mut keys, now) = keys();
        let (sender, receiver) = oneshot::channel();
        keys.take("a".into(), sender);
        let (sent, answers) = send(&mut keys, now).expect("commands");
        assert!(sent.contains("MULTI") && sent.contains("DEL") && answers == 4, "{sent}");
        let queued = || Value::SimpleString("QUEUED".into());
        let value = Value::Array(vec![Value::BulkString(b"v".to_vec()), Value::Int(1)]);
        let answers = vec![Value::Okay, queued(), queued(), value];
        assert_eq!(keys.settle(answers).expect("it goes on"), 0);
        assert_eq!(receiver.await.expect("an answer"), Ok(Some("v".into())));
    }
}
