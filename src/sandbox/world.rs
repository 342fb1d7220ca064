//! The world: the whole state of the embedded AWS, as plain ordered data that serialises to JSON.
//!
//! Fields are public, so that tests and `describe` can read everything. After changing a field directly, call
//! [`World::reindex`]. The operations use the methods in `change.rs`, which keep the index up to date.

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::config::{Aggregator, Recorders};
use super::contacts::Contacts;
use super::ec2::{Region, RegionFacts, Regions};
use super::email::EmailUpdate;
use super::outside::{Invitation, Outsider};
use super::ram::Share;
use super::roles::Role;
use super::weather::Weather;
use crate::files::{Kind, starts_compact};

/// The service control policy that AWS attaches to everything.
pub const FULL_AWS_ACCESS: &str = "p-FullAWSAccess";
/// The resource control policy that AWS attaches to everything and that cannot be detached.
pub const RCP_FULL_AWS_ACCESS: &str = "p-RCPFullAWSAccess";
/// The role that CreateAccount makes unless the request names another.
pub const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";
/// The initial time of a fresh world: 2026-01-01T00:00:00Z, in milliseconds since 1970. Fixed, so that runs repeat.
pub const EPOCH_MS: u64 = 1_767_225_600_000;

/// The file that a world is kept in.
pub const WORLD_FILE: Kind =
    Kind { name: "a world of the sandbox", is_one: |text| starts_compact(text, "{\"seed\":#,\"counter\":#,\"clock_ms\":#,") };

/// All that the embedded AWS knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Makes the identifiers differ from those of another world.
    pub seed: u64,
    /// Identifiers given out so far.
    pub counter: u64,
    /// The world's time, in milliseconds since 1970.
    pub clock_ms: u64,
    /// The 12-digit account that holds, or will hold, the organization.
    pub management_account: String,
    /// The organization, once there is one.
    pub organization: Option<Organization>,
    /// Accounts by id, the management account included.
    pub accounts: BTreeMap<String, Account>,
    /// OUs by id.
    pub ous: BTreeMap<String, OrganizationalUnit>,
    /// Policies by id, AWS's own included.
    pub policies: BTreeMap<String, Policy>,
    /// Ids of the policies attached directly, by target.
    pub attachments: BTreeMap<String, BTreeSet<String>>,
    /// Tags by the id of the resource.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Service principals with trusted access, and since when (ms).
    pub trusted_services: BTreeMap<String, u64>,
    /// Delegated administrators: services and since when (ms), by account.
    pub delegated_administrators: BTreeMap<String, BTreeMap<String, u64>>,
    /// CreateAccount requests by id.
    pub creations: BTreeMap<String, Creation>,
    /// Accounts that are being closed or were, by id, until they leave the organization.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub closings: BTreeMap<String, Closing>,
    /// Created accounts that have what AWS wants of one that stands alone: a payment method, for one. Invited ones always do.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub standalone: BTreeSet<String>,
    /// Handshakes by id.
    pub handshakes: BTreeMap<String, Handshake>,
    /// Invitations into the organization, by id of the handshake.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub invitations: BTreeMap<String, Invitation>,
    /// Accounts outside of the organization, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_accounts: BTreeMap<String, Outsider>,
    /// E-mails, in lower case, of further accounts outside this organization: AWS takes no second account with one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub emails_elsewhere: BTreeSet<String>,
    /// What accounts have said about Regions that have to be enabled, by account and Region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub opt_ins: BTreeMap<String, BTreeMap<String, OptIn>>,
    /// Regions that AWS opened after this version was made.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added_regions: BTreeSet<String>,
    /// Whom AWS writes to, by account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contacts: BTreeMap<String, Contacts>,
    /// Changes of primary e-mails that wait for their codes, by account.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub email_updates: BTreeMap<String, EmailUpdate>,
    /// What may be done centrally with root users, as the API spells it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub root_features: BTreeSet<String>,
    /// What root users have, by account: `password`, `access-key AKIA…`, `signing-certificate …`, `mfa-device arn:…`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub root_credentials: BTreeMap<String, BTreeSet<String>>,
    /// Simple settings by name, by account or, where each Region has its own, by account and Region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// Roles that were made through IAM, by account and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, BTreeMap<String, Role>>,
    /// EC2, by account and Region.
    #[serde(default, skip_serializing_if = "Regions::is_empty")]
    pub ec2: Regions,
    /// Shares of Resource Access Manager, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, Share>,
    /// Since when RAM may share inside the organization (ms): its own call says so, and to trust the service does not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing_since_ms: Option<u64>,
    /// Aggregators of AWS Config, by account, Region and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aggregators: BTreeMap<String, Aggregator>,
    /// Recorders of AWS Config.
    #[serde(default, skip_serializing_if = "Recorders::is_empty")]
    pub recorders: Recorders,
    /// Invariant: what [`World::reindex`] makes of the fields above.
    #[serde(skip)]
    pub(super) index: Index,
}

