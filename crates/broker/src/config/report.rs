//! All that is found while the configuration is read.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use super::{
    mistake::Mistake,
    nearest::nearest,
    sources::{PREFIX, variable},
    tree::{Node, Origin, Value},
};

/// Collects mistakes and unknown keys, and the names of all keys that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Report {
    mistakes: RefCell<Vec<Mistake>>,
    unknown: RefCell<Vec<Unknown>>,
    keys: RefCell<BTreeSet<String>>,
    /// Above zero: an absent section is read for the names of its keys alone.
    muted: Cell<usize>,
}

/// A key that was never asked for.
#[derive(Debug)]
struct Unknown {
    path: String,
    origin: Origin,
    /// The path of its table, with a dot at the end unless it is empty, and the keys of the table.
    table: String,
    known: Vec<String>,
}

impl Report {
    pub(crate) fn mistake(&self, mistake: Mistake) {
        if self.muted.get() == 0 {
            self.mistakes.borrow_mut().push(mistake);
        }
    }

    /// Reads something that is not there: its keys count, and its mistakes do not.
    pub(super) fn muted<T>(&self, read: impl FnOnce() -> T) -> T {
        self.muted.set(self.muted.get() + 1);
        let read = read();
        self.muted.set(self.muted.get() - 1);
        read
    }

    /// Notes the name of a key, such as `channels[].pattern`.
    pub(super) fn key(&self, name: String) {
        self.keys.borrow_mut().insert(name);
    }

    /// Notes a node of a table that has these keys, and not this one.
    pub(super) fn unknown(&self, path: &str, key: &str, node: &Node, known: &BTreeSet<String>) {
        let known: Vec<_> = known.iter().cloned().collect();
        let unknown = |path: String, origin: &Origin| {
            let (table, known) = (path_prefix(&path, key), known.clone());
            let origin = origin.clone();
            self.unknown.borrow_mut().push(Unknown { path, origin, table, known });
        };
        let path = format!("{path}{key}");
        match &node.value {
            // Each variable below it is unknown by its own name.
            Value::Table(table) if matches!(node.origin, Origin::Variable(_)) => {
                for node in table.values() {
                    unknown(path.clone(), node.key_origin());
                }
            }
            _ => unknown(path, node.key_origin()),
        }
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> BTreeSet<String> {
        self.keys.borrow().clone()
    }

    pub(crate) fn has_mistakes(&self) -> bool {
        !self.mistakes.borrow().is_empty()
    }

    /// The mistakes, and the warnings about unknown keys, each in the order of their places.
    pub(crate) fn finish(&self) -> (Vec<Mistake>, Vec<Mistake>) {
        let mut mistakes = self.mistakes.take();
        let mut warnings: Vec<_> =
            self.unknown.take().into_iter().map(|unknown| self.describe(unknown)).collect();
        for list in [&mut mistakes, &mut warnings] {
            list.sort();
            list.dedup();
        }
        (mistakes, warnings)
    }

    fn describe(&self, unknown: Unknown) -> Mistake {
        let Unknown { path, origin, table, known } = unknown;
        let keys = self.keys.borrow();
        if let Origin::Variable(name) = &origin {
            let variables: Vec<_> = keys.iter().map(|key| variable(key)).collect();
            // They all begin alike, which says nothing.
            let rest = |name: &'_ str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
            let rests: Vec<_> = variables.iter().map(|name| rest(name)).collect();
            let nearest = nearest(&rest(name), rests.iter().map(String::as_str));
            let nearest = nearest.map(|rest| format!("{PREFIX}{rest}"));
            return Mistake::unknown(origin.clone(), "the variable", nearest);
        }
        let key = path.strip_prefix(&table).unwrap_or(&path);
        let here =
            nearest(key, known.iter().map(String::as_str)).map(|key| format!("{table}{key}"));
        // The right key in the wrong table.
        let elsewhere = || keys.iter().find(|full| full.rsplit('.').next() == Some(key)).cloned();
        let nearest = here.or_else(elsewhere);
        Mistake::unknown(origin, &path, nearest)
    }
}

fn path_prefix(path: &str, key: &str) -> String {
    path.strip_suffix(key).unwrap_or_default().to_owned()
}
