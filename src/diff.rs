//! The diff: compares desired and live resources, attribute by attribute, and gives a reason per change. Pure.
//!
//! It runs between the snapshot and the graph. Its result is sorted by address and contains no order of execution. The resource kind says
//! what a difference means ([`OnChange`]); this module only compares values for equality.

mod quarantine;
mod reason;
mod replacement;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::change::{Action, AttributeChange, Change, differing};
use crate::resource::{
    self, Attributes, Desired, ErasedKind, Finding, FindingSeverity, KindSpec, Live, LiveResource, OnChange, OnRemoval, Proposed, SUCCESSOR,
};

/// What differs, and what cannot or will not be changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// The changes in order of address, without their calls and dependencies.
    pub changes: Vec<Change>,
    /// Errors prevent the plan from being applied; the rest is information.
    pub findings: Vec<Finding>,
}

/// Compares all of `desired` with all of `live`.
pub fn diff(desired: &Desired, live: &Live) -> Difference {
    let replacements = replacement::find(desired, &live.resources);
    let former = former(&replacements.live);
    let mut difference = Difference::default();
    // Both sides are in order of address, so one pass compares them.
    let reasons = &live.reasons;
    let mut there = replacements.live.iter().peekable();
    let mut left_over = Vec::new();
    for (address, after) in &desired.resources {
        while let Some(other) = there.next_if(|(other, _)| *other < address) {
            left_over.push(other);
        }
        let before = there.next_if(|(other, _)| *other == address).map(|(_, before)| before);
        let Some(kind) = resource::kind(address.kind()) else {
            difference.error(address, format!("this version of overlord does not know the kind `{}`", address.kind()));
            continue;
        };
        match before {
            // Its id says that it exists in another place, so it is never created: the reader reports that it is not here.
            None if desired.pinned.contains_key(address) => {}
            None if kind.is_satisfied_by_absence(after) => {}
            None => difference.creation(address, kind.spec(), after, former.get(address).copied(), reasons.get(address)),
            Some(before) => difference.existing(desired, kind, address, before, after),
        }
    }
    for (address, before) in left_over.into_iter().chain(there) {
        // Replaced now, or left behind by an earlier replacement.
        let named = before.id.as_ref().and_then(|id| address.of_several(id)).filter(|address| desired.resources.contains_key(address));
        let successor = replacements.former.get(address).cloned().or(named).or_else(|| successor(&before.attributes));
        difference.left_over(address, before, successor.as_ref());
    }
    difference.changes = quarantine::through(difference.changes, desired, live);
    difference
}

/// The successor of a live resource.
fn successor(attributes: &Attributes) -> Option<Address> {
    attributes.get(SUCCESSOR)?.as_str()?.parse().ok()
}

/// The replaced resources, by the address of the new one.
fn former(live: &BTreeMap<Address, LiveResource>) -> BTreeMap<Address, (&Address, &LiveResource)> {
    let is_recreated = |address: &Address| address.scope().is_none() && resource::spec(address).is_some_and(|s| s.recreated.is_some());
    let left = live.iter().filter(|(address, _)| is_recreated(address));
    left.filter_map(|(address, resource)| Some((successor(&resource.attributes)?, (address, resource)))).collect()
}

/// A resource that a change needs although no attribute refers to it.
pub(crate) fn prerequisite(change: &Change, management_account: &str) -> Option<Address> {
    resource::kind(change.address.kind())?.prerequisite(&proposed(change, management_account))
}

/// A change as the rules of its kind see it.
fn proposed<'c>(change: &'c Change, management_account: &'c str) -> Proposed<'c> {
    let Change { address, id, before, after, .. } = change;
    Proposed { address, id: id.as_deref(), before: before.as_ref(), after: after.as_ref(), management_account }
}

/// The reason for this change of an existing resource.
pub(crate) fn reason_of(change: &Change) -> String {
    resource::spec(&change.address).map(|spec| reason::of_change(change.action, spec, &change.attributes())).unwrap_or_default()
}

impl Difference {
    fn find(&mut self, severity: FindingSeverity, address: &Address, summary: String) {
        self.findings.push(Finding { severity, subject: address.to_string(), summary });
    }

    fn error(&mut self, address: &Address, summary: String) {
        self.find(FindingSeverity::Error, address, summary);
    }

