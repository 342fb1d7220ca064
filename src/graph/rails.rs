//! Guard rails as the graph knows them: a policy, wherever it is attached, and what it says, whichever policy says it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use crate::address::{Address, Reference};
use crate::limits::LIMITS;
use crate::plan::Change;
use crate::resource::{self, Attributes, Desired, Live};

/// What guards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rail {
    Policy(Reference),
    /// The type and the canonical document.
    Document(Rc<str>),
}

/// What the policies say, before and after.
pub(super) struct Documents {
    before: BTreeMap<Reference, Rc<str>>,
    after: BTreeMap<Reference, Rc<str>>,
}

impl Documents {
    pub fn of(desired: &Desired, live: &Live) -> Self {
        let is_policy = |address: &Address| address.kind() == "policy";
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        for (address, resource) in live.resources.iter().filter(|(address, _)| is_policy(address)) {
            let Some(document) = document(&resource.attributes) else { continue };
            before.extend(resource.id.clone().map(|id| (Reference::Id(id), document.clone())));
            before.insert(address.clone().into(), document);
        }
        for (address, attributes) in desired.resources.iter().filter(|(address, _)| is_policy(address)) {
            after.extend(document(attributes).map(|document| (address.clone().into(), document)));
        }
        Self { before, after }
    }

    /// What a policy is and has said so far.
    pub fn before(&self, policy: &Reference) -> impl Iterator<Item = Rail> {
        [Some(Rail::Policy(policy.clone())), self.said(policy)].into_iter().flatten()
    }

    /// What a policy is and will say.
    pub fn after(&self, policy: &Reference) -> impl Iterator<Item = Rail> {
        [Some(Rail::Policy(policy.clone())), self.will_say(policy)].into_iter().flatten()
    }

    /// What a policy is, has said and will say.
    pub fn ever(&self, policy: &Reference) -> impl Iterator<Item = Rail> {
        self.before(policy).chain(self.will_say(policy))
    }

    /// The document so far.
    pub fn said(&self, policy: &Reference) -> Option<Rail> {
        self.before.get(policy).cloned().map(Rail::Document)
    }

    /// The document from then on.
    pub fn will_say(&self, policy: &Reference) -> Option<Rail> {
        self.after.get(policy).cloned().map(Rail::Document)
    }

    /// Whether the document of a policy that stays is another one.
    pub fn is_edited(&self, policy: &Reference) -> bool {
        self.before.get(policy).zip(self.after.get(policy)).is_some_and(|(before, after)| before != after)
    }
}

fn document(attributes: &Attributes) -> Option<Rc<str>> {
    let content = attributes.get("content").filter(|content| !content.is_null())?;
    let of_type = match resource::reference(attributes, "policy_type") {
        Some(Reference::Address(address)) => address.key().to_owned(),
        Some(Reference::Id(name)) => name,
        None => String::new(),
    };
    Some(format!("{of_type} {content}").into())
}

/// What a change of a guard takes from its target and gives to it. AWS's defaults allow everything: they guard nothing, and to lose one
/// is to be guarded more.
pub(super) struct Shift {
    pub target: Address,
    pub lost: BTreeSet<Reference>,
    pub gained: BTreeSet<Reference>,
    pub lost_defaults: BTreeSet<Reference>,
    pub gained_defaults: BTreeSet<Reference>,
}

impl Shift {
    /// `None` for what is no guard, and for a guard that has no state before.
    pub fn of(change: &Change) -> Option<Self> {
        let (before, after) = (change.before.as_ref().filter(|_| guards_target(&change.address))?, change.after.as_ref()?);
        let Reference::Address(target) = resource::reference(after, "target")? else { return None };
        let (before, after) = (policies(before), policies(after));
        let (lost_defaults, lost) = before.difference(&after).cloned().partition(is_default);
        let (gained_defaults, gained) = after.difference(&before).cloned().partition(is_default);
        Some(Self { target, lost, gained, lost_defaults, gained_defaults })
    }

    /// Whether it guards its target less and in nothing more.
    pub fn only_loosens(&self) -> bool {
        self.gained.is_empty() && self.lost_defaults.is_empty()
    }
}

/// Whether the kind of an address guards what its `target` refers to.
pub(super) fn guards_target(address: &Address) -> bool {
    resource::kind(address.kind()).is_some_and(|kind| kind.spec().guards_target)
}

/// Whether it is one of AWS's own policies that allow everything.
pub(super) fn is_default(policy: &Reference) -> bool {
    match policy {
        Reference::Id(id) => LIMITS.policy_types.iter().any(|limits| limits.default.as_ref() == Some(id)),
        Reference::Address(_) => false,
    }
}

/// The policies of a set, or those that go with a place that goes.
pub(super) fn policies(attributes: &Attributes) -> BTreeSet<Reference> {
    let listed = attributes.get("policies").unwrap_or(Value::Null);
    serde_json::from_value(listed).unwrap_or_default()
}
