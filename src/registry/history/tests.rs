//! Histories beside a plain list of everything that was ever published.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    histories::{Histories, HistoryLimits, HistoryOwner},
    *,
};
use crate::{
    model::{Channel, History, Namespace, Place},
    outbox::PlacedFrame,
    protocol::event,
};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;

fn owner(channel: u8) -> HistoryOwner {
    let channel = Channel::new(&channel.to_string(), 100).unwrap();
    HistoryOwner { namespace: Namespace::default(), channel: Some(channel) }
}

fn kept(place: u64, bytes: usize) -> Kept {
    let frame = event("/", None, "e", &"x".repeat(bytes)).unwrap();
    let frame = PlacedFrame::new(frame, Place::new(place), true, false);
    Kept::new(Arc::new(frame), None)
}

fn places<'a>(kept: impl IntoIterator<Item = &'a Kept>) -> Vec<u64> {
    kept.into_iter().map(|kept| kept.place().number()).collect()
}

/// A channel of the model: all its publications, and when each of them came.
#[derive(Default)]
struct ModelChannel {
    id: Option<HistoryId>,
    all: Vec<(u64, Instant)>,
}

fn steps() -> impl Strategy<Value = Vec<(u8, usize, u64)>> {
    prop::collection::vec((0..6_u8, 0..200_usize, 0..4_u64), 1..200)
}

proptest! {
    /// Whatever the bounds are: a history gives all that came after a place, or says that it can't.
    #[test]
    fn what_came_after_a_place_is_whole_or_refused(
        steps in steps(),
        last in 1..8_usize,
        age in prop::option::of(1..20_u64),
        max_bytes in 500..6_000_usize,
        max_channels in 1..6_usize,
    ) {
        let limits = HistoryLimits { max_bytes, max_channels, ..HistoryLimits::default() };
        let mut histories = Histories::new(limits, Arc::default());
        let rule = History { within: age.map(Duration::from_secs), ..History::last(last) };
        let (start, mut now) = (Instant::now(), Duration::ZERO);
        let mut channels: HashMap<u8, ModelChannel> = HashMap::new();
        for (at, (channel, bytes, pause)) in steps.into_iter().enumerate() {
            now += Duration::from_secs(pause);
            let (place, now) = (at as u64 + 1, start + now);
            let before = channels.entry(channel).or_default().all.last().map_or(0, |last| last.0);
            let id = match channels[&channel].id {
                Some(id) => id,
                None => {
                    let mut ended = None;
                    let trimmed = Place::new(before).max(histories.forgotten());
                    let id = histories.begin(owner(channel), trimmed, |owner| ended = Some(owner));
                    for other in channels.iter_mut().filter(|(name, _)| Some(owner(**name)) == ended) {
                        other.1.id = None;
                    }
                    id
                }
            };
            histories.keep(id, rule, kept(place, bytes), now);
            let model = channels.get_mut(&channel).unwrap();
            model.id = Some(id);
            model.all.push((place, now));
            let mut count = 0;
            for ModelChannel { id, all } in channels.values() {
                let Some(id) = *id else { continue };
                count += 1;
                histories.expire_history(id, now);
                let newest = places(histories.newest(id, usize::MAX).0);
                prop_assert!(newest.len() <= last);
                for since in 0..=place {
                    let expected: Vec<_> =
                        all.iter().map(|one| one.0).filter(|one| *one > since).collect();
                    match histories.since(id, Place::new(since)) {
                        Ok(since) => prop_assert_eq!(places(since), expected),
                        // The newest that is not there any more is after it.
                        Err(gap) => {
                            prop_assert_eq!(gap, Gap::Trimmed);
                            let has_all = expected.iter().all(|one| newest.contains(one));
                            prop_assert!(!has_all || Place::new(since) < histories.forgotten());
                        }
                    }
                }
                if let Some(age) = rule.within {
                    let young = |place: &u64| all.iter().any(|(of, came)| of == place && now < *came + age);
                    prop_assert!(newest.iter().all(young));
                }
            }
            prop_assert!(count <= max_channels);
            prop_assert!(histories.bytes() <= max_bytes);
        }
        // With all histories ended, nothing is left.
        histories.expire(start + now + Duration::from_secs(3600), usize::MAX);
        if age.is_some() {
            prop_assert_eq!(histories.bytes(), 0);
        }
    }
}

#[test]
fn a_publication_to_several_channels_is_replayed_once() {
    let one = |place| kept(place, 1).publication;
    let both = one(2);
    let merged = merge([vec![one(1), Arc::clone(&both), one(5)], vec![both, one(3)]]);
    let places: Vec<_> = merged.iter().map(|one| one.place().number()).collect();
    assert_eq!(places, [1, 2, 3, 5]);
}
