//! For the benchmark of this package: the link to Redis by itself. Not part of the API.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use bytestring::ByteString;

use crate::{
    link::{Entry, GivenUp, Link, LinkOptions, LinkStatus, Listener, Target, Ticket},
    wire::{Outgoing, Subscription},
};

/// A link that counts what comes by it.
pub struct CountingLink {
    link: Link,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count(AtomicU64);

impl fmt::Debug for CountingLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingLink").field("link", &self.link).finish_non_exhaustive()
    }
}

impl CountingLink {
    /// Listens to a channel, and reads a stream if one is named.
    ///
    /// # Errors
    /// The address is invalid, or the system gives no thread.
    pub fn start(
        url: &str,
        channel: &'static str,
        stream: Option<&'static str>,
    ) -> io::Result<Self> {
        let target = Target::single(url).map_err(io::Error::other)?;
        let streams = stream.map(ByteString::from_static).into_iter().collect();
        let count = Arc::new(Count::default());
        let link = Link::start(LinkOptions { streams, ..LinkOptions::new(target) }, count.clone())?;
        drop(link.subscribe(vec![Subscription::Channel(channel.into())]));
        Ok(Self { link, count })
    }

    /// Whether it is connected.
    pub fn is_ready(&self) -> bool {
        self.link.health().is_connected
    }

    /// Messages and entries that came.
    pub fn received(&self) -> u64 {
        self.count.0.load(Relaxed)
    }

    /// Messages that Redis has confirmed.
    pub fn sent(&self) -> u64 {
        self.link.health().sent
    }

    /// Publishes. `false`: too much waits.
    pub fn publish(&self, channel: &'static str, payload: Bytes) -> bool {
        self.link.send(Outgoing::Publish { channel: channel.into(), payload }).is_ok()
    }

    /// Appends to a stream. `false`: too much waits.
    pub fn append(&self, stream: &'static str, payload: Bytes) -> bool {
        let fields = vec![("data", payload)];
        self.link.send(Outgoing::Append { stream: stream.into(), fields }).is_ok()
    }
}

impl Listener for Count {
    fn on_message(&self, _: &Bytes, _: Option<&Bytes>, _: Bytes) {
        self.0.fetch_add(1, Relaxed);
    }

    fn on_entries<'a>(
        &'a self,
        _: &'a ByteString,
        entries: Vec<Entry>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        self.0.fetch_add(entries.len() as u64, Relaxed);
        Box::pin(std::future::ready(()))
    }

    fn on_given_up(&self, _: Ticket, _: GivenUp) {}

    fn on_status(&self, _: LinkStatus) {}
}
