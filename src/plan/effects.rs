//! How one difference from the configuration changes what accounts may do. Two comparisons answer that: the configuration with and
//! without this difference, and the live state with and without it. The first finds 2 guardrails that only work together; the second
//! finds 2 that deny the same.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::impact::State;
use super::{Change, Plan};
use crate::address::{Address, Reference};
use crate::graph::first_step;
use crate::policy::{self, Family, Hierarchy, Impact, Selection, Verdict};
use crate::resource::organizations::Account;
use crate::resource::{self, Attributes, Kind, Live, PolicyRole};

/// The direction of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// AWS allows what the configuration denies, or denies under conditions.
    Weakened,
    /// AWS denies more, and allows nothing more.
    Strengthened,
    /// Both.
    Mixed,
    /// No action of any account is allowed or denied differently.
    None,
    /// Unknown: it depends on conditions that differ, or on policies that were not read.
    Unknown,
}

/// An effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Its direction.
    pub effect: Direction,
    /// How many accounts it affects.
    pub accounts: usize,
    /// What AWS allows in the largest group of these accounts and the configuration does not.
    pub lets_pass: Option<Selection>,
    /// What AWS denies there and the configuration does not.
    pub denies: Option<Selection>,
}

impl Effect {
    /// Whether AWS allows anything that the configuration denies.
    pub fn weakens(&self) -> bool {
        matches!(self.effect, Direction::Weakened | Direction::Mixed)
    }
}

/// The only direction that a difference can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaning {
    Weaker,
    Stronger,
}

/// Computes the effects of one plan.
#[derive(Debug)]
pub struct Effects<'a> {
    plan: &'a Plan,
    live: &'a Live,
    /// The live state.
    before: State,
    /// The configured state.
    after: Hierarchy,
    /// Whether the same families of guardrails are in use before and after.
    same_families: bool,
}

impl<'a> Effects<'a> {
    /// For a plan, with the live state that it was made from.
    pub fn new(plan: &'a Plan, live: &'a Live) -> Self {
        let before = State::of(live);
        let of = |state: &State| state.hierarchy(&plan.desired, live);
        let after = of(&with(before.clone(), plan.changes.iter()));
        let same_families = of(&before).families == after.families;
        Self { plan, live, before, after, same_families }
    }

    /// The effect of the differences of one address; `None` if they decide about no request.
    pub fn of(&self, address: &Address) -> Option<Effect> {
        let own = |change: &&Change| first_step(&change.address).as_ref().unwrap_or(&change.address) == address;
        if !self.concern(address) {
            return None;
        }
        // If a policy type is disabled, no single set of its policies denies or allows anything.
        let impacts = match (resource::policy_role(address), self.same_families) {
            (PolicyRole::Type, _) => vec![self.whole()],
            (_, false) => return Some(Effect { effect: Direction::Unknown, accounts: 0, lets_pass: None, denies: None }),
            (_, true) => {
                let changes = || self.plan.changes.iter();
                let others = self.hierarchy(&with(self.before.clone(), changes().filter(|change| !own(change))));
                let alone = self.hierarchy(&with(self.before.clone(), changes().filter(own)));
                vec![self.impact(&others, &self.after), self.impact(&self.hierarchy(&self.before), &alone)]
            }
        };
        let moves = Account::has(address) && !self.live.unread.is_empty();
        Some(told(&impacts, self.leaning(address), moves))
    }

    /// Whether the differences of an address decide about requests.
    pub fn concern(&self, address: &Address) -> bool {
        let own = |change: &&Change| first_step(&change.address).as_ref().unwrap_or(&change.address) == address;
        decides_access(address) && self.plan.changes.iter().filter(own).any(|change| self.decides(change))
    }

    /// The direction of all differences together.
    pub fn together(&self) -> Direction {
        told(&[self.whole()], None, false).effect
    }

    fn whole(&self) -> Impact {
        self.impact(&self.hierarchy(&self.before), &self.after)
    }

    fn impact(&self, before: &Hierarchy, after: &Hierarchy) -> Impact {
        policy::verdicts(before, after, &self.plan.desired.catalogue())
    }

    fn hierarchy(&self, state: &State) -> Hierarchy {
        state.hierarchy(&self.plan.desired, self.live)
    }

    /// Whether a change is about what accounts may do.
    fn decides(&self, change: &Change) -> bool {
        match resource::policy_role(&change.address) {
            PolicyRole::Type => Family::of_type(change.address.key()).is_some(),
            PolicyRole::Policy => {
                let content = change.before.is_none() || change.after.is_none() || change.changes("content");
                content && self.is_guard_rail(&change.address.clone().into())
            }
            PolicyRole::Attachments => {
                let (before, after) = (set(change.before.as_ref()), set(change.after.as_ref()));
                let gone = before.iter().filter(|policy| !after.contains(policy));
                gone.chain(after.iter().filter(|policy| !before.contains(policy))).any(|policy| self.is_guard_rail(policy))
            }
            PolicyRole::Account => change.before.is_some() && change.leaving().is_none() && change.changes("parent"),
            PolicyRole::None | PolicyRole::Root | PolicyRole::Unit | PolicyRole::Invitation | PolicyRole::Placement => false,
        }
    }

