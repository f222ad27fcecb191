use crate::message::{ChannelPresence, MemberPresence};

/// Gathers channels into messages of a bounded size.
#[derive(Debug)]
pub(super) struct Batches {
    max_bytes: usize,
    max_entries: usize,
    full: Vec<Vec<ChannelPresence>>,
    open: Vec<ChannelPresence>,
    bytes: usize,
    entries: usize,
}

/// The bytes of a channel and of a member in a message, beside their texts.
const FRAME_BYTES: usize = 80;

impl Batches {
    /// Messages of about this many bytes, with channels and members up to a number.
    pub(super) fn new(max_bytes: usize, max_entries: usize) -> Self {
        Self {
            max_bytes,
            max_entries: max_entries.max(2),
            full: Vec::new(),
            open: Vec::new(),
            bytes: 0,
            entries: 0,
        }
    }

    /// Adds a channel, in several parts if it is too large. The last one has its counts.
    pub(super) fn push(&mut self, mut channel: ChannelPresence) {
        let (joins, leaves) =
            (std::mem::take(&mut channel.joins), std::mem::take(&mut channel.leaves));
        self.begin(&channel);
        for id in leaves {
            self.make_room(&channel, id.len());
            self.part().leaves.push(id);
        }
        for join in joins {
            let length = length(&join);
            if length > self.max_bytes {
                // No server would read it.
                channel.unlisted += 1;
                continue;
            }
            self.make_room(&channel, length);
            self.part().joins.push(join);
        }
        let part = self.part();
        part.unlisted = channel.unlisted;
        (part.counts, part.is_whole) = (channel.counts, channel.is_whole);
    }

    fn part(&mut self) -> &mut ChannelPresence {
        let end = self.open.len() - 1;
        // `begin` has pushed one before.
        &mut self.open[end]
    }

    /// Begins a part of a channel.
    fn begin(&mut self, channel: &ChannelPresence) {
        let length = FRAME_BYTES + channel.namespace.len() + channel.channel.len();
        if !self.open.is_empty() && !self.has_room(length) {
            self.flush();
        }
        self.bytes += length;
        self.entries += 1;
        let part =
            ChannelPresence { counts: None, unlisted: 0, is_whole: false, ..channel.clone() };
        self.open.push(part);
    }

    fn make_room(&mut self, channel: &ChannelPresence, length: usize) {
        let length = FRAME_BYTES + length;
        if !self.has_room(length) {
            self.flush();
            self.begin(channel);
        }
        self.bytes += length;
        self.entries += 1;
    }

    fn has_room(&self, length: usize) -> bool {
        self.bytes + length <= self.max_bytes && self.entries < self.max_entries
    }

    fn flush(&mut self) {
        self.full.push(std::mem::take(&mut self.open));
        (self.bytes, self.entries) = (0, 0);
    }

    /// Takes the messages that are full.
    pub(super) fn take_full(&mut self) -> Vec<Vec<ChannelPresence>> {
        std::mem::take(&mut self.full)
    }

    /// Takes the last message.
    pub(super) fn take_rest(&mut self) -> Vec<ChannelPresence> {
        (self.bytes, self.entries) = (0, 0);
        std::mem::take(&mut self.open)
    }
}

fn length(member: &MemberPresence) -> usize {
    member.id.len() + member.info.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(name: &str, members: usize, info: usize) -> ChannelPresence {
        let member = |at: usize| MemberPresence {
            id: format!("member-{at}").into(),
            info: "1".repeat(info).into(),
            sockets: 1,
            revision: 0,
        };
        ChannelPresence {
            namespace: "/".into(),
            channel: name.into(),
            max_members: 5,
            is_whole: true,
            counts: Some((members as u64, members as u64)),
            unlisted: 0,
            joins: (0..members).map(member).collect(),
            leaves: vec!["gone".into()],
        }
    }

    #[test]
    fn messages_are_bounded_and_the_last_part_has_the_counts() {
        let mut batches = Batches::new(1_000, 8);
        for name in ["a", "b", "c"] {
            batches.push(channel(name, 20, 10));
        }
        let mut all = batches.take_full();
        all.push(batches.take_rest());
        for message in &all {
            let entries = message.iter().map(|it| 1 + it.joins.len() + it.leaves.len());
            assert!(entries.sum::<usize>() <= 8, "{message:?}");
        }
        for name in ["a", "b", "c"] {
            let parts: Vec<_> =
                all.iter().flatten().filter(|part| part.channel == name).cloned().collect();
            assert_eq!(parts.iter().map(|part| part.joins.len()).sum::<usize>(), 20);
            assert_eq!(parts.iter().map(|part| part.leaves.len()).sum::<usize>(), 1);
            let (last, others) = parts.split_last().unwrap();
            assert_eq!((last.counts, last.is_whole), (Some((20, 20)), true));
            assert!(others.iter().all(|part| part.counts.is_none() && !part.is_whole));
            assert!(parts.iter().all(|part| part.max_members == 5));
        }
    }

    #[test]
    fn a_member_that_no_server_would_read_is_left_out_and_counted() {
        let mut batches = Batches::new(1_000, 8);
        batches.push(channel("a", 1, 2_000));
        let rest = batches.take_rest();
        let ChannelPresence { joins, counts, unlisted, .. } = &rest[0];
        assert_eq!((joins.len(), *counts, *unlisted), (0, Some((1, 1)), 1));
    }
}
