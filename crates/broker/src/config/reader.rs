//! Reads tables of the tree, and notes each mistake and each key.

use std::collections::BTreeSet;

use super::{
    mistake::Mistake,
    report::Report,
    sources::is_secret,
    tree::{Node, Origin, Table, Value},
};

/// Reads one table. When it is dropped, keys that were not asked for are unknown.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    table: &'a Table,
    /// `None`: the table of the whole file, or one that is not there.
    origin: Option<Origin>,
    /// The path of the table with a dot at its end, or nothing: `channels[0].`.
    path: String,
    /// The same without the positions in lists: `channels[].`.
    name: String,
    asked: BTreeSet<String>,
    report: &'a Report,
}

impl<'a> Reader<'a> {
    /// The reader of the outermost table.
    pub(crate) fn new(table: &'a Table, report: &'a Report) -> Self {
        let (path, name) = (String::new(), String::new());
        Self { table, origin: None, path, name, asked: BTreeSet::new(), report }
    }

    /// The value of a key. `read` returns what it expected if the value is another.
    pub(crate) fn value<T>(
        &mut self,
        key: &str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, false, read)
    }

    /// As [`Self::value`], and no error shows the value.
    pub(crate) fn secret<T>(
        &mut self,
        key: &str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.read(key, true, read)
    }

    /// As [`Self::value`]. It is a mistake if the key is not there.
    pub(crate) fn required<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.missing(key, expected);
        }
        self.read(key, false, read)
    }

    /// A table below this one. `None`: it is not there.
    pub(crate) fn section<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let Some(node) = self.find(key) else {
            self.absent(format!("{key}."), read);
            return None;
        };
        let (path, name) = (format!("{}{key}.", self.path), format!("{}{key}.", self.name));
        self.inside(node, path, name, read)
    }

    /// A list of tables. `None`: it is not there.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(node) = self.find(key) else {
            self.absent(format!("{key}[]."), read);
            return None;
        };
        let parsed = node.as_json_text();
        let node = parsed.as_ref().unwrap_or(node);
        let Value::List(items) = &node.value else {
            let path = format!("{}{key}", self.path);
            let is_secret = is_secret(&format!("{}{key}", self.name));
            self.report.mistake(Mistake::value(node, &path, is_secret, "a list of tables"));
            return None;
        };
        if items.is_empty() {
            self.rule(key, "it must not be empty: leave the key out");
        }
        let item = |(at, item)| {
            let path = format!("{}{key}[{at}].", self.path);
            self.inside(item, path, format!("{}{key}[].", self.name), &mut read).flatten()
        };
        Some(items.iter().enumerate().filter_map(item).collect())
    }

    /// A rule that the value of a key breaks, or what it has in place of it by default.
    pub(crate) fn rule(&self, key: &str, rule: &str) {
        let node = self.table.get(key);
        let value = node.map_or_else(|| "missing".to_owned(), |node| node.value.to_string());
        self.rule_of(key, &value, rule);
    }

    /// The same, with the value as it is to be shown.
    pub(crate) fn rule_of(&self, key: &str, value: &str, rule: &str) {
        let origin = self.table.get(key).map(|node| node.origin.clone());
        let origin = origin.or_else(|| self.origin.clone());
        self.report.mistake(Mistake::rule(origin, &format!("{}{key}", self.path), value, rule));
    }

    pub(crate) fn missing(&self, key: &str, expected: &str) {
        let path = format!("{}{key}", self.path);
        self.report.mistake(Mistake::missing(self.origin.clone(), &path, expected));
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn find(&mut self, key: &str) -> Option<&'a Node> {
        self.asked.insert(key.to_owned());
        self.table.get(key)
    }

    fn read<T>(
        &mut self,
        key: &str,
        is_secret: bool,
        read: impl Fn(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.report.key(format!("{}{key}", self.name));
        let node = self.find(key)?;
        let expected = match read(node) {
            Ok(value) => return Some(value),
            Err(expected) => expected,
        };
        if let Some(Ok(value)) = node.as_json_text().map(|node| read(&node)) {
            return Some(value);
        }
        let path = format!("{}{key}", self.path);
        self.report.mistake(Mistake::value(node, &path, is_secret, &expected));
        None
    }

    fn inside<T>(
        &self,
        node: &Node,
        path: String,
        name: String,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let parsed = node.as_json_text();
        let node = parsed.as_ref().unwrap_or(node);
        let Value::Table(table) = &node.value else {
            let path = path.trim_end_matches('.');
            self.report.mistake(Mistake::value(node, path, is_secret(&name), "a table"));
            return None;
        };
        let origin = Some(node.origin.clone());
        let report = self.report;
        Some(read(&mut Reader { table, origin, path, name, asked: BTreeSet::new(), report }))
    }

    /// Reads a table that is not there, for the names of its keys.
    fn absent<T>(&self, key: String, read: impl FnOnce(&mut Reader<'_>) -> T) {
        let name = format!("{}{key}", self.name);
        let (table, path, report) = (Table::new(), String::new(), self.report);
        let asked = BTreeSet::new();
        report.muted(|| {
            read(&mut Reader { table: &table, origin: None, path, name, asked, report });
        });
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for (key, node) in self.table {
            if !self.asked.contains(key) {
                self.report.unknown(&self.path, key, node, &self.asked);
            }
        }
    }
}
