//! `step.toml`: how a step is run, and what others did to the world before it.

use std::collections::{BTreeMap, BTreeSet};

use overlord::apply::Consent;
use overlord::limits::LIMITS;
use overlord::resource::organizations::Leaving;
use overlord::sandbox::World;
use overlord::sandbox::outside::{Belongs, InvitationState, Obstacle};
use overlord::sandbox::world::{AccountState, Creation, CreationOutcome, FeatureSet, Handshake, Joined};
use serde::Deserialize;

use crate::scenarios::networks::{self, ForeignVpc, Used};

/// A step's own file. All of it may be left out. Targets are `root`, an OU's path of names, or an account's e-mail.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// As `--weather` takes it.
    pub weather: String,
    /// Whether the user gave `--allow-delete`.
    pub allow_delete: bool,
    /// E-mails of the accounts whose ids the user gave with `--close`.
    pub close: Vec<String>,
    /// The same with `--remove`.
    pub remove: Vec<String>,
    /// Why the plan that follows is not empty.
    pub again: Option<String>,
    /// Why the writes are not those that the plan lists.
    pub other_writes: Option<String>,
    /// Pairs of writes by a part of their line: all of the first kind come before any of the second.
    pub order: Vec<(String, String)>,

    organization: Option<FeatureSet>,
    trusted_services: Vec<String>,
    /// Services and the e-mail of the account that administers each.
    delegated_administrators: BTreeMap<String, String>,
    policy_types: Vec<String>,
    /// E-mails of accounts outside the organization.
    emails_elsewhere: BTreeSet<String>,
    ou: Vec<Ou>,
    account: Vec<Account>,
    policy: Vec<Policy>,
    attach: Vec<Attachment>,
    detach: Vec<Attachment>,
    #[serde(rename = "move")]
    moves: Vec<Move>,
    /// Whether the change to all features has begun and waits for the management account.
    all_features_begun: bool,
    rename: Vec<Rename>,
    content: Vec<Content>,
    tag: Vec<Tag>,
    creation: Vec<InProgress>,
    state: Vec<State>,
    /// E-mails of accounts that got what AWS wants of one that stands alone.
    standalone: Vec<String>,
    /// E-mails of accounts whose access role somebody deleted.
    closed_to_us: Vec<String>,
    vpc: Vec<ForeignVpc>,
    default_vpc_used: Vec<Used>,
    /// What root users have, by the e-mail of the account.
    root_credentials: BTreeMap<String, BTreeSet<String>>,
    /// How many days went by since the step before.
    days: u64,
    /// E-mails that accounts got otherwise than through overlord.
    email: Vec<Email>,
    outsider: Vec<Outside>,
    /// Invitations that somebody sent by hand.
    invitation: Vec<SentByHand>,
    answer: Vec<Answered>,
    /// Roles that owners of accounts made.
    role: Vec<Role>,
    /// Addresses of what somebody deleted inside accounts, each with the e-mail `<key>@example.org`.
    delete: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ou {
    path: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    name: String,
    email: String,
    ou: String,
    id: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Whether it existed before and was invited.
    #[serde(default)]
    invited: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    content: String,
    #[serde(default)]
    attached_to: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachment {
    policy: String,
    target: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    account: String,
    ou: String,
}

/// Of an OU or an account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    target: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    policy: String,
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    account: String,
    to: String,
}

/// Of a policy by its name, or of a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    on: String,
    tags: BTreeMap<String, String>,
}

/// A CreateAccount request that AWS still works on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InProgress {
    name: String,
    email: String,
    seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    account: String,
    state: AccountState,
}

/// An account outside of the organization.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outside {
    id: String,
    email: String,
    #[serde(default)]
    belongs: Belongs,
    obstacle: Option<Obstacle>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SentByHand {
    account: String,
    recipient: String,
}

/// How the last invitation of an account ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    account: String,
    state: InvitationState,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Role {
    account: String,
    name: String,
    external_id: Option<String>,
}

impl Step {
    /// What the user agreed to beyond `yes`.
    pub fn consent(&self, world: &World) -> Consent {
        let consent = if self.allow_delete { Consent::to_deletions() } else { Consent::none() };
        let closed = self.close.iter().map(|email| (Leaving::Closed, email));
        let removed = self.remove.iter().map(|email| (Leaving::Removed, email));
        closed.chain(removed).fold(consent, |consent, (leaving, email)| consent.and(leaving, target(world, email)))
    }