/// Whether a time is none.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(ms: &u64) -> bool {
    *ms == 0
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// `o-` and 10 characters.
    pub id: String,
    /// `r-` and 4 characters.
    pub root: String,
    /// What the organization can do.
    pub feature_set: FeatureSet,
    /// When CreateOrganization made it (ms); 0 where it was there before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub created_ms: u64,
    /// The policy types of the root that are not simply disabled, as the API spells them.
    pub policy_types: BTreeMap<String, TypeStatus>,
}

/// What an organization can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FeatureSet {
    /// Policies and trusted services too.
    All,
    /// One bill, nothing else.
    ConsolidatedBilling,
}

/// The state of a policy type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TypeStatus {
    /// In force.
    Enabled,
    /// Enabled at the given world time (ms).
    PendingEnable(u64),
    /// Disabled at the given world time (ms).
    PendingDisable(u64),
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The primary e-mail.
    pub email: String,
    /// Its lifecycle state.
    pub state: AccountState,
    /// How it came into the organization.
    pub joined: Joined,
    /// When (ms).
    pub joined_ms: u64,
    /// Its OU or the root; none while there is no organization.
    pub parent: Option<String>,
    /// Names of the roles in it that the management account may assume.
    pub roles: BTreeSet<String>,
    /// The external ids that some of them want.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_ids: BTreeMap<String, String>,
}

/// The lifecycle state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Signed up, not yet verified.
    PendingActivation,
    /// In use.
    Active,
    /// Suspended by AWS, or closed less than 90 days ago.
    Suspended,
    /// Being closed.
    PendingClosure,
    /// Closed.
    Closed,
}

impl AccountState {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingActivation => "PENDING_ACTIVATION",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
            Self::Closed => "CLOSED",
        }
    }
}

/// What an account has last said about a Region that has to be enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptIn {
    /// Whether it is to be enabled, or disabled.
    pub enabled: bool,
    /// When that is or was so (ms).
    pub due_ms: u64,
}

impl OptIn {
    /// As the API spells it.
    pub fn status(self, now_ms: u64) -> &'static str {
        match (self.enabled, self.due_ms <= now_ms) {
            (true, true) => "ENABLED",
            (true, false) => "ENABLING",
            (false, true) => "DISABLED",
            (false, false) => "DISABLING",
        }
    }
}

impl Account {
    /// Whether AWS lets it be used, so many milliseconds after the organization created it.
    pub(super) fn is_ready(&self, now_ms: u64, after_ms: u64) -> bool {
        self.joined == Joined::Invited || now_ms >= self.joined_ms + after_ms
    }
}

/// How an account came into the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Joined {
    /// It existed before and was invited (the management account counts as such).
    Invited,
    /// The organization created it.
    Created,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationalUnit {
    /// `ou-`, the root's 4 characters, `-` and 8 characters.
    pub id: String,
    /// Unique under its parent.
    pub name: String,
    /// The OU above, or the root.
    pub parent: String,
}

/// A policy of any type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// `p-` and 10 characters, the least that an ARN takes; other words for AWS's own.
    pub id: String,
    /// As the API spells it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unique among the policies of its type.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The document, exactly as it was sent.
    pub content: String,
    /// Whether it is AWS's and immutable.
    pub aws_managed: bool,
}

/// A CreateAccount request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creation {
    /// `car-` and 32 characters.
    pub id: String,
    /// The requested name.
    pub name: String,
    /// The requested e-mail.
    pub email: String,
    /// The requested role.
    pub role: String,
    /// The requested tags.
    pub tags: BTreeMap<String, String>,
    /// When (ms).
    pub requested_ms: u64,
    /// When it is or was decided (ms).
    pub due_ms: u64,
    /// What came of it.
    pub outcome: CreationOutcome,
}

/// What came of a CreateAccount request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreationOutcome {
    /// Still being worked on.
    InProgress,
    /// The account with this id.
    Succeeded(String),
    /// AWS's failure reason.
    Failed(String),
}

/// An account that is being closed, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// When it was requested (ms).
    pub requested_ms: u64,
    /// When it is or was closed (ms).
    pub due_ms: u64,
}

/// A handshake that turns all features on. Invitations are [`Invitation`]s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// `h-` and 32 characters.
    pub id: String,
    /// When it was begun (ms).
    pub requested_ms: u64,
    /// Whether the management account has accepted it.
    pub accepted: bool,
}

/// What a target of policies is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// The root.
    Root,
    /// An OU.
    Unit,
    /// An account.
    Account,
}

