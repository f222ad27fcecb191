//! The rules of access: pure functions of the claims, so that all of them are on one page, and a
//! table tests them.

use crate::token::Claims;

/// The namespace of the editors, beside the main one.
pub(crate) const EDITORS: &str = "/editors";

/// Each namespace is checked by itself. Access to one gives no access to another.
pub(crate) fn may_enter(claims: &Claims, namespace: &str) -> bool {
    match namespace {
        "/" => true,
        EDITORS => claims.editor,
        _ => false,
    }
}

/// The routes define which channels exist. This function decides who may subscribe to them, and
/// refuses every channel that it does not know.
pub(crate) fn may_subscribe(claims: &Claims, channel: &str) -> bool {
    if let Some(user) = channel.strip_prefix("user-") {
        return user == claims.sub;
    }
    if let Some(team) = channel.strip_prefix("team-") {
        return claims.teams.iter().any(|own| own == team);
    }
    channel == "news"
}

/// Members publish to their team, and editors publish the news. Only the server publishes to the
/// channel of a user.
pub(crate) fn may_publish(claims: &Claims, channel: &str) -> bool {
    match channel {
        "news" => claims.editor,
        _ => channel.starts_with("team-") && may_subscribe(claims, channel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::USERS;

    fn users_with(rule: impl Fn(&Claims, &str) -> bool, name: &str) -> Vec<&'static str> {
        USERS.iter().filter(|user| rule(&Claims::of(user), name)).map(|user| user.name).collect()
    }

    #[test]
    fn each_channel_has_its_subscribers_and_publishers() {
        for (channel, subscribe, publish) in [
            ("news", &["ada", "bob", "eve"][..], &["ada"][..]),
            ("user-ada", &["ada"], &[]),
            ("user-bob", &["bob"], &[]),
            ("team-red", &["ada", "bob"], &["ada", "bob"]),
            ("team-blue", &["bob"], &["bob"]),
            ("team-green", &[], &[]),
            ("", &[], &[]),
            ("user-", &[], &[]),
            ("team-", &[], &[]),
            ("user-ad", &[], &[]),
            ("user-ada2", &[], &[]),
            ("user-ADA", &[], &[]),
            ("user-ada\n", &[], &[]),
            ("team-red\0", &[], &[]),
            ("news2", &[], &[]),
            ("anything else", &[], &[]),
        ] {
            assert_eq!(users_with(may_subscribe, channel), subscribe, "subscribe {channel:?}");
            assert_eq!(users_with(may_publish, channel), publish, "publish {channel:?}");
        }
    }

    #[test]
    fn each_namespace_has_its_users() {
        assert_eq!(users_with(may_enter, "/"), ["ada", "bob", "eve"]);
        assert_eq!(users_with(may_enter, EDITORS), ["ada"]);
        assert_eq!(users_with(may_enter, "/elsewhere"), [""; 0]);
    }
}
