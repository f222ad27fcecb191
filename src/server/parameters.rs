use std::borrow::Cow;

use actix_web::web::Query;
use serde::Deserialize;

/// What a client says in the query. Other parameters are the application's.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Parameters<'a> {
    #[serde(rename = "EIO")]
    pub(super) version: Option<Cow<'a, str>>,
    pub(super) transport: Option<Cow<'a, str>>,
    pub(super) sid: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    /// `None`: a parameter is there twice.
    pub(super) fn read(query: &'a str) -> Option<Self> {
        let mut parameters = Self::default();
        let (mut start, mut equals) = (0, None);
        for (at, byte) in query.bytes().enumerate() {
            match byte {
                b'=' => equals = equals.or(Some(at)),
                b'&' => {
                    parameters.take(&query[start..at], equals.take().map(|equals| equals - start))?;
                    start = at + 1;
                }
                // Clients escape nothing of these; a query in which something is escaped is the library's to read.
                b'%' | b'+' => return Query::from_query(query).ok().map(Query::into_inner),
                _ => {}
            }
        }
        parameters.take(&query[start..], equals.map(|equals| equals - start))?;
        Some(parameters)
    }

    /// Takes a parameter, and where its `=` is, if it has one.
    fn take(&mut self, pair: &'a str, equals: Option<usize>) -> Option<()> {
        let (name, value) = equals.map_or((pair, ""), |at| (&pair[..at], &pair[at + 1..]));
        let parameter = match name {
            "EIO" => &mut self.version,
            "transport" => &mut self.transport,
            "sid" => &mut self.sid,
            _ => return Some(()),
        };
        parameter.replace(Cow::Borrowed(value)).is_none().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escaped_or_not_a_query_says_the_same() {
        let plain = Parameters::read("EIO=4&transport=polling&t=x&sid=a-b_c").unwrap();
        assert_eq!(plain.sid.as_deref(), Some("a-b_c"));
        assert_eq!(Parameters::read("%45IO=4&transport=poll%69ng&sid=a%2Db_c"), Some(plain));
        assert_eq!(Parameters::read("sid=a&sid=b"), None);
        assert_eq!(Parameters::read("sid=a&sid=%62"), None);
    }

    proptest! {
        #[test]
        fn it_is_what_the_library_says(query in "((EIO|transport|sid|t|)(=|)[a-z0-9=%+é]{0,3}(&|)){0,6}") {
            let library = Query::<Parameters<'_>>::from_query(&query).ok().map(Query::into_inner);
            prop_assert_eq!(Parameters::read(&query), library);
        }
    }
}