/// Answers that would otherwise take a walk over all accounts.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Accounts by parent.
    pub accounts_of: BTreeMap<String, BTreeSet<String>>,
    /// OUs by parent.
    pub units_of: BTreeMap<String, BTreeSet<String>>,
    /// Targets by policy.
    pub targets_of: BTreeMap<String, BTreeSet<String>>,
    /// Policies by type.
    pub policies_of: BTreeMap<String, BTreeSet<String>>,
    /// Accounts by e-mail in lower case.
    pub by_email: BTreeMap<String, BTreeSet<String>>,
    /// Account creations in progress.
    pub in_progress: BTreeSet<String>,
}

/// Worlds are equal when what they serialise to is: the index follows from it, save for empty entries that it may keep.
impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

static NOTHING: BTreeSet<String> = BTreeSet::new();

impl World {
    /// A world in which there is one account, without an organization.
    pub fn new(management_account: &str) -> Self {
        let mut world = Self {
            seed: 0,
            counter: 0,
            clock_ms: EPOCH_MS,
            management_account: management_account.to_owned(),
            organization: None,
            accounts: BTreeMap::new(),
            ous: BTreeMap::new(),
            policies: BTreeMap::new(),
            attachments: BTreeMap::new(),
            tags: BTreeMap::new(),
            trusted_services: BTreeMap::new(),
            delegated_administrators: BTreeMap::new(),
            creations: BTreeMap::new(),
            closings: BTreeMap::new(),
            standalone: BTreeSet::new(),
            handshakes: BTreeMap::new(),
            invitations: BTreeMap::new(),
            external_accounts: BTreeMap::new(),
            emails_elsewhere: BTreeSet::new(),
            opt_ins: BTreeMap::new(),
            added_regions: BTreeSet::new(),
            contacts: BTreeMap::new(),
            email_updates: BTreeMap::new(),
            root_features: BTreeSet::new(),
            root_credentials: BTreeMap::new(),
            settings: BTreeMap::new(),
            roles: BTreeMap::new(),
            ec2: Regions::default(),
            shares: BTreeMap::new(),
            sharing_since_ms: None,
            aggregators: BTreeMap::new(),
            recorders: Recorders::default(),
            index: Index::default(),
        };
        world.put_account(Account {
            id: management_account.to_owned(),
            name: "management".to_owned(),
            email: "management@example.com".to_owned(),
            state: AccountState::Active,
            joined: Joined::Invited,
            joined_ms: EPOCH_MS,
            parent: None,
            roles: BTreeSet::new(),
            external_ids: BTreeMap::new(),
        });
        world
    }

    /// Makes the index anew, after fields were changed by hand.
    pub fn reindex(&mut self) {
        let mut index = Index::default();
        for account in self.accounts.values() {
            index.add_account(account);
        }
        for unit in self.ous.values() {
            index.units_of.entry(unit.parent.clone()).or_default().insert(unit.id.clone());
        }
        for policy in self.policies.values() {
            index.policies_of.entry(policy.kind.clone()).or_default().insert(policy.id.clone());
        }
        for (target, policies) in &self.attachments {
            for policy in policies {
                index.targets_of.entry(policy.clone()).or_default().insert(target.clone());
            }
        }
        for creation in self.creations.values().filter(|creation| creation.outcome == CreationOutcome::InProgress) {
            index.in_progress.insert(creation.id.clone());
        }
        self.index = index;
    }

    /// The root's id, once there is an organization.
    pub fn root(&self) -> Option<&str> {
        self.organization.as_ref().map(|organization| organization.root.as_str())
    }

    /// Accounts directly under an OU or the root.
    pub fn accounts_of(&self, parent: &str) -> &BTreeSet<String> {
        self.index.accounts_of.get(parent).unwrap_or(&NOTHING)
    }

    /// OUs directly under an OU or the root.
    pub fn units_of(&self, parent: &str) -> &BTreeSet<String> {
        self.index.units_of.get(parent).unwrap_or(&NOTHING)
    }

    /// Targets that a policy is attached to.
    pub fn targets_of(&self, policy: &str) -> &BTreeSet<String> {
        self.index.targets_of.get(policy).unwrap_or(&NOTHING)
    }

    /// Policies of a type.
    pub fn policies_of(&self, kind: &str) -> &BTreeSet<String> {
        self.index.policies_of.get(kind).unwrap_or(&NOTHING)
    }

    /// Accounts with an e-mail, whatever its case.
    pub fn accounts_with_email(&self, email: &str) -> &BTreeSet<String> {
        self.index.by_email.get(&email.to_lowercase()).unwrap_or(&NOTHING)
    }

    /// Policies attached directly to a target.
    pub fn attached_to(&self, target: &str) -> &BTreeSet<String> {
        self.attachments.get(target).unwrap_or(&NOTHING)
    }

