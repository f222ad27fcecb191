//! Real files: locks, other programs' files, other versions, and damage.

use std::{fs, path::Path};

use actix_socketio::store::{HistoryStore, StoreError};
use actix_socketio_disk::DiskStore;
use redb::{ReadableDatabase, TableDefinition};

use crate::server::{FakeServer, params};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Names of the files of a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_second_server_is_refused_and_the_first_goes_on() {
    let folder = folder();
    let path = folder.path().join("history.redb");
    let (server, _) = FakeServer::load(DiskStore::open(&path).expect("it opens"), 1);
    let refused = DiskStore::open(&path).expect_err("it is in use");
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("history.redb"), "{refused}");
    server.publish_durably("a", "one").expect("it is durable");
    server.close().expect("it closes");
    // The outcome comes when the file is free.
    let loaded = DiskStore::open(&path).expect("it opens").load(&params(2)).expect("it loads");
    assert_eq!((loaded.is_clean, loaded.publications.len()), (true, 1));
    assert_eq!(names(folder.path()), ["history.redb", "history.redb.lock"]);
}

#[test]
fn a_file_of_another_version_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("history.redb");
    FakeServer::load(DiskStore::open(&path).expect("it opens"), 1).0.close().expect("it closes");
    let meta = TableDefinition::<&str, &[u8]>::new("meta");
    let database = redb::Database::create(&path).expect("a database");
    let write = database.begin_write().expect("a transaction");
    write.open_table(meta).expect("meta").insert("format", &[9_u8][..]).expect("it is written");
    write.commit().expect("a commit");
    drop(database);
    let refused = DiskStore::open(&path).expect_err("another version");
    assert!(matches!(refused, StoreError::Format { found: 9, expected: 1, .. }), "{refused}");
    let database = redb::Database::create(&path).expect("a database");
    let read = database.begin_read().expect("a transaction");
    let format = read.open_table(meta).expect("meta").get("format").expect("it is read");
    assert_eq!(format.expect("a format").value(), [9]);
    assert_eq!(names(folder.path()), ["history.redb", "history.redb.lock"]);
}

#[test]
fn files_of_other_programs_are_refused_and_left_alone() {
    let folder = folder();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "precious").expect("it is written");
    let refused = DiskStore::open(&text).expect_err("no history");
    assert!(
        matches!(&refused, StoreError::Open(why) if why.contains("not a history")),
        "{refused}"
    );
    assert_eq!(fs::read(&text).expect("a file"), b"precious");

    let other = folder.path().join("other.redb");
    let database = redb::Database::create(&other).expect("a database");
    let write = database.begin_write().expect("a transaction");
    write.open_table(TableDefinition::<u64, u64>::new("users")).expect("a table");
    write.commit().expect("a commit");
    drop(database);
    let refused = DiskStore::open(&other).expect_err("no history");
    assert!(matches!(&refused, StoreError::Open(why) if why.contains("users")), "{refused}");

    let missing = folder.path().join("no folder").join("history.redb");
    let refused = DiskStore::open(missing).expect_err("no folder");
    assert!(matches!(refused, StoreError::Open(_)), "{refused}");
}

#[test]
fn a_damaged_file_is_put_aside() {
    let folder = folder();
    let path = folder.path().join("history.redb");
    let (server, _) = FakeServer::load(DiskStore::open(&path).expect("it opens"), 1);
    server.publish_durably("a", "one").expect("it is durable");
    server.close().expect("it closes");
    drop(server);
    // Cut twice, so that there are two damaged ones.
    for length in [20_000, 5] {
        let whole = fs::read(&path).expect("a file");
        fs::write(&path, &whole[..length]).expect("it is written");
        let store = DiskStore::open(&path).expect("it opens");
        let loaded = store.load(&params(7)).expect("it loads");
        assert_eq!((loaded.epoch.bits(), loaded.publications.len()), (7, 0));
        assert_eq!(store.status().damaged, 1);
    }
    let damaged = names(folder.path());
    let damaged: Vec<_> = damaged.iter().filter(|name| name.contains(".damaged-")).collect();
    assert_eq!(damaged.len(), 2, "{damaged:?}");
}

#[test]
fn an_empty_file_is_a_new_history() {
    let folder = folder();
    let path = folder.path().join("history.redb");
    fs::write(&path, "").expect("it is written");
    let loaded = DiskStore::open(&path).expect("it opens").load(&params(3)).expect("it loads");
    assert_eq!((loaded.epoch.bits(), loaded.is_clean), (3, true));
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder();
    let path = folder.path().join("history.redb");
    drop(DiskStore::open(&path).expect("it opens"));
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
