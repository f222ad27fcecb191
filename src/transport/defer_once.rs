//! Deferring a future by one poll, without a wake if the second poll comes by itself.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::task::yield_now;

/// Wakes the task, unless it has been polled again in the meantime.
struct DeferredWake {
    task: Waker,
    is_cancelled: AtomicBool,
}

impl Wake for DeferredWake {
    fn wake(self: Arc<Self>) {
        if !self.is_cancelled.load(Ordering::Relaxed) {
            self.task.wake_by_ref();
        }
    }
}

/// Pending at the first poll, ready at the second. The second poll comes at the latest when the
/// thread's event loop turns.
///
/// actix-http polls a request's future before it reads the body, and again right after that. A
/// future that asks for the body at the first poll is woken when the body is read, and is then
/// polled a third time for nothing. That costs as much as a tenth of the request.
///
/// The second poll of actix-http alone is not enough: a pipelined request and HTTP/2 have none, and
/// a future in between may not pass it on. The request would wait for ever. So this schedules a
/// wake as well, and cancels it if the poll comes first.
///
/// The price is one non-blocking poll of the I/O driver, in each turn of the event loop in which a
/// request was deferred.
pub(super) async fn defer_once() {
    let mut scheduled: Option<Arc<DeferredWake>> = None;
    poll_fn(|cx| {
        if let Some(wake) = scheduled.take() {
            wake.is_cancelled.store(true, Ordering::Relaxed);
            return Poll::Ready(());
        }
        let wake = Arc::new(DeferredWake {
            task: cx.waker().clone(),
            is_cancelled: AtomicBool::new(false),
        });
        // `yield_now` is never ready at its first poll. tokio keeps the waker until the thread next
        // polls its driver.
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&Arc::clone(&wake).into()));
        scheduled = Some(wake);
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::{pin::Pin, sync::atomic::AtomicUsize};

    use actix_web::rt;

    use super::*;

    #[derive(Default)]
    struct TaskWakes(AtomicUsize);

    impl Wake for TaskWakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls the future once, and returns whether it was ready.
    fn poll_once(future: Pin<&mut impl Future<Output = ()>>, wakes: &Arc<TaskWakes>) -> bool {
        future.poll(&mut Context::from_waker(&Arc::clone(wakes).into())).is_ready()
    }

    #[actix_web::test]
    async fn a_task_is_woken_in_the_next_turn_unless_it_is_polled_before() {
        for is_polled in [true, false] {
            let wakes = Arc::<TaskWakes>::default();
            let mut future = pin!(defer_once());
            assert!(!poll_once(future.as_mut(), &wakes));
            if is_polled {
                assert!(poll_once(future.as_mut(), &wakes));
            }
            rt::task::yield_now().await;
            assert_eq!(wakes.0.load(Ordering::Relaxed), usize::from(!is_polled));
            if !is_polled {
                assert!(poll_once(future, &wakes));
            }
        }
    }

    #[actix_web::test]
    async fn it_completes_in_a_task_and_without_a_runtime() {
        rt::spawn(defer_once()).await.expect("the task completes");
        let without = std::thread::spawn(|| {
            let (mut future, wakes) = (pin!(defer_once()), Arc::<TaskWakes>::default());
            (
                poll_once(future.as_mut(), &wakes),
                wakes.0.load(Ordering::Relaxed),
                poll_once(future, &wakes),
            )
        });
        assert_eq!(without.join().expect("it works without a runtime"), (false, 1, true));
    }
}
