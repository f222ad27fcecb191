use std::{fmt, str::FromStr};

use bcrypt::HashParts;

use super::password::{InvalidPassword, check_password};
use crate::server::BuildError;

/// The most bytes that the name of a user may have.
const MAX_NAME: usize = 64;
/// The costs that a hash may have. Beyond, a log-in takes a processor for seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=14;
/// The cost of new hashes, which is that of most programs.
const NEW_COST: u32 = 12;

/// A user of the [Admin UI](crate::Builder::admin): a name, and the bcrypt hash of a password.
///
/// `Debug` shows the name alone.
///
/// ```
/// use actix_socketio::AdminUser;
///
/// let user = AdminUser::new("ada", "$2b$12$vVPs5SZ8eGgWqY2Ke3xJTuZyWTEK5cSqa0MYi9kHyfyfWqJ2WYKSm");
/// assert_eq!(format!("{user:?}"), r#"AdminUser { name: "ada", .. }"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "give it to `Admin::of`"]
pub struct AdminUser {
    name: String,
    hash: String,
}

impl AdminUser {
    /// A user with this name, and a password with this hash. It starts with `$2a$`, `$2b$` or
    /// `$2y$`, and has a cost from 4 to 14. [`Builder::build`](crate::Builder::build) checks it.
    pub fn new(name: impl Into<String>, hash: impl Into<String>) -> Self {
        Self { name: name.into(), hash: hash.into() }
    }

    /// Makes the hash of a new password, with the cost 12. It takes some tenths of a second.
    ///
    /// ```
    /// use actix_socketio::{AdminUser, InvalidPassword};
    ///
    /// assert!(AdminUser::hash_password("correct horse").unwrap().starts_with("$2b$12$"));
    /// assert_eq!(AdminUser::hash_password(""), Err(InvalidPassword::Empty));
    /// ```
    ///
    /// # Errors
    /// [`InvalidPassword`]: it is empty, longer than bcrypt reads, or has a NUL.
    pub fn hash_password(password: &str) -> Result<String, InvalidPassword> {
        check_password(password)?;
        // The cost is valid. Only a system without random numbers is left.
        bcrypt::hash(password, NEW_COST).map_err(|_| InvalidPassword::NoRandomness)
    }

    /// Finds a mistake in the name or in the hash. Its text never shows a hash.
    ///
    /// ```
    /// use actix_socketio::AdminUser;
    ///
    /// let error = AdminUser::new("ada", "secret").check().unwrap_err();
    /// assert!(!error.to_string().contains("secret"));
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Setting`]
    pub fn check(&self) -> Result<(), BuildError> {
        let is_name = !self.name.is_empty() && self.name.len() <= MAX_NAME;
        if !is_name || self.name.chars().any(char::is_control) {
            let expected = "it must have 1 to 64 bytes and no control characters";
            return Err(mistake(format!("a user with the name {:?}", self.name), expected));
        }
        let of = |what: &str| format!("{what} of the user {:?}", self.name);
        let is_known = ["$2a$", "$2b$", "$2y$"].iter().any(|start| self.hash.starts_with(start));
        let parts = HashParts::from_str(&self.hash).ok().filter(|_| is_known);
        let Some(parts) = parts else {
            let expected = "it must be a bcrypt hash of 60 characters that starts with $2a$, $2b$ \
                            or $2y$: `actix-socketio hash-password` prints one";
            return Err(mistake(of("the password hash"), expected));
        };
        if COSTS.contains(&parts.get_cost()) {
            return Ok(());
        }
        let expected = format!("it must have a cost from 4 to 14, and not {}", parts.get_cost());
        Err(mistake(of("the password hash"), &expected))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

/// A mistake in the part of a server that is for administrators.
pub(super) fn mistake(value: String, expected: &str) -> BuildError {
    BuildError::Setting { setting: "admin", value, expected: expected.to_owned() }
}

impl fmt::Debug for AdminUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminUser").field("name", &self.name).finish_non_exhaustive()
    }
}
