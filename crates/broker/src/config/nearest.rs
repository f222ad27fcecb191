//! The name that is meant by one that does not exist.

/// The shortest name that is worth a guess when it is a part of another.
const MIN_PART: usize = 4;

/// The candidate that takes the fewest changes, if these are few for its length, or else one that
/// is a part of the name.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let is_part = |candidate: &&str| candidate.len() >= MIN_PART && name.contains(candidate);
    by_changes(name, candidates.clone()).or_else(|| candidates.into_iter().find(is_part))
}

fn by_changes<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let with_distance =
        candidates.into_iter().map(|candidate| (distance(name, candidate), candidate));
    let (distance, candidate) = with_distance.min()?;
    (distance <= candidate.len().max(name.len()) / 3).then_some(candidate)
}

/// The number of characters to add, remove, replace, or swap with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
                let is_swapped =
                    i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                let swapped = if is_swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(swapped)
            };
        }
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_has_a_nearest_name_and_another_word_has_none() {
        let names = ["publish", "subscribe", "pattern"];
        assert_eq!(nearest("pubilsh", names), Some("publish"));
        assert_eq!(nearest("subscribes", names), Some("subscribe"));
        assert_eq!(nearest("alow_publish", names), Some("publish"));
        assert_eq!(nearest("allow", names), None);
        assert_eq!(nearest("publish", []), None);
    }
}
