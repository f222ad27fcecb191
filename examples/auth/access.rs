//! Who may do what: pure functions of the claims, so that all the rules are on one page, and are
//! tested as a table.

use crate::token::Claims;

/// The namespace of the editors, beside the main one.
pub(crate) const EDITORS: &str = "/editors";

/// Every namespace asks by itself: to be in one says nothing of another.
pub(crate) fn may_enter(claims: &Claims, namespace: &str) -> bool {
    match namespace {
        "/" => true,
        EDITORS => claims.editor,
        _ => false,
    }
}

/// The routes say which channels there are; this says whose they are. What it does not know, it
/// refuses.
pub(crate) fn may_subscribe(claims: &Claims, channel: &str) -> bool {
    if let Some(user) = channel.strip_prefix("user-") {
        return user == claims.sub;
    }
    if let Some(team) = channel.strip_prefix("team-") {
        return claims.teams.iter().any(|own| own == team);
    }
    channel == "news"
}

/// A team talks among itself; news are made by editors; and what a user is told comes from the
/// server alone.
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

    fn those(rule: impl Fn(&Claims, &str) -> bool, name: &str) -> Vec<&'static str> {
        USERS.iter().filter(|user| rule(&Claims::of(user), name)).map(|user| user.name).collect()
    }

    #[test]
    fn who_may_do_what() {
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
            assert_eq!(those(may_subscribe, channel), subscribe, "subscribe {channel:?}");
            assert_eq!(those(may_publish, channel), publish, "publish {channel:?}");
        }
    }

    #[test]
    fn who_may_enter() {
        assert_eq!(those(may_enter, "/"), ["ada", "bob", "eve"]);
        assert_eq!(those(may_enter, EDITORS), ["ada"]);
        assert_eq!(those(may_enter, "/elsewhere"), [""; 0]);
    }
}
