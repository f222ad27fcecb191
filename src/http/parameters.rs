use std::borrow::Cow;

use actix_web::web::Query;

/// The query parameters of Engine.IO. Other parameters belong to the application.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestParameters<'a> {
    pub(crate) version: Option<Cow<'a, str>>,
    pub(crate) transport: Option<Cow<'a, str>>,
    pub(crate) sid: Option<Cow<'a, str>>,
}

impl<'a> RequestParameters<'a> {
    /// Reads a query. Returns `None` if one of the parameters occurs twice with different values,
    /// since the request then has two meanings.
    ///
    /// What is escaped and is not UTF-8 reads as U+FFFD, which no valid value has.
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

    fn read_escaped(query: &'a str) -> Option<Self> {
        let Query(pairs) = Query::<Vec<(Cow<'a, str>, Cow<'a, str>)>>::from_query(query).ok()?;
        let mut parameters = Self::default();
        for (name, value) in pairs {
            parameters.set(&name, value)?;
        }
        Some(parameters)
    }

    fn set(&mut self, name: &str, value: Cow<'a, str>) -> Option<()> {
        let parameter = match name {
            "EIO" => &mut self.version,
            "transport" => &mut self.transport,
            "sid" => &mut self.sid,
            _ => return Some(()),
        };
        let is_same = parameter.as_ref().is_none_or(|first| *first == value);
        *parameter = Some(value);
        is_same.then_some(())
    }

    fn take(&mut self, pair: &'a str) -> Option<()> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        self.set(name, Cow::Borrowed(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escaped_query_reads_as_a_plain_one() {
        let plain = RequestParameters::read("EIO=4&transport=polling&t=x&sid=a-b_c").unwrap();
        assert_eq!(plain.sid.as_deref(), Some("a-b_c"));
        assert_eq!(RequestParameters::read("%45IO=4&transport=poll%69ng&sid=a%2Db_c"), Some(plain));
        assert_eq!(RequestParameters::read("sid=a&sid=b"), None);
        assert_eq!(RequestParameters::read("sid=%61&sid=%62"), None);
        assert_eq!(RequestParameters::read("EIO=4&EIO"), None);
        let twice =
            RequestParameters::read("sid=a&transport=polling&sid=a&EIO=4&transport=poll%69ng");
        assert_eq!(twice, RequestParameters::read("EIO=4&transport=polling&sid=a"));
        let unreadable = RequestParameters::read("EIO=%ff&transport=%c3&sid=%ff").unwrap();
        assert_eq!(unreadable.version.as_deref(), Some("\u{fffd}"));
        assert_eq!(RequestParameters::read("%ff=%ff&sid=a").unwrap().sid.as_deref(), Some("a"));
        assert_eq!(RequestParameters::read("sid=a&sid=%62"), None);
    }

    proptest! {
        /// The plain reader and the library agree on a query without escapes.
        #[test]
        fn a_query_reads_as_the_library_reads_it(query in "((EIO|transport|sid|t|)(=|)[a-z0-9=é]{0,3}(&|)){0,6}") {
            prop_assert_eq!(RequestParameters::read(&query), RequestParameters::read_escaped(&query));
        }
    }
}
