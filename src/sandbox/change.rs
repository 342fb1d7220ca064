//! Changes of the world that keep its index up to date. They check nothing: operations check first, and tests build worlds freely.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::world::{
    ACCESS_ROLE, Account, AccountState, Creation, CreationOutcome, FULL_AWS_ACCESS, FeatureSet, Joined, Organization, OrganizationalUnit,
    Policy, RCP_FULL_AWS_ACCESS, TypeStatus, World,
};
use crate::limits::LIMITS;

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

impl World {
    /// A string of `length` lower-case letters and digits that this world has not given out before, in the shape of AWS's ids.
    pub(super) fn fresh(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        self.counter += 1;
        let digest = Sha256::digest(format!("{}:{}", self.seed, self.counter));
        digest
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
            .map(|byte| char::from(*byte))
            .take(length)
            .collect()
    }

    fn fresh_account_id(&mut self) -> String {
        loop {
            self.counter += 1;
            let digest = Sha256::digest(format!("{}:{}", self.seed, self.counter));
            let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            let id = format!("{}", 100_000_000_000 + number % 900_000_000_000);
            if !self.accounts.contains_key(&id) && !self.external_accounts.contains_key(&id) {
                return id;
            }
        }
    }

    /// Makes the organization, with SCPs enabled when it has all features, as CreateOrganization documents it.
    pub fn add_organization(&mut self, feature_set: FeatureSet) -> String {
        let id = format!("o-{}", self.fresh(10));
        let root = format!("r-{}", self.fresh(4));
        self.organization = Some(Organization { id, root: root.clone(), feature_set, created_ms: 0, policy_types: BTreeMap::new() });
        for (id, kind, name) in [(FULL_AWS_ACCESS, SCP, "FullAWSAccess"), (RCP_FULL_AWS_ACCESS, RCP, "RCPFullAWSAccess")] {
            self.put_policy(Policy {
                id: id.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                description: "Allows access to every operation".to_owned(),
                content: aws_document(kind).to_owned(),
                aws_managed: true,
            });
        }
        let management = self.management_account.clone();
        self.set_parent(&management, &root);
        if feature_set == FeatureSet::All {
            self.enable_type(SCP);
        }
        root
    }

    /// Removes the organization, which has no members any more, with all that is in it.
    pub(super) fn remove_organization(&mut self) {
        let units: Vec<String> = self.ous.keys().cloned().collect();
        units.iter().for_each(|unit| self.remove_ou(unit));
        self.organization = None;
        self.policies.clear();
        self.attachments.clear();
        self.tags.clear();
        self.trusted_services.clear();
        self.delegated_administrators.clear();
        self.root_features.clear();
        if let Some(account) = self.accounts.get_mut(&self.management_account) {
            account.parent = None;
        }
        self.reindex();
    }

    /// Adds an OU, born with the default policies of the enabled types. Returns its id.
    pub fn add_ou(&mut self, parent: &str, name: &str) -> String {
        let root = self.root().unwrap_or_default().trim_start_matches("r-").to_owned();
        let id = loop {
            let id = format!("ou-{root}-{}", self.fresh(8));
            if !self.ous.contains_key(&id) {
                break id;
            }
        };
        self.index.units_of.entry(parent.to_owned()).or_default().insert(id.clone());
        self.ous.insert(id.clone(), OrganizationalUnit { id: id.clone(), name: name.to_owned(), parent: parent.to_owned() });
        self.attach_defaults(&id);
        id
    }

    /// Removes an OU with its attachments and tags.
    pub(super) fn remove_ou(&mut self, id: &str) {
        for policy in self.attached_to(id).clone() {
            self.detach(&policy, id);
        }
        self.tags.remove(id);
        if let Some(unit) = self.ous.remove(id)
            && let Some(siblings) = self.index.units_of.get_mut(&unit.parent)
        {
            siblings.remove(id);
        }
    }

