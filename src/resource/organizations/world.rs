//! Two plain values that the reader and the binder work on: the organization as it was read, and the typed configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::root_credentials::Audits;
use super::{
    Account, AccountAttributes, AlternateContact, AlternateContactAttributes, DelegatedAdministrator, DelegatedAdministratorAttributes,
    Invitation, InvitationAttributes, LiveInvitation, OrganizationalUnit, OrganizationalUnitAttributes, PolicyAttachments,
    PolicyAttachmentsAttributes, PolicyAttributes, PolicyType, PolicyTypeAttributes, PrimaryContact, PrimaryContactAttributes, RootAccess,
    RootAccessAttributes, RootCredentials, RootCredentialsAttributes, TrustedService, TrustedServiceAttributes,
};
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::limits::LIMITS;
use crate::policy::{Effect, Form, Policy};
use crate::resource::{ADDRESS_TAG, Attributes, Desired, Kind, typed};

/// An organization as it was read. Everything is identified by AWS's ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct World {
    /// `r-…`.
    pub root: String,
    /// 12 digits.
    pub management_account: String,
    /// `ALL` or `CONSOLIDATED_BILLING`.
    pub feature_set: String,
    /// The policy types that are enabled or pending, with their status. Both as the API spells them.
    pub policy_types: BTreeMap<String, String>,
    /// Whether an applying run held its lock meanwhile. The lock itself is left out.
    pub locked: bool,
    /// Every OU, except the lock of an applying run.
    pub units: BTreeMap<String, Unit>,
    /// Every account.
    pub accounts: BTreeMap<String, Member>,
    /// Every policy of the managed types that are enabled, AWS's own included.
    pub policies: BTreeMap<String, LivePolicy>,
    /// The trusted services; read only if one is desired.
    pub trusted_services: BTreeSet<String>,
    /// The accounts that administer a desired service.
    pub administrators: BTreeMap<String, BTreeSet<String>>,
    /// The invitations that AWS lists; read only if an invited account is not a member.
    pub invitations: BTreeMap<String, LiveInvitation>,
    /// AWS's time when it was read, in seconds since 1970.
    pub now: i64,
    /// The tags that were read, by resource.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// The existing alternate contacts that were read, by account and type.
    pub alternate_contacts: BTreeMap<(String, String), AlternateContactAttributes>,
    /// The primary contacts that were read, by account.
    pub primary_contacts: BTreeMap<String, PrimaryContactAttributes>,
    /// Which root-user tasks the organization may do centrally; read only if they are desired.
    pub root_features: BTreeSet<String>,
    /// The opt-in Regions that accounts have, if everything was read.
    pub opted_in: BTreeMap<String, BTreeSet<String>>,
    /// Whether contacts and Regions of all accounts were read.
    pub attributes_asked: bool,
    /// The credentials of root users, for the accounts whose root credentials are to be removed.
    pub root_credentials: Audits,
}

/// An OU.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unit {
    pub name: String,
    /// The root or an OU.
    pub parent: String,
}

/// An account.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Member {
    pub name: String,
    pub email: String,
    /// `State`, or `Status` where there is none; empty when AWS gives neither.
    pub state: String,
    /// The root or an OU.
    pub parent: Option<String>,
    /// How it joined the organization.
    pub joined: Joined,
}

/// How an account joined the organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Joined {
    /// AWS does not say.
    #[default]
    Unknown,
    /// It existed before: it can be removed at once.
    Invited,
    /// The organization created it.
    Created {
        /// When AWS first permits its removal, RFC 3339 in UTC.
        may_leave: Option<String>,
    },
}

impl Member {
    /// Whether it is closed or being closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.state.as_str(), "CLOSED" | "PENDING_CLOSURE")
    }

    /// Why it can no longer be used, if so. A closed account is a state, not an absence: it is never created again.
    pub fn frozen(&self) -> Option<String> {
        match self.state.as_str() {
            "CLOSED" => Some("the account is closed".to_owned()),
            "SUSPENDED" => Some("the account is suspended".to_owned()),
            "PENDING_CLOSURE" => Some("the account is being closed".to_owned()),
            // ACTIVE, PENDING_ACTIVATION, and states that AWS may add: the calls will show.
            _ => None,
        }
    }
}

/// A policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LivePolicy {
    pub policy_type: String,
    pub name: String,
    pub description: String,
    pub aws_managed: bool,
    /// The document; read only for managed policies, and for unmanaged guardrails attached to something in org.toml.
    pub content: Option<String>,
    /// Roots, OUs and accounts that it is attached to.
    pub targets: BTreeSet<String>,
}

impl LivePolicy {
    /// Whether AWS Control Tower created it. Such policies protect Control Tower's resources, may be changed only through it, and are
    /// never declared: <https://repost.aws/knowledge-center/control-tower-landing-zone-drift>.
    pub fn is_control_towers(&self) -> bool {
        self.name.starts_with("aws-guardrails-")
    }
}

