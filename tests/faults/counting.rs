//! A client that counts the messages that it receives and sends.

use crate::raw::{PollingSession, Response, WebSocket};

const EVENTS_PER_POST: u64 = 3;
/// The number of publications that each client receives before it leaves.
const PUBLICATIONS: u64 = 20;

#[derive(Debug, Default)]
pub(crate) struct Counting {
    /// The next number. The first one may be any.
    pub(crate) next: Option<u64>,
    pub(crate) sent: u64,
}

impl Counting {
    pub(crate) fn receive(&mut self, packet: &str) {
        let number = packet.strip_prefix(r#"42["number","#).and_then(|rest| rest.strip_suffix(']'));
        let number: u64 =
            number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{packet:?}"));
        assert_eq!(number, self.next.unwrap_or(number), "in order, and none lost or doubled");
        self.next = Some(number + 1);
    }

    /// Takes the packets of a poll. `false` if the session has ended.
    pub(crate) fn receive_poll(&mut self, answer: &Response) -> bool {
        assert_eq!(answer.status, 200, "{answer:?}");
        for packet in answer.body.split('\x1e') {
            match packet {
                "1" => return false,
                "6" => {}
                packet => self.receive(packet),
            }
        }
        true
    }

    pub(crate) fn events(&mut self) -> impl Iterator<Item = String> {
        let first = self.sent;
        self.sent += EVENTS_PER_POST;
        (first..self.sent).map(|number| format!(r#"42["up",{number}]"#))
    }

    pub(crate) fn post(&mut self, session: &PollingSession) {
        session.post(self.events().collect::<Vec<_>>().join("\x1e")).assert_ok();
    }

    /// Continues to poll after this response, and leaves.
    pub(crate) fn poll_until_done(&mut self, session: &PollingSession, first: &Response) {
        assert!(self.receive_poll(first));
        self.post(session);
        let until = self.next.unwrap_or(0) + PUBLICATIONS;
        while self.next.is_none_or(|next| next < until) {
            assert!(self.receive_poll(&session.get()), "polling goes on");
        }
        session.post("1").assert_ok();
    }

    /// Continues until the server has handled all its events.
    pub(crate) fn read_until_done(&mut self, ws: &mut WebSocket) {
        let until = self.next.unwrap_or(0) + PUBLICATIONS;
        while self.next.is_none_or(|next| next < until) {
            self.receive(&ws.text());
        }
        ws.send(r#"421["echo",1]"#);
        loop {
            match ws.text() {
                ack if ack == "431[1]" => return,
                packet => self.receive(&packet),
            }
        }
    }
}
