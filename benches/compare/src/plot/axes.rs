//! Converts numbers to coordinates: powers of ten to the right, measurements upwards from zero.

/// The place of a panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

#[derive(Debug)]
pub(super) struct Axes {
    pub(super) frame: Frame,
    /// The powers of ten at both ends.
    first: i32,
    last: i32,
    step: f64,
    most: f64,
}

/// The distance of the first and last numbers from the frame, so that no point is half outside.
const MARGIN: f64 = 22.0;

impl Axes {
    pub(super) fn new(frame: Frame, numbers: impl Iterator<Item = f64> + Clone, most: f64) -> Self {
        let least = numbers.clone().fold(f64::INFINITY, f64::min);
        let first = least.log10().floor() as i32;
        let last = numbers.fold(0.0, f64::max).log10().ceil() as i32;
        let step = step(most);
        // Space above for the values.
        Self {
            frame,
            first,
            last: last.max(first + 1),
            step,
            most: (most / step + 0.35).ceil() * step,
        }
    }

    pub(super) fn x(&self, number: f64) -> f64 {
        let (left, right) = (self.frame.left + MARGIN, self.frame.right - MARGIN);
        let part = (number.log10() - f64::from(self.first)) / f64::from(self.last - self.first);
        left + part * (right - left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.frame.bottom - value / self.most * (self.frame.bottom - self.frame.top)
    }

    pub(super) fn tens(&self) -> impl Iterator<Item = f64> {
        (self.first..=self.last).map(|power| 10_f64.powi(power))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        let count = (self.most / self.step).round() as usize;
        (0..=count).map(|at| at as f64 * self.step)
    }
}

/// The step of the grid: one, two or five times a power of ten, so that there are four to eight
/// lines.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf((most / 4.0).log10().floor());
    let step = [5.0, 2.0].into_iter().find(|step| most / (step * power) >= 4.0);
    step.unwrap_or(1.0) * power
}

/// With commas for thousands.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let with_comma = |(at, digit): (usize, char)| {
        let is_group = at > 0 && (digits.len() - at).is_multiple_of(3);
        [is_group.then_some(','), Some(digit)]
    };
    digits.chars().enumerate().flat_map(with_comma).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (most, wanted) in
            [(3.9, 0.5), (4.0, 1.0), (7.9, 1.0), (9.6, 2.0), (21.0, 5.0), (130.0, 20.0)]
        {
            assert!((step(most) - wanted).abs() < 1e-9, "{most}: {}", step(most));
        }
        assert_eq!([1.0, 999.0, 10_000.0, 1e6].map(grouped), ["1", "999", "10,000", "1,000,000"]);
    }
}
