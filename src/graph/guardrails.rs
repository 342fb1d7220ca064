//! Guardrails as the graph sees them: a policy, wherever it is attached, and a statement, whichever policy contains it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use crate::address::{Address, Reference};
use crate::change::Change;
use crate::limits::LIMITS;
use crate::policy::Family;
use crate::resource::{self, Attributes, Desired, Live, PolicyRole};

/// One guardrail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guardrail {
    Policy(Reference),
    /// A document of a type, or one of its Deny statements, by number: when policies are merged or split, statements move between them.
    Statement(usize),
}

/// What the policies say, before and after.
#[derive(Default)]
pub(super) struct Documents {
    numbers: BTreeMap<String, usize>,
    before: BTreeMap<Reference, Rc<BTreeSet<usize>>>,
    after: BTreeMap<Reference, Rc<BTreeSet<usize>>>,
    /// The policies that allow something, before and after.
    allowed: BTreeSet<Reference>,
    allows: BTreeSet<Reference>,
}

impl Documents {
    pub fn of(desired: &Desired, live: &Live) -> Self {
        let is_policy = |address: &Address| resource::policy_role(address) == PolicyRole::Policy;
        let mut documents = Self::default();
        for (address, resource) in live.resources.iter().filter(|(address, _)| is_policy(address)) {
            let Some(said) = documents.read(&resource.attributes) else { continue };
            for policy in resource.id.clone().map(Reference::Id).into_iter().chain([address.clone().into()]) {
                documents.allowed.extend(Some(policy.clone()).filter(|_| allows(&resource.attributes)));
                documents.before.insert(policy, Rc::clone(&said));
            }
        }
        for (address, attributes) in desired.resources.iter().filter(|(address, _)| is_policy(address)) {
            if let Some(said) = documents.read(attributes) {
                documents.allows.extend(Some(address.clone().into()).filter(|_| allows(attributes)));
                documents.after.insert(address.clone().into(), said);
            }
        }
        documents
    }

    /// A document and its statements as numbers: the same text is the same number.
    fn read(&mut self, attributes: &Attributes) -> Option<Rc<BTreeSet<usize>>> {
        let content = attributes.get("content").filter(|content| !content.is_null())?;
        let of_type = match resource::reference(attributes, "policy_type") {
            Some(Reference::Address(address)) => address.key().to_owned(),
            Some(Reference::Id(name)) => name,
            None => String::new(),
        };
        let mut number = |text: &Value| {
            let next = self.numbers.len();
            *self.numbers.entry(format!("{of_type} {text}")).or_insert(next)
        };
        let whole = number(&content);
        let statements = denying(&content).into_iter().map(|statement| number(&statement));
        Some(Rc::new(statements.chain([whole]).collect()))
    }

    /// What a policy is and what it said so far.
    pub fn before(&self, policy: &Reference) -> impl Iterator<Item = Guardrail> {
        [Guardrail::Policy(policy.clone())].into_iter().chain(rails(self.before.get(policy)))
    }

    /// What a policy is and will say.
    pub fn after(&self, policy: &Reference) -> impl Iterator<Item = Guardrail> {
        [Guardrail::Policy(policy.clone())].into_iter().chain(rails(self.after.get(policy)))
    }

    /// What a policy is, has said and will say.
    pub fn ever(&self, policy: &Reference) -> impl Iterator<Item = Guardrail> {
        self.before(policy).chain(rails(self.after.get(policy)))
    }

    /// What an edit removes from a policy.
    pub fn lost(&self, policy: &Reference) -> BTreeSet<Guardrail> {
        &rails(self.before.get(policy)).collect::<BTreeSet<Guardrail>>() - &rails(self.after.get(policy)).collect()
    }

    /// What an edit adds to a policy.
    pub fn gained(&self, policy: &Reference) -> BTreeSet<Guardrail> {
        &rails(self.after.get(policy)).collect::<BTreeSet<Guardrail>>() - &rails(self.before.get(policy)).collect()
    }

