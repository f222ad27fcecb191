//! The channels of users: all sockets of one user are in the same channel.

use super::Channel;

/// The start of the names of users' channels. Clients can't subscribe to them.
const USER_PREFIX: &str = "@user:";

/// Whether a channel is that of a user.
pub(crate) fn is_user_channel(name: &str) -> bool {
    name.starts_with(USER_PREFIX)
}

/// The user whose channel this is.
pub(crate) fn user_of_channel(name: &str) -> Option<&str> {
    name.strip_prefix(USER_PREFIX)
}

/// The channel of a user.
pub(crate) fn user_channel(user: &str) -> Channel {
    let name = format!("{USER_PREFIX}{user}");
    // The name of a user has no control characters, and the prefix is not empty. An application may
    // ask for another one, and no socket is in its channel.
    Channel::new(&name, usize::MAX).unwrap_or_else(|_| no_user())
}

#[expect(clippy::expect_used, reason = "the name is valid, as the test below shows")]
fn no_user() -> Channel {
    Channel::new(USER_PREFIX, usize::MAX).expect("a valid name")
}

/// The user of a client that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownUser {
    /// The server has no tokens.
    Unchecked,
    Guest,
    User(Channel),
}

impl KnownUser {
    /// Whether it is this user, or a guest for `None`.
    pub(crate) fn is(&self, user: Option<&str>) -> bool {
        match self {
            Self::Unchecked => true,
            Self::Guest => user.is_none(),
            Self::User(own) => user_of_channel(own) == user,
        }
    }

    /// Whether a socket in these channels was this user's.
    pub(crate) fn was_in<'a>(&self, channels: impl IntoIterator<Item = &'a Channel>) -> bool {
        let mut users = channels.into_iter().filter(|channel| is_user_channel(channel));
        match self {
            Self::Unchecked => true,
            Self::Guest => users.next().is_none(),
            Self::User(own) => users.next() == Some(own) && users.next().is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_has_a_channel_that_no_other_user_has() {
        assert_eq!(user_channel("ada"), *"@user:ada");
        assert_eq!(user_of_channel(&user_channel("ada")), Some("ada"));
        assert_eq!(user_channel("a\nb"), *USER_PREFIX);
        assert!(is_user_channel(&user_channel("ada")) && !is_user_channel("user:ada"));
    }

    #[test]
    fn a_socket_is_taken_over_by_its_own_user_alone() {
        let channel = |name| Channel::new(name, 50).unwrap();
        let (news, ada, bob) = (channel("news"), user_channel("ada"), user_channel("bob"));
        let user = KnownUser::User(ada.clone());
        assert!(user.was_in([&news, &ada]));
        assert!(!user.was_in([&news]) && !user.was_in([&bob]) && !user.was_in([&ada, &bob]));
        assert!(KnownUser::Guest.was_in([&news]) && !KnownUser::Guest.was_in([&ada]));
        assert!(KnownUser::Unchecked.was_in([&bob]));
        assert!(user.is(Some("ada")) && !user.is(Some("bob")) && !user.is(None));
        assert!(KnownUser::Guest.is(None) && !KnownUser::Guest.is(Some("ada")));
        assert!(KnownUser::Unchecked.is(None) && KnownUser::Unchecked.is(Some("ada")));
    }
}
