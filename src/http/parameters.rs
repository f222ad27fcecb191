use std::borrow::Cow;

use actix_web::web::Query;

/// The query parameters of Engine.IO. Other parameters belong to the application.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters<'a> {
    pub(crate) version: Option<Cow<'a, str>>,
    pub(crate) transport: Option<Cow<'a, str>>,
    pub(crate) sid: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// Reads a query. Returns `None` if it can't be read, or if one of the parameters has two values:
    /// a proxy that finds a session's server by its `sid` might take the other one. The same value
    /// twice is taken, as on Node.
    pub(crate) fn read(query: &'a str) -> Option<Self> {
        let mut parameters = Self::default();
        let mut start = 0;
        for (at, byte) in query.bytes().enumerate() {
            match byte {
                b'&' => {
                    parameters.take(&query[start..at])?;
                    start = at + 1;
                }
                // Clients escape none of these parameters, so the fast path serves nearly all
                // requests. The library reads a query with escapes.
                b'%' | b'+' => return Self::read_escaped(query),
                _ => {}
            }
        }
        parameters.take(&query[start..])?;
        Some(parameters)
    }

    fn read_escaped(query: &str) -> Option<Self> {
        let mut parameters = Self::default();
        let pairs = Query::<Vec<(String, String)>>::from_query(query).ok()?;
        for (name, value) in pairs.into_inner() {
            parameters.set(&name, value.into())?;
        }
        Some(parameters)
    }

    fn take(&mut self, pair: &'a str) -> Option<()> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        self.set(name, Cow::Borrowed(value))
    }

    fn set(&mut self, name: &str, value: Cow<'a, str>) -> Option<()> {
        let Some(parameter) = self.named(name) else { return Some(()) };
        let is_same = parameter.as_ref().is_none_or(|before| *before == value);
        *parameter = Some(value);
        is_same.then_some(())
    }

    fn named(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        match name {
            "EIO" => Some(&mut self.version),
            "transport" => Some(&mut self.transport),
            "sid" => Some(&mut self.sid),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escaped_query_reads_as_a_plain_one() {
        let plain = Parameters::read("EIO=4&transport=polling&t=x&sid=a-b_c").unwrap();
        assert_eq!(plain.sid.as_deref(), Some("a-b_c"));
        assert_eq!(Parameters::read("%45IO=4&transport=poll%69ng&sid=a%2Db_c"), Some(plain));
        for same in ["sid=b&sid=b", "sid=b&sid=%62", "sid=%62&t=x&sid=b"] {
            assert_eq!(Parameters::read(same).unwrap().sid.as_deref(), Some("b"), "{same}");
        }
        for different in ["sid=a&sid=b", "sid=a&sid=%62", "sid=&sid=a", "sid=a&sid"] {
            assert_eq!(Parameters::read(different), None, "{different}");
        }
    }

    proptest! {
        #[test]
        fn a_query_reads_as_the_library_reads_it(query in "((EIO|transport|sid|t|)(=|)[a-z0-9=%+é]{0,3}(&|)){0,6}") {
            prop_assert_eq!(Parameters::read(&query), Parameters::read_escaped(&query));
        }
    }
}