    /// Policies of one type attached directly to a target.
    pub fn attached_of_type<'w>(&'w self, target: &str, kind: &'w str) -> impl Iterator<Item = &'w Policy> {
        self.attached_to(target).iter().filter_map(|id| self.policies.get(id)).filter(move |policy| policy.kind == kind)
    }

    /// What an id is a target as; `None` when there is no such root, OU or account.
    pub fn target_kind(&self, id: &str) -> Option<TargetKind> {
        if self.root() == Some(id) {
            Some(TargetKind::Root)
        } else if self.ous.contains_key(id) {
            Some(TargetKind::Unit)
        } else {
            self.accounts.contains_key(id).then_some(TargetKind::Account)
        }
    }

    /// Whether an id is the root or an OU.
    pub fn is_parent(&self, id: &str) -> bool {
        matches!(self.target_kind(id), Some(TargetKind::Root | TargetKind::Unit))
    }

    /// The ids from the root down to an OU or the root itself, both included.
    pub fn lineage<'w>(&'w self, parent: &'w str) -> Vec<&'w str> {
        let mut upwards = vec![parent];
        let mut at = parent;
        // The bound keeps a world with a cycle, which `check` reports, from hanging us.
        while let Some(unit) = self.ous.get(at).filter(|_| upwards.len() <= self.ous.len()) {
            at = &unit.parent;
            upwards.push(at);
        }
        upwards.reverse();
        upwards
    }

    /// The path of something under `parent` as ListAccounts gives it: `o-…/r-…/ou-…/<id>/`.
    pub fn path(&self, parent: &str, id: &str) -> String {
        let mut path = self.organization.as_ref().map(|organization| organization.id.clone()).unwrap_or_default();
        for step in self.lineage(parent).into_iter().chain([id]) {
            path.push('/');
            path.push_str(step);
        }
        path.push('/');
        path
    }

    /// The opt-in status of a Region for an account, as the API spells it.
    pub(super) fn region_status(&self, account: &str, region: &RegionFacts, now_ms: u64) -> &'static str {
        let said = self.opt_ins.get(account).and_then(|said| said.get(region.name));
        match said {
            _ if !region.is_opt_in() => "ENABLED_BY_DEFAULT",
            Some(said) => said.status(now_ms),
            None => "DISABLED",
        }
    }

    /// Whether an account can use a Region.
    pub(super) fn region_is_enabled(&self, account: &str, region: &RegionFacts, now_ms: u64) -> bool {
        matches!(self.region_status(account, region, now_ms), "ENABLED_BY_DEFAULT" | "ENABLED")
    }

    /// Whether AWS has made the default VPCs of an account.
    pub(super) fn has_default_vpc(&self, account: &str, now_ms: u64, weather: &Weather) -> bool {
        let ready_ms = weather.account_ready_ms + weather.default_vpc_ms;
        self.accounts.get(account).is_none_or(|account| account.is_ready(now_ms, ready_ms))
    }

    /// Whether an account can use the Region of that name. One that the sandbox does not know is not refused: AWS has no host of its name.
    pub(super) fn is_open(&self, account: &str, region: &str, now_ms: u64) -> bool {
        self.facts(region).is_none_or(|facts| self.region_is_enabled(account, facts, now_ms))
    }

    /// EC2 of an account in a Region; `None` when there is no such Region.
    pub fn region(&self, account: &str, region: &str) -> Option<Arc<Region>> {
        Some(self.ec2.get(self.seed, &self.place(account, region)?))
    }

    /// EC2 of an account in a Region, to be changed by hand; `None` when there is no such Region.
    pub fn region_mut(&mut self, account: &str, region: &str) -> Option<&mut Region> {
        let place = self.place(account, region)?;
        let taken = self.ec2.take(self.seed, &place);
        Some(self.ec2.put(&place, taken))
    }

    /// The ARN of a thing inside the organization: `what` is `account`, `ou`, `root` and the like.
    pub(super) fn arn(&self, what: &str, id: &str) -> String {
        let organization = self.organization.as_ref().map_or("", |organization| &organization.id);
        format!("arn:aws:organizations::{}:{what}/{organization}/{id}", self.management_account)
    }
}

impl Index {
    pub(super) fn forget_account(&mut self, account: &Account) {
        if let Some(siblings) = account.parent.as_ref().and_then(|parent| self.accounts_of.get_mut(parent)) {
            siblings.remove(&account.id);
        }
        if let Some(namesakes) = self.by_email.get_mut(&account.email.to_lowercase()) {
            namesakes.remove(&account.id);
        }
    }

    pub(super) fn add_account(&mut self, account: &Account) {
        if let Some(parent) = &account.parent {
            self.accounts_of.entry(parent.clone()).or_default().insert(account.id.clone());
        }
        self.by_email.entry(account.email.to_lowercase()).or_default().insert(account.id.clone());
    }
}
