use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::KeptDirects;
use crate::{
    model::{Epoch, Namespace, Place, Point, Position},
    protocol::{Frame, stamped},
};

/// The positions that a socket has been sent, whose events bear them.
///
/// All methods that change it are called under the lock that orders the pushes into the outbox. So
/// the atomics are only cells, and a position says exactly what stands before it in the queue.
#[derive(Debug)]
pub(crate) struct Stamps {
    epoch: Epoch,
    namespace: Namespace,
    /// The place of the newest publication, or that at which the socket began.
    last: AtomicU64,
    /// The place at which the socket began.
    began: AtomicU64,
    /// The number of direct events.
    directs: AtomicU32,
    /// The point of the newest event that no history covers.
    uncovered_place: AtomicU64,
    uncovered_directs: AtomicU32,
    /// The events for this client alone that it can get again, if any are kept.
    kept: Option<Mutex<KeptDirects>>,
}

impl Stamps {
    pub(crate) fn new(epoch: Epoch, namespace: Namespace) -> Self {
        Self {
            epoch,
            namespace,
            last: AtomicU64::default(),
            began: AtomicU64::default(),
            directs: AtomicU32::default(),
            uncovered_place: AtomicU64::default(),
            uncovered_directs: AtomicU32::default(),
            kept: None,
        }
    }

    /// Keeps events for the client alone, as bounded by `kept`.
    pub(crate) fn keeping(mut self, kept: KeptDirects) -> Self {
        self.kept = Some(Mutex::new(kept));
        self
    }

    /// Goes on with the positions of a socket that comes back: older ones may have been sent to it.
    pub(crate) fn resuming(self, uncovered: Point) -> Self {
        self.set_uncovered(uncovered);
        self
    }

    /// The events for the client alone that are kept.
    pub(crate) fn kept(&self) -> KeptDirects {
        self.kept.as_ref().map(|kept| kept.lock().clone()).unwrap_or_default()
    }

    /// The place of the newest publication, or else of the newest subscription.
    pub(super) fn last(&self) -> Place {
        Place::new(self.last.load(Relaxed))
    }

    /// Notes that everything up to a place comes before what is pushed from now on: the place of a
    /// publication that the client has missed before, or that at which its socket has come back or
    /// subscribed while it was not admitted.
    pub(crate) fn advance(&self, place: Place) {
        self.last.fetch_max(place.number(), Relaxed);
    }

    /// Begins anew with what is pushed from now on. Returns the place to which to advance when all
    /// that was held is pushed.
    pub(super) fn rewind(&self) -> Place {
        Place::new(self.last.swap(0, Relaxed))
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_str()
    }

    /// Notes the place at which the socket began.
    pub(crate) fn begin(&self, place: Place) {
        self.began.store(place.number(), Relaxed);
        self.last.fetch_max(place.number(), Relaxed);
    }

    /// Notes that a publication is pushed.
    pub(super) fn published(&self, last: Place, last_uncovered: Option<Point>) {
        self.last.store(last.number(), Relaxed);
        if let Some(point) = last_uncovered {
            self.set_uncovered(point);
        }
    }

    /// Notes that what stands before a place can't be recovered by a position before it.
    pub(super) fn uncover(&self, place: Place) {
        self.set_uncovered(self.uncovered().max(Point::of(place)));
    }

    fn set_uncovered(&self, Point { place, directs }: Point) {
        self.uncovered_place.store(place.number(), Relaxed);
        self.uncovered_directs.store(directs, Relaxed);
    }

    /// The next direct event, with its position. A volatile one may be lost.
    pub(super) fn direct(&self, frame: &Frame, is_volatile: bool) -> Frame {
        let directs = self.directs.fetch_add(1, Relaxed) + 1;
        let point = Point { place: self.last(), directs };
        let token = Position::new(self.epoch, point).token();
        let frame = stamped(frame, self.namespace(), token.as_str());
        if !is_volatile {
            let dropped = match &self.kept {
                Some(kept) => kept.lock().keep(point, &frame),
                None => Some(point),
            };
            if let Some(dropped) = dropped {
                self.set_uncovered(dropped.max(self.uncovered()));
            }
        }
        frame
    }

    /// The newest point that the socket has been sent of which no history has the event. A client
    /// that has seen less may have lost it.
    pub(crate) fn uncovered(&self) -> Point {
        Point {
            place: Place::new(self.uncovered_place.load(Relaxed)),
            directs: self.uncovered_directs.load(Relaxed),
        }
    }

    /// The place of the newest publication that the socket has been sent, if there is one.
    pub(super) fn newest(&self) -> Option<Place> {
        let (last, began) = (self.last.load(Relaxed), self.began.load(Relaxed));
        (last > began).then(|| Place::new(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::event;

    #[test]
    fn a_direct_event_bears_what_stands_before_it() {
        let stamps = Stamps::new(Epoch::new(7), Namespace::default());
        stamps.begin(Place::new(4));
        let direct = |is_volatile| {
            let frame = stamps.direct(&event("/", None, "e", &1).unwrap(), is_volatile);
            let text = frame.text();
            let at = text.len() - 18;
            text[at..at + 16].parse::<Position>().unwrap().point()
        };
        let point = |place, directs| Point { place: Place::new(place), directs };
        assert_eq!(direct(false), point(4, 1));
        assert_eq!(stamps.newest(), None);
        stamps.published(Place::new(9), None);
        assert_eq!(stamps.uncovered(), point(4, 1), "a history covers the publication");
        assert_eq!(direct(true), point(9, 2));
        assert_eq!(stamps.uncovered(), point(4, 1), "a volatile event may be lost");
        assert_eq!(direct(false), point(9, 3));
        assert_eq!(stamps.uncovered(), point(9, 3));
        stamps.published(Place::new(11), Some(point(10, 0)));
        assert_eq!((stamps.uncovered(), stamps.newest()), (point(10, 0), Some(Place::new(11))));
    }
}