    /// The only direction that a difference can have, whatever the conditions say: if AWS only lacks denials, it cannot deny more.
    fn leaning(&self, address: &Address) -> Option<Leaning> {
        let own = |change: &&Change| first_step(&change.address).as_ref().unwrap_or(&change.address) == address;
        let mut steps = self.plan.changes.iter().filter(own);
        let first = steps.next()?;
        let (before, after) = (first.before.as_ref(), steps.next_back().unwrap_or(first).after.as_ref());
        let (lacks, has) = match resource::policy_role(address) {
            PolicyRole::Attachments => {
                let (live, wanted) = (set(before), set(after));
                let of = |here: &[Reference], there: &[Reference], desired: bool| -> Option<Vec<Value>> {
                    let only = here.iter().filter(|policy| !there.contains(policy));
                    Some(only.map(|policy| self.statements(policy, desired)).collect::<Option<Vec<_>>>()?.concat())
                };
                (of(&wanted, &live, true)?, of(&live, &wanted, false)?)
            }
            PolicyRole::Policy => {
                let of = |attributes: Option<&Attributes>| attributes.and_then(statements).unwrap_or_default();
                let (live, wanted) = (of(before), of(after));
                let only = |here: &[Value], there: &[Value]| here.iter().filter(|one| !there.contains(one)).cloned().collect::<Vec<_>>();
                (only(&wanted, &live), only(&live, &wanted))
            }
            _ => return None,
        };
        let all = |statements: &[Value], effect: &str| statements.iter().all(|one| one.get("Effect").is_some_and(|is| is == effect));
        match (all(&lacks, "Deny") && all(&has, "Allow"), all(&lacks, "Allow") && all(&has, "Deny")) {
            (true, false) => Some(Leaning::Weaker),
            (false, true) => Some(Leaning::Stronger),
            (true, true) | (false, false) => None,
        }
    }

    /// What a policy says, in the configuration or in AWS; `None` if that is unknown.
    fn statements(&self, policy: &Reference, desired: bool) -> Option<Vec<Value>> {
        match policy {
            Reference::Address(address) if desired => statements(self.plan.desired.resources.get(address)?),
            Reference::Address(address) => statements(&self.plan.observed.get(address)?.attributes),
            Reference::Id(_) => None,
        }
    }

    /// Whether a policy is a guardrail; an unknown one may be.
    fn is_guard_rail(&self, policy: &Reference) -> bool {
        let Reference::Address(address) = policy else { return true };
        let attributes = self.plan.desired.resources.get(address).or_else(|| Some(&self.plan.observed.get(address)?.attributes));
        let kind = attributes.and_then(|attributes| attributes.reference("policy_type"));
        match kind {
            Some(Reference::Address(kind)) => Family::of_type(kind.key()).is_some(),
            Some(Reference::Id(_)) | None => true,
        }
    }
}

/// Whether a change of it may decide what accounts may do.
fn decides_access(address: &Address) -> bool {
    let role = resource::policy_role(address);
    matches!(role, PolicyRole::Account | PolicyRole::Policy | PolicyRole::Attachments | PolicyRole::Type)
}

/// The policies of a set.
fn set(attributes: Option<&Attributes>) -> Vec<Reference> {
    attributes.and_then(|attributes| serde_json::from_value(attributes.get("policies")?).ok()).unwrap_or_default()
}

/// The statements of a policy.
fn statements(attributes: &Attributes) -> Option<Vec<Value>> {
    match attributes.get("content")?.get("Statement")? {
        Value::Array(statements) => Some(statements.clone()),
        one => Some(vec![one.clone()]),
    }
}

fn with<'c>(mut state: State, changes: impl Iterator<Item = &'c Change>) -> State {
    changes.for_each(|change| state.apply(change));
    state
}

/// `impacts` lead from AWS's state to the configured state. If conditions differ, the difference's own direction is used. `unread` says
/// that policies which may matter were not read.
fn told(impacts: &[Impact], leaning: Option<Leaning>, unread: bool) -> Effect {
    use Verdict::{Conditional, Denied, Passes};
    let groups = || impacts.iter().flat_map(|impact| &impact.groups);
    let shifts = || groups().flat_map(|group| &group.shifts);
    let leans = |from, to, to_what| (from, to) == (Conditional, Conditional) && leaning == Some(to_what);
    let lets_pass =
        |from, to| matches!((from, to), (Passes, Denied | Conditional) | (Conditional, Denied)) || leans(from, to, Leaning::Weaker);
    let denies =
        |from, to| matches!((from, to), (Denied, Passes | Conditional) | (Conditional, Passes)) || leans(from, to, Leaning::Stronger);
    let largest = |is: &dyn Fn(Verdict, Verdict) -> bool| {
        let selections = shifts().filter(|shift| is(shift.from, shift.to)).map(|shift| &shift.actions);
        selections.reduce(|largest, next| if next.count > largest.count { next } else { largest }).cloned()
    };
    let (lets_pass, denies) = (largest(&lets_pass), largest(&denies));
    let hinges = leaning.is_none() && shifts().any(|shift| (shift.from, shift.to) == (Conditional, Conditional));
    let unknown = unread || hinges;
    let effect = match (lets_pass.is_some(), denies.is_some(), unknown) {
        (true, true, _) => Direction::Mixed,
        (true, false, _) => Direction::Weakened,
        (false, _, true) => Direction::Unknown,
        (false, true, false) => Direction::Strengthened,
        (false, false, false) => Direction::None,
    };
    let accounts: BTreeSet<&Address> = groups().flat_map(|group| &group.accounts).collect();
    Effect { effect, accounts: accounts.len(), lets_pass, denies }
}

#[cfg(test)]
#[path = "effects_tests.rs"]
mod tests;
