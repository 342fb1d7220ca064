//! Invariants that must hold in any world, for tests that watch a run.

use std::collections::BTreeMap;

use super::world::{AccountState, Organization, RCP_FULL_AWS_ACCESS, TypeStatus, World};
use crate::limits::LIMITS;
use crate::plural;

impl World {
    /// What does not hold, in words; nothing when all is well.
    ///
    /// Every target has a policy of an enabled SCP type; parents, targets and policies that are named exist; names and e-mails
    /// are unique where AWS wants them so; no limit is exceeded; networks are whole.
    pub fn check(&self) -> Vec<String> {
        let mut violations = Vec::new();
        self.check_tree(&mut violations);
        self.check_emails(&mut violations);
        self.check_names(&mut violations);
        self.check_attachments(&mut violations);
        for (account, name, region) in self.ec2.iter() {
            violations.extend(self.place(account, name).iter().flat_map(|place| region.check(place, self.clock_ms)));
        }
        violations
    }

    fn check_tree(&self, violations: &mut Vec<String>) {
        for unit in self.ous.values() {
            if !self.is_parent(&unit.parent) {
                violations.push(format!("ou {} ({}) is under {}, which does not exist", unit.id, unit.name, unit.parent));
            } else if self.lineage(&unit.id).first().copied() != self.root() {
                violations.push(format!("ou {} ({}) is above itself", unit.id, unit.name));
            } else if self.lineage(&unit.parent).len() > LIMITS.quotas.ou_depth {
                violations.push(format!("ou {} ({}) is too deep", unit.id, unit.name));
            }
        }
        if self.organization.is_none() {
            return;
        }
        for account in self.accounts.values() {
            let parent = account.parent.as_deref().unwrap_or("nothing");
            if !self.is_parent(parent) {
                violations.push(format!("account {} ({}) is under {parent}, which does not exist", account.id, account.name));
            }
        }
    }

    fn check_emails(&self, violations: &mut Vec<String>) {
        let mut by_email: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for account in self.accounts.values().filter(|account| account.state != AccountState::Closed) {
            by_email.entry(account.email.to_lowercase()).or_default().push(&account.id);
        }
        for (email, accounts) in by_email.into_iter().filter(|(_, accounts)| accounts.len() > 1) {
            violations.push(format!("accounts {} have one e-mail, {email}", accounts.join(", ")));
        }
    }

    fn check_names(&self, violations: &mut Vec<String>) {
        let mut names: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for unit in self.ous.values() {
            names.entry((&unit.parent, &unit.name)).or_default().push(&unit.id);
        }
        for policy in self.policies.values() {
            names.entry((&policy.kind, &policy.name)).or_default().push(&policy.id);
        }
        for ((place, name), ids) in names.into_iter().filter(|(_, ids)| ids.len() > 1) {
            violations.push(format!("{} are all called {name} in {place}", ids.join(", ")));
        }
    }

    fn check_attachments(&self, violations: &mut Vec<String>) {
        let Some(organization) = &self.organization else { return };
        for (target, policies) in &self.attachments {
            if self.target_kind(target).is_none() {
                violations.push(format!("policies are attached to {target}, which does not exist"));
            }
            for policy in policies.iter().filter(|policy| !self.policies.contains_key(*policy)) {
                violations.push(format!("policy {policy}, which does not exist, is attached to {target}"));
            }
        }
        for target in self.targets() {
            let mut attached: BTreeMap<&str, usize> = BTreeMap::new();
            for policy in self.attached_to(target).iter().filter_map(|policy| self.policies.get(policy)) {
                *attached.entry(&policy.kind).or_default() += 1;
            }
            self.check_target(target, &attached, organization, violations);
        }
    }

    /// `attached`: how many policies of each type are attached to the target.
    fn check_target(&self, target: &str, attached: &BTreeMap<&str, usize>, organization: &Organization, violations: &mut Vec<String>) {
        let enabled = |kind: &str| match organization.policy_types.get(kind) {
            Some(TypeStatus::Enabled | TypeStatus::PendingDisable(_)) => true,
            Some(TypeStatus::PendingEnable(_)) | None => false,
        };
        for (kind, count) in attached {
            if LIMITS.policy_type(kind).is_none_or(|limits| *count > limits.attached) {
                violations.push(format!("{} of type {kind} attached to {target}", plural::count(*count, "policy")));
            }
            if !enabled(kind) {
                violations.push(format!("policies of type {kind}, which is not enabled, are attached to {target}"));
            }
        }
        if enabled("SERVICE_CONTROL_POLICY") && !attached.contains_key("SERVICE_CONTROL_POLICY") {
            violations.push(format!("no policy of type SERVICE_CONTROL_POLICY is attached to {target}"));
        }
        if enabled("RESOURCE_CONTROL_POLICY") && !self.attached_to(target).contains(RCP_FULL_AWS_ACCESS) {
            violations.push(format!("{RCP_FULL_AWS_ACCESS} is not attached to {target}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::world::FeatureSet;

    fn violations(change: impl FnOnce(&mut World, &str)) -> String {
        let mut world = World::new("111111111111");
        let root = world.add_organization(FeatureSet::All);
        assert_eq!(world.check(), Vec::<String>::new());
        change(&mut world, &root);
        world.reindex();
        world.check().join("; ")
    }

    #[test]
    fn each_violation_is_found() {
        let check = |expected: &str, change: fn(&mut World, &str)| {
            let found = violations(change);
            assert!(found.contains(expected), "{found}");
        };
        check("no policy of type SERVICE_CONTROL_POLICY is attached to 111111111111", |world, _| {
            world.detach("p-FullAWSAccess", "111111111111")
        });
        check("is under ou-gone, which does not exist", |world, _| world.set_parent("111111111111", "ou-gone"));
        check("have one e-mail, a@example.com", |world, root| {
            world.add_account("a", "a@example.com", root);
            world.add_account("b", "A@example.com", root);
        });
        check("are all called x", |world, root| {
            world.add_ou(root, "x");
            world.add_ou(root, "x");
        });
        check("is too deep", |world, root| {
            (0..6).fold(root.to_owned(), |parent, level| world.add_ou(&parent, &level.to_string()));
        });
        check("is above itself", |world, root| {
            let a = world.add_ou(root, "a");
            let b = world.add_ou(&a, "b");
            world.ous.get_mut(&a).unwrap().parent = b;
        });
        check("which is not enabled", |world, root| world.attach("p-RCPFullAWSAccess", root));
        check("p-RCPFullAWSAccess is not attached to", |world, root| {
            world.enable_type("RESOURCE_CONTROL_POLICY");
            world.detach("p-RCPFullAWSAccess", root);
        });
        check("policy p-gone, which does not exist", |world, root| world.attach("p-gone", root));
    }
}
