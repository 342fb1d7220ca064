//! The plan: changes, their dependency graph and the live values that they are based on, as plain data. All decisions are made here;
//! `apply` only resolves identifiers (invariant 5). Saved as JSON with a version.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::address::{Address, Place};
use crate::cost::{self, Cost};
use crate::files::{Kind, starts_compact};
use crate::network::Observed;
use crate::policy::Impact;
use crate::resource::organizations::Rename;
use crate::resource::{
    self, Desired, Finding, FindingSeverity, Live, LiveResource, NOT_JOINED, NOT_READ, NOT_SELECTED, UNREAD, WITH_ITS_ACCOUNT,
};
use crate::{diff, graph};

mod budget;
mod checkout;
mod effects;
mod impact;
mod narrow;
mod nat;
mod onboarding;
mod quotas;

pub(crate) use crate::change::differing;
pub use crate::change::{Action, AttributeChange, Change};
pub use budget::Budget;
pub use checkout::differences;
pub use effects::{Direction, Effect, Effects};
pub use impact::{Difference, between};

/// The mutating calls of every run under the lock, each once. A renewal is one more: see [`crate::apply::RENEWAL`].
pub const LOCK_CALLS: [&str; 2] = ["organizations:CreateOrganizationalUnit", "organizations:DeleteOrganizationalUnit"];

/// The version of the JSON form. It increases when a reader of the old version would misread the new one.
pub const FORMAT_VERSION: u32 = 1;

/// What `plan --out` writes.
pub const SAVED: Kind =
    Kind { name: "a saved plan", is_one: |text| starts_compact(text, "{\"format_version\":#,\"desired\":{\"management_account\":\"") };

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The desired state when the plan was made: a saved plan needs no org.toml.
    pub desired: Desired,
    /// SHA-256 of `desired` and of everything observed, in hexadecimal.
    pub digest: String,
    /// The live values that the plan is based on. A saved plan is refused if they have changed.
    pub observed: BTreeMap<Address, LiveResource>,
    /// The live networks that CIDR blocks were chosen by.
    #[serde(default)]
    pub network: Observed,
    /// Resources of the organization that org.toml does not name. The order of guardrail changes depends on them. Whether they have
    /// changed since is not checked: overlord never changes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<Address, LiveResource>,
    /// The changes without no-ops, each after all of its dependencies.
    pub changes: Vec<Change>,
    /// Findings: not changes, but worth knowing.
    pub findings: Vec<Finding>,
    /// Calls and time.
    pub budget: Budget,
    /// What its networks cost a month, before and after; `None` if there are no costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Which accounts lose or gain which permissions; `None` if neither guardrails nor places change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// New accounts that look like existing ones under another key: none is created without confirmation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
}

/// A difference between what the plan observed and what is there now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// The changed resource.
    pub address: Address,
    /// The attribute, or one of `exists`, `id`, `made by overlord`, `frozen` and `error`, which are not attributes.
    pub attribute: String,
    /// Its value when the plan was made; null if there was none.
    pub then: Value,
    /// Its value now; null if there is none.
    pub now: Value,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: was {}, is {}", self.address, self.attribute, self.then, self.now)
    }
}

/// Why a text is not a plan that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadPlanError {
    /// It is not JSON, or does not have the form of a plan.
    Malformed(String),
    /// Another version of overlord wrote it.
    Version(u64),
    /// Its desired or live values are not those that it was made from.
    Edited,
    /// Its changes do not follow from its desired and live values.
    DoesNotFollow,
    /// A change comes before one of its dependencies, or depends on a change that is missing.
    OutOfOrder(Address),
}

impl ReadPlanError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Edited | Self::DoesNotFollow | Self::OutOfOrder(_) => {
                "make a new plan with `overlord plan --out FILE`, and leave the file as it is"
            }
            Self::Version(_) => "make a new plan with this version of overlord: `overlord plan --out FILE`",
        }
    }
}

