use std::{iter, ops::Range};

use smallvec::SmallVec;

use super::scan::{next_entry, value_end};

/// The number of values whose ranges are kept. Nearly all events have fewer.
const HEAD: usize = 8;
/// Of the values behind these, the start of each 16th is kept. A value takes at least two bytes of
/// the text, so the starts take at most a quarter of its memory.
const STRIDE: usize = 16;

/// The positions of the values of a JSON array in its text.
///
/// The first values are found immediately, and the others by a scan from the next kept start before
/// them. So the index is small beside the text, whatever a client sends.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ArgIndex {
    /// Most events have two values: the name and one argument.
    head: SmallVec<[Range<usize>; 2]>,
    tail: Option<Box<Tail>>,
}

/// The values behind the first [`HEAD`].
#[derive(Debug, Clone, Default, PartialEq)]
struct Tail {
    /// The starts of the values 0, 16, 32, … of the tail.
    starts: Vec<usize>,
    /// The number of all values of the tail.
    count: usize,
}

impl ArgIndex {
    /// Adds the range of the next value.
    #[inline]
    pub(super) fn push(&mut self, range: Range<usize>) {
        if self.head.len() < HEAD {
            self.head.push(range);
        } else {
            self.push_tail(range.start);
        }
    }

    #[cold]
    fn push_tail(&mut self, start: usize) {
        let tail = self.tail.get_or_insert_default();
        if tail.count.is_multiple_of(STRIDE) {
            tail.starts.push(start);
        }
        tail.count += 1;
    }

    /// The number of values.
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.as_ref().map_or(0, |tail| tail.count)
    }

    /// Returns the range of a value in the text that the index was made for.
    pub(super) fn get(&self, text: &str, index: usize) -> Option<Range<usize>> {
        if let Some(range) = self.head.get(index) {
            return Some(range.clone());
        }
        let tail = self.tail.as_ref()?;
        let index = index.checked_sub(HEAD).filter(|index| *index < tail.count)?;
        let start = *tail.starts.get(index / STRIDE)?;
        values(text.as_bytes(), start).nth(index % STRIDE)
    }

    /// Returns the ranges of the values from the one with number `first`, in order.
    pub(super) fn iter<'a>(
        &'a self,
        text: &'a str,
        first: usize,
    ) -> impl ExactSizeIterator<Item = Range<usize>> + use<'a> {
        let left = self.len().saturating_sub(first);
        let head = self.head.get(first..).unwrap_or_default();
        let start = self.get(text, first.max(HEAD)).map_or(text.len(), |range| range.start);
        let ranges = head.iter().cloned().chain(values(text.as_bytes(), start));
        CountedRanges { ranges, left }
    }

    /// Returns how many bytes of memory the index takes, beside itself.
    pub(super) fn cost(&self) -> usize {
        let head = if self.head.spilled() { self.head.capacity() } else { 0 };
        let tail = self
            .tail
            .as_ref()
            .map_or(0, |tail| size_of::<Tail>() + tail.starts.capacity() * size_of::<usize>());
        head * size_of::<Range<usize>>() + tail
    }
}

/// Returns the ranges of the values of an array, from the one at `start`.
fn values(json: &[u8], start: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = (start < json.len()).then_some(start);
    iter::from_fn(move || {
        let start = next?;
        let end = value_end(json, start);
        next = next_entry(json, end);
        Some(start..end)
    })
}

/// An iterator with a known length.
struct CountedRanges<I> {
    ranges: I,
    left: usize,
}

impl<I: Iterator> Iterator for CountedRanges<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.ranges.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for CountedRanges<I> {}