    /// Whether a policy allows anything now.
    pub fn allowed(&self, policy: &Reference) -> bool {
        is_open_to_all(policy) || self.allowed.contains(policy)
    }

    /// Whether a policy will allow anything.
    pub fn allows(&self, policy: &Reference) -> bool {
        is_open_to_all(policy) || self.allows.contains(policy)
    }

    /// Whether the document of a policy that stays changes.
    pub fn is_edited(&self, policy: &Reference) -> bool {
        self.before.get(policy).zip(self.after.get(policy)).is_some_and(|(before, after)| before != after)
    }
}

fn rails(said: Option<&Rc<BTreeSet<usize>>>) -> impl Iterator<Item = Guardrail> {
    let numbers: Vec<usize> = said.into_iter().flat_map(|said| said.iter().copied()).collect();
    numbers.into_iter().map(Guardrail::Statement)
}

/// Whether a policy has a statement that allows.
fn allows(attributes: &Attributes) -> bool {
    attributes.get("content").is_some_and(|content| statements(&content, "Allow").next().is_some())
}

fn statements<'c>(content: &'c Value, effect: &str) -> impl Iterator<Item = &'c Value> {
    let statements = content.get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().filter(move |statement| statement.get("Effect").and_then(Value::as_str) == Some(effect))
}

/// The Deny statements, without their Sids. An Allow guards nothing.
fn denying(content: &Value) -> Vec<Value> {
    let unnamed = |statement: &Value| {
        let mut statement = statement.clone();
        statement.as_object_mut().map(|elements| elements.remove("Sid"));
        statement
    };
    statements(content, "Deny").map(unnamed).collect()
}

/// What a change of a set detaches from its target and attaches to it. AWS's defaults allow everything: they guard nothing, and detaching
/// one only makes the target more restricted.
pub(super) struct Shift {
    pub target: Address,
    pub lost: BTreeSet<Reference>,
    pub gained: BTreeSet<Reference>,
    pub lost_defaults: BTreeSet<Reference>,
    pub gained_defaults: BTreeSet<Reference>,
}

impl Shift {
    /// `None` for a kind that guards nothing, and for a set without a previous state.
    pub fn of(change: &Change) -> Option<Self> {
        let (before, after) = (change.before.as_ref().filter(|_| guards_target(&change.address))?, change.after.as_ref()?);
        let Reference::Address(target) = resource::reference(after, "target")? else { return None };
        let (before, after) = (policies(before), policies(after));
        let (lost_defaults, lost) = before.difference(&after).cloned().partition(is_default);
        let (gained_defaults, gained) = after.difference(&before).cloned().partition(is_default);
        Some(Self { target, lost, gained, lost_defaults, gained_defaults })
    }

    /// Whether it only loosens the guardrails of its target.
    pub fn only_loosens(&self) -> bool {
        self.gained.is_empty() && self.lost_defaults.is_empty()
    }
}

/// Whether the kind of an address guards what its `target` refers to. Resources in an account guard nothing.
pub(super) fn guards_target(address: &Address) -> bool {
    address.account().is_none() && resource::spec(address).is_some_and(|spec| spec.guards_target)
}

/// Whether it is one of AWS's own full-access policies.
pub(super) fn is_default(policy: &Reference) -> bool {
    match policy {
        Reference::Id(id) => LIMITS.policy_types.iter().any(|limits| limits.default.as_ref() == Some(id)),
        Reference::Address(_) => false,
    }
}

/// Whether it is AWS's own full-access service control policy. That of the resource control policies is attached everywhere.
fn is_open_to_all(policy: &Reference) -> bool {
    let scp = LIMITS.policy_types.iter().find(|limits| Family::of_type(&limits.name) == Some(Family::Scp));
    let default = scp.and_then(|limits| limits.default.as_ref());
    matches!(policy, Reference::Id(id) if Some(id) == default)
}

/// The policies of a set, or those that are detached with a deleted place.
pub(super) fn policies(attributes: &Attributes) -> BTreeSet<Reference> {
    let listed = attributes.get("policies").unwrap_or(Value::Null);
    serde_json::from_value(listed).unwrap_or_default()
}
