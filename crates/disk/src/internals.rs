//! For the tests of this package: a store on any medium. Not part of the API.

use std::{fmt, io};

use actix_socketio::store::StoreError;
use redb::StorageBackend;

use crate::{DiskOptions, DiskStore, failure::Failure, file::Location};

/// A medium that may be opened again and again.
pub trait Medium: fmt::Debug + Send + Sync + 'static {
    /// The medium as redb reads and writes it.
    type Backend: StorageBackend;

    /// Opens the medium.
    ///
    /// # Errors
    /// Whatever the test wants.
    fn open(&self) -> io::Result<Self::Backend>;

    /// Empties the medium: it is damaged.
    fn put_aside(&self);
}

/// Opens a store on a medium.
///
/// # Errors
/// [`StoreError`], as for a file.
pub fn open_medium<M: Medium + Clone>(
    options: DiskOptions,
    medium: &M,
) -> Result<DiskStore, StoreError> {
    let (location, medium) = (MediumLocation(medium.clone()), medium.clone());
    let open = move |builder: &redb::Builder| builder.create_with_backend(medium.open()?);
    options.open_at(Box::new(location), Box::new(open))
}

struct MediumLocation<M>(M);

impl<M: Medium> Location for MediumLocation<M> {
    fn name(&self) -> String {
        format!("{:?}", self.0)
    }

    fn check(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn put_aside(&self, why: &str) -> Result<String, Failure> {
        self.0.put_aside();
        Ok(why.to_owned())
    }

    fn sync_folder(&self) {}
}