impl fmt::Display for ReadPlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "this is not a saved plan: {why}"),
            Self::Version(found) => {
                write!(f, "the plan has the format version {found}, and this version of overlord reads {FORMAT_VERSION}")
            }
            Self::Edited => {
                f.write_str("what the plan asks for or has observed does not match its digest: it was changed after it was made")
            }
            Self::DoesNotFollow => {
                f.write_str("the changes in the plan do not follow from what was asked for and observed: it was changed after it was made")
            }
            Self::OutOfOrder(address) => write!(f, "in the plan, `{address}` comes before a change that it depends on"),
        }
    }
}

impl std::error::Error for ReadPlanError {}

/// The calls of a change, or why they are unknown.
type Calls<'a> = &'a dyn Fn(&Change) -> Result<Vec<String>, String>;

impl Plan {
    /// Makes all decisions: what changes, in which order, with which calls.
    pub fn build(desired: &Desired, live: &Live) -> Self {
        let mut plan = Self::build_with(desired, live, &calls);
        plan.compute_impact(live);
        plan
    }

    fn build_with(desired: &Desired, live: &Live, calls: Calls<'_>) -> Self {
        let (asked, unplaced) = expanded(desired, &live.network);
        let mut difference = diff::diff(&asked, live);
        let mut known = live.findings.clone();
        // Frozen connections are not reported here: the user requested that, or the finding about the unreadable account says it.
        let is_expected = |finding: &Finding| {
            let subject = finding.subject.parse().ok().and_then(|address| live.resources.get(&address));
            let why = subject.and_then(|subject| subject.frozen.as_deref());
            why.is_some_and(|why| [NOT_JOINED, NOT_READ, NOT_SELECTED, UNREAD, WITH_ITS_ACCOUNT].contains(&why))
        };
        difference.findings.retain(|finding| !is_expected(finding));
        if !desired.selection.is_everything() {
            narrow::changes(&mut difference, &mut known, &asked, live);
        }
        let ordered = graph::order(difference.changes, &asked, live);
        let mut findings = known;
        findings.extend(unplaced);
        findings.extend(difference.findings);
        findings.extend(ordered.findings);
        let mut changes = ordered.changes;
        for change in &mut changes {
            match calls(change) {
                Ok(calls) => change.calls = calls,
                Err(summary) => findings.push(Finding { severity: FindingSeverity::Error, subject: change.address.to_string(), summary }),
            }
        }
        findings.extend(nat::findings(&changes, &live.network.public_ips));
        findings.extend(quotas::findings(&changes, live, &desired.network_quotas));
        findings.extend(onboarding::warnings(&changes, &live.resources));
        findings.sort();
        findings.dedup();
        let observed = live.resources.clone();
        let in_the_organization = |change: &Change| change.address.place() == Place::Organization;
        let beside = if changes.iter().any(in_the_organization) { live.beside.clone() } else { BTreeMap::new() };
        Self {
            format_version: FORMAT_VERSION,
            digest: digest(desired, &observed, &live.network, &beside),
            desired: desired.clone(),
            observed,
            network: live.network.clone(),
            beside,
            budget: Budget::of(&changes),
            cost: cost::beside(cost::of(&live.resources, &changes, &desired.prices), &live.network.unmanaged, &desired.prices),
            impact: None,
            renames: Vec::new(),
            changes,
            findings,
        }
    }

    /// Computes again what depends on resources that the configuration does not name: the impact, and which new accounts look renamed.
    pub fn compute_impact(&mut self, live: &Live) {
        let created: BTreeSet<&Address> =
            self.changes.iter().filter(|change| change.action == Action::Create).map(|change| &change.address).collect();
        let is_created = |rename: &&Rename| rename.accounts.iter().any(|account| created.contains(&account.to));
        self.renames = live.renames.iter().filter(is_created).cloned().collect();
        self.impact = impact::of(&self.desired, live, &self.changes);
    }

    /// The same for an apply under the lock, with the lock's calls and time. Without changes, nothing is locked.
    #[must_use]
    pub fn locked(mut self) -> Self {
        if !self.budget.calls.is_empty() {
            self.budget.add_lock();
        }
        self
    }

    /// The same for an apply without a lock.
    #[must_use]
    pub fn unlocked(mut self) -> Self {
        self.budget = Budget::of(&self.changes);
        self
    }

