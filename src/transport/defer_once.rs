//! A second look that costs no wake if it comes by itself.

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

/// Wakes the task unless that has looked again in the meantime.
struct Alarm {
    task: Waker,
    is_off: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        if !self.is_off.load(Ordering::Relaxed) {
            self.task.wake_by_ref();
        }
    }
}

/// Pending at the first look, and ready at the second one, which comes in the thread's next turn at
/// the latest.
///
/// actix-http looks at a request's future before it reads the body, and again right behind that.
/// Who asks for the body at the first look is woken when it is read, for a third look at nothing:
/// the connection's task is polled in vain, which costs as much as a tenth of the request. Who
/// relied on the second look would wait for ever where something between does not pass it on, or
/// there is none: a request that was pipelined, or is HTTP/2.
///
/// What it costs instead is one look at the driver without waiting, in each turn in which somebody
/// was here.
pub(super) async fn defer_once() {
    let mut alarm: Option<Arc<Alarm>> = None;
    poll_fn(|cx| {
        if let Some(alarm) = alarm.take() {
            alarm.is_off.store(true, Ordering::Relaxed);
            return Poll::Ready(());
        }
        let set = Arc::new(Alarm { task: cx.waker().clone(), is_off: AtomicBool::new(false) });
        // tokio keeps the waker until the thread next looks at its driver. It is ready at its
        // second poll only.
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&Arc::clone(&set).into()));
        alarm = Some(set);
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

    /// Whether it was ready.
    fn look(looks: Pin<&mut impl Future<Output = ()>>, woken: &Arc<TaskWakes>) -> bool {
        looks.poll(&mut Context::from_waker(&Arc::clone(woken).into())).is_ready()
    }

    #[actix_web::test]
    async fn who_looks_again_by_itself_is_not_woken_and_others_are_in_the_next_turn() {
        for by_itself in [true, false] {
            let woken = Arc::<TaskWakes>::default();
            let mut looks = pin!(defer_once());
            assert!(!look(looks.as_mut(), &woken));
            if by_itself {
                assert!(look(looks.as_mut(), &woken));
            }
            rt::task::yield_now().await;
            assert_eq!(woken.0.load(Ordering::Relaxed), usize::from(!by_itself));
            if !by_itself {
                assert!(look(looks, &woken));
            }
        }
    }

    #[actix_web::test]
    async fn it_comes_to_an_end_in_a_task_and_without_a_runtime() {
        rt::spawn(defer_once()).await.expect("it ends");
        let without = std::thread::spawn(|| {
            let (mut looks, woken) = (pin!(defer_once()), Arc::<TaskWakes>::default());
            (look(looks.as_mut(), &woken), woken.0.load(Ordering::Relaxed), look(looks, &woken))
        });
        assert_eq!(without.join().expect("there need be no runtime"), (false, 1, true));
    }
}
