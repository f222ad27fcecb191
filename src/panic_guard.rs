//! Calls functions of the application so that a panic does not end the caller.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::log_text::log_line;

/// Calls a function of the application and catches a panic in it.
///
/// # Errors
/// The panic's message.
pub(crate) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    // Asserting unwind safety is sound. The function's author must protect the state that the
    // function shares with others, as for a task that panics. The callers use nothing that the
    // function may have left in an intermediate state.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| message(&*panic))
}

/// Calls a hook of the application. If it panics, logs the name of the hook and returns `None`.
pub(crate) fn call_hook<T>(name: &str, call: impl FnOnce() -> T) -> Option<T> {
    let caught = catch_panic(call);
    if caught.is_err() {
        log_line!(log::Level::Error, "a function of `{}` panicked", name);
    }
    caught.ok()
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(catch_panic(|| 1), Ok(1));
        assert_eq!(catch_panic(|| panic!("on purpose")), Err::<(), _>("on purpose".to_owned()));
        assert_eq!(catch_panic(|| panic!("{}", 7)), Err::<(), _>("7".to_owned()));
        assert_eq!(call_hook("test", || panic!("on purpose")), None::<()>);
    }
}
