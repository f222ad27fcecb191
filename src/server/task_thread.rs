//! Where the tasks of a server run that belong to no client.

use std::{io, sync::mpsc, thread};

use actix::Arbiter;
use tokio::{
    runtime::{Builder, Handle},
    task::LocalSet,
};

/// Calls `start`, which starts tasks of its thread: here, if this thread belongs to an actix
/// system, or else in a thread of its own. That thread ends with the last of the tasks.
///
/// A program with `#[tokio::main]` has no system, and no thread of its runtime has local tasks.
/// actix-web starts workers without a system there, and these end before the server may.
pub(super) fn on_task_thread<T: Send + 'static>(
    start: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    // A system that exists and does not run yet has no runtime to start tasks in.
    if Arbiter::try_current().is_some() && Handle::try_current().is_ok() {
        return Ok(start());
    }
    let (sender, started) = mpsc::channel();
    thread::Builder::new().name("actix-socketio".to_owned()).spawn(move || {
        let runtime = match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                // The caller waits for it.
                let _ = sender.send(Err(error));
                return;
            }
        };
        let tasks = LocalSet::new();
        let value = {
            let _guard = (runtime.enter(), tasks.enter());
            start()
        };
        let _ = sender.send(Ok(value));
        runtime.block_on(tasks);
    })?;
    // The thread sends one of both, unless `start` panics.
    started.recv().unwrap_or_else(|_| Err(io::Error::other("the thread has panicked")))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The name of the thread on which tasks start.
    fn task_thread() -> Option<String> {
        on_task_thread(|| thread::current().name().map(str::to_owned)).expect("a thread")
    }

    #[test]
    fn a_running_system_keeps_its_tasks_and_everything_else_has_a_thread_for_them() {
        let own = Some("actix-socketio".to_owned());
        let here = thread::current().name().map(str::to_owned);
        assert_eq!(task_thread(), own, "no runtime");
        let tokio = Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(tokio.block_on(async { task_thread() }), own, "no system");
        let system = actix::System::new();
        assert_eq!(task_thread(), own, "a system that does not run yet");
        assert_eq!(system.block_on(async { task_thread() }), here);
    }
}
