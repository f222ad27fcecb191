use std::time::{Duration, UNIX_EPOCH};

use actix_socketio::{
    Channel, Namespace,
    store::{Epoch, StoredPacket},
};

use super::*;

/// A file in memory, which takes the changes of a ledger.
#[derive(Default)]
struct FakeFile {
    rows: HashMap<u64, Vec<u8>>,
    channels: HashMap<u64, ChannelKey>,
}

impl FakeFile {
    fn write(&mut self, changes: Changes) {
        let Changes { new_channels, unused_channels, rows, unused_rows, .. } = changes;
        self.channels.extend(new_channels);
        self.rows.extend(rows);
        for id in unused_channels {
            self.channels.remove(&id);
        }
        for id in unused_rows {
            self.rows.remove(&id);
        }
    }

    fn bytes(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// The places of each channel, as a ledger of the file has them.
    fn places(&self) -> HashMap<ChannelKey, Vec<u64>> {
        let mut ledger = Ledger::new(State::new(Epoch::new(1)));
        for (id, key) in &self.channels {
            ledger.add_channel_of_file(*id, key.clone());
        }
        let mut publications = Vec::new();
        for (id, row) in &self.rows {
            ledger.add_row_of_file(*id, row, Instant::now(), |one| publications.push(one)).unwrap();
        }
        let mut places = HashMap::<_, Vec<u64>>::new();
        for StoredPublication { namespace, channels, place, .. } in publications {
            for key in ChannelKey::of_all(&namespace, &channels) {
                places.entry(key).or_default().push(place.number());
            }
        }
        places.values_mut().for_each(|places| places.sort_unstable());
        places
    }
}

fn key(channel: usize) -> ChannelKey {
    ChannelKey::new(&Namespace::default(), Some(&name(channel)))
}

fn name(channel: usize) -> Channel {
    Channel::new(&format!("c{channel}"), 9).unwrap()
}

fn publication(place: u64, channels: &[usize]) -> StoredPublication {
    let packet = StoredPacket::new(&format!(r#"42["{place:0>90}"]"#), Vec::new(), false);
    let channels = channels.iter().map(|channel| name(*channel)).collect();
    StoredPublication::new(Namespace::default(), channels, UNIX_EPOCH, packet)
        .at_place(Place::new(place))
}

fn ledger() -> (Ledger, FakeFile) {
    (Ledger::new(State::new(Epoch::new(1))), FakeFile::default())
}

fn write(
    (ledger, file): &mut (Ledger, FakeFile),
    publications: &[StoredPublication],
    trims: &Trims,
    now: Instant,
) {
    let mut group = ledger.group(now);
    for publication in publications {
        group.push(publication, trims);
    }
    group.trim(trims);
    group.clean(|id| Ok(file.rows[&id].clone())).unwrap();
    file.write(group.finish());
}

#[test]
fn the_file_has_what_histories_keep_and_stays_in_proportion() {
    let mut both = ledger();
    let now = Instant::now();
    let (mut place, mut largest) = (0, 0);
    // Few channels are busy and many are quiet, which is the hard case.
    let mut kept = HashMap::<usize, Vec<u64>>::new();
    for group in 0..600 {
        let (mut publications, mut trims) = (Vec::new(), Trims::new());
        for number in 0..100_usize {
            place += 1;
            let channel = if number < 95 { number % 5 } else { (group * 5 + number) % 400 };
            publications.push(publication(place, &[channel]));
            let history = kept.entry(channel).or_default();
            history.push(place);
            if history.len() > 20 {
                trims.insert(key(channel), Place::new(history.remove(0)));
            }
        }
        write(&mut both, &publications, &trims, now);
        largest = largest.max(both.1.bytes());
    }
    let live: usize = kept.values().map(Vec::len).sum();
    let bytes_of_one = publication(1, &[1]).packet.len() + 45;
    assert!(
        largest < 2 * live * bytes_of_one + 1_500_000,
        "{largest} bytes for {live} publications of {bytes_of_one} bytes"
    );
    assert_eq!(both.0.row_bytes() as usize, both.1.bytes());
    let found = both.1.places();
    for (channel, places) in kept {
        let found = &found[&key(channel)];
        assert!(found.ends_with(&places), "{channel}: {found:?} {places:?}");
    }
}

#[test]
fn what_is_dropped_within_a_group_is_not_written() {
    let mut both = ledger();
    let publications: Vec<_> = (1..=100).map(|place| publication(place, &[1])).collect();
    let trims = Trims::from([(key(1), Place::new(99))]);
    write(&mut both, &publications, &trims, Instant::now());
    assert_eq!(both.1.places(), HashMap::from([(key(1), vec![100])]));
    assert_eq!(both.0.state.floor, Place::new(99), "none of the others was ever in the file");
}

#[test]
fn a_row_and_a_channel_go_with_their_last_publication() {
    let mut both = ledger();
    let now = Instant::now();
    write(&mut both, &[publication(1, &[1, 2]), publication(2, &[2])], &Trims::new(), now);
    write(&mut both, &[], &Trims::from([(key(1), Place::new(1))]), now);
    assert_eq!((both.1.rows.len(), both.1.channels.len()), (1, 1));
    assert_eq!(both.1.places(), HashMap::from([(key(2), vec![1, 2])]));
    write(&mut both, &[], &Trims::from([(key(2), Place::new(2))]), now);
    assert_eq!((both.1.rows.len(), both.1.channels.len(), both.0.live_bytes()), (0, 0, 0));
    assert_eq!(both.0.state.floor, Place::new(2));
}

#[test]
fn a_channel_that_comes_again_has_nothing_of_its_past() {
    let mut both = ledger();
    let now = Instant::now();
    // The row stays for the sake of channel 2.
    write(&mut both, &[publication(1, &[1, 2])], &Trims::new(), now);
    write(&mut both, &[], &Trims::from([(key(1), Place::new(1))]), now);
    write(&mut both, &[publication(5, &[1])], &Trims::new(), now);
    assert_eq!(both.1.places(), HashMap::from([(key(1), vec![5]), (key(2), vec![1])]));
}

#[test]
fn small_rows_are_joined_when_they_are_old() {
    let mut both = ledger();
    let start = Instant::now();
    for place in 1..=64 {
        write(&mut both, &[publication(place, &[1])], &Trims::new(), start);
    }
    assert_eq!(both.1.rows.len(), 64);
    write(&mut both, &[publication(65, &[1])], &Trims::new(), start + Duration::from_secs(60));
    assert_eq!(both.1.rows.len(), 1, "they are in the row of the last one");
    assert_eq!(both.1.places(), HashMap::from([(key(1), (1..=65).collect())]));
}

#[test]
fn a_file_that_fell_behind_is_made_equal_to_the_histories() {
    let mut both = ledger();
    let now = Instant::now();
    write(&mut both, &[publication(1, &[1]), publication(2, &[1, 2])], &Trims::new(), now);
    // Histories list a publication once for each channel.
    let kept = vec![publication(3, &[2]), publication(2, &[1]), publication(3, &[1])];
    both.0.retain(&kept);
    let missing = both.0.missing(kept);
    assert_eq!(missing.iter().map(|one| one.place.number()).collect::<Vec<_>>(), [3, 3]);
    write(&mut both, &missing, &Trims::new(), now);
    let places = both.0.index.places().collect::<Vec<_>>();
    assert_eq!(places.len(), 3, "{places:?}");
    assert!(both.0.missing(vec![publication(2, &[1]), publication(3, &[1, 2])]).is_empty());
}

#[test]
fn what_is_withdrawn_is_gone() {
    let mut both = ledger();
    let now = Instant::now();
    write(&mut both, &[publication(900, &[1])], &Trims::new(), now);
    let mut group = both.0.group(now);
    group.withdraw(&publication(900, &[1]));
    group.push(&publication(5000, &[1]), &Trims::new());
    both.1.write(group.finish());
    assert_eq!(both.1.places(), HashMap::from([(key(1), vec![5000])]));
}

#[test]
fn the_state_is_written_when_it_has_changed() {
    let mut both = ledger();
    let first = both.0.group(Instant::now()).finish();
    assert_eq!(first.state, Some(both.0.state));
    assert!(both.0.group(Instant::now()).finish().is_empty());
    both.0.state.reserved = Place::new(99);
    let second = both.0.group(Instant::now()).finish();
    assert_eq!(second.state.map(|state| state.reserved), Some(Place::new(99)));
}
