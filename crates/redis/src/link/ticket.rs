use std::fmt;

/// The number of what a link was given to send. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// The field of an entry that says which link has appended it, and with which ticket.
pub(super) const TICKET_FIELD: &str = "n";

/// Tells the entries of one link from those of all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkId(u64);

impl LinkId {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// The value of [`TICKET_FIELD`]: `<16 hexadecimal digits>-<number>`.
    pub(super) fn sign(self, ticket: Ticket) -> String {
        format!("{self}-{}", ticket.0)
    }

    /// The ticket in a value of [`TICKET_FIELD`] that this link has written.
    pub(super) fn read(self, value: &[u8]) -> Option<Ticket> {
        let (link, number) = std::str::from_utf8(value).ok()?.split_once('-')?;
        // Digits alone: `parse` takes a sign as well.
        let is_ours = number.bytes().all(|byte| byte.is_ascii_digit())
            && link.len() == 16
            && u64::from_str_radix(link, 16).ok()? == self.0;
        is_ours.then(|| number.parse().ok().map(Ticket))?
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_knows_its_own_signature_and_no_other() {
        let link = LinkId(0xab);
        assert_eq!(link.sign(Ticket(7)), "00000000000000ab-7");
        assert_eq!(link.read(b"00000000000000ab-7"), Some(Ticket(7)));
        assert_eq!(LinkId(0xac).read(b"00000000000000ab-7"), None);
        for other in ["", "7", "-", "00000000000000ab", "00000000000000ab-", "ab-7"] {
            assert_eq!(link.read(other.as_bytes()), None, "{other}");
        }
        for other in ["00000000000000ab-x", "00000000000000ab-+7", "00000000000000ab--7"] {
            assert_eq!(link.read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(link.read(b"00000000000000ab-99999999999999999999"), None);
        assert_eq!(link.read(b"\xff-1"), None);
    }
}