    /// Does to the world what others did.
    pub fn edit(&self, world: &mut World) {
        if let Some(features) = self.organization {
            world.add_organization(features);
        }
        if self.all_features_begun {
            let id = format!("h-{}", "0".repeat(32));
            world.handshakes.insert(id.clone(), Handshake { id, requested_ms: world.clock_ms, accepted: false });
        }
        self.policy_types.iter().for_each(|kind| world.enable_type(kind));
        let since = world.clock_ms;
        world.trusted_services.extend(self.trusted_services.iter().map(|service| (service.clone(), since)));
        world.emails_elsewhere.extend(self.emails_elsewhere.iter().map(|email| email.to_lowercase()));
        for Ou { path, tags } in &self.ou {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("root", path));
            let id = world.add_ou(&target(world, parent), name);
            tag(world, &id, tags);
        }
        self.account.iter().for_each(|account| account.make(world));
        self.outside(world);
        for (service, email) in &self.delegated_administrators {
            world.delegated_administrators.entry(target(world, email)).or_default().insert(service.clone(), since);
        }
        for Policy { name, kind, content, attached_to } in &self.policy {
            let id = world.add_policy(kind, name, "", content);
            attached_to.iter().for_each(|at| world.attach(&id, &target(world, at)));
        }
        self.attach.iter().for_each(|Attachment { policy, target: at }| world.attach(&named(world, policy), &target(world, at)));
        self.detach.iter().for_each(|Attachment { policy, target: at }| world.detach(&named(world, policy), &target(world, at)));
        self.moves.iter().for_each(|Move { account, ou }| world.set_parent(&target(world, account), &target(world, ou)));
        for Content { policy, content } in &self.content {
            let id = named(world, policy);
            world.policies.get_mut(&id).unwrap().content.clone_from(content);
        }
        for Tag { on, tags } in &self.tag {
            let policy = world.policies.values().find(|policy| policy.name == *on).map(|policy| policy.id.clone());
            let id = policy.unwrap_or_else(|| target(world, on));
            tag(world, &id, tags);
        }
        self.rename.iter().for_each(|Rename { target: at, name }| rename(world, &target(world, at), name));
        for Email { account, to } in &self.email {
            let id = target(world, account);
            world.set_email(&id, to);
            world.email_updates.remove(&id);
        }
        for State { account, state } in &self.state {
            let id = target(world, account);
            world.accounts.get_mut(&id).unwrap().state = *state;
        }
        for email in &self.standalone {
            let id = target(world, email);
            world.standalone.insert(id);
        }
        for email in &self.closed_to_us {
            let id = target(world, email);
            world.accounts.get_mut(&id).unwrap().roles.clear();
        }
        for (email, credentials) in &self.root_credentials {
            let id = target(world, email);
            world.root_credentials.insert(id, credentials.clone());
        }
        self.vpc.iter().for_each(|vpc| vpc.make(world));
        self.default_vpc_used.iter().for_each(|used| used.make(world));
        self.delete.iter().for_each(|address| networks::delete(world, address));
        self.creation.iter().enumerate().for_each(|(i, creation)| creation.begin(i, world));
        world.reindex();
    }
}

impl Step {
    /// What happened to accounts outside.
    fn outside(&self, world: &mut World) {
        world.clock_ms += self.days * 86_400_000;
        for Outside { id, email, belongs, obstacle } in &self.outsider {
            world.add_outsider(id, email.split('@').next().unwrap(), email);
            let outsider = world.external_accounts.get_mut(id).unwrap();
            (outsider.belongs, outsider.obstacle) = (*belongs, *obstacle);
        }
        for SentByHand { account, recipient } in &self.invitation {
            world.add_invitation(account, recipient);
        }
        for Answered { account, state } in &self.answer {
            let last = world.invitations.values().filter(|one| one.account == *account).max_by_key(|one| one.requested_ms);
            let id = last.unwrap_or_else(|| panic!("nobody invited `{account}`")).id.clone();
            world.end_invitation(&id, *state, world.clock_ms);
        }
        for Role { account, name, external_id } in &self.role {
            let account = world.accounts.get_mut(account).unwrap_or_else(|| panic!("`{account}` is no member"));
            account.roles.insert(name.clone());
            account.external_ids.extend(external_id.iter().map(|id| (name.clone(), id.clone())));
        }
    }
}