    /// Whether the plan has no changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether errors prevent it from being applied.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == FindingSeverity::Error)
    }

    /// How many changes of each action there are.
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        for change in &self.changes {
            *counts.entry(change.action).or_default() += 1;
        }
        counts
    }

    /// The saved form.
    ///
    /// # Errors
    /// None for a plan that [`Plan::build`] made: all its keys are text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads the saved form.
    ///
    /// # Errors
    /// It is not a plan, is of another version, or was changed by hand.
    pub fn from_json(text: &str) -> Result<Self, ReadPlanError> {
        Self::from_json_with(text, &calls)
    }

    fn from_json_with(text: &str, calls: Calls<'_>) -> Result<Self, ReadPlanError> {
        /// The fields that readers may expect in any version.
        #[derive(Deserialize)]
        struct Version {
            format_version: u64,
        }
        let malformed = |error: serde_json::Error| ReadPlanError::Malformed(error.to_string());
        let version: Version = serde_json::from_str(text).map_err(malformed)?;
        if version.format_version != u64::from(FORMAT_VERSION) {
            return Err(ReadPlanError::Version(version.format_version));
        }
        let plan: Self = serde_json::from_str(text).map_err(malformed)?;
        if plan.digest != digest(&plan.desired, &plan.observed, &plan.network, &plan.beside) {
            return Err(ReadPlanError::Edited);
        }
        let mut before = BTreeSet::new();
        for change in &plan.changes {
            if !change.waits_for.iter().all(|address| before.contains(address)) || !before.insert(&change.address) {
                return Err(ReadPlanError::OutOfOrder(change.address.clone()));
            }
        }
        if !plan.follows(calls) {
            return Err(ReadPlanError::DoesNotFollow);
        }
        Ok(plan)
    }

    /// Whether the plan is what its own two sides produce, apart from wording. Planning is pure, so a reviewed plan can be computed
    /// again.
    fn follows(&self, calls: Calls<'_>) -> bool {
        let (network, beside) = (self.network.clone(), self.beside.clone());
        let live = Live { resources: self.observed.clone(), network, beside, ..Live::default() };
        let again = Self::build_with(&self.desired, &live, calls);
        let again = if self.budget.lock.is_empty() { again } else { again.locked() };
        let same = |(one, other): (&Change, &Change)| *one == Change { reason: one.reason.clone(), ..other.clone() };
        let errors_stand = self.has_errors() || !again.has_errors();
        errors_stand
            && self.budget == again.budget
            && self.changes.len() == again.changes.len()
            && self.changes.iter().zip(&again.changes).all(same)
    }

    /// Whether this plan makes the same changes as another one, in any order and for any reasons.
    pub fn does_the_same_as(&self, other: &Self) -> bool {
        let by_address = |plan: &Self| -> BTreeMap<Address, Change> {
            let neutral = |change: &Change| Change { reason: "".into(), waits_for: Vec::new(), ..change.clone() };
            plan.changes.iter().map(|change| (change.address.clone(), neutral(change))).collect()
        };
        by_address(self) == by_address(other)
    }

    /// What differs from what the plan observed, in order of address and attribute. A plan may be applied only if this is empty.
    pub fn moved_since(&self, live: &Live) -> Vec<Moved> {
        let addresses: BTreeSet<&Address> = self.observed.keys().chain(live.resources.keys()).collect();
        let values = addresses.into_iter().flat_map(|address| moved(address, self.observed.get(address), live.resources.get(address)));
        // An error that is new since then is not always visible in a value: 2 resources with one address, for example.
        let errors = live.findings.iter().filter(|finding| finding.severity == FindingSeverity::Error && !self.findings.contains(finding));
        let errors = errors.filter_map(|finding| {
            let (address, now) = (finding.subject.parse().ok()?, json!(finding.summary));
            Some(Moved { address, attribute: "error".to_owned(), then: Value::Null, now })
        });
        let mut moved: Vec<Moved> = values.chain(errors).collect();
        moved.extend(self.asked_otherwise(live));
        moved.sort_by(|a, b| a.address.cmp(&b.address));
        moved
    }

    /// Network resources that would be different now, though no live value of the plan has changed: another run may have taken a free
    /// block, or the account has other zones than assumed.
    fn asked_otherwise(&self, live: &Live) -> Vec<Moved> {
        if self.network == live.network {
            return Vec::new();
        }
        let (then, now) = (expanded(&self.desired, &self.network).0, expanded(&self.desired, &live.network).0);
        let changed = self.changes.iter().filter(|change| change.address.place() != Place::Organization);
        changed
            .flat_map(|change| values(&change.address, then.resources.get(&change.address), now.resources.get(&change.address)))
            .collect()
    }
}

