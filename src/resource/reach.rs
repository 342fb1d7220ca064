//! Which failures of a read concern one account, and which end the run. Pure.

use std::collections::BTreeSet;

use crate::aws::Error;

/// Whether AWS answers at all. Accounts are read side by side, and a missing answer takes many attempts. If a second account gets no
/// answer before any other has answered, the connection is down, not an account.
#[derive(Default)]
pub(crate) struct Reach {
    answered: bool,
    /// The ids of those that gave no answer.
    silent: BTreeSet<String>,
}

impl Reach {
    /// Records how reading an account ended, and returns whether AWS cannot be reached.
    pub fn is_lost(&mut self, account: &str, error: Option<&Error>) -> bool {
        if error.is_some_and(Error::leaves_open) {
            self.silent.insert(account.to_owned());
        } else {
            self.answered = true;
        }
        !self.answered && self.silent.len() > 1
    }
}

/// Whether an error ends the run because it does not belong to one account.
pub(crate) fn is_fatal(error: &Error) -> bool {
    match error {
        Error::Interrupted | Error::Internal(_) => true,
        Error::Refused(refusal) => {
            refusal.operation.starts_with("sts:") && ["ExpiredToken", "ExpiredTokenException", "RequestExpired"].contains(&&*refusal.code)
        }
        Error::NoAnswer { .. } | Error::Deadline { .. } | Error::Failed { .. } | Error::Waiting { .. } => false,
    }
}
