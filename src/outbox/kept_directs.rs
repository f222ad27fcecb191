use std::collections::VecDeque;

use crate::{model::Point, protocol::Frame};

/// The newest events that went to one client alone, bounded in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptDirects {
    events: VecDeque<(Point, Frame)>,
    bytes: usize,
    max_bytes: usize,
}

impl KeptDirects {
    /// With 0 bytes, nothing is kept.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps an event. Returns the point of the newest one that had to go for it.
    pub(crate) fn keep(&mut self, point: Point, frame: &Frame) -> Option<Point> {
        let cost = frame.cost();
        if cost > self.max_bytes {
            // Without it, events before it are of no use.
            (self.events, self.bytes) = (VecDeque::new(), 0);
            return Some(point);
        }
        self.bytes += cost;
        self.events.push_back((point, frame.clone()));
        let mut dropped = None;
        while self.bytes > self.max_bytes
            && let Some((point, frame)) = self.events.pop_front()
        {
            self.bytes -= frame.cost();
            dropped = Some(point);
        }
        dropped
    }

    /// The events after a point, with their positions.
    pub(crate) fn since(&self, from: Point) -> impl Iterator<Item = &(Point, Frame)> {
        self.events.iter().filter(move |(point, _)| *point > from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Place, protocol::event};

    fn point(directs: u32) -> Point {
        Point { place: Place::new(7), directs }
    }

    #[test]
    fn the_oldest_go_and_are_told() {
        let frame = event("/", None, "e", &1).unwrap();
        let mut kept = KeptDirects::new(2 * frame.cost());
        assert_eq!(kept.keep(point(1), &frame), None);
        assert_eq!(kept.keep(point(2), &frame), None);
        assert_eq!(kept.keep(point(3), &frame), Some(point(1)));
        assert_eq!(kept.bytes(), 2 * frame.cost());
        let since: Vec<_> = kept.since(point(2)).map(|(point, _)| *point).collect();
        assert_eq!(since, [point(3)]);
        let large = event("/", None, "e", &"x".repeat(1000)).unwrap();
        assert_eq!(kept.keep(point(4), &large), Some(point(4)));
        assert_eq!((kept.bytes(), kept.since(point(0)).count()), (0, 0));
        assert_eq!(KeptDirects::new(0).keep(point(1), &frame), Some(point(1)));
    }
}