/// The desired state with the resources that families add to it, which depend on what was observed; and why some cannot be desired.
fn expanded<'d>(desired: &'d Desired, observed: &Observed) -> (Cow<'d, Desired>, Vec<Finding>) {
    let mut asked = Cow::Borrowed(desired);
    let mut findings = Vec::new();
    for family in resource::FAMILIES {
        let mut more = family.expand(desired, observed);
        findings.append(&mut more.findings);
        if !more.resources.is_empty() {
            asked.to_mut().resources.append(&mut more.resources);
        }
    }
    (asked, findings)
}

fn calls(change: &Change) -> Result<Vec<String>, String> {
    let kind = resource::kind(change.address.kind()).ok_or_else(|| format!("unknown kind of resource `{}`", change.address.kind()))?;
    // A replacement is a creation: deleting the old resource is a change of its own.
    let before = change.before.as_ref().filter(|_| change.action != Action::Replace);
    kind.calls(before, change.after.as_ref())
        .map_err(|error| format!("its attributes are not those of `{}`: {error}", change.address.kind()))
}

/// SHA-256 over JSON with sorted keys and without white space. Not everything in the desired state shows in a change: the role of new
/// accounts does not.
fn digest(
    desired: &Desired,
    observed: &BTreeMap<Address, LiveResource>,
    network: &Observed,
    beside: &BTreeMap<Address, LiveResource>,
) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{}", json!(desired), json!(network)));
    for (address, LiveResource { id, attributes, ours, frozen }) in observed.iter().chain(beside) {
        // One value per line, and JSON contains no line break: different worlds never give the same text.
        hash.update(format!("\n{}\n{}\n", json!(address), json!([id, ours, frozen])));
        hash.update(attributes.as_json());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn moved(address: &Address, then: Option<&LiveResource>, now: Option<&LiveResource>) -> Vec<Moved> {
    let differs = |attribute: &str, then: Value, now: Value| {
        (then != now).then(|| Moved { address: address.clone(), attribute: attribute.to_owned(), then, now })
    };
    let (Some(then), Some(now)) = (then, now) else {
        return differs("exists", json!(then.is_some()), json!(now.is_some())).into_iter().collect();
    };
    let mut found = Vec::new();
    found.extend(differs("id", json!(then.id), json!(now.id)));
    found.extend(differs("made by overlord", json!(then.ours), json!(now.ours)));
    found.extend(differs("frozen", json!(then.frozen), json!(now.frozen)));
    found.extend(values(address, Some(&then.attributes), Some(&now.attributes)));
    found
}

/// The attributes of a resource that differ, by name.
fn values(address: &Address, then: Option<&resource::Attributes>, now: Option<&resource::Attributes>) -> Vec<Moved> {
    if then == now {
        return Vec::new();
    }
    let by_name = |side: Option<&resource::Attributes>| side.map(resource::Attributes::to_map).unwrap_or_default();
    let (mut then, mut now) = (by_name(then), by_name(now));
    let names: BTreeSet<String> = then.keys().chain(now.keys()).cloned().collect();
    let both = names.into_iter().map(|name| (then.remove(&name).unwrap_or_default(), now.remove(&name).unwrap_or_default(), name));
    let differs = both.filter(|(then, now, _)| then != now);
    differs.map(|(then, now, attribute)| Moved { address: address.clone(), attribute, then, now }).collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod worlds;