    /// A resource that only the configuration has. `former` is the one that it replaces.
    fn creation(
        &mut self,
        address: &Address,
        spec: &KindSpec,
        after: &Attributes,
        former: Option<(&Address, &LiveResource)>,
        known: Option<&String>,
    ) {
        if let Some(id) = former.and_then(|(_, former)| former.id.as_deref()) {
            let summary = format!(
                "AWS gives it another id: what names `{id}` outside of org.toml (conditions of policies, stack sets, shares) must name the new one"
            );
            self.find(FindingSeverity::Warning, address, summary);
        }
        self.changes.push(Change {
            address: address.clone(),
            action: Action::Create,
            reason: match known {
                Some(known) => known.clone().into(),
                None => reason::of_creation(address, spec, former.map(|(address, _)| address)),
            },
            id: None,
            before: None,
            after: Some(after.clone()),
            calls: Vec::new(),
            waits_for: Vec::new(),
        });
    }

    /// A resource that both sides have.
    fn existing(&mut self, desired: &Desired, kind: &dyn ErasedKind, address: &Address, before: &LiveResource, after: &Attributes) {
        let spec = kind.spec();
        if let Some(why) = &before.frozen {
            self.find(FindingSeverity::Warning, address, format!("left as it is: {why}"));
            return;
        }
        if before.attributes == *after {
            return;
        }
        let (action, attributes) = self.changed(spec, address, differing(&before.attributes, after));
        let action = match action {
            Action::NoOp => return,
            _ if spec.adopted && before.ours == Some(false) => Action::Adopt,
            action => action,
        };
        let change = Change {
            address: address.clone(),
            action,
            reason: reason::of_change(action, spec, &attributes).into(),
            id: before.id.clone(),
            before: Some(before.attributes.clone()),
            after: Some(after.clone()),
            calls: Vec::new(),
            waits_for: Vec::new(),
        };
        if let Some(summary) = kind.refusal(&proposed(&change, &desired.management_account), desired) {
            self.error(address, summary);
        }
        self.changes.push(change);
    }

    /// The differences that can be applied, and the strongest action among them; the others become errors.
    fn changed(&mut self, spec: &KindSpec, address: &Address, differences: Vec<AttributeChange>) -> (Action, Vec<AttributeChange>) {
        let mut strongest = Action::NoOp;
        let mut attributes = Vec::new();
        for change in differences {
            let Some(attribute) = spec.attribute(&change.name) else {
                self.error(address, format!("unknown attribute `{}` of the kind `{}`", change.name, spec.kind));
                continue;
            };
            let action = match attribute.on_change {
                OnChange::Forbidden(way_out) => {
                    self.error(address, format!("{}, and cannot be changed: {way_out}", reason::values(&change, attribute.sensitive)));
                    continue;
                }
                OnChange::Update => Action::Update,
                OnChange::Move => Action::Move,
                OnChange::ReplaceCreateFirst => Action::Replace,
                OnChange::Delete => Action::Delete,
            };
            strongest = stronger(strongest, action);
            attributes.push(change);
        }
        (strongest, attributes)
    }

    /// A live resource that the configuration does not name. `successor` is what replaces it.
    fn left_over(&mut self, address: &Address, before: &LiveResource, successor: Option<&Address>) {
        let Some(kind) = resource::kind(address.kind()) else {
            self.error(address, format!("this version of overlord does not know the kind `{}`", address.kind()));
            return;
        };
        if let Some(why) = &before.frozen {
            self.find(FindingSeverity::Warning, address, format!("left as it is: {why}"));
            return;
        }
        // Invariant 9: a deletion needs overlord's tag. A resource that may belong to another owner stays.
        let deletable = match kind.spec().on_removal {
            OnRemoval::Delete => before.ours == Some(true) && before.id.is_some(),
            OnRemoval::Report => false,
            OnRemoval::Leave => return,
        };
        if !deletable {
            let summary = "exists, is not in org.toml, and stays as it is".to_owned();
            self.find(FindingSeverity::Unmanaged, address, summary);
            return;
        }
        self.changes.push(Change {
            address: address.clone(),
            action: Action::Delete,
            reason: reason::of_deletion(address, kind.spec(), before, successor),
            id: before.id.clone(),
            before: Some(before.attributes.clone()),
            after: None,
            calls: Vec::new(),
            waits_for: Vec::new(),
        });
    }
}

/// The action to show for a change that does both: a move is shown as a move even if tags change too.
fn stronger(one: Action, other: Action) -> Action {
    let strength = |action| match action {
        Action::NoOp => 0,
        Action::Update => 1,
        Action::Move => 2,
        Action::Replace => 3,
        Action::Create | Action::Delete | Action::Adopt => 4,
    };
    if strength(other) > strength(one) { other } else { one }
}

#[cfg(test)]
mod tests;
