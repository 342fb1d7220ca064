//! Managed resources that were removed from org.toml: which can be deleted, and what still uses the others. Pure.
//!
//! A resource can be deleted if its tag says that overlord created it, and if the same plan empties it (OU) or detaches it (policy).
//! Everything else stays and is reported (invariant 9).

use std::collections::BTreeMap;

use super::identity::Identity;
use super::leaving::Leaving;
use super::world::{Wanted, World};
use super::{OrganizationalUnit, Policy, PolicyAttachments};
use crate::address::{Address, Reference};
use crate::resource::{Finding, FindingSeverity, Kind};

/// The addresses of live resources that can be deleted, by AWS's id.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Removal {
    pub units: BTreeMap<String, Address>,
    pub policies: BTreeMap<String, Address>,
    /// Managed resources that cannot be deleted, and unmanaged ones: OUs and policies.
    pub findings: Vec<Finding>,
}

impl Removal {
    pub fn of(wanted: &Wanted, world: &World, identity: &Identity) -> Self {
        let mut removal = Self::default();
        removal.units(wanted, world, identity);
        removal.policies(wanted, world, identity);
        removal
    }

    /// From the leaves up: an OU can be deleted only if those in it can.
    fn units(&mut self, wanted: &Wanted, world: &World, identity: &Identity) {
        let mut holds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (id, account) in &world.accounts {
            let wanted = identity.address(id).and_then(|address| wanted.accounts.get(address));
            let closing = wanted.is_some_and(|wanted| wanted.leaves == Some(Leaving::Closed));
            let leaves = wanted.is_some() && !closing && account.frozen().is_none();
            if let Some(parent) = &account.parent
                && !leaves
            {
                // AWS keeps a closed account in its OU for 90 days.
                let closed = if account.is_closed() || closing { ", which stays in it for 90 days once closed" } else { "" };
                holds.entry(parent).or_default().push(format!("account `{id}` ({}){closed}", account.name));
            }
        }
        let mut unbound: Vec<(usize, &String)> =
            world.units.keys().filter(|id| identity.address(id).is_none()).map(|id| (world.depth(id), id)).collect();
        unbound.sort_by(|a, b| b.cmp(a));
        let mut findings = Vec::new();
        for (_, id) in unbound {
            let (path, parent) = (world.path(id), world.units.get(id).map(|unit| unit.parent.as_str()).unwrap_or_default());
            let holders = holds.remove(id.as_str()).unwrap_or_default();
            let summary = match (world.ours(id) == Some(true), holders.is_empty()) {
                (true, true) => {
                    findings.extend(copied(world, identity, id, &path));
                    self.units.insert(id.clone(), OrganizationalUnit::address(path));
                    continue;
                }
                (true, false) => match successor(wanted, world, id) {
                    Some(successor) => {
                        format!(
                            "`{successor}` is created again in its place, since AWS cannot move an OU; it still contains {}",
                            holders.join(", ")
                        )
                    }
                    None => format!(
                        "an OU that overlord created; it was removed from the configuration, and still contains {}",
                        holders.join(", ")
                    ),
                },
                (false, _) => "an OU that is not in the configuration".to_owned(),
            };
            holds.entry(parent).or_default().push(format!("OU `{path}`"));
            findings.push(Finding { severity: FindingSeverity::Unmanaged, subject: format!("{id} ({path})"), summary });
        }
        self.findings.extend(findings);
    }

    fn policies(&mut self, wanted: &Wanted, world: &World, identity: &Identity) {
        let defaults: Vec<Reference> = wanted.born_with(|_| true).collect();
        let of_a_type = |id: &String| defaults.contains(&Reference::Id(id.clone()));
        let unbound = world.policies.iter().filter(|(id, _)| !of_a_type(id) && identity.address(id).is_none());
        for (id, policy) in unbound {
            let holders: Vec<&str> =
                policy.targets.iter().map(String::as_str).filter(|target| !self.lets_go(wanted, world, identity, target, id)).collect();
            // A policy that the console creates in every organization is not reported.
            if world.is_consoles(id, policy) {
                continue;
            }
            let mut severity = FindingSeverity::Unmanaged;
            let summary = match (world.ours(id) == Some(true), holders.is_empty()) {
                (false, _) if policy.is_control_towers() => {
                    "a guardrail of AWS Control Tower: it stays attached wherever it is, and only Control Tower changes it".to_owned()
                }
                (true, true) => {
                    let key = format!("/{}/{}", policy.policy_type, policy.name);
                    self.findings.extend(copied(world, identity, id, &policy.name));
                    self.policies.insert(id.clone(), Policy::address(key));
                    continue;
                }
                (true, false) => {
                    let targets = super::identity::list(&holders);
                    format!("a policy that overlord created; it was removed from the configuration, and is still attached to {targets}")
                }
                (false, _) => {
                    // A user who declares a target need not know what other people attached to it.
                    let losing = policy.targets.iter().filter(|target| !holders.contains(&target.as_str()));
                    let losing: Vec<String> = losing.filter_map(|target| identity.address(target)).map(Address::to_string).collect();
                    let is = format!("a policy of type {} that is not in the configuration", policy.policy_type);
                    if losing.is_empty() {
                        is
                    } else {
                        severity = FindingSeverity::Warning;
                        let from = shortened(&losing);
                        format!(
                            "{is}, and will be detached from {from}, whose `policies` are the whole set: to keep it, declare it and name it \
                             there"
                        )
                    }
                }
            };
            let subject = format!("{id} ({})", policy.name);
            self.findings.push(Finding { severity, subject, summary });
        }
    }

    /// Whether the same plan detaches the policy from the target: its managed set omits it, or the target is deleted.
    fn lets_go(&self, wanted: &Wanted, world: &World, identity: &Identity, target: &str, policy: &str) -> bool {
        if self.units.contains_key(target) {
            return true;
        }
        if world.accounts.get(target).is_some_and(|account| account.frozen().is_some()) {
            return false;
        }
        let Some(address) = identity.address(target) else {
            return false;
        };
        let attachments = wanted.attachments.get(&PolicyAttachments::address(address.to_string()));
        attachments.is_some_and(|set| !set.policies.contains(&Reference::Id(policy.to_owned())))
    }
}

/// The OU of the configuration that the tag of an unbound one names: it is or was created again in another place.
pub(super) fn successor(wanted: &Wanted, world: &World, id: &str) -> Option<Address> {
    world.address_tag(id)?.parse().ok().filter(|address| wanted.units.contains_key(address))
}

/// The tag is the only sign that a resource is managed, and people copy tags. The old resource of a replacement looks the same, so it can
/// be deleted; but the user should know that before confirming.
fn copied(world: &World, identity: &Identity, id: &str, name: &str) -> Option<Finding> {
    let tag = world.address_tag(id)?;
    let other = identity.id(&tag.parse().ok()?)?;
    let summary =
        format!("its tag says that it is `{tag}`, which is `{other}` now: if somebody copied the tag, remove it before you confirm");
    Some(Finding { severity: FindingSeverity::Warning, subject: format!("{id} ({name})"), summary })
}

/// As many names as fit a line; the plan itself names all targets.
fn shortened(names: &[String]) -> String {
    const NAMED: usize = 5;
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len().saturating_sub(NAMED) {
        0 => super::identity::list(&shown),
        more => format!("{} and {more} more", super::identity::list(&shown)),
    }
}
