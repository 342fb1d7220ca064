//! Waiting: polls with a pause, a deadline and an interrupt. The only sleeps of the program are here and in the door.

use std::time::Duration;

use super::{AwsResult, Error};

/// Ctrl-C, once. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {}

impl Interrupt {
    /// Interrupts: nothing new is begun, waits end.
    pub fn trigger(&self) {
        todo!()
    }

    /// Whether it was triggered.
    pub fn is_triggered(&self) -> bool {
        todo!()
    }

    /// Returns once it is triggered.
    pub async fn triggered(&self) {
        todo!()
    }
}

/// How to wait for something asynchronous.
#[derive(Debug, Clone)]
pub struct Poll {
    /// What is waited for, for the error at the deadline.
    pub what: String,
    /// The first pause; later ones grow to at most ten times it.
    pub pause: Duration,
    /// When to give up.
    pub deadline: Duration,
}

impl Poll {
    /// Asks until the answer is `Some`, with a pause between.
    ///
    /// # Errors
    /// What `ask` fails with; [`Error::Deadline`]; [`Error::Interrupted`], at once when the user interrupts.
    pub async fn until<T, F>(&self, interrupt: &Interrupt, mut ask: impl FnMut() -> F) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<Option<T>>>,
    {
        let _ = (interrupt, ask().await?);
        Err(Error::Interrupted)
    }
}
