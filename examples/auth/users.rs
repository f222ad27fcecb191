//! The users: a table in place of a database.

/// A user, as the application knows it.
pub(crate) struct User {
    pub(crate) name: &'static str,
    /// A real application keeps only a hash of the password by Argon2id (crate `argon2`). That hash
    /// is slow on purpose, so check it within `web::block`. Also count failures by user and by
    /// address.
    password: &'static str,
    pub(crate) editor: bool,
    pub(crate) teams: &'static [&'static str],
}

pub(crate) const USERS: [User; 3] = [
    User { name: "ada", password: "difference engine", editor: true, teams: &["red"] },
    User { name: "bob", password: "correct horse", editor: false, teams: &["red", "blue"] },
    User { name: "eve", password: "battery staple", editor: false, teams: &[] },
];

/// The user with this name and this password.
pub(crate) fn log_in(name: &str, password: &str) -> Option<&'static User> {
    let user = USERS.iter().find(|user| user.name == name);
    // An unknown name takes the same path, so that the time does not show which users exist.
    let expected = user.map_or("password of an unknown user", |user| user.password);
    let is_right = same(password.as_bytes(), expected.as_bytes());
    user.filter(|_| is_right)
}

/// Compares all bytes, so that the time does not show where they differ.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differing = given
        .iter()
        .zip(expected)
        .fold(0, |differing, (given, expected)| differing | (given ^ expected));
    given.len() == expected.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_password() {
        assert!(log_in("ada", "difference engine").is_some_and(|user| user.name == "ada"));
        for (name, password) in [
            ("ada", ""),
            ("ada", "difference engin"),
            ("ada", "difference engine "),
            ("ada", "correct horse"),
            ("Ada", "difference engine"),
            ("", ""),
            ("unknown", "password of an unknown user"),
        ] {
            assert!(log_in(name, password).is_none(), "{name} {password}");
        }
    }
}
