//! The keys of an API, and how the one of a request is found.

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{collections::HashMap, sync::Arc};

use regex::Regex;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{
    ApiError, ApiKey, ApiMethod,
    key::{KeyDigest, KeyMethods, digest},
};
use crate::model::{Channel, Quota, anchored};

/// All keys of an API.
#[derive(Debug)]
pub(super) struct KeyRing {
    keys: Vec<Arc<KeyRights>>,
    digests: Vec<KeyDigest>,
    #[cfg(test)]
    comparisons: AtomicUsize,
}

/// The rights of a key, and the requests that are being done with it.
#[derive(Debug)]
pub(super) struct KeyRights {
    pub(super) name: String,
    methods: KeyMethods,
    /// `None`: all channels, sockets and clients.
    channels: Option<Regex>,
    pub(super) requests: Quota,
}

impl KeyRing {
    pub(super) fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, ApiError> {
        let (mut names, mut known) = (HashMap::new(), HashMap::new());
        let (mut rights, mut digests) = (Vec::new(), Vec::new());
        for key in keys {
            key.check()?;
            let name = key.name().to_owned();
            if names.insert(name.clone(), ()).is_some() {
                return Err(ApiError::NameTwice { key: name });
            }
            if let Some(other) = known.insert(*key.digest(), name.clone()) {
                return Err(ApiError::KeyTwice { key: name, other });
            }
            let channels = key.pattern().map(anchored).transpose();
            let channels =
                channels.map_err(|source| ApiError::Pattern { key: name.clone(), source })?;
            let (methods, requests) = (key.methods(), Quota::default());
            rights.push(Arc::new(KeyRights { name, methods, channels, requests }));
            digests.push(*key.digest());
        }
        if rights.is_empty() {
            return Err(ApiError::NoKeys);
        }
        Ok(Self {
            keys: rights,
            digests,
            #[cfg(test)]
            comparisons: AtomicUsize::new(0),
        })
    }

    /// Finds a key. It is compared with all keys, in a time that says nothing of any.
    pub(super) fn find(&self, shown: &str) -> Option<Arc<KeyRights>> {
        let shown = digest(shown);
        // One behind the last stands for none.
        let mut found = u64::try_from(self.keys.len()).unwrap_or(u64::MAX);
        for (at, known) in (0..).zip(&self.digests) {
            #[cfg(test)]
            self.comparisons.fetch_add(1, Ordering::Relaxed);
            let is_same: Choice = known.ct_eq(&shown);
            found = u64::conditional_select(&found, &at, is_same);
        }
        self.keys.get(usize::try_from(found).ok()?).cloned()
    }
}

impl KeyRights {
    pub(super) fn may(&self, method: ApiMethod) -> bool {
        self.methods.include(method)
    }

    pub(super) fn may_use(&self, channel: &Channel) -> bool {
        self.channels.as_ref().is_none_or(|pattern| pattern.is_match(channel))
    }

    /// Whether it may act on more than channels: on sockets by their ids, and on all clients.
    pub(super) fn may_use_all(&self) -> bool {
        self.channels.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: usize) -> ApiKey {
        ApiKey::new(format!("key-{at}"), &format!("the key with the number {at}").replace(' ', "-"))
    }

    #[test]
    fn every_key_is_compared_wherever_the_right_one_is() {
        let ring = KeyRing::new((0..5).map(key)).unwrap();
        for (shown, expected) in [
            ("the-key-with-the-number-0", Some("key-0")),
            ("the-key-with-the-number-4", Some("key-4")),
            ("the-key-with-the-number-5", None),
            ("the-key-with-the-number-", None),
            ("", None),
        ] {
            let before = ring.comparisons.load(Ordering::Relaxed);
            let found = ring.find(shown);
            assert_eq!(found.as_ref().map(|key| &*key.name), expected, "{shown}");
            assert_eq!(ring.comparisons.load(Ordering::Relaxed), before + 5, "{shown}");
        }
    }

    #[test]
    fn keys_without_sense_are_refused_and_never_shown() {
        let secret = "a-key-that-is-long-enough";
        let good = || ApiKey::new("a", secret);
        let cases = [
            (vec![], "the API has no keys: it must have at least one"),
            (vec![ApiKey::new("", secret)], "an API key has the name \"\""),
            (vec![ApiKey::new("a\n", secret)], "an API key has the name \"a\\n\""),
            (vec![ApiKey::new("a", "")], "the API key \"a\" has 0 characters"),
            (vec![ApiKey::new("a", "fifteen-letters")], "the API key \"a\" has 15 characters"),
            (vec![ApiKey::new("a", "sixteen letters ")], "a character that a header can't have"),
            (vec![ApiKey::new("a", "sixteen-lettérs-")], "a character that a header can't have"),
            (vec![good(), good()], "two API keys have the name \"a\""),
            (vec![good(), ApiKey::new("b", secret)], "the API keys \"b\" and \"a\" are the same"),
            (vec![good().may([])], "the API key \"a\" may do nothing"),
            (vec![good().may([ApiMethod::Batch])], "the API key \"a\" may do nothing"),
            (vec![good().channels("(")], "the API key \"a\": the pattern \"(\" is not valid"),
        ];
        for (keys, expected) in cases {
            assert!(!format!("{keys:?}").contains(secret));
            let error = KeyRing::new(keys).unwrap_err();
            let text = error.to_string().replace("is not a valid", "is not valid");
            assert!(text.contains(expected), "{text}");
            assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
        }
        let ring = KeyRing::new([good()]).unwrap();
        assert!(!format!("{ring:?}").contains(secret));
    }

    #[test]
    fn rights_are_by_method_and_channel() {
        let key = key(0).may([ApiMethod::Publish]).channels("room-");
        let ring = KeyRing::new([key]).unwrap();
        let rights = ring.find("the-key-with-the-number-0").unwrap();
        assert!(rights.may(ApiMethod::Publish) && rights.may(ApiMethod::Batch));
        assert!(!rights.may(ApiMethod::Info) && !rights.may_use_all());
        let channel = |name| Channel::new(name, 100).unwrap();
        assert!(rights.may_use(&channel("room-1")) && !rights.may_use(&channel("my-room-1")));
    }
}
