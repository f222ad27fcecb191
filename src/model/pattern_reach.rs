//! Finds patterns that match no name at all, before a server starts with them.

use std::collections::HashSet;

use regex_automata::{
    Anchored,
    hybrid::{LazyStateID, dfa::DFA},
    util::start,
};

use super::pattern::anchored_source;

/// The states that are looked at. A pattern with more of them counts as one that matches.
const MAX_STATES: usize = 4_096;

/// The names that a pattern is meant for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameRules {
    /// All names start with this text.
    pub(crate) prefix: &'static str,
    /// The least number of bytes after the prefix.
    pub(crate) min_rest: usize,
    /// The greatest number of bytes of the whole name.
    pub(crate) max_length: usize,
    /// Whether names may have control characters.
    pub(crate) has_controls: bool,
}

/// Whether some name of these rules matches the anchored pattern. It is true if that is not known.
///
/// It follows the automaton of the pattern through all names at once, a byte further in each round.
pub(crate) fn matches_some_name(pattern: &str, rules: NameRules) -> bool {
    // Names with Unicode word boundaries leave the automaton. They count as matched.
    let config = DFA::config().unicode_word_boundary(true).skip_cache_capacity_check(true);
    let dfa = DFA::builder().configure(config).build(&anchored_source(pattern));
    dfa.ok().and_then(|dfa| search(&dfa, rules)).unwrap_or(true)
}

/// A state of the automaton, and whether the last byte was 0xC2: the control characters above ASCII
/// are 0xC2 0x80 to 0xC2 0x9F.
type SearchState = (LazyStateID, bool);

/// `None`: it is not known.
fn search(dfa: &DFA, rules: NameRules) -> Option<bool> {
    let mut cache = dfa.create_cache();
    let start = start::Config::new().anchored(Anchored::Yes);
    let mut state = dfa.start_state(&mut cache, &start).ok()?;
    for byte in rules.prefix.bytes() {
        state = dfa.next_state(&mut cache, state, byte).ok()?;
        // A match that ends in the prefix is one of every name.
        if state.is_match() || state.is_quit() {
            return Some(true);
        }
    }
    let (mut places, mut seen) = (vec![(state, false)], HashSet::<SearchState>::new());
    for rest in 1..=rules.max_length.saturating_sub(rules.prefix.len()) {
        let mut next = Vec::new();
        for (state, is_after_c2) in places {
            for byte in u8::MIN..=u8::MAX {
                let is_control = byte < 0x20 || byte == 0x7f || (is_after_c2 && byte < 0xa0);
                if is_control && !rules.has_controls {
                    continue;
                }
                let state = dfa.next_state(&mut cache, state, byte).ok()?;
                // A match is seen a byte later. It need not reach the end of the name.
                if state.is_match() || state.is_quit() {
                    return Some(true);
                }
                if !state.is_dead() && seen.insert((state, byte == 0xc2)) {
                    next.push((state, byte == 0xc2));
                }
            }
        }
        if rest >= rules.min_rest {
            for (state, _) in &next {
                if dfa.next_eoi_state(&mut cache, *state).ok()?.is_match() {
                    return Some(true);
                }
            }
        }
        if next.is_empty() {
            return Some(false);
        }
        // An automaton that was cleared has other numbers for its states.
        if seen.len() > MAX_STATES || cache.clear_count() > 0 {
            return None;
        }
        places = next;
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: NameRules =
        NameRules { prefix: "", min_rest: 1, max_length: 255, has_controls: false };
    const NAMESPACES: NameRules =
        NameRules { prefix: "/", min_rest: 1, max_length: usize::MAX, has_controls: true };

    #[test]
    fn patterns_of_channels_match_a_valid_name_or_none() {
        for pattern in [
            "",
            "room-",
            "^room-[0-9]+$",
            "a|^$",
            "^.$",
            ".*",
            "^$|b",
            "ä",
            r"\w+",
            r"^\bx\b$",
            r"^\W+$",
            "(?i)Straße$",
            "^[^a]$",
            "x{255}$",
            "$|a",
            r"\p{Greek}",
            "^a?$",
            "\u{a0}",
            r"^[\x00-\x20]$",
            r"\bé",
        ] {
            assert!(matches_some_name(pattern, CHANNELS), "{pattern:?}");
        }
        for pattern in [
            "^$",
            "$",
            "^$|^$",
            "$a",
            "a^",
            "room-^1",
            r"[a&&b]",
            "\n",
            "a\u{85}",
            r"^a\nb$",
            "x{256}",
            r"[0-9]{300}",
            r"^[\x00-\x1f]$",
            "(?m)^a$\nb",
        ] {
            assert!(!matches_some_name(pattern, CHANNELS), "{pattern:?}");
        }
        let short = NameRules { max_length: 4, ..CHANNELS };
        assert!(matches_some_name("room", short) && !matches_some_name("room-", short));
    }

    #[test]
    fn patterns_of_namespaces_start_with_a_slash() {
        for pattern in ["", "/", "^/tenant-[0-9]+$", "(/a|b)", ".", "^/a\n$", "/?[a-z]+"] {
            assert!(matches_some_name(pattern, NAMESPACES), "{pattern:?}");
        }
        for pattern in ["tenant-", "^tenant-[0-9]+$", "^/$", "^$", "^[a-z]+$", "^//^"] {
            assert!(!matches_some_name(pattern, NAMESPACES), "{pattern:?}");
        }
    }
}
