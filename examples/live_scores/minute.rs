//! A minute of a match in the usual notation: `36`, or `45+2` in added time.

use std::{fmt, str::FromStr};

/// No referee has ever added more, so a larger number is a typing error.
const MOST_ADDED: u8 = 30;

/// The 36th minute, or the second minute that was added after the 45th. The order is that of the
/// match: 45+2 lies between 45 and 46.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Minute {
    base: u8,
    added: u8,
}

impl Minute {
    /// The usual last minutes of the periods.
    pub(crate) const HALF: Self = Self { base: 45, added: 2 };
    pub(crate) const FULL: Self = Self { base: 90, added: 4 };
    pub(crate) const EXTRA_HALF: Self = Self { base: 105, added: 1 };
    pub(crate) const EXTRA_FULL: Self = Self { base: 120, added: 1 };

    pub(crate) fn new(base: u8, added: u8) -> Result<Self, String> {
        if !(1..=120).contains(&base) {
            return Err(format!("{base} is not a minute of a match (1 to 120)"));
        }
        if added > 0 && ![45, 90, 105, 120].contains(&base) {
            return Err(format!(
                "{base}+{added}: time is added after minute 45, 90, 105 or 120 only"
            ));
        }
        if added > MOST_ADDED {
            return Err(format!("{base}+{added}: more than {MOST_ADDED} added minutes"));
        }
        Ok(Self { base, added })
    }

    pub(crate) fn base(self) -> u8 {
        self.base
    }

    pub(crate) fn added(self) -> u8 {
        self.added
    }
}

impl FromStr for Minute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| {
            // `parse` alone also accepts "+5".
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        let (base, added) = text.split_once('+').unwrap_or((text, "0"));
        match (number(base), number(added)) {
            (Some(base), Some(added)) => Self::new(base, added),
            _ => Err(format!("{text:?} is not a minute; write it as \"36\" or \"45+2\"")),
        }
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.added {
            0 => write!(f, "{}", self.base),
            added => write!(f, "{}+{added}", self.base),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_back() {
        for text in ["1", "36", "45+2", "90+11", "120", "120+5"] {
            assert_eq!(text.parse::<Minute>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn added_time_lies_between_the_halves() {
        let order: Vec<Minute> = ["45", "45+1", "45+3", "46", "90", "90+1", "91"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn refused_with_the_value() {
        for text in
            ["", "+", "9x", "0", "121", "44+1", "45+31", "+5", "45+", "-3", "4.5", "999", "45+2+1"]
        {
            let problem = text.parse::<Minute>().unwrap_err();
            let value = text.split('+').next().unwrap();
            assert!(problem.contains(value), "{text}: {problem}");
        }
    }
}
