/// Reads fields one after the other. Whatever the bytes are, it never reads behind their end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldReader<'a>(&'a [u8]);

impl<'a> FieldReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn skip(&mut self, length: usize) -> Option<()> {
        self.take(length).map(drop)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    /// Bytes behind their length.
    pub(crate) fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    /// Text behind its length.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.sized()?).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_behind_the_end() {
        let mut fields = FieldReader::new(b"\x01\x02\0\0\0ab\xff\xff\xff\xff");
        assert_eq!(fields.u8(), Some(1));
        assert_eq!(fields.u64(), Some(u64::from_le_bytes(*b"\x02\0\0\0ab\xff\xff")));
        assert_eq!((fields.u32(), fields.u64(), fields.skip(3)), (None, None, None));
        assert!(!fields.is_empty());
        let mut fields = FieldReader::new(b"\x02\0\0\0ab\xff\xff\xff\xff");
        assert_eq!(fields.text(), Some("ab"));
        assert_eq!(fields.sized(), None, "4 GiB are not there");
    }
}
