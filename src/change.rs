//! One change, and the attributes that differ.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::resource::organizations::{Account, Leaving, leaving};
use crate::resource::{self, Attributes, Kind, LAPSED, OnChange};

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
    /// A new one is created, then the old one is deleted.
    Replace,
    /// Managed by overlord and removed from the configuration; or, with an `after`, whose desired state is to be gone. Needs
    /// confirmation.
    Delete,
    /// It moves to another parent, with or without other changes in place.
    Move,
    /// It exists and was not created by overlord. If this change writes tags, overlord's tag is among them.
    Adopt,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Its name.
    pub name: String,
    /// Its live value; null when there is none.
    pub before: Value,
    /// The desired value; null if there will be none.
    pub after: Value,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct Change {
    /// What is changed.
    pub address: Address,
    /// How.
    pub action: Action,
    /// Why, for people; never read by the program.
    pub reason: Cow<'static, str>,
    /// AWS's id of what exists.
    pub id: Option<String>,
    /// All live attributes; `None` for a creation.
    pub before: Option<Attributes>,
    /// All desired attributes; `None` for a deletion of a resource that was removed from the configuration.
    pub after: Option<Attributes>,
    /// The mutating calls that it makes, as `service:Operation`, in order.
    pub calls: Vec<String>,
    /// The changes that must be applied before this one, in order of address.
    pub waits_for: Vec<Address>,
}

impl Change {
    /// The attributes that differ, in order of name; for an existing resource those that can be changed. Computed on demand: for a
    /// creation it is every attribute.
    pub fn attributes(&self) -> Vec<AttributeChange> {
        let none = Attributes::new();
        let Some(after) = &self.after else { return removed(self.before.as_ref().unwrap_or(&none)) };
        let Some(before) = &self.before else { return differing(&none, after) };
        let spec = resource::spec(&self.address);
        let on_change = |name: &str| Some(spec?.attribute(name)?.on_change);
        let can_be = |change: &AttributeChange| match on_change(&change.name) {
            Some(OnChange::Update | OnChange::Move | OnChange::ReplaceCreateFirst | OnChange::Delete) => true,
            Some(OnChange::Forbidden(_)) | None => false,
        };
        differing(before, after).into_iter().filter(can_be).collect()
    }

    /// How an account leaves the organization by this change, if it does: that needs its id typed, whatever else was confirmed.
    pub fn leaving(&self) -> Option<Leaving> {
        let gone = self.action == Action::Delete && Account::has(&self.address);
        self.after.as_ref().filter(|_| gone).and_then(leaving)
    }

    /// Whether the attribute of that name differs.
    pub fn changes(&self, name: &str) -> bool {
        let known = resource::spec(&self.address).is_some_and(|spec| spec.attribute(name).is_some());
        // Most kinds have no such attribute: those are skipped.
        known && self.attributes().iter().any(|attribute| attribute.name == name)
    }
}

/// The attributes that `after` names and `before` has with another value, in order of name, and expired ones. A missing value is null.
pub(crate) fn differing(before: &Attributes, after: &Attributes) -> Vec<AttributeChange> {
    let mut live = before.to_map();
    let change = |(name, after): (String, Value)| {
        let before = live.remove(&name).unwrap_or_default();
        let before = if name == "tags" { declared(before, &after) } else { before };
        (before != after).then_some(AttributeChange { name, before, after })
    };
    let mut differing: Vec<AttributeChange> = after.to_map().into_iter().filter_map(change).collect();
    if let Some(before) = live.remove(LAPSED) {
        differing.push(AttributeChange { name: LAPSED.to_owned(), before, after: Value::Null });
        differing.sort_by(|a, b| a.name.cmp(&b.name));
    }
    differing
}

/// The live tags whose keys are declared: other tags are unmanaged and stay.
fn declared(before: Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Object(live), Value::Object(tags)) => live.into_iter().filter(|(key, _)| tags.contains_key(key)).collect(),
        (before, _) => before,
    }
}

fn removed(before: &Attributes) -> Vec<AttributeChange> {
    let change = |(name, before): (String, Value)| (!before.is_null()).then_some(AttributeChange { name, before, after: Value::Null });
    before.to_map().into_iter().filter_map(change).collect()
}

/// A change as it is written to JSON, with the attributes that differ.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    address: Address,
    action: Action,
    reason: Cow<'static, str>,
    id: Option<String>,
    attributes: Vec<AttributeChange>,
    before: Option<Attributes>,
    after: Option<Attributes>,
    calls: Vec<String>,
    waits_for: Vec<Address>,
}

impl From<Change> for Written {
    fn from(change: Change) -> Self {
        let attributes = change.attributes();
        let Change { address, action, reason, id, before, after, calls, waits_for } = change;
        Self { address, action, reason, id, attributes, before, after, calls, waits_for }
    }
}

impl TryFrom<Written> for Change {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { address, action, reason, id, attributes, before, after, calls, waits_for } = written;
        let change = Self { address, action, reason, id, before, after, calls, waits_for };
        // The reviewer read the attributes that differ.
        if change.attributes() == attributes {
            Ok(change)
        } else {
            Err(format!("what differs of `{}` does not follow from its values: it was changed after it was made", change.address))
        }
    }
}
