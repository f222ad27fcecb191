use std::borrow::Cow;

use actix_web::web::Query;
use serde::Deserialize;

/// The query parameters of Engine.IO. Other parameters belong to the application.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Parameters<'a> {
    #[serde(rename = "EIO")]
    pub(crate) version: Option<Cow<'a, str>>,
    pub(crate) transport: Option<Cow<'a, str>>,
    pub(crate) sid: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// Reads a query. Returns `None` if one of the parameters occurs twice.
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
                b'%' | b'+' => return Query::from_query(query).ok().map(Query::into_inner),
                _ => {}
            }
        }
        parameters.take(&query[start..])?;
        Some(parameters)
    }

    fn take(&mut self, pair: &'a str) -> Option<()> {
        let value = |name| match pair.strip_prefix(name)? {
            "" => Some(""),
            rest => rest.strip_prefix('='),
        };
        let (parameter, value) = if let Some(value) = value("EIO") {
            (&mut self.version, value)
        } else if let Some(value) = value("transport") {
            (&mut self.transport, value)
        } else if let Some(value) = value("sid") {
            (&mut self.sid, value)
        } else {
            return Some(());
        };
        parameter.replace(Cow::Borrowed(value)).is_none().then_some(())
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
        assert_eq!(Parameters::read("sid=a&sid=b"), None);
        assert_eq!(Parameters::read("sid=a&sid=%62"), None);
    }

    proptest! {
        #[test]
        fn a_query_reads_as_the_library_reads_it(query in "((EIO|transport|sid|t|)(=|)[a-z0-9=%+é]{0,3}(&|)){0,6}") {
            let library = Query::<Parameters<'_>>::from_query(&query).ok().map(Query::into_inner);
            prop_assert_eq!(Parameters::read(&query), library);
        }
    }
}