    /// Adds an account that the organization created, born with the default policies of the enabled types. Returns its id.
    pub fn add_account(&mut self, name: &str, email: &str, parent: &str) -> String {
        let id = self.fresh_account_id();
        self.put_account(Account {
            id: id.clone(),
            name: name.to_owned(),
            email: email.to_owned(),
            state: AccountState::Active,
            joined: Joined::Created,
            joined_ms: self.clock_ms,
            parent: Some(parent.to_owned()),
            roles: BTreeSet::from([ACCESS_ROLE.to_owned()]),
            external_ids: BTreeMap::new(),
        });
        self.attach_defaults(&id);
        id
    }

    pub(super) fn put_account(&mut self, account: Account) {
        self.index.add_account(&account);
        self.accounts.insert(account.id.clone(), account);
    }

    /// Gives an account another e-mail.
    pub fn set_email(&mut self, account: &str, email: &str) {
        let Some(entry) = self.accounts.get_mut(account) else { return };
        let before = std::mem::replace(&mut entry.email, email.to_owned());
        if let Some(others) = self.index.by_email.get_mut(&before.to_lowercase()) {
            others.remove(account);
        }
        self.index.by_email.entry(email.to_lowercase()).or_default().insert(account.to_owned());
    }

    /// Puts an account under another parent.
    pub fn set_parent(&mut self, account: &str, parent: &str) {
        if let Some(entry) = self.accounts.get_mut(account)
            && let Some(before) = entry.parent.replace(parent.to_owned())
            && let Some(siblings) = self.index.accounts_of.get_mut(&before)
        {
            siblings.remove(account);
        }
        self.index.accounts_of.entry(parent.to_owned()).or_default().insert(account.to_owned());
    }

    /// Adds a customer managed policy. Returns its id.
    pub fn add_policy(&mut self, kind: &str, name: &str, description: &str, content: &str) -> String {
        let id = loop {
            let id = format!("p-{}", self.fresh(10));
            if !self.policies.contains_key(&id) {
                break id;
            }
        };
        self.put_policy(Policy {
            id: id.clone(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            content: content.to_owned(),
            aws_managed: false,
        });
        id
    }

    fn put_policy(&mut self, policy: Policy) {
        self.index.policies_of.entry(policy.kind.clone()).or_default().insert(policy.id.clone());
        self.policies.insert(policy.id.clone(), policy);
    }

    pub(super) fn remove_policy(&mut self, id: &str) {
        self.tags.remove(id);
        if let Some(policy) = self.policies.remove(id)
            && let Some(siblings) = self.index.policies_of.get_mut(&policy.kind)
        {
            siblings.remove(id);
        }
    }

    /// Attaches a policy to a target.
    pub fn attach(&mut self, policy: &str, target: &str) {
        self.attachments.entry(target.to_owned()).or_default().insert(policy.to_owned());
        self.index.targets_of.entry(policy.to_owned()).or_default().insert(target.to_owned());
    }

    /// Detaches a policy from a target.
    pub fn detach(&mut self, policy: &str, target: &str) {
        if let Some(policies) = self.attachments.get_mut(target) {
            policies.remove(policy);
            if policies.is_empty() {
                self.attachments.remove(target);
            }
        }
        if let Some(targets) = self.index.targets_of.get_mut(policy) {
            targets.remove(target);
        }
    }

    pub(super) fn attach_defaults(&mut self, target: &str) {
        let Some(organization) = &self.organization else { return };
        let defaults: Vec<&str> = organization
            .policy_types
            .iter()
            .filter(|(_, status)| matches!(status, TypeStatus::Enabled | TypeStatus::PendingDisable(_)))
            .filter_map(|(kind, _)| LIMITS.policy_type(kind)?.default.as_deref())
            .collect();
        for policy in defaults {
            self.attach(policy, target);
        }
    }

    /// Every root, OU and account, as policies see them.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.root().into_iter().chain(self.ous.keys().map(String::as_str)).chain(self.accounts.keys().map(String::as_str))
    }

    /// Enables a policy type at once; AWS attaches the type's default policy to everything.
    pub fn enable_type(&mut self, kind: &str) {
        if let Some(organization) = &mut self.organization {
            organization.policy_types.insert(kind.to_owned(), TypeStatus::Enabled);
        }
        if let Some(default) = LIMITS.policy_type(kind).and_then(|limits| limits.default.as_deref()) {
            let targets: Vec<String> = self.targets().map(str::to_owned).collect();
            for target in targets {
                self.attach(default, &target);
            }
        }
    }

