//! A row of the file: the publications of a group commit, with a checksum of our own.
//!
//! ```text
//! crc32 of all that follows  u32      all numbers are little-endian
//! format                     u8
//! id of the row              u64
//! for each publication:
//!   bytes of the rest        u32
//!   place                    u64
//!   at, ms since 1970        u64
//!   flags                    u8      1: compressible, 2: has exceptions
//!   channels                 u32, and for each its id u64
//!   text                     u32 bytes
//!   attachments              u32, and for each u32 bytes
//!   exceptions, if any       u32 channels, for each u32 bytes; u32 sockets, for each u32 bytes
//! ```

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_socketio::{
    Channel, Namespace,
    store::{Place, StoredPacket, StoredPublication},
};
use bytes::Bytes;

use crate::{failure::Failure, field_reader::FieldReader};

/// The version of the layout, of rows and of tables.
pub(crate) const FORMAT: u8 = 1;

const CRC: usize = 4;
const HEADER: usize = CRC + 1 + 8;
const COMPRESSIBLE: u8 = 1;
const HAS_EXCEPTIONS: u8 = 2;

/// A row that is being written.
pub(crate) struct RowWriter {
    id: u64,
    bytes: Vec<u8>,
    publications: usize,
}

impl RowWriter {
    pub(crate) fn new(id: u64) -> Self {
        let mut bytes = vec![0; CRC];
        bytes.push(FORMAT);
        bytes.extend_from_slice(&id.to_le_bytes());
        Self { id, bytes, publications: 0 }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Appends a publication that is kept by these channels. Returns its size in bytes.
    pub(crate) fn push(&mut self, publication: &StoredPublication, channels: &[u64]) -> u32 {
        let StoredPublication { place, at, packet, except, .. } = publication;
        let start = self.bytes.len();
        self.put(&[0; 4]);
        self.put(&place.number().to_le_bytes());
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        self.put(&at.to_le_bytes());
        let compressible = if packet.is_compressible() { COMPRESSIBLE } else { 0 };
        let has_exceptions = if except.is_some() { HAS_EXCEPTIONS } else { 0 };
        self.put(&[compressible | has_exceptions]);
        self.count(channels.len());
        for channel in channels {
            self.put(&channel.to_le_bytes());
        }
        self.sized(packet.text().as_bytes());
        self.count(packet.attachments().len());
        for attachment in packet.attachments() {
            self.sized(attachment);
        }
        if let Some(except) = except {
            self.count(except.channels.len());
            for channel in &except.channels {
                self.sized(channel.as_str().as_bytes());
            }
            self.count(except.sockets.len());
            for socket in &except.sockets {
                self.sized(socket.as_str().as_bytes());
            }
        }
        let length = self.bytes.len() - start;
        self.bytes[start..start + 4].copy_from_slice(&((length - 4) as u32).to_le_bytes());
        self.publications += 1;
        length as u32
    }

    /// Appends a publication of another row as it is.
    pub(crate) fn push_raw(&mut self, raw: RawPublication<'_>) {
        self.sized(raw.bytes);
        self.publications += 1;
    }

    pub(crate) fn publications(&self) -> usize {
        self.publications
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Writes the checksum.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let crc = crc32fast::hash(&self.bytes[CRC..]);
        self.bytes[..CRC].copy_from_slice(&crc.to_le_bytes());
        self.bytes
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn count(&mut self, count: usize) {
        self.put(&(count as u32).to_le_bytes());
    }

    fn sized(&mut self, bytes: &[u8]) {
        self.put(&(bytes.len() as u32).to_le_bytes());
        self.put(bytes);
    }
}

/// Checks a row, and returns its publications.
///
/// # Errors
/// [`Failure::Damage`] if the row is not what was written, and [`Failure::Format`] if another
/// version wrote it.
pub(crate) fn read_row(id: u64, row: &[u8]) -> Result<Vec<RawPublication<'_>>, Failure> {
    let damage = |what: &str| Failure::Damage(format!("row {id}: {what}"));
    let (crc, content) = row.split_first_chunk::<CRC>().ok_or_else(|| damage("too short"))?;
    if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
        return Err(damage("wrong checksum"));
    }
    // From here on it is what was written.
    match content.first() {
        Some(&FORMAT) => {}
        Some(&other) => return Err(Failure::Format(other.into())),
        None => return Err(damage("too short")),
    }
    let mut fields = FieldReader::new(&row[HEADER.min(row.len())..]);
    if row.len() < HEADER || row[CRC + 1..HEADER] != id.to_le_bytes() {
        return Err(damage("it has the id of another row"));
    }
    let mut publications = Vec::new();
    while !fields.is_empty() {
        let bytes = fields.sized().ok_or_else(|| damage("a publication is cut"))?;
        let raw = RawPublication::new(bytes).ok_or_else(|| damage("a publication has no head"))?;
        publications.push(raw);
    }
    Ok(publications)
}

/// A publication as it is in its row, without its length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPublication<'a> {
    bytes: &'a [u8],
    pub(crate) place: Place,
}

impl<'a> RawPublication<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let place = Place::new(FieldReader::new(bytes).u64()?);
        Some(Self { bytes, place })
    }

    /// Its size in a row, in bytes.
    pub(crate) fn size(self) -> u32 {
        self.bytes.len() as u32 + 4
    }

    /// The ids of its channels.
    ///
    /// # Errors
    /// [`Failure::Damage`]
    pub(crate) fn channels(self) -> Result<Vec<u64>, Failure> {
        self.channels_and_rest().map(|(channels, _)| channels).ok_or_else(|| self.damage())
    }

    fn channels_and_rest(self) -> Option<(Vec<u64>, FieldReader<'a>)> {
        let mut fields = FieldReader::new(self.bytes);
        fields.skip(8 + 8 + 1)?;
        let channels = (0..fields.u32()?).map(|_| fields.u64()).collect::<Option<_>>()?;
        Some((channels, fields))
    }

    /// The publication, for these channels.
    ///
    /// # Errors
    /// [`Failure::Damage`]
    pub(crate) fn decode(
        self,
        namespace: Namespace,
        channels: Vec<Channel>,
    ) -> Result<StoredPublication, Failure> {
        self.try_decode(namespace, channels).ok_or_else(|| self.damage())
    }

    fn try_decode(self, namespace: Namespace, channels: Vec<Channel>) -> Option<StoredPublication> {
        let mut head = FieldReader::new(self.bytes);
        head.skip(8)?;
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(head.u64()?))?;
        let flags = head.u8()?;
        let (_, mut fields) = self.channels_and_rest()?;
        let text = std::str::from_utf8(fields.sized()?).ok()?;
        let attachments = (0..fields.u32()?)
            .map(|_| fields.sized().map(Bytes::copy_from_slice))
            .collect::<Option<Vec<_>>>()?;
        let packet = StoredPacket::new(text, attachments, flags & COMPRESSIBLE != 0);
        let publication =
            StoredPublication::new(namespace, channels, at, packet).at_place(self.place);
        if flags & HAS_EXCEPTIONS == 0 {
            return fields.is_empty().then_some(publication);
        }
        let channels = (0..fields.u32()?)
            .map(|_| Channel::new(fields.text()?, usize::MAX).ok())
            .collect::<Option<_>>()?;
        let sockets =
            (0..fields.u32()?).map(|_| fields.text()?.parse().ok()).collect::<Option<_>>()?;
        fields.is_empty().then(|| publication.except(channels, sockets))
    }

    fn damage(self) -> Failure {
        Failure::Damage(format!("the publication at place {} can't be read", self.place))
    }
}

#[cfg(test)]
mod tests;