/// The type of service control policies.
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// What the console's default guardrail of a new organization denies: services and their actions, in lower case.
const CONSOLES_DENIALS: [(&str, &str); 2] = [("account", "closeaccount"), ("organizations", "leaveorganization")];

impl LivePolicy {
    /// Whether it may be the console's guardrail: its document decides.
    pub fn may_be_consoles(&self) -> bool {
        let on_the_root_alone = self.targets.len() == 1 && self.targets.iter().all(|target| target.starts_with("r-"));
        on_the_root_alone && !self.aws_managed && self.policy_type == SCP
    }

    /// Whether it is the guardrail with which the console creates organizations since 2026-07-10. That one is attached only to the root,
    /// and denies members to leave and to close themselves, nothing else. AWS does not mark it, so its document identifies it; an
    /// identical policy of somebody else is treated as the console's. `false` if its document was not read. Source: the user guide of
    /// Organizations, "Best practices for the management account".
    fn is_consoles(&self) -> bool {
        let document = self.content.as_deref().filter(|_| self.may_be_consoles());
        let Some(Ok(document)) = document.map(Policy::parse) else { return false };
        let mut denied = BTreeSet::new();
        for statement in &document.statements {
            let everything =
                statement.resources.form == Form::Any && statement.resources.patterns.iter().any(|pattern| pattern.value.is_everything());
            let denies = statement.effect.value == Effect::Deny && statement.actions.form == Form::Any;
            if !denies || !everything || !statement.conditions.is_empty() {
                return false;
            }
            denied.extend(statement.actions.patterns.iter().map(|pattern| pattern.value.text().to_ascii_lowercase()));
        }
        denied == CONSOLES_DENIALS.map(|(service, action)| format!("{service}:{action}")).into()
    }
}

impl World {
    /// Whether an unmanaged policy is the console's.
    pub fn is_consoles(&self, id: &str, policy: &LivePolicy) -> bool {
        self.ours(id) != Some(true) && policy.is_consoles()
    }

    /// Whether AWS attached a policy, which then stays attached whatever org.toml says, unless org.toml declares it.
    pub fn puts_itself(&self, id: &str, policy: &LivePolicy) -> bool {
        policy.is_control_towers() || self.is_consoles(id, policy)
    }

    /// The value of overlord's tag, if it was read and exists.
    pub fn address_tag(&self, id: &str) -> Option<&str> {
        self.tags.get(id)?.get(ADDRESS_TAG).map(String::as_str)
    }

    /// Whether overlord created it; `None` if its tags were not read.
    pub fn ours(&self, id: &str) -> Option<bool> {
        self.tags.get(id).map(|tags| tags.contains_key(ADDRESS_TAG))
    }

    /// Whether policies of the type can be attached now.
    pub fn enabled(&self, policy_type: &str) -> bool {
        self.policy_types.get(policy_type).is_some_and(|status| status == "ENABLED")
    }

    /// The names from the root to an OU: `/core/audit`. A slash in a name is `%2F`, so that no two OUs have one path.
    pub fn path(&self, id: &str) -> String {
        let names: Vec<String> = self.upwards(id).map(|unit| unit.name.replace('%', "%25").replace('/', "%2F")).collect();
        names.iter().rev().map(|name| format!("/{name}")).collect()
    }

    /// Levels below the root: 1 for an OU under the root.
    pub fn depth(&self, id: &str) -> usize {
        self.upwards(id).count()
    }

    /// An OU and those above it, by id.
    pub fn lineage<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.ascent(id).map(|(id, _)| id)
    }

    fn upwards<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Unit> + use<'a> {
        self.ascent(id).map(|(_, unit)| unit)
    }

    fn ascent<'a>(&'a self, id: &str) -> impl Iterator<Item = (&'a str, &'a Unit)> + use<'a> {
        let unit = |id: &str| self.units.get_key_value(id).map(|(id, unit)| (id.as_str(), unit));
        // Bounded, so that a world read during changes cannot form a cycle.
        std::iter::successors(unit(id), move |(_, of)| unit(&of.parent)).take(LIMITS.quotas.ou_depth)
    }
}

