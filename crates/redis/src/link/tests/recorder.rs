use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::super::*;

/// All that a listener was told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) messages: Vec<(String, String)>,
    /// The field `data` of each entry, and the ticket.
    pub(super) entries: Vec<(String, Option<Ticket>)>,
    pub(super) ids: Vec<EntryId>,
    pub(super) given_up: Vec<(Ticket, GivenUp)>,
    pub(super) statuses: Vec<LinkStatus>,
}

impl Seen {
    pub(super) fn is_up(&self) -> bool {
        self.statuses
            .iter()
            .rfind(|status| {
                !matches!(status, LinkStatus::FellBehind { .. } | LinkStatus::PastBegins { .. })
            })
            .is_some_and(|status| !matches!(status, LinkStatus::Away { .. }))
    }

    pub(super) fn backs(&self) -> Vec<Missed> {
        let backs = self.statuses.iter().filter_map(|status| match status {
            LinkStatus::Back { missed, .. } => Some(*missed),
            _ => None,
        });
        backs.collect()
    }

    pub(super) fn data(&self) -> Vec<&str> {
        self.entries.iter().map(|(data, _)| data.as_str()).collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) seen: Mutex<Seen>,
    changed: Condvar,
    /// It does not go on with entries.
    pub(super) stands_still: watch::Sender<bool>,
}

impl Recorder {
    pub(super) fn wait(&self, what: &str, mut is_so: impl FnMut(&Seen) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut seen = self.seen.lock();
        while !is_so(&seen) {
            let is_late = self.changed.wait_until(&mut seen, deadline).timed_out();
            assert!(!is_late || is_so(&seen), "waited in vain: {what}: {seen:?}");
        }
    }

    fn record(&self, record: impl FnOnce(&mut Seen)) {
        record(&mut self.seen.lock());
        self.changed.notify_all();
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Listener for Recorder {
    fn on_message(&self, channel: &Bytes, _: Option<&Bytes>, payload: Bytes) {
        self.record(|seen| seen.messages.push((text(channel), text(&payload))));
    }

    fn on_entries<'a>(
        &'a self,
        _: &'a ByteString,
        entries: Vec<Entry>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let record = |seen: &mut Seen| {
            for Entry { id, own, fields } in entries {
                let data = fields.iter().find(|(name, _)| name == "data");
                seen.entries.push((data.map(|(_, data)| text(data)).unwrap_or_default(), own));
                seen.ids.push(id);
            }
        };
        Box::pin(async move {
            let goes_on = self.stands_still.subscribe().wait_for(|stands| !stands).await.is_ok();
            assert!(goes_on, "the sender is there");
            self.record(record);
        })
    }

    fn on_given_up(&self, ticket: Ticket, reason: GivenUp) {
        self.record(|seen| seen.given_up.push((ticket, reason)));
    }

    fn on_status(&self, status: LinkStatus) {
        self.record(|seen| seen.statuses.push(status));
    }
}