impl Account {
    fn make(&self, world: &mut World) {
        let mut id = world.add_account(&self.name, &self.email, &target(world, &self.ou));
        if let Some(wanted) = &self.id {
            let account = world.accounts.remove(&id).unwrap();
            let attached = world.attachments.remove(&id).unwrap_or_default();
            world.accounts.insert(wanted.clone(), overlord::sandbox::world::Account { id: wanted.clone(), ..account });
            world.attachments.insert(wanted.clone(), attached);
            world.reindex();
            id.clone_from(wanted);
        }
        if self.invited {
            world.accounts.get_mut(&id).unwrap().joined = Joined::Invited;
        }
        tag(world, &id, &self.tags);
    }
}

impl InProgress {
    fn begin(&self, number: usize, world: &mut World) {
        let creation = Creation {
            id: format!("car-{number:032}"),
            name: self.name.clone(),
            email: self.email.clone(),
            role: "OrganizationAccountAccessRole".to_owned(),
            tags: BTreeMap::new(),
            requested_ms: world.clock_ms,
            due_ms: world.clock_ms + 1000 * self.seconds,
            outcome: CreationOutcome::InProgress,
        };
        world.creations.insert(creation.id.clone(), creation);
    }
}

fn tag(world: &mut World, id: &str, tags: &BTreeMap<String, String>) {
    if !tags.is_empty() {
        world.tags.entry(id.to_owned()).or_default().extend(tags.clone());
    }
}

fn rename(world: &mut World, id: &str, name: &str) {
    match (world.ous.get_mut(id), world.accounts.get_mut(id)) {
        (Some(unit), _) => name.clone_into(&mut unit.name),
        (None, Some(account)) => name.clone_into(&mut account.name),
        (None, None) => panic!("`{id}` has no name"),
    }
}

/// The id of a target.
fn target(world: &World, name: &str) -> String {
    let root = world.root().unwrap_or_else(|| panic!("`{name}` needs an organization")).to_owned();
    if name == "root" {
        return root;
    }
    if name.contains('@') {
        let accounts = world.accounts_with_email(name);
        return accounts.first().unwrap_or_else(|| panic!("no account has the e-mail `{name}`")).clone();
    }
    let below = |parent: String, name: &str| {
        let unit = world.units_of(&parent).iter().find(|id| world.ous[*id].name == name);
        unit.unwrap_or_else(|| panic!("no OU `{name}` in {parent}")).clone()
    };
    name.split('/').fold(root, below)
}

fn named(world: &World, name: &str) -> String {
    world.policies.values().find(|policy| policy.name == name).unwrap_or_else(|| panic!("no policy `{name}`")).id.clone()
}

/// What ids stand for, so that an expectation can be read: and so that another id is no difference.
#[derive(Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Learns the ids of a world; what is known already keeps its name.
    pub fn learn(&mut self, world: &World) {
        let mut add = |id: &str, name: String| {
            self.0.entry(id.to_owned()).or_insert(name);
        };
        if let Some(organization) = &world.organization {
            add(&organization.id, "<organization>".to_owned());
            add(&organization.root, "<root>".to_owned());
        }
        for id in world.ous.keys() {
            let path = world.lineage(id).iter().filter_map(|id| Some(world.ous.get(*id)?.name.as_str())).collect::<Vec<_>>().join("/");
            add(id, format!("<ou {path}>"));
        }
        for account in world.accounts.values() {
            add(&account.id, format!("<{}>", account.email));
        }
        for policy in world.policies.values().filter(|policy| !policy.aws_managed) {
            let kind = LIMITS.policy_type(&policy.kind).map_or(policy.kind.as_str(), |limits| &limits.short);
            add(&policy.id, format!("<{kind} {}>", policy.name));
        }
        for creation in world.creations.values() {
            add(&creation.id, format!("<creation of {}>", creation.email));
        }
        for id in world.handshakes.keys() {
            add(id, "<handshake>".to_owned());
        }
        for invitation in world.invitations.values() {
            add(&invitation.id, format!("<invitation of {}>", invitation.recipient));
        }
        for (id, name) in networks::names(world) {
            add(&id, name);
        }
    }

    /// A text with names in place of ids.
    pub fn put_into(&self, text: &str) -> String {
        let text = self.0.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name));
        let mut parts = text.split("(request ");
        let first = parts.next().unwrap_or_default().to_owned();
        // The number of a request says nothing.
        parts.fold(first, |text, part| format!("{text}(request …{}", part.find(')').map_or(part, |end| &part[end..])))
    }
}
