//! The bytes of a socket that is away, which a store keeps over a clean stop.
//!
//! They are a checksum and JSON. Bytes that are damaged, cut, or of another version are refused.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AbsentChannel, Departures, SocketAbsence};
use crate::{
    model::{Channel, ChannelRoutes, Epoch, Namespace, Place, Point, PrivateId, SocketId},
    outbox::KeptDirects,
    protocol::{Frame, StoredPacket},
    registry::{ChannelEnd, Departure, NewestPlace},
};

/// A socket that is away, as plain data. It has no `Debug`: the secret id is in it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredAbsence {
    version: u8,
    /// The epoch of all places here.
    epoch: u32,
    /// When it expires, in milliseconds since 1970.
    until: u64,
    /// The name of its routes, which the next run has again.
    family: String,
    namespace: String,
    pid: String,
    id: SocketId,
    began: u64,
    /// The newest event that no history covers.
    uncovered: StoredPoint,
    /// The newest publication to all sockets of the namespace.
    everyone: StoredNewest,
    channels: Vec<StoredChannel>,
    departures: Vec<StoredDeparture>,
    /// [`Departures::forgotten`].
    forgotten: u64,
    context: Map<String, Value>,
    kept: Vec<StoredDirect>,
    slow_ends: u8,
    /// The newest place when it was put aside or changed.
    #[serde(default)]
    kept_at: u64,
}

/// A [`Point`]: its place, and its number of direct events.
type StoredPoint = (u64, u32);

/// A [`NewestPlace`].
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredNewest {
    place: u64,
    has_history: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredChannel {
    channel: Channel,
    place: u64,
    whole_from: u64,
    newest: StoredNewest,
    is_declared: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDeparture {
    channel: Channel,
    whole_from: u64,
    end: u64,
    newest: u64,
}

/// An event for the client alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDirect {
    point: StoredPoint,
    text: String,
    /// Each as base64.
    attachments: Vec<String>,
    is_compressible: bool,
}

/// The knowledge of a session beside its absence, when the server stops.
pub(crate) struct AbsenceRecord<'a> {
    pub(crate) epoch: Epoch,
    /// The time that is left to come back.
    pub(crate) rest: Duration,
    pub(crate) family: &'a str,
    /// The newest place now.
    pub(crate) kept_at: Place,
    /// The newest publication that named the socket while it was away.
    pub(crate) named: Place,
    pub(crate) everyone: NewestPlace,
    /// Of its channels, in their order.
    pub(crate) channels: Vec<NewestPlace>,
}

impl StoredAbsence {
    const VERSION: u8 = 1;
    const CHECKSUM: usize = 8;

    /// Describes a socket that is away.
    pub(crate) fn of(absence: &SocketAbsence, record: AbsenceRecord<'_>, now: SystemTime) -> Self {
        let AbsenceRecord { epoch, rest, family, kept_at, named, everyone, channels } = record;
        let channels = absence.channels.iter().zip(channels).map(|(one, newest)| StoredChannel {
            channel: one.channel.clone(),
            place: one.place.number(),
            whole_from: one.whole_from.number(),
            newest: newest.into(),
            is_declared: one.matched.is_declared(),
        });
        let departures = absence.departures.last.iter().map(|one| StoredDeparture {
            channel: one.channel.clone(),
            whole_from: one.whole_from.number(),
            end: one.end.place.number(),
            newest: one.end.newest.number(),
        });
        let kept = absence.kept.since(Point::default());
        Self {
            version: Self::VERSION,
            epoch: epoch.bits(),
            until: millis(now.checked_add(rest).unwrap_or(now)),
            family: family.to_owned(),
            namespace: absence.namespace.as_str().to_owned(),
            pid: absence.pid.reveal().to_owned(),
            id: absence.id,
            began: absence.began.number(),
            uncovered: stored_point(absence.uncovered.max(Point::of(named))),
            everyone: everyone.into(),
            channels: channels.collect(),
            departures: departures.collect(),
            forgotten: absence.departures.forgotten.number(),
            context: absence.context.clone(),
            kept: kept.map(|(point, frame)| StoredDirect::of(*point, frame.clone())).collect(),
            slow_ends: absence.slow_ends,
            kept_at: kept_at.number(),
        }
    }

    /// Leaves its context out, which is kept beside it.
    pub(crate) fn without_context(self) -> Self {
        Self { context: Map::new(), ..self }
    }

    /// The same, with its context.
    pub(crate) fn with_context(self, context: Map<String, Value>) -> Self {
        Self { context, ..self }
    }

