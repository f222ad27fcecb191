use super::*;

fn publication(place: u64) -> StoredPublication {
    let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let packet = StoredPacket::new(r#"42["a","é"]"#, Vec::new(), true);
    StoredPublication::new(Namespace::default(), vec![channel("match-42")], at, packet)
        .at_place(Place::new(place))
}

fn channel(name: &str) -> Channel {
    Channel::new(name, 100).unwrap()
}

fn row(id: u64, publications: &[StoredPublication]) -> Vec<u8> {
    let mut row = RowWriter::new(id);
    for publication in publications {
        let before = row.len();
        assert_eq!(row.push(publication, &[3, u64::MAX]) as usize, row.len() - before);
    }
    row.finish()
}

fn three() -> Vec<StoredPublication> {
    let binary = vec![Bytes::from_static(&[0, 255]), Bytes::new()];
    let packet = StoredPacket::new(
        r#"452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
        binary,
        false,
    );
    let at = UNIX_EPOCH;
    let with_binary = StoredPublication::new(Namespace::default(), Vec::new(), at, packet);
    let sockets = vec!["AbCdEfGhIjKlMnOpQrSt".parse().unwrap()];
    vec![
        publication(7),
        with_binary.at_place(Place::new(8)),
        publication(9).except(vec![channel("muted"), channel("x")], sockets),
    ]
}

#[test]
fn publications_are_read_as_they_were_written() {
    let publications = three();
    let row = row(12, &publications);
    let read = read_row(12, &row).unwrap();
    assert_eq!(read.len(), 3);
    for (raw, publication) in read.into_iter().zip(publications) {
        assert_eq!((raw.place, raw.channels().unwrap()), (publication.place, vec![3, u64::MAX]));
        let StoredPublication { namespace, channels, .. } = publication.clone();
        assert_eq!(raw.decode(namespace, channels).unwrap(), publication);
    }
}

#[test]
fn a_publication_moves_to_another_row_as_it_is() {
    let first = row(1, &three());
    let mut moved = RowWriter::new(2);
    let raw = read_row(1, &first).unwrap()[2];
    moved.push_raw(raw);
    assert_eq!((moved.publications(), moved.id()), (1, 2));
    let moved = moved.finish();
    let raw = read_row(2, &moved).unwrap()[0];
    let read = raw.decode(Namespace::default(), vec![channel("match-42")]).unwrap();
    assert_eq!(read, three()[2]);
}

#[test]
fn each_flipped_bit_and_each_cut_is_noticed() {
    let whole = row(5, &three());
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let read = read_row(5, &flipped);
            assert!(matches!(read, Err(Failure::Damage(_))), "byte {at}, bit {bit}: {read:?}");
        }
        assert!(read_row(5, &whole[..at]).is_err(), "cut at {at}");
    }
    assert!(matches!(read_row(6, &whole), Err(Failure::Damage(_))), "under another row's id");
}

#[test]
fn another_format_is_not_damage() {
    let mut row = row(5, &three());
    row[CRC] = 2;
    let crc = crc32fast::hash(&row[CRC..]);
    row[..CRC].copy_from_slice(&crc.to_le_bytes());
    assert!(matches!(read_row(5, &row), Err(Failure::Format(2))));
}

#[test]
fn a_row_that_lies_about_its_lengths_is_damage() {
    // The checksum is right: only a fault of this package could write such a row.
    for at in HEADER..HEADER + 60 {
        let mut row = row(5, &three());
        row[at] = row[at].wrapping_add(101);
        let crc = crc32fast::hash(&row[CRC..]);
        row[..CRC].copy_from_slice(&crc.to_le_bytes());
        // No panic, whatever it says.
        let Ok(read) = read_row(5, &row) else { continue };
        for raw in read {
            let _ = (raw.channels(), raw.decode(Namespace::default(), Vec::new()));
        }
    }
}
