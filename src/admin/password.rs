use std::{error, fmt};

/// The bytes of a password that bcrypt reads.
const MAX_PASSWORD: usize = 72;

/// The reason why a text can't be a password of the Admin UI.
///
/// ```
/// use actix_socketio::{AdminUser, InvalidPassword};
///
/// let error = AdminUser::hash_password(&"x".repeat(73)).unwrap_err();
/// assert_eq!(error, InvalidPassword::TooLong);
/// assert_eq!(error.to_string(), "the password has more than 72 bytes, which bcrypt does not read");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// It has no characters.
    Empty,
    /// It has more than 72 bytes. bcrypt leaves the rest out, so that a part of it would do.
    TooLong,
    /// It has a NUL, at which some programs end the password.
    HasNul,
    /// The system has no random numbers for a new hash.
    NoRandomness,
}

/// Whether a text can be a password.
pub(super) fn check_password(password: &str) -> Result<(), InvalidPassword> {
    if password.is_empty() {
        Err(InvalidPassword::Empty)
    } else if password.len() > MAX_PASSWORD {
        Err(InvalidPassword::TooLong)
    } else if password.contains('\0') {
        Err(InvalidPassword::HasNul)
    } else {
        Ok(())
    }
}

impl fmt::Display for InvalidPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the password is empty",
            Self::TooLong => "the password has more than 72 bytes, which bcrypt does not read",
            Self::HasNul => "the password has a NUL, at which some programs end it",
            Self::NoRandomness => "the system has no random numbers for a new hash",
        })
    }
}

impl error::Error for InvalidPassword {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bcrypt_would_cut_is_refused() {
        assert_eq!(check_password(""), Err(InvalidPassword::Empty));
        assert_eq!(check_password("a"), Ok(()));
        assert_eq!(check_password(&"a".repeat(72)), Ok(()));
        assert_eq!(check_password(&"a".repeat(73)), Err(InvalidPassword::TooLong));
        assert_eq!(check_password(&"é".repeat(37)), Err(InvalidPassword::TooLong), "bytes count");
        assert_eq!(check_password("a\0b"), Err(InvalidPassword::HasNul));
    }
}
