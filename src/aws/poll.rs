//! Polling with a pause, a deadline and an interrupt. The program sleeps only here and in the request gate.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{AwsResult, Error, while_waiting};

/// Ctrl-C, once. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Interrupt {
    triggered: watch::Sender<bool>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self { triggered: watch::Sender::new(false) }
    }
}

impl Interrupt {
    /// Interrupts: nothing new starts, and waits end.
    pub fn trigger(&self) {
        self.triggered.send_replace(true);
    }

    /// Whether it was triggered.
    pub fn is_triggered(&self) -> bool {
        *self.triggered.borrow()
    }

    /// Returns once it is triggered.
    pub async fn triggered(&self) {
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = self.triggered.subscribe().wait_for(|triggered| *triggered).await;
    }
}

/// How to wait for something asynchronous.
#[derive(Debug, Clone)]
pub struct Poll {
    /// What the poll waits for, for the error at the deadline.
    pub what: String,
    /// The first pause; later ones grow to at most ten times it.
    pub pause: Duration,
    /// When to give up.
    pub deadline: Duration,
}

impl Poll {
    /// Polls until the answer is `Some`, with a pause between polls. The first poll is sent at once, even after an interrupt: a change
    /// that has started goes on as far as it can without waiting, so that an account that was just created still leaves the root. One
    /// more poll is sent at the deadline. Pauses grow by half: a quick result is seen quickly, and a slow one is not polled all the time.
    ///
    /// # Errors
    /// An error of `ask`; [`Error::Deadline`]; [`Error::Interrupted`], at once when the user interrupts.
    pub async fn until<T, F>(&self, interrupt: &Interrupt, mut ask: impl FnMut() -> F) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<Option<T>>>,
    {
        let start = Instant::now();
        let end = start + self.deadline;
        let mut pause = self.pause;
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            if interrupt.is_triggered() {
                return Err(Error::Interrupted);
            }
            let now = Instant::now();
            if now >= end {
                return Err(Error::Deadline { what: self.what.clone(), seconds: (now - start).as_secs() });
            }
            let over = pin!(tokio::time::sleep_until((now + pause).min(end)));
            tokio::select! {
                () = while_waiting(over) => {}
                () = interrupt.triggered() => return Err(Error::Interrupted),
            }
            pause = (pause * 3 / 2).min(self.pause * 10);
        }
    }
}

/// Waits between two renewals of something that expires.
///
/// # Errors
/// [`Error::Interrupted`], at once when the user interrupts.
pub async fn pause(length: Duration, interrupt: &Interrupt) -> AwsResult<()> {
    tokio::select! {
        () = tokio::time::sleep(length) => Ok(()),
        () = interrupt.triggered() => Err(Error::Interrupted),
    }
}

/// How long an answer counts as current.
const FRESH: Duration = Duration::from_secs(1);

/// The latest answer to a question that many waiting changes ask. A change that asks shortly after another one gets the same answer.
#[derive(Debug)]
pub struct Latest<T>(tokio::sync::Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(tokio::sync::Mutex::default())
    }
}

impl<T> Latest<T> {
    /// The latest answer; sends a request if there is none of the last second. Only one of several callers sends it.
    ///
    /// # Errors
    /// An error of `ask`; the next caller asks again.
    pub async fn or<F: Future<Output = AwsResult<T>>>(&self, ask: impl FnOnce() -> F) -> AwsResult<Arc<T>> {
        let mut newest = self.0.lock().await;
        if let Some((at, answer)) = newest.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(ask().await?);
        *newest = Some((Instant::now(), Arc::clone(&answer)));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn poll() -> Poll {
        Poll { what: "account 1 to be created".into(), pause: Duration::from_secs(1), deadline: Duration::from_secs(100) }
    }

    #[tokio::test(start_paused = true)]
    async fn asks_at_once_then_ever_more_rarely() {
        let start = Instant::now();
        let asked = RefCell::new(Vec::new());
        let answer = poll()
            .until(&Interrupt::default(), || async {
                asked.borrow_mut().push(start.elapsed());
                Ok((asked.borrow().len() == 9).then_some("done"))
            })
            .await;
        assert_eq!(answer, Ok("done"));
        let asked = asked.into_inner();
        assert_eq!(asked[0], Duration::ZERO);
        let pauses: Vec<Duration> = asked.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(pauses.windows(2).all(|w| w[0] <= w[1]), "{pauses:?}");
        assert!(pauses.iter().all(|p| *p <= Duration::from_millis(10_001)), "{pauses:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_says_what_was_waited_for() {
        let error = poll().until::<(), _>(&Interrupt::default(), || async { Ok(None) }).await;
        assert_eq!(error, Err(Error::Deadline { what: "account 1 to be created".into(), seconds: 100 }));
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupt_ends_the_wait_at_once() {
        let interrupt = Interrupt::default();
        let start = Instant::now();
        let poll = poll();
        let (result, ()) = tokio::join!(poll.until::<(), _>(&interrupt, || async { Ok(None) }), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            interrupt.clone().trigger();
        });
        assert_eq!((result, start.elapsed().as_millis() < 310), (Err(Error::Interrupted), true));
        let asked = std::cell::Cell::new(false);
        let again = poll
            .until::<(), _>(&interrupt, || async {
                asked.set(true);
                Ok(None)
            })
            .await;
        assert_eq!((again, asked.get()), (Err(Error::Interrupted), true));
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_together_asks_once() {
        let (latest, asked) = (Latest::default(), std::cell::Cell::new(0));
        let ask = || async {
            asked.set(asked.get() + 1);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if asked.get() == 1 { Err(Error::failed("no")) } else { Ok(asked.get()) }
        };
        let (one, two, three) = tokio::join!(latest.or(ask), latest.or(ask), latest.or(ask));
        assert_eq!(
            (one.is_err(), two.map(|answer| *answer), three.map(|answer| *answer)),
            (true, Ok(2), Ok(2)),
            "an error is nobody else's"
        );
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(latest.or(ask).await.map(|answer| *answer), Ok(3), "an old answer is none");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_question_ends_the_wait() {
        let result = poll().until::<(), _>(&Interrupt::default(), || async { Err(Error::failed("no")) }).await;
        assert_eq!(result, Err(Error::failed("no")));
    }
}
