//! Findings about accounts that cannot be read: one per account, or one for many accounts that fail alike. Pure.

use std::collections::BTreeMap;

use super::{Finding, FindingSeverity};
use crate::aws::Error;
use crate::plural::count;

/// From this number on, accounts that fail alike are reported together.
const TOGETHER: usize = 6;
/// How many of those are named.
const NAMED: usize = 5;

/// What follows from an account not being read.
pub(crate) trait Consequence: Clone + Ord {
    /// For one account: `its network cannot be read`.
    fn of_one(&self) -> String;

    /// For several accounts: `their networks cannot be read`.
    fn of_many(&self) -> String;
}

/// An account that could not be read.
#[derive(Debug)]
pub(crate) struct Unread<C> {
    /// What the finding is about.
    pub subject: String,
    /// Its id.
    pub account: String,
    pub consequence: C,
    pub error: Error,
}

/// One warning per account, or one for many that fail alike.
pub(crate) fn findings<C: Consequence>(unread: Vec<Unread<C>>) -> Vec<Finding> {
    let mut alike: BTreeMap<(C, String), Vec<Unread<C>>> = BTreeMap::new();
    for one in unread {
        alike.entry((one.consequence.clone(), kind_of(&one.error))).or_default().push(one);
    }
    let mut findings = Vec::new();
    for ((consequence, _), mut accounts) in alike {
        accounts.sort_by(|a, b| a.subject.cmp(&b.subject));
        match accounts.first() {
            Some(first) if accounts.len() >= TOGETHER => {
                let names: Vec<String> = accounts.iter().take(NAMED).map(|account| format!("`{}`", account.subject)).collect();
                let what = format!(
                    "{}: {} and {} more; of the first",
                    consequence.of_many(),
                    names.join(", "),
                    accounts.len().saturating_sub(NAMED)
                );
                findings.push(warning(count(accounts.len(), "account"), &what, &first.error, &first.account));
            }
            Some(_) | None => {
                let each = |one: Unread<C>| warning(one.subject, &consequence.of_one(), &one.error, &one.account);
                findings.extend(accounts.into_iter().map(each));
            }
        }
    }
    findings
}

/// What equal errors have in common: AWS refused the same call with the same code, or did not answer.
fn kind_of(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => format!("{} {}", refusal.operation, refusal.code),
        Error::NoAnswer { operation, .. } => operation.clone(),
        Error::Interrupted | Error::Deadline { .. } | Error::Failed { .. } | Error::Waiting { .. } | Error::Internal(_) => {
            error.to_string()
        }
    }
}

/// A warning about the consequence of an error in an account.
pub(crate) fn warning(subject: String, what: &str, error: &Error, account: &str) -> Finding {
    let hint = match error {
        Error::Refused(refusal) if refusal.operation == "sts:AssumeRole" => Some(format!(
            "see that the access role is in account `{account}` and that the management account may assume it; `overlord invite --template` \
                 makes it, where AWS did not"
        )),
        error => error.hint(),
    };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    Finding { severity: FindingSeverity::Warning, subject, summary: format!("{what}: {error}{hint}") }
}
