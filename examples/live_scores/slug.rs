//! The ids of matches: `argentina-france`, readable in a channel's name and in a `curl` command.

use std::collections::HashSet;

/// The longest part of a team. Two parts, their hyphen and a number stay below 60.
const LONGEST_TEAM: usize = 25;

/// A unique id for the match of two teams. They may meet twice, so a number may follow.
pub(crate) fn unique(home: &str, away: &str, taken: &mut HashSet<String>) -> String {
    let plain = match (team(home), team(away)) {
        (home, away) if home.is_empty() || away.is_empty() => "match".to_owned(),
        (home, away) => format!("{home}-{away}"),
    };
    let mut id = plain.clone();
    let mut meeting = 1u32;
    while !taken.insert(id.clone()) {
        meeting += 1;
        id = format!("{plain}-{meeting}");
    }
    id
}

fn team(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let before = slug.len();
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'à'..='å' => slug.push('a'),
            'ç' => slug.push('c'),
            'è'..='ë' => slug.push('e'),
            'ì'..='ï' | 'ı' => slug.push('i'),
            'ñ' => slug.push('n'),
            'ò'..='ö' | 'ø' => slug.push('o'),
            'ù'..='ü' => slug.push('u'),
            'ý' | 'ÿ' => slug.push('y'),
            'š' | 'ş' => slug.push('s'),
            'æ' => slug.push_str("ae"),
            'ß' => slug.push_str("ss"),
            // Letters of other scripts and combining accents are left out.
            c if c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c) => {}
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
        if slug.len() > LONGEST_TEAM {
            slug.truncate(before);
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_letters_remain() {
        for (name, slug) in [
            ("France", "france"),
            ("Côte d'Ivoire", "cote-d-ivoire"),
            ("Curaçao", "curacao"),
            ("Bosnia & Herzegovina", "bosnia-herzegovina"),
            ("Türkiye", "turkiye"),
            ("Tu\u{308}rkiye", "turkiye"),
            ("..", ""),
        ] {
            assert_eq!(team(name), slug);
        }
    }

    #[test]
    fn each_match_has_its_own() {
        let mut taken = HashSet::new();
        let mut id = |home, away| unique(home, away, &mut taken);
        assert_eq!(id("Croatia", "Morocco"), "croatia-morocco");
        assert_eq!(id("Croatia", "Morocco"), "croatia-morocco-2");
        assert_eq!(id("Morocco", "Croatia"), "morocco-croatia");
        assert_eq!(id("日本", "대한민국"), "match");
        assert_eq!(id("日本", "中国"), "match-2");
    }

    #[test]
    fn short_whatever_comes() {
        let mut taken = HashSet::new();
        for name in ["æ".repeat(500), "a b".repeat(200), "ß-".repeat(99)] {
            for _ in 0..20 {
                let id = unique(&name, &name, &mut taken);
                assert!(id.len() <= 60 && id.is_ascii(), "{id}");
            }
        }
    }
}
