//! The users, and the check of a name and a password in a time that says nothing of either.

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{
    collections::HashSet,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::{
    password::check_password,
    user::{AdminUser, mistake},
};
use crate::server::BuildError;

type NameDigest = [u8; 32];

/// All users. There is at least one.
pub(super) struct UserTable {
    users: Vec<AdminUser>,
    names: Vec<NameDigest>,
    /// Chooses the user whose hash an unknown name is checked against.
    decoys: RandomState,
    /// The hashes that bcrypt has computed to the end.
    #[cfg(test)]
    computations: AtomicUsize,
}

impl UserTable {
    /// # Errors
    /// [`BuildError::Setting`]: there is no user, two have one name, or one has a mistake.
    pub(super) fn new(users: impl IntoIterator<Item = AdminUser>) -> Result<Self, BuildError> {
        let (users, mut known) = (users.into_iter().collect::<Vec<_>>(), HashSet::new());
        if users.is_empty() {
            return Err(mistake("without users".to_owned(), "it must have at least one"));
        }
        for user in &users {
            user.check()?;
            if !known.insert(user.name()) {
                let value = format!("two users with the name {:?}", user.name());
                return Err(mistake(value, "it must have one of each name"));
            }
        }
        let names = users.iter().map(|user| digest(user.name())).collect();
        Ok(Self {
            names,
            users,
            decoys: RandomState::new(),
            #[cfg(test)]
            computations: AtomicUsize::new(0),
        })
    }

    /// Returns the user's name if the password is right. It takes as long as bcrypt does.
    ///
    /// An unknown name is checked against the hash of one of the users, always the same for this
    /// name, and refused whatever comes of it. So it takes the time that a wrong password takes.
    pub(super) fn verify(&self, name: &str, password: &str) -> Option<Arc<str>> {
        // It depends on the password alone, and so says nothing of the names.
        check_password(password).ok()?;
        let (at, is_known) = self.find(name);
        let user = &self.users[at];
        let verified = bcrypt::verify(password, user.hash());
        #[cfg(test)]
        self.computations.fetch_add(usize::from(verified.is_ok()), Ordering::Relaxed);
        (verified.unwrap_or(false) && is_known).then(|| user.name().into())
    }

    /// The place of the user with a name, or of another one and `false`. The name is compared with
    /// all names.
    fn find(&self, name: &str) -> (usize, bool) {
        let shown = digest(name);
        let count = u64::try_from(self.users.len()).unwrap_or(u64::MAX);
        let mut found = self.decoys.hash_one(shown) % count;
        let mut is_known = Choice::from(0);
        for (at, known) in (0..).zip(&self.names) {
            let is_same = known.ct_eq(&shown);
            found = u64::conditional_select(&found, &at, is_same);
            is_known |= is_same;
        }
        // It is below the number of users, which is a `usize`.
        (usize::try_from(found).unwrap_or_default(), is_known.into())
    }

    /// Whether a user of this name has the same password in another table.
    pub(super) fn is_unchanged(&self, name: &str, other: &Self) -> bool {
        let find = |table: &Self| table.users.iter().find(|user| user.name() == name).cloned();
        find(self).is_some_and(|user| find(other) == Some(user))
    }
}

fn digest(name: &str) -> NameDigest {
    Sha256::digest(name.as_bytes()).into()
}

impl fmt::Debug for UserTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.users).finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A user whose hash has the lowest cost.
    pub(in crate::admin) fn user(name: &str, password: &str) -> AdminUser {
        AdminUser::new(name, bcrypt::hash(password, 4).unwrap())
    }

    #[test]
    fn every_check_computes_one_hash_whether_or_not_the_name_is_known() {
        let table = UserTable::new([user("ada", "first"), user("grace", "second")]).unwrap();
        let long = "x".repeat(1_000);
        for (name, password, expected) in [
            ("ada", "first", Some("ada")),
            ("grace", "second", Some("grace")),
            ("ada", "second", None),
            ("grace", "first", None),
            ("", "first", None),
            ("Ada", "first", None),
            ("root", "first", None),
            ("root", "second", None),
            (&long, "first", None),
        ] {
            let before = table.computations.load(Ordering::Relaxed);
            assert_eq!(table.verify(name, password).as_deref(), expected, "{name} {password}");
            let computed = table.computations.load(Ordering::Relaxed) - before;
            assert_eq!(computed, 1, "{name} {password}");
        }
    }

    #[test]
    fn passwords_that_bcrypt_would_cut_are_refused() {
        let full = "p".repeat(72);
        let table = UserTable::new([user("ada", &full), user("eve", "a")]).unwrap();
        assert!(table.verify("ada", &full).is_some());
        assert!(table.verify("ada", &format!("{full}p")).is_none());
        assert!(table.verify("eve", "a\0").is_none());
        assert!(table.verify("eve", "a\0b").is_none());
        assert!(table.verify("eve", "").is_none());
    }

    #[test]
    fn hashes_of_every_program_are_read_and_others_are_refused_without_showing_them() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        let rest = hash.strip_prefix("$2b$").unwrap();
        for version in ["2a", "2b", "2y"] {
            let table = UserTable::new([AdminUser::new("ada", format!("${version}${rest}"))]);
            assert!(table.unwrap().verify("ada", "secret").is_some(), "{version}");
        }
        let good = || user("ada", "secret");
        let with_hash = |hash: String| vec![AdminUser::new("ada", hash)];
        let body = &rest[3..];
        let cases = [
            (vec![], "without users: it must have at least one"),
            (vec![good(), good()], "two users with the name \"ada\""),
            (vec![user("", "a")], "a user with the name \"\""),
            (vec![user("a\u{1b}", "a")], "a user with the name \"a\\u{1b}\""),
            (vec![user(&"n".repeat(65), "a")], "it must have 1 to 64 bytes"),
            (with_hash(String::new()), "the password hash of the user \"ada\""),
            (with_hash("secret".to_owned()), "`actix-socketio hash-password` prints one"),
            (with_hash(format!("$2x${rest}")), "the password hash of the user \"ada\""),
            (with_hash(format!("$2b${rest}x")), "the password hash of the user \"ada\""),
            (with_hash(format!("$2b$04$!{}", &body[1..])), "the password hash of the user"),
            (with_hash(format!("$2b$xx${body}")), "the password hash of the user \"ada\""),
            (with_hash(format!("$2b$03${body}")), "it must have a cost from 4 to 14, and not 3"),
            (with_hash(format!("$2b$15${body}")), "it must have a cost from 4 to 14, and not 15"),
            (with_hash(format!("$2b$31${body}")), "it must have a cost from 4 to 14, and not 31"),
        ];
        for (users, expected) in cases {
            assert!(!format!("{users:?}").contains(body));
            let error = UserTable::new(users).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("setting \"admin\" is ") && text.contains(expected), "{text}");
            assert!(!format!("{text} {error:?}").contains(body), "{text}");
        }
        assert!(!format!("{:?}", UserTable::new([good()]).unwrap()).contains("$2"));
    }

    #[test]
    fn a_new_password_is_a_change_and_a_new_neighbour_is_not() {
        let ada = user("ada", "a");
        let old = UserTable::new([ada.clone(), user("eve", "e")]).unwrap();
        let new = UserTable::new([user("grace", "g"), ada, user("eve", "other")]).unwrap();
        assert!(old.is_unchanged("ada", &new));
        assert!(!old.is_unchanged("eve", &new));
        assert!(!old.is_unchanged("grace", &new), "it was not there");
        assert!(!new.is_unchanged("grace", &old), "it is gone");
    }
}
