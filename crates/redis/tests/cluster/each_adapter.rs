//! One test for each adapter.

/// Runs tests with each adapter, if what they need is there: functions that take a
/// [`Kind`](crate::fixture::Kind).
macro_rules! with_each_adapter {
    ($needs:expr; $($name:ident),* $(,)?) => {
        with_each_adapter!(@ streams, Streams, $needs, $($name),*);
        with_each_adapter!(@ classic, Classic, $needs, $($name),*);
        with_each_adapter!(@ sharded, Sharded, $needs, $($name),*);
    };
    (@ $module:ident, $kind:ident, $needs:expr, $($name:ident),*) => {
        mod $module {
            $(
                #[actix_web::test]
                async fn $name() {
                    if crate::common::all_there("a cluster", $needs) {
                        super::$name(crate::fixture::Kind::$kind).await;
                    }
                }
            )*
        }
    };
}
