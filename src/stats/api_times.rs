use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use super::time_histogram::{TimeCounts, TimeHistogram};

/// More than the API has methods. Their names are in the code, and no request adds one.
const MAX_METHODS: usize = 24;

/// The time of API requests by method. A method takes the next place at its first request, so what
/// is never asked for is neither kept nor shown.
#[derive(Debug, Default)]
pub(crate) struct ApiTimes([OnceLock<(&'static str, TimeCounts)>; MAX_METHODS]);

impl ApiTimes {
    /// `took`: the time from the whole head of the request to its answer.
    pub(crate) fn add(&self, method: &'static str, took: Duration) {
        let mut places =
            self.0.iter().map(|place| place.get_or_init(|| (method, TimeCounts::default())));
        if let Some((_, counts)) = places.find(|(of, _)| *of == method) {
            counts.add(took);
        }
    }

    pub(super) fn get(&self) -> BTreeMap<&'static str, TimeHistogram> {
        let taken = self.0.iter().map_while(OnceLock::get);
        taken.map(|(method, counts)| (*method, counts.get())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_its_own_times() {
        let times = ApiTimes::default();
        assert!(times.get().is_empty());
        for (method, millis) in [("publish", 3), ("info", 30), ("publish", 4)] {
            times.add(method, Duration::from_millis(millis));
        }
        let shown = times.get();
        assert_eq!(shown.keys().copied().collect::<Vec<_>>(), ["info", "publish"]);
        assert_eq!((shown["info"].count, shown["publish"].count), (1, 2));
        assert_eq!(shown["publish"].sum, Duration::from_millis(7));
    }

    #[test]
    fn methods_that_begin_at_once_take_one_place_each() {
        const NAMES: [&str; 4] = ["batch", "emit", "info", "publish"];
        let times = ApiTimes::default();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let times = &times;
                scope.spawn(move || {
                    for turn in 0..100 {
                        times.add(NAMES[(thread + turn) % 4], Duration::ZERO);
                    }
                });
            }
        });
        let shown = times.get();
        assert_eq!(shown.keys().copied().collect::<Vec<_>>(), NAMES);
        assert!(shown.values().all(|times| times.count == 200), "{shown:?}");
    }
}