    /// Disables a policy type at once; AWS detaches all policies of the type from everything.
    pub(super) fn disable_type(&mut self, kind: &str) {
        if let Some(organization) = &mut self.organization {
            organization.policy_types.remove(kind);
        }
        for policy in self.policies_of(kind).clone() {
            for target in self.targets_of(&policy).clone() {
                self.detach(&policy, &target);
            }
        }
    }

    pub(super) fn put_creation(&mut self, creation: Creation) {
        if creation.outcome == CreationOutcome::InProgress {
            self.index.in_progress.insert(creation.id.clone());
        }
        self.creations.insert(creation.id.clone(), creation);
    }

    /// CreateAccount requests still being worked on.
    pub(super) fn creations_in_progress(&self) -> usize {
        self.index.in_progress.len()
    }

    /// Whether something asynchronous is due at world time `now_ms`.
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        let created = |id: &String| self.creations.get(id).is_some_and(|creation| creation.due_ms <= now_ms);
        let due = self.index.in_progress.iter().any(created) || !self.due_types(now_ms).is_empty();
        due || self.closing_is_due(now_ms) || self.invitations_are_due(now_ms)
    }

    fn due_types(&self, now_ms: u64) -> Vec<(String, TypeStatus)> {
        let types = self.organization.iter().flat_map(|organization| &organization.policy_types);
        types
            .filter(|(_, status)| match status {
                TypeStatus::Enabled => false,
                TypeStatus::PendingEnable(due) | TypeStatus::PendingDisable(due) => *due <= now_ms,
            })
            .map(|(kind, status)| (kind.clone(), *status))
            .collect()
    }

    /// Completes what is due at world time `now_ms`.
    pub(super) fn settle(&mut self, now_ms: u64, emails: Emails) {
        self.settle_invitations(now_ms);
        for (kind, status) in self.due_types(now_ms) {
            match status {
                TypeStatus::Enabled => {}
                TypeStatus::PendingEnable(_) => self.enable_type(&kind),
                TypeStatus::PendingDisable(_) => self.disable_type(&kind),
            }
        }
        self.settle_closings(now_ms);
        let mut due: Vec<Creation> =
            self.index.in_progress.iter().filter_map(|id| self.creations.get(id)).filter(|c| c.due_ms <= now_ms).cloned().collect();
        due.sort_by(|a, b| (a.due_ms, a.requested_ms, &a.id).cmp(&(b.due_ms, b.requested_ms, &b.id)));
        for creation in due {
            self.finish(creation, emails);
        }
    }

    fn finish(&mut self, mut creation: Creation, emails: Emails) {
        self.index.in_progress.remove(&creation.id);
        let root = self.root().unwrap_or_default().to_owned();
        let here = !self.accounts_with_email(&creation.email).is_empty();
        let elsewhere = self.emails_elsewhere.contains(&creation.email.to_lowercase()) || self.outsider(&creation.email).is_some();
        let taken = here || elsewhere;
        creation.outcome = if emails == Emails::Unique && taken {
            CreationOutcome::Failed("EMAIL_ALREADY_EXISTS".to_owned())
        } else {
            let id = self.add_account(&creation.name, &creation.email, &root);
            if let Some(account) = self.accounts.get_mut(&id) {
                account.joined_ms = creation.due_ms;
                account.roles = BTreeSet::from([creation.role.clone()]);
            }
            if !creation.tags.is_empty() {
                self.tags.insert(id.clone(), creation.tags.clone());
            }
            CreationOutcome::Succeeded(id)
        };
        self.creations.insert(creation.id.clone(), creation);
    }
}

/// Whether two accounts may have one e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emails {
    /// As AWS has it.
    Unique,
    /// As moto has it.
    Lenient,
}

/// The documents of AWS's own policies.
fn aws_document(kind: &str) -> &'static str {
    if kind == RCP {
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
    } else {
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
    }
}
