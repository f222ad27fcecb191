use actix_socketio::{Channel, Namespace};

/// A history: a channel's, or a whole namespace's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChannelKey {
    pub(crate) namespace: Namespace,
    pub(crate) channel: Option<Channel>,
}

impl ChannelKey {
    pub(crate) fn new(namespace: &Namespace, channel: Option<&Channel>) -> Self {
        Self { namespace: namespace.clone(), channel: channel.cloned() }
    }

    /// The histories that keep a publication.
    pub(crate) fn of_all(namespace: &Namespace, channels: &[Channel]) -> Vec<Self> {
        match channels {
            [] => vec![Self::new(namespace, None)],
            channels => {
                channels.iter().map(|channel| Self::new(namespace, Some(channel))).collect()
            }
        }
    }

    /// The length of the namespace, the namespace, and the channel behind a byte 1 if there is one.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&(self.namespace.as_str().len() as u32).to_le_bytes());
        bytes.extend_from_slice(self.namespace.as_str().as_bytes());
        if let Some(channel) = &self.channel {
            bytes.push(1);
            bytes.extend_from_slice(channel.as_str().as_bytes());
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) has written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (namespace, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let namespace = std::str::from_utf8(namespace).ok()?;
        // Names begin with a slash already.
        let namespace = namespace.starts_with('/').then(|| Namespace::new(namespace))?;
        let channel = match rest.split_first() {
            None => None,
            Some((1, name)) => {
                Some(Channel::new(std::str::from_utf8(name).ok()?, usize::MAX).ok()?)
            }
            Some(_) => return None,
        };
        Some(Self { namespace, channel })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let channel = Channel::new("match-42", 100).unwrap();
        for namespace in [Namespace::default(), Namespace::new("/übung,1")] {
            for channel in [None, Some(&channel)] {
                let key = ChannelKey::new(&namespace, channel);
                assert_eq!(ChannelKey::decode(&key.encode()), Some(key));
            }
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        let key = ChannelKey::new(&Namespace::default(), Some(&Channel::new("a", 1).unwrap()));
        let bytes = key.encode();
        for length in 0..bytes.len() {
            assert_ne!(ChannelKey::decode(&bytes[..length]), Some(key.clone()), "{length}");
        }
        assert_eq!(ChannelKey::decode(&[255; 9]), None);
        assert_eq!(ChannelKey::decode(b"\x01\0\0\0x"), None);
        assert_eq!(ChannelKey::decode(b"\x01\0\0\0/\x02a"), None);
        assert_eq!(ChannelKey::decode(b"\x01\0\0\0/\x01\n"), None);
    }
}
