//! The TOML file as a tree of values with their lines and columns.

use std::{fs, ops::Range, path::Path, rc::Rc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    mistake::Mistake,
    tree::{Node, Origin, Table, Value},
};

/// Reads a file.
///
/// # Errors
/// All mistakes in its syntax, or the reason why it can't be read.
pub(crate) fn read(path: &Path) -> Result<Table, Vec<Mistake>> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&name, &text),
        Err(error) => Err(vec![Mistake::of_file(&name, &format!("it can't be read: {error}"))]),
    }
}

/// Reads the text of a file with this name.
pub(crate) fn parse(name: &str, text: &str) -> Result<Table, Vec<Mistake>> {
    let places = Places { path: name.into(), text };
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(document.get_ref(), &places));
    }
    // The rest of a file with such an error may mean something else than it seems to.
    let mistake = |error: toml::de::Error| {
        let origin = places.origin(error.span().unwrap_or(0..0));
        Mistake::syntax(origin, error.message())
    };
    Err(errors.into_iter().map(mistake).collect())
}

struct Places<'a> {
    path: Rc<str>,
    text: &'a str,
}

impl Places<'_> {
    /// Lines and columns count from 1, and columns count characters.
    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Origin::File {
            path: Rc::clone(&self.path),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn table(table: &DeTable<'_>, places: &Places<'_>) -> Table {
    let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        // A table that is spread over several headers has no place of its own.
        let is_table = matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_));
        let span = if is_table { key.span() } else { value.span() };
        let node = node(value, span, places);
        let key_origin = Some(places.origin(key.span()));
        (key.get_ref().to_string(), Node { key_origin, ..node })
    };
    table.iter().map(entry).collect()
}

fn node(spanned: &Spanned<DeValue<'_>>, span: Range<usize>, places: &Places<'_>) -> Node {
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or_else(|_| Value::Other(number.to_string()), Value::Integer)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse();
            parsed.map_or_else(|_| Value::Other(number.to_string()), Value::Float)
        }
        DeValue::Boolean(on) => Value::Bool(*on),
        DeValue::Datetime(time) => Value::Other(time.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| node(item, item.span(), places)).collect())
        }
        DeValue::Table(entries) => Value::Table(table(entries, places)),
    };
    Node::new(value, places.origin(span))
}
