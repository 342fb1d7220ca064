//! Findings about accounts that cannot be read: one per account, or one for many accounts that fail alike. Pure.

use std::collections::BTreeMap;

use crate::aws::Error;
use crate::plural::count;
use crate::resource::{Finding, FindingSeverity};

/// From this number on, accounts that fail alike are reported together.
const TOGETHER: usize = 6;
/// How many of those are named.
const NAMED: usize = 5;

/// The consequence of an account not being read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Consequence {
    /// It is in the configuration. With the Regions, in words.
    NothingPlanned { regions: String, blocks: Blocks },
    /// It is in the configuration, and not selected.
    PoolsWait,
    /// It is not in the configuration.
    AddressesUnknown,
}

/// The effect on the addresses of an account of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blocks {
    /// No addresses are assigned, or none from its pools.
    Safe,
    /// org.toml does not say which pools its VPCs use.
    Exposed,
}

/// An account that could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// What the finding is about.
    pub subject: String,
    /// Its id.
    pub account: String,
    pub consequence: Consequence,
    pub error: Error,
}

impl Consequence {
    fn of_one(&self) -> String {
        match self {
            Self::NothingPlanned { regions, blocks: Blocks::Safe } => {
                format!("its network cannot be read in {regions}, and nothing is planned in it")
            }
            Self::NothingPlanned { regions, blocks: Blocks::Exposed } => {
                format!(
                    "its network cannot be read in {regions}, nothing is planned in it, and its addresses may be assigned to other VPCs"
                )
            }
            Self::PoolsWait => "its VPCs cannot be read, and new VPCs of its pools wait".to_owned(),
            Self::AddressesUnknown => "its VPCs cannot be read, and their addresses may be assigned to other VPCs".to_owned(),
        }
    }

    fn of_many(&self) -> String {
        match self {
            Self::NothingPlanned { regions, blocks: Blocks::Safe } => {
                format!("their networks cannot be read in {regions}, and nothing is planned in them")
            }
            Self::NothingPlanned { regions, blocks: Blocks::Exposed } => {
                format!(
                    "their networks cannot be read in {regions}, nothing is planned in them, and their addresses may be assigned to other VPCs"
                )
            }
            Self::PoolsWait => "their VPCs cannot be read, and new VPCs of their pools wait".to_owned(),
            Self::AddressesUnknown => "their VPCs cannot be read, and the addresses of these may be assigned to other VPCs".to_owned(),
        }
    }
}

/// One warning per account, or one for many that fail alike.
pub(super) fn findings(unread: Vec<Unread>) -> Vec<Finding> {
    let mut alike: BTreeMap<(Consequence, String), Vec<Unread>> = BTreeMap::new();
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
                let each = |one: Unread| warning(one.subject, &consequence.of_one(), &one.error, &one.account);
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
pub(super) fn warning(subject: String, what: &str, error: &Error, account: &str) -> Finding {
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