/// The desired resources, typed and by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub units: BTreeMap<Address, OrganizationalUnitAttributes>,
    pub accounts: BTreeMap<Address, AccountAttributes>,
    pub invitations: BTreeMap<Address, InvitationAttributes>,
    pub policies: BTreeMap<Address, PolicyAttributes>,
    pub attachments: BTreeMap<Address, PolicyAttachmentsAttributes>,
    pub trusted_services: BTreeMap<Address, TrustedServiceAttributes>,
    pub administrators: BTreeMap<Address, DelegatedAdministratorAttributes>,
    /// The managed types, by their spelling in the API.
    pub policy_types: BTreeMap<String, Address>,
    pub alternate_contacts: BTreeMap<Address, AlternateContactAttributes>,
    pub primary_contacts: BTreeMap<Address, PrimaryContactAttributes>,
    pub root_access: Option<(Address, RootAccessAttributes)>,
    pub root_credentials: BTreeMap<Address, RootCredentialsAttributes>,
    /// The contacts that are selected, by the address of their account.
    pub contacts: BTreeMap<Address, Vec<Contact>>,
}

/// Adds a resource to those of its kind, if it is of that kind.
fn insert<K: Kind>(to: &mut BTreeMap<Address, K::Attributes>, address: &Address, attributes: &Attributes) -> Result<(), serde_json::Error> {
    if K::has(address) {
        to.insert(address.clone(), typed(attributes)?);
    }
    Ok(())
}

/// A contact of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contact {
    /// Of a type, as the API spells it.
    Alternate(String),
    Primary,
}

impl Wanted {
    /// # Errors
    /// Attributes of another form: a plan of another version, or a defect.
    pub fn of(desired: &Desired) -> AwsResult<Self> {
        let mut wanted = Self::default();
        for (address, attributes) in &desired.resources {
            wanted.add(desired, address, attributes).map_err(|e| Error::malformed(address.kind(), &e))?;
        }
        Ok(wanted)
    }

    /// The organization itself and its placements need no recognition, and other families have readers of their own.
    fn add(&mut self, desired: &Desired, address: &Address, attributes: &Attributes) -> Result<(), serde_json::Error> {
        insert::<OrganizationalUnit>(&mut self.units, address, attributes)?;
        insert::<Account>(&mut self.accounts, address, attributes)?;
        insert::<Invitation>(&mut self.invitations, address, attributes)?;
        insert::<super::Policy>(&mut self.policies, address, attributes)?;
        insert::<PolicyAttachments>(&mut self.attachments, address, attributes)?;
        insert::<TrustedService>(&mut self.trusted_services, address, attributes)?;
        insert::<DelegatedAdministrator>(&mut self.administrators, address, attributes)?;
        insert::<RootCredentials>(&mut self.root_credentials, address, attributes)?;
        if PolicyType::has(address) {
            let attributes: PolicyTypeAttributes = typed(attributes)?;
            self.policy_types.insert(attributes.policy_type, address.clone());
        }
        if RootAccess::has(address) {
            self.root_access = Some((address.clone(), typed(attributes)?));
        }
        if AlternateContact::has(address) {
            let attributes: AlternateContactAttributes = typed(attributes)?;
            self.contact(desired, address, &attributes.account, Contact::Alternate(attributes.contact_type.clone()));
            self.alternate_contacts.insert(address.clone(), attributes);
        }
        if PrimaryContact::has(address) {
            let attributes: PrimaryContactAttributes = typed(attributes)?;
            self.contact(desired, address, &attributes.account, Contact::Primary);
            self.primary_contacts.insert(address.clone(), attributes);
        }
        Ok(())
    }

    fn contact(&mut self, desired: &Desired, address: &Address, account: &Reference, contact: Contact) {
        if let Reference::Address(account) = account
            && desired.selection.selects(address)
        {
            self.contacts.entry(account.clone()).or_default().push(contact);
        }
    }

    /// Whether an account is to be invited if it is not a member.
    pub fn is_invited(&self, account: &Address) -> bool {
        !self.invitations.is_empty() && self.invitations.contains_key(&Invitation::address(account.key()))
    }

    /// The policies that AWS attaches to every target while the managed types are enabled.
    pub fn born_with<'a>(&'a self, of: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = Reference> + 'a {
        let types = self.policy_types.keys().filter(move |name| of(name));
        types.filter_map(|name| LIMITS.policy_type(name)?.default.clone()).map(Reference::Id)
    }
}

/// The type of a desired policy, as the API spells it.
pub(crate) fn type_name(policy: &PolicyAttributes) -> &str {
    match &policy.policy_type {
        Reference::Address(address) => address.key(),
        Reference::Id(id) => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_name_is_no_level() {
        let unit = |name: &str, parent: &str| Unit { name: name.to_owned(), parent: parent.to_owned() };
        let units = [("ou-1", unit("a/b", "r-1")), ("ou-2", unit("a", "r-1")), ("ou-3", unit("b", "ou-2")), ("ou-4", unit("a%2Fb", "r-1"))];
        let world = World { root: "r-1".to_owned(), units: units.map(|(id, unit)| (id.to_owned(), unit)).into(), ..World::default() };
        assert_eq!(["ou-1", "ou-3", "ou-4"].map(|id| world.path(id)), ["/a%2Fb", "/a/b", "/a%252Fb"]);
    }
}