    /// The bytes for a store. `None`: it can't be written, which does not happen with JSON values.
    pub(crate) fn encode(&self) -> Option<Bytes> {
        let mut bytes = vec![0; Self::CHECKSUM];
        serde_json::to_writer(&mut bytes, self).ok()?;
        let checksum = checksum(&bytes[Self::CHECKSUM..]);
        bytes[..Self::CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
        Some(bytes.into())
    }

    /// Reads what [`encode`](Self::encode) has written, and `None` of anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (sum, json) = bytes.split_first_chunk::<{ Self::CHECKSUM }>()?;
        if u64::from_le_bytes(*sum) != checksum(json) {
            return None;
        }
        let stored: Self = serde_json::from_slice(json).ok()?;
        let is_sound = stored.version == Self::VERSION
            && PrivateId::parse(&stored.pid).is_some()
            && stored.namespace.starts_with('/')
            && stored.departures.len() <= Departures::MAX;
        is_sound.then_some(stored)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::of_any(self.epoch)
    }

    pub(crate) fn kept_at(&self) -> Place {
        Place::new(self.kept_at)
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn family(&self) -> &str {
        &self.family
    }

    /// The time that is left to come back.
    pub(crate) fn rest(&self, now: SystemTime) -> Duration {
        Duration::from_millis(self.until.saturating_sub(millis(now)))
    }

    /// The first and the last of all places here.
    pub(crate) fn places(&self) -> (Place, Place) {
        let channels = self.channels.iter();
        let channels = channels.flat_map(|one| [one.place, one.whole_from, one.newest.place]);
        let departures = self.departures.iter().flat_map(|one| [one.whole_from, one.end]);
        let kept = self.kept.iter().map(|one| one.point.0);
        let others = [self.began, self.uncovered.0, self.everyone.place, self.forgotten];
        let last = channels.chain(departures).chain(kept).chain(others).max();
        (Place::new(self.began), Place::new(last.unwrap_or_default()))
    }

    /// The newest publication to all sockets, and those of the channels.
    pub(crate) fn newest(&self) -> (NewestPlace, Vec<NewestPlace>) {
        let channels = self.channels.iter().map(|one| one.newest.into());
        (self.everyone.into(), channels.collect())
    }

    /// Makes the absence that it was, with the routes of this run. `None`: a channel that had a
    /// route has none any more, so a client would not be let in.
    pub(crate) fn restore(
        self,
        routes: &Arc<ChannelRoutes>,
        keep_direct: usize,
    ) -> Option<SocketAbsence> {
        let channels = self.channels.into_iter().map(|one| {
            let matched = routes.matches(&one.channel);
            let is_lost = one.is_declared && !matched.is_declared();
            let (place, whole_from) = (Place::new(one.place), Place::new(one.whole_from));
            (!is_lost).then_some(AbsentChannel { channel: one.channel, place, whole_from, matched })
        });
        let departures = self.departures.into_iter().map(|one| Departure {
            channel: one.channel,
            whole_from: Place::new(one.whole_from),
            end: ChannelEnd { place: Place::new(one.end), newest: Place::new(one.newest) },
        });
        let (mut kept, mut uncovered) = (KeptDirects::new(keep_direct), point(self.uncovered));
        for direct in self.kept {
            let dropped = kept.keep(point(direct.point), &direct.packet()?.into_frame());
            uncovered = uncovered.max(dropped.unwrap_or_default());
        }
        Some(SocketAbsence {
            id: self.id,
            pid: PrivateId::parse(&self.pid)?,
            namespace: Namespace::new(&self.namespace),
            channel_routes: Arc::clone(routes),
            began: Place::new(self.began),
            channels: channels.collect::<Option<_>>()?,
            departures: Departures {
                last: departures.collect(),
                forgotten: Place::new(self.forgotten),
            },
            context: self.context,
            uncovered,
            kept,
            slow_ends: self.slow_ends,
        })
    }
}

impl StoredDirect {
    fn of(point: Point, frame: Frame) -> Self {
        let packet = StoredPacket::of(frame);
        let attachments = packet.attachments().iter().map(|one| BASE64_STANDARD.encode(one));
        Self {
            point: stored_point(point),
            text: packet.text().to_owned(),
            attachments: attachments.collect(),
            is_compressible: packet.is_compressible(),
        }
    }

    fn packet(&self) -> Option<StoredPacket> {
        let attachments = self.attachments.iter();
        let attachments = attachments.map(|one| BASE64_STANDARD.decode(one).map(Bytes::from));
        let attachments = attachments.collect::<Result<_, _>>().ok()?;
        Some(StoredPacket::new(&self.text, attachments, self.is_compressible))
    }
}

impl From<NewestPlace> for StoredNewest {
    fn from(NewestPlace { place, has_history }: NewestPlace) -> Self {
        Self { place: place.number(), has_history }
    }
}

impl From<StoredNewest> for NewestPlace {
    fn from(StoredNewest { place, has_history }: StoredNewest) -> Self {
        Self { place: Place::new(place), has_history }
    }
}

fn stored_point(Point { place, directs }: Point) -> StoredPoint {
    (place.number(), directs)
}

fn point((place, directs): StoredPoint) -> Point {
    Point { place: Place::new(place), directs }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// FNV-1a. It finds damage. It does not protect from others who can write the store.
fn checksum(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    bytes.iter().fold(start, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
