//! The plan: changes, their graph and the live values they rest on, as plain data. Everything is decided here;
//! `apply` only resolves identifiers (invariant 5). Saved as JSON with a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::resource::{Attributes, Desired, Finding, LiveResource};

/// The version of the JSON form. Raised when a reader of the old one would misread the new one.
pub const FORMAT_VERSION: u32 = 1;

/// What a change does: a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing differs.
    NoOp,
    /// It does not exist.
    Create,
    /// It is changed in place.
    Update,
    /// It is made anew, then the old one is deleted.
    Replace,
    /// Ours, and no longer in the configuration. Needs consent.
    Delete,
    /// It goes to another parent, with or without other changes in place.
    Move,
    /// It exists and was not made by overlord; from this change on it carries our tag.
    Adopt,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Its name.
    pub name: String,
    /// Its live value; null when there is none.
    pub before: Value,
    /// The value asked for; null when there will be none.
    pub after: Value,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is changed.
    pub address: Address,
    /// How.
    pub action: Action,
    /// Why, for people; never read by the program.
    pub reason: String,
    /// AWS's id of what exists.
    pub id: Option<String>,
    /// The attributes that differ, in order of name.
    pub attributes: Vec<AttributeChange>,
    /// All live attributes; `None` for a creation.
    pub before: Option<Attributes>,
    /// All attributes asked for; `None` for a deletion.
    pub after: Option<Attributes>,
    /// The mutating calls that it makes, as `service:Operation`, in order.
    pub calls: Vec<String>,
    /// The changes that must have been applied before, in order of address.
    pub waits_for: Vec<Address>,
}

/// How many calls a plan makes, and the time that AWS's published rates allow at best.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// Mutating calls by `service:Operation`.
    pub calls: BTreeMap<String, usize>,
    /// Seconds, from full token buckets; the slowest operation's, since all of them refill side by side.
    pub seconds_at_best: f64,
    /// The operation that decides `seconds_at_best`.
    pub slowest: Option<String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What was asked for when the plan was made: a saved plan needs no org.toml.
    pub desired: Desired,
    /// SHA-256 of `observed`, in hexadecimal.
    pub digest: String,
    /// The live values that the plan rests on. A saved plan is refused when they have moved.
    pub observed: BTreeMap<Address, LiveResource>,
    /// The changes, no-ops left out, each behind all that it waits for.
    pub changes: Vec<Change>,
    /// What is no change and should be known.
    pub findings: Vec<Finding>,
    /// Calls and time.
    pub budget: Budget,
}
