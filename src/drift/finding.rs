//! One finding: its subject, its severity, the values in org.toml and in AWS, and what `apply` would do about it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Origin;
use crate::address::Address;
use crate::diagnostic::Span;
use crate::plan::{Action, Effect};
use crate::resource::Weight;

/// What kind of thing was found: a closed set. The names are stable, and are the rules of SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Both have it, otherwise.
    Changed,
    /// org.toml has it, AWS does not.
    Missing,
    /// AWS has it, overlord made it, and org.toml no longer has it.
    LeftOver,
    /// AWS has it, but org.toml never had it.
    Unmanaged,
    /// It differs, and `apply` cannot change it or leaves it.
    Stuck,
    /// It could not be looked at.
    Unread,
    /// An expired `[[ignore]]`.
    ExpiredIgnore,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Changed, Self::Missing, Self::LeftOver, Self::Unmanaged, Self::Stuck, Self::Unread, Self::ExpiredIgnore];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::LeftOver => "left-over",
            Self::Unmanaged => "unmanaged",
            Self::Stuck => "stuck",
            Self::Unread => "unread",
            Self::ExpiredIgnore => "expired-ignore",
        }
    }

    /// What it means, in a line.
    pub const fn means(self) -> &'static str {
        match self {
            Self::Changed => "its value in AWS differs from org.toml",
            Self::Missing => "it is in org.toml, but not in AWS",
            Self::LeftOver => "overlord created it, and it is no longer in org.toml",
            Self::Unmanaged => "it is in AWS, but not in org.toml",
            Self::Stuck => "it differs from org.toml, but apply cannot change it",
            Self::Unread => "it could not be read, so its drift is unknown",
            Self::ExpiredIgnore => "an [[ignore]] of org.toml has expired",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What kind of thing.
    pub what: What,
    /// What it weighs: of several attributes the heaviest.
    pub weight: Weight,
    /// What it is about: an address, or AWS's id with a name.
    pub subject: String,
    /// The address, if it has one.
    pub address: Option<Address>,
    /// AWS's id, if it exists and is known.
    pub id: Option<String>,
    /// One line.
    pub summary: String,
    /// What differs, in order of name.
    pub differences: Vec<Difference>,
    /// Its parts with the same finding, by kind: they have no findings of their own.
    pub parts: BTreeMap<String, usize>,
    /// What `apply` would do.
    pub remedy: Remedy,
    /// For a guardrail, its effect on the permissions of accounts, if that was computed.
    pub effect: Option<Effect>,
    /// Since when and by whom, if that was looked up and CloudTrail has it.
    pub origin: Option<Origin>,
    /// Its position in org.toml, if that differs from the position of the address.
    pub at: Option<Span>,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// The value in org.toml; null if there is none.
    pub wanted: Value,
    /// The value in AWS; null if there is none.
    pub live: Value,
}

/// What `apply` would do about a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// It would change it.
    Change {
        /// How.
        action: Action,
        /// The calls that write, in order.
        calls: Vec<String>,
        /// The flag that it needs in addition to `--yes`.
        needs: Option<String>,
    },
    /// It would leave it as it is.
    Leave,
    /// It would do nothing at all, because of this.
    Refuse,
}

/// A placeholder for a value that is not printed.
const SENSITIVE: &str = "(sensitive)";

impl Difference {
    /// One that is not printed.
    pub(super) fn sensitive(name: String) -> Self {
        Self { name, wanted: SENSITIVE.into(), live: SENSITIVE.into() }
    }
}

impl Finding {
    /// What stays the same from one look to the next for as long as the finding does: 16 hexadecimal digits. Another value in AWS is
    /// another finding.
    pub fn fingerprint(&self) -> String {
        let told = match self.what {
            // Their values are in the line.
            What::Unmanaged | What::Stuck => self.summary.as_str(),
            // The line says why AWS refused, which names requests and moments.
            What::Changed | What::Missing | What::LeftOver | What::Unread | What::ExpiredIgnore => "",
        };
        let differences = if self.what == What::Changed { self.differences.as_slice() } else { &[] };
        let text = json!([self.what, self.subject, self.id, told, differences]).to_string();
        Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}
