//! Counts which running changes are active and which only wait: for the rate limiter, or until AWS has finished something.
//!
//! While some changes wait, the apply loop starts more: only as many as are needed to keep the allowed number of requests in flight. More
//! would only fill the queue ahead of changes that become urgent later.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

tokio::task_local! {
    static WORKER: Arc<Worker>;
}

/// The running tasks, as far as the counter knows: how many of them wait. Cheap to clone; all clones share one state.
#[derive(Debug, Clone, Default)]
pub struct ActiveTasks {
    idle: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Worker {
    crew: ActiveTasks,
    /// How many waits the task is in: waits can be nested.
    waits: AtomicUsize,
}

impl ActiveTasks {
    /// Runs `work` as one of the counted tasks.
    pub fn track<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        WORKER.scope(Arc::new(Worker { crew: self.clone(), waits: AtomicUsize::new(0) }), work)
    }

    /// How many tasks only wait.
    pub fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }
}

/// Waits; meanwhile the task does not count as active. A future that is ready at once is not a wait. Without a counter this only awaits
/// the future.
pub(crate) async fn while_waiting<F: Future + Unpin>(mut wait: F) -> F::Output {
    let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut wait).poll(context))).await;
    if let Poll::Ready(output) = first {
        return output;
    }
    let _idle = WORKER.try_with(|worker| Idle::begin(Arc::clone(worker))).ok();
    wait.await
}

/// A wait, as long as it is held.
struct Idle(Arc<Worker>);

impl Idle {
    fn begin(worker: Arc<Worker>) -> Self {
        if worker.waits.fetch_add(1, Ordering::Relaxed) == 0 {
            worker.crew.idle.fetch_add(1, Ordering::Relaxed);
        }
        Self(worker)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        if self.0.waits.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.crew.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;
    use tokio::sync::Notify;

    use super::*;

    #[test]
    fn who_waits_is_counted_once_and_only_while_it_waits() {
        let (crew, inner, outer) = (ActiveTasks::default(), Notify::new(), Notify::new());
        let nested = async {
            while_waiting(pin!(inner.notified())).await;
            outer.notified().await;
        };
        let mut one = Box::pin(crew.track(while_waiting(Box::pin(nested))));
        assert_eq!(crew.idle(), 0, "it has not begun");
        assert_eq!((one.as_mut().now_or_never(), crew.idle()), (None, 1), "two waits, one in the other");
        inner.notify_one();
        assert_eq!((one.as_mut().now_or_never(), crew.idle()), (None, 1), "the outer one goes on");
        outer.notify_one();
        assert_eq!((one.as_mut().now_or_never(), crew.idle()), (Some(()), 0));
    }

    #[test]
    fn what_is_ready_is_no_wait_and_who_is_dropped_waits_no_longer() {
        let (crew, never) = (ActiveTasks::default(), Notify::new());
        let seen = crew.clone();
        let ready = crew.track(async { while_waiting(std::future::ready(seen.idle())).await }).now_or_never();
        assert_eq!((ready, crew.idle()), (Some(0), 0));
        let mut two = Box::pin(crew.track(async { while_waiting(pin!(never.notified())).await }));
        assert_eq!((two.as_mut().now_or_never(), crew.idle()), (None, 1));
        drop(two);
        assert_eq!(crew.idle(), 0);
    }

    #[test]
    fn without_a_crew_it_is_a_wait_like_any_other() {
        let never = Notify::new();
        assert_eq!(while_waiting(std::future::ready(1)).now_or_never(), Some(1));
        assert_eq!(async { while_waiting(pin!(never.notified())).await }.now_or_never(), None);
    }
}
